import Synchronization
import TramQuery

/// Lets so many queries run at once, so many wait, and sends the rest away. Safe from any thread.
final class QueryGate: Sendable {
    private struct State {
        var running = 0
        /// In order of arrival; a number for each, so that one who gives up is found.
        var waiting: [(number: Int, turn: CheckedContinuation<Bool, Never>)] = []
        var nextNumber = 0
        var refused = 0
        /// Queries without an answer, by what ended them.
        var failures: [QueryError.Code: Int] = [:]
        /// Rows of answers that are not sent to their end, in bytes.
        var answerBytes = 0
    }

    private let state = Mutex(State())
    private let limits: ServerLimits

    init(_ limits: ServerLimits) {
        self.limits = limits
    }

    var running: Int { state.withLock { $0.running } }
    var waiting: Int { state.withLock { $0.waiting.count } }
    var refused: Int { state.withLock { $0.refused } }
    var answerBytes: Int { state.withLock { $0.answerBytes } }
    var failures: [QueryError.Code: Int] { state.withLock { $0.failures } }

    /// Counts a query that ended without an answer.
    func note(_ code: QueryError.Code) { state.withLock { $0.failures[code, default: 0] += 1 } }

    /// Waits for a turn; false when there is none in time. After true, `leave` has to follow.
    func enter() async -> Bool {
        let number = state.withLock { state -> Int? in
            if state.running < limits.queries {
                state.running += 1
                return nil
            }
            state.nextNumber += 1
            return state.nextNumber
        }
        guard let number else { return true }
        let timer = Task {
            try await Task.sleep(for: .seconds(limits.queryWaitSeconds))
            give(up: number)
        }
        let mayRun = await withCheckedContinuation { (turn: CheckedContinuation<Bool, Never>) in
            let answer = state.withLock { state -> Bool? in
                if state.running < limits.queries {
                    state.running += 1
                    return true
                }
                guard state.waiting.count < limits.queuedQueries else { return false }
                state.waiting.append((number, turn))
                return nil
            }
            if let answer { turn.resume(returning: answer) }
        }
        timer.cancel()
        if !mayRun { state.withLock { $0.refused += 1 } }
        return mayRun
    }

    private func give(up number: Int) {
        let turn = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard let place = state.waiting.firstIndex(where: { $0.number == number }) else { return nil }
            return state.waiting.remove(at: place).turn
        }
        turn?.resume(returning: false)
    }

    /// Room for an answer until its reader has it, which may be long after its turn; nil when slow readers hold too
    /// much already. One answer alone always has room.
    func hold(_ bytes: Int) -> HeldAnswer? {
        state.withLock { state in
            guard state.answerBytes == 0 || state.answerBytes + bytes <= limits.answerBytes else {
                state.refused += 1
                return nil
            }
            state.answerBytes += bytes
            return HeldAnswer(bytes: bytes, gate: self)
        }
    }

    fileprivate func release(_ bytes: Int) { state.withLock { $0.answerBytes -= bytes } }

    /// Ends a turn; the next in line has it.
    func leave() {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard !state.waiting.isEmpty else {
                state.running -= 1
                return nil
            }
            return state.waiting.removeFirst().turn
        }
        next?.resume(returning: true)
    }
}

/// The room of one answer; free again when nobody holds this any more.
final class HeldAnswer: Sendable {
    private let bytes: Int
    private let gate: QueryGate

    fileprivate init(bytes: Int, gate: QueryGate) {
        self.bytes = bytes
        self.gate = gate
    }

    deinit { gate.release(bytes) }
}
