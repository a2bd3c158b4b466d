import Foundation
import Glibc
import Testing

/// What a server does when the machine gives it no more of something.
@Suite(.ownThreads) struct ResourceTests {
    //
    @Test func `without file descriptors those who are there go on, and new ones are served when there are some`()
        async throws
    {
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/prlimit") else {
            print("SKIPPED: no prlimit (util-linux) to take descriptors away with")
            return
        }
        try await ServingTram.besieged(configuration: "limits: {seal_after: 1s}\n") { server in
            let number = try #require(server.number)
            func limit(_ count: Int) throws {
                let outcome = try TramBinary.run(
                    "/usr/bin/prlimit", ["--pid", "\(number)", "--nofile=\(count):4096"])
                #expect(outcome.status == 0, "\(outcome.talk)")
            }
            let known = try server.client()
            func write(_ value: Int) throws -> Int? {
                let lines = Array("m v=\(value) \(value)\n".utf8)
                try known.send(server.text("POST", "/write?db=a", length: lines.count))
                try known.offer(lines)
                return try known.answer()?.status
            }
            #expect(try write(1) == 204)
            let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(number)/fd").count
            try limit(open)
            // The kernel takes them on; the server cannot.
            let waiting = try (0..<20).map { _ in try server.client(seconds: 2) }
            for value in 2..<30 { #expect(try write(value) == 204, "row \(value)") }
            try await Task.sleep(for: .milliseconds(1500))
            #expect(try write(30) == 204)
            try limit(4096)
            for client in waiting { client.close() }
            try await server.eventually("a new connection is served") { try server.count("a") == 30 }
            #expect(server.isRunning)
        }
    }

    //
    @Test func `a directory of somebody else is refused in words, and left as it is`() async throws {
        guard getuid() == 0, FileManager.default.isExecutableFile(atPath: "/usr/bin/setpriv") else {
            print("SKIPPED: only root can become somebody else (setpriv, util-linux)")
            return
        }
        let home = FileManager.default.temporaryDirectory.appendingPathComponent("tram-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: home) }
        // Where this tree may be hidden from others, the program is not.
        try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
        let program = home.appendingPathComponent("tram")
        try FileManager.default.copyItem(atPath: TramBinary.path, toPath: program.path)
        let data = home.appendingPathComponent("data")
        let server = try ServingTram(data: data)
        #expect(try server.write("a", "m v=1 1").status == 204)
        #expect(server.stop() == 0)
        let before = try FileManager.default.subpathsOfDirectory(atPath: data.path).sorted()
        for words in [["serve", "--listen", "127.0.0.1:0", "--data"], ["compact"]] {
            let outcome = try TramBinary.run(
                "/usr/bin/setpriv",
                ["--reuid", "65534", "--regid", "65534", "--clear-groups", program.path] + words + [data.path])
            #expect(outcome.status == 1, "\(outcome.talk)")
            #expect(outcome.talk.contains(data.path), "\(outcome.talk)")
            #expect(outcome.talk.contains("Permission denied"), "\(outcome.talk)")
        }
        #expect(try FileManager.default.subpathsOfDirectory(atPath: data.path).sorted() == before)
        let again = try ServingTram(data: data)
        #expect(try again.count("a") == 1)
        #expect(again.stop() == 0)
    }

    //
    @Test func `what a log has kept back is read before the server is ready, and is sealed soon after`() async throws {
        let data = FileManager.default.temporaryDirectory.appendingPathComponent("tram-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: data) }
        let first = try ServingTram(configuration: "limits: {seal_log: 1GiB}\n", data: data)
        for body in 0..<40 {
            let lines = (0..<5000).map { row in
                "m,s=\(row % 100) v=\(Double(row * body % 997) / 8),n=\(row)i \(body * 5000 + row)\n"
            }
            #expect(try first.write("a", lines.joined()).status == 204)
        }
        try first.signal(SIGKILL)
        _ = try await first.waitForEnd()
        first.clean()
        let second = try ServingTram(configuration: "limits: {seal_log: 100000}\n", data: data)
        #expect(try second.count("a") == 200_000)
        try await second.eventually("what was read back is sealed") {
            try second.metric("tram_segments{db=\"a\"}") >= 1
        }
        #expect(second.stop() == 0)
        let third = try ServingTram(data: data)
        #expect(try third.count("a") == 200_000)
        #expect(!third.talk.contains("rows of the log"), "\(third.talk)")
        #expect(third.stop() == 0)
    }
}
