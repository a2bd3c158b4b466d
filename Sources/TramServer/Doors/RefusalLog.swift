import Synchronization
package import TramEngine
package import TramLineProtocol
package import TramSystem

/// Samples of what was refused, for the operator: one line a minute for each sender and class, however many come.
///
/// Who sends often reads no answer, and none is read over UDP. Safe from any thread.
package final class RefusalLog: Sendable {
    private struct Key: Hashable {
        var peer: EngineMetrics.Peer
        /// Nil for times of 1970.
        var reason: RejectedLine.Class?
    }

    private struct State {
        /// When each may be told of again, on the monotonic clock, and how many were not told since.
        var told: [Key: (next: Int64, skipped: Int)] = [:]
    }

    private static let pauseNanoseconds: Int64 = 60_000_000_000
    private static let maximumKeys = 1024

    private let state = Mutex(State())
    private let time: any TimeSource
    private let tell: @Sendable (TramServer.Event) -> Void

    package init(time: any TimeSource, tell: @escaping @Sendable (TramServer.Event) -> Void) {
        self.time = time
        self.tell = tell
    }

    /// Tells of refused lines, the first of each class.
    package func note(_ lines: [RejectedLine], from peer: EngineMetrics.Peer) {
        var seen: Set<RejectedLine.Class> = []
        for line in lines where seen.insert(line.reason).inserted {
            let count = lines.count { $0.reason == line.reason }
            if let more = turn(Key(peer: peer, reason: line.reason), count) {
                tell(.refused(line, from: peer, more: more))
            }
        }
    }

    /// Tells of stored lines whose times lie in 1970 or before.
    package func note(before1971 count: Int, from peer: EngineMetrics.Peer) {
        guard count > 0, let more = turn(Key(peer: peer, reason: nil), count) else { return }
        tell(.earlyTimes(from: peer, count: more + 1))
    }

    /// How many others there were since the last time, if it is time to tell; nil otherwise.
    private func turn(_ key: Key, _ count: Int) -> Int? {
        let now = time.monotonic()
        return state.withLock { state in
            if let known = state.told[key], now < known.next {
                state.told[key]?.skipped += count
                return nil
            }
            if state.told.count >= RefusalLog.maximumKeys { state.told = state.told.filter { $0.value.next > now } }
            guard state.told.count < RefusalLog.maximumKeys else { return nil }
            let skipped = state.told[key]?.skipped ?? 0
            state.told[key] = (now + RefusalLog.pauseNanoseconds, 0)
            return skipped + count - 1
        }
    }
}
