import Foundation
import Glibc
import Synchronization
import Testing

/// A server that is told to stop finishes what it has begun, and one that comes again finds its clients waiting.
@Suite(.ownThreads) struct StoppingTests {
    /// What one client got for the lines it sent, one a request.
    private struct Tally {
        var sent = 0
        var stored = 0
        /// Answers that were neither 204 nor the refusal of a server that stops, or that were cut.
        var wrong: [String] = []

        static func + (one: Tally, other: Tally) -> Tally {
            Tally(sent: one.sent + other.sent, stored: one.stored + other.stored, wrong: one.wrong + other.wrong)
        }
    }

    /// Sends lines until the connection ends.
    private static func hammer(_ server: ServingTram, _ sender: Int) throws -> Tally {
        var tally = Tally()
        guard let client = try? server.client() else { return tally }
        while true {
            let line = "m,s=s\(sender) v=1 \(tally.sent + 1)\n"
            guard try client.offer(server.text("POST", "/write?db=a", length: line.utf8.count) + line) else { break }
            tally.sent += 1
            do {
                guard let answer = try client.answer() else { break }
                if answer.status == 204 { tally.stored += 1 } else { tally.wrong.append("\(answer)") }
            } catch {
                tally.wrong.append("\(error)")
                break
            }
        }
        return tally
    }

    /// A request to write whose head the server has taken, and whose body is still to come.
    private static func begun(_ server: ServingTram, _ database: String, length: Int, at place: String? = nil) throws
        -> RawClient
    {
        let client = try RawClient(place ?? server.place)
        try client.send(
            server.text("POST", "/write?db=\(database)", headers: ["Expect: 100-continue"], length: length))
        #expect(try client.answer()?.status == 100)
        return client
    }

    private static func waitUntilClosed(_ server: ServingTram, at place: String? = nil) async throws {
        try await server.eventually("no new connection is taken") {
            do {
                _ = try RawClient(place ?? server.place)
                return false
            } catch let failure as RawClient.Failure {
                return failure.isRefused
            }
        }
    }

    //
    @Test func `a stop under load answers what is under way, and every 204 is counted`() async throws {
        let server = try ServingTram(configuration: "limits: { drain: 20s }\n")
        defer { server.clean() }
        let held = try StoppingTests.begun(server, "b", length: 8)
        let tally = try await withThrowingTaskGroup(of: Tally.self) { group in
            for sender in 0..<4 { group.addTask { try StoppingTests.hammer(server, sender) } }
            try await server.eventually("the load is there") { try server.count("a") ?? 0 > 200 }
            try server.signal(SIGTERM)
            return try await group.reduce(Tally()) { $0 + $1 }
        }
        #expect(tally.wrong.isEmpty, "\(tally.wrong)")
        try await StoppingTests.waitUntilClosed(server)
        // The request that was begun before is finished, and what stands behind it on the connection as well: here is
        // seen what the server has and says while it stops.
        try held.send("m v=1 1\n" + server.text("GET", "/ready") + server.text("GET", "/api/tram/count?db=a"))
        #expect(try held.answer()?.status == 204)
        let ready = try held.answer()
        #expect(ready?.status == 503)
        #expect(ready?.json?["status"] as? String == "draining")
        let counted = try #require(try held.answer().flatMap { Int($0.text.filter { $0.isNumber }) })
        #expect(counted >= tally.stored)
        #expect(counted <= tally.sent)
        #expect(try held.answer() == nil)
        #expect(try await server.waitForEnd() == 0)
        #expect(server.talk.contains("stopped"))
    }

    //
    @Test func `who does not finish in the time of a stop is cut off, and the server ends in peace`() async throws {
        let server = try ServingTram(configuration: "limits: { drain: 1s }\n")
        defer { server.clean() }
        let lines = (0..<50_000).map { "m,s=s\($0 % 50) v=\($0) \($0 + 1)\n" }.joined()
        #expect(try server.write("a", lines).status == 204)
        let held = try StoppingTests.begun(server, "b", length: 8)
        let slow = try server.client()
        try slow.send("GET /ping HTTP/1.1\r\nHost: ")
        let deaf = try server.client(receiveBytes: 4096)
        try deaf.send(
            String(repeating: server.text("GET", "/api/tram/query?format=ndjson&q=m%5B30000d%5D"), count: 20))
        let idle = try server.client()
        let line = try RawClient(server.lineTCP)
        try line.send("m v=1 1")
        try await server.eventually("all are there") { try server.metric("tram_connections") == 5 }
        let begin = Date()
        try server.signal(SIGTERM)
        // Those who have nothing under way are let go at once.
        #expect(try idle.rest().isEmpty)
        #expect(try await server.waitForEnd() == 0)
        #expect(Date().timeIntervalSince(begin) < 15)
        let answer = try? held.answer()
        #expect(answer == nil || answer?.status != 204)
        withExtendedLifetime((slow, deaf, line)) {}
    }

