import Foundation
import Synchronization
import Testing

/// The real process, killed in the middle of its work.
@Suite struct KillTests {
    private static let rowsOfBody = 25
    private static let writers = 3

    /// Rounds of killing: `TRAM_KILL_ROUNDS=1000 sh Tests/run.sh --filter KillTests` for a night.
    private static let rounds = ProcessInfo.processInfo.environment["TRAM_KILL_ROUNDS"].flatMap(Int.init) ?? 200

    // R-001
    @Test(.ownThreads)
    func `no answered row is lost, none comes twice, and bodies are whole, however often it is killed`() async throws {
        let data = FileManager.default.temporaryDirectory.appendingPathComponent("tram-kill-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: data) }
        var answered: Set<Int> = []
        let next = Counter()
        for round in 0...KillTests.rounds {
            // Every other life begins by sealing what the one before has left, and is killed at that as well.
            let server = try ServingTram(
                configuration: round.isMultiple(of: 2) ? "limits: {seal_log: 2000}\n" : nil, data: data)
            let kept = try rowsByBody(server)
            #expect(kept.values.allSatisfy { $0 == KillTests.rowsOfBody }, "round \(round): a body in part, or twice")
            let lost = answered.subtracting(kept.keys)
            #expect(lost.isEmpty, "round \(round): lost \(lost.sorted().prefix(5))")
            if round == KillTests.rounds {
                #expect(server.stop() == 0)
                break
            }
            let url = server.url
            let isOver = Flag()
            let done = Done()
            let group = DispatchGroup()
            for worker in 0..<KillTests.writers {
                group.enter()
                Thread.detachNewThread {
                    defer { group.leave() }
                    let client = PlainClient()
                    while !isOver.isSet {
                        let number = next.next()
                        let answer = client.send(
                            "POST", url + "/write?db=city", body: Data(KillTests.body(number, worker).utf8))
                        if answer.status == 204 { done.add(number) }
                    }
                }
            }
            try await Task.sleep(for: .milliseconds((round &* 7919) % 120 + 5))
            try server.signal(SIGKILL)
            isOver.set()
            await withCheckedContinuation { over in group.notify(queue: .global()) { over.resume() } }
            answered.formUnion(done.all)
            _ = try await server.waitForEnd()
            server.clean()
        }
        #expect(answered.count > KillTests.rounds)
    }

    private static func body(_ number: Int, _ worker: Int) -> String {
        (0..<rowsOfBody).map { row in
            "m,w=\(worker),row=\(row) body=\(number)i,v=\(Double(number) / 8) \(number)"
        }.joined(separator: "\n")
    }

    /// Rows by number of body.
    private func rowsByBody(_ server: ServingTram) throws -> [Int: Int] {
        let answer = PlainClient().send(
            "POST", server.url + "/api/tram/query",
            body: Data(#"{"q":"m[all] | n = count() by body","db":"city","format":"csv"}"#.utf8),
            headers: ["Content-Type": "application/json"])
        if answer.status == 404 || answer.text.contains("query.unknown_measurement") { return [:] }
        try #require(answer.status == 200, "\(answer.text)")
        var rows: [Int: Int] = [:]
        for line in answer.text.split(separator: "\n").dropFirst() {
            let cells = line.split(separator: ",").compactMap { Int($0) }
            if cells.count == 2 { rows[cells[0]] = cells[1] }
        }
        return rows
    }
}

/// Shared by threads.
private final class Counter: Sendable {
    private let value = Atomic<Int>(0)

    func next() -> Int { value.add(1, ordering: .relaxed).newValue }
}

private final class Flag: Sendable {
    private let value = Atomic<Bool>(false)

    var isSet: Bool { value.load(ordering: .relaxed) }

    func set() { value.store(true, ordering: .relaxed) }
}

private final class Done: Sendable {
    private let numbers = Mutex<[Int]>([])

    var all: [Int] { numbers.withLock { $0 } }

    func add(_ number: Int) { numbers.withLock { $0.append(number) } }
}