    //
    @Test(arguments: [SIGTERM, SIGINT])
    func `a stop with nothing to do is quick`(signal: Int32) async throws {
        let server = try ServingTram()
        defer { server.clean() }
        try server.expectWell()
        try server.signal(signal)
        #expect(try await server.waitForEnd(seconds: 20) == 0)
    }

    //
    @Test func `a stop closes every address at once`() async throws {
        let places = try (0..<3).map { _ in "127.0.0.1:\(try StoppingTests.freePort())" }
        let server = try ServingTram(listen: places)
        defer { server.clean() }
        // One of them has work: the others must not go on taking more.
        let held = try StoppingTests.begun(server, "a", length: 7, at: places[2])
        try server.signal(SIGTERM)
        for place in places + [server.lineTCP] { try await StoppingTests.waitUntilClosed(server, at: place) }
        try held.send("m v=1 1")
        #expect(try held.answer()?.status == 204)
        #expect(try await server.waitForEnd() == 0)
    }

    // a second signal while it stops is no reason to break off.
    @Test func `told twice to stop, it still finishes what is under way`() async throws {
        let server = try ServingTram()
        defer { server.clean() }
        let held = try StoppingTests.begun(server, "a", length: 7)
        try server.signal(SIGTERM)
        try await StoppingTests.waitUntilClosed(server)
        try server.signal(SIGTERM)
        try server.signal(SIGHUP)
        try held.send("m v=1 1")
        #expect(try held.answer()?.status == 204)
        #expect(try await server.waitForEnd() == 0)
    }

    //
    @Test func `a server comes again on its port while clients hammer at it`() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tram-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let place = "127.0.0.1:\(try StoppingTests.freePort())"
        let end = End()
        var server = try ServingTram(listen: [place], data: folder)
        try await withThrowingTaskGroup(of: Tally.self) { group in
            for sender in 0..<4 {
                let first = server
                group.addTask {
                    var all = Tally()
                    while !end.hasCome.load(ordering: .relaxed) {
                        let tally = try StoppingTests.hammer(first, sender)
                        all = all + tally
                        if tally.sent == 0 { try await Task.sleep(for: .milliseconds(1)) }
                    }
                    return all
                }
            }
            for signal in [SIGTERM, SIGKILL, SIGTERM] {
                try await server.eventually("clients are served") { try server.count("a") ?? 0 > 100 }
                try server.signal(signal)
                #expect(try await server.waitForEnd() == (signal == SIGKILL ? SIGKILL : 0))
                server.clean()
                server = try ServingTram(listen: [place], data: folder)
                #expect(server.place == place)
            }
            try await server.eventually("clients are served again") { try server.count("a") ?? 0 > 100 }
            end.hasCome.store(true, ordering: .relaxed)
            #expect(server.stop() == 0)
            let tally = try await group.reduce(Tally()) { $0 + $1 }
            // A kill may cut an answer; a 204 is too short to be cut on one machine.
            #expect(tally.wrong.isEmpty, "\(tally.wrong)")
            #expect(tally.stored > 40)
        }
    }

    /// A port that nobody has, outside of those that the kernel gives to clients: none of the clients that look for the
    /// server may get it as its own.
    static func freePort() throws -> UInt16 {
        for _ in 0..<1000 {
            let port = UInt16.random(in: 12_000..<32_000)
            do {
                _ = try RawClient("127.0.0.1:\(port)")
            } catch let failure as RawClient.Failure where failure.isRefused {
                return port
            }
        }
        throw RawClient.Failure(call: "no free port", reason: EADDRINUSE)
    }
}
