import Foundation
import Testing

/// What a server does not begin with, and how it says so.
@Suite(.ownThreads) struct StartingTests {
    /// Runs `tram serve` to its end; one that serves is ended.
    private func serve(_ arguments: [String], configuration: String? = nil) throws -> TramBinary.Outcome {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tram-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var all = ServingTram.wrapper(seconds: 30) + [TramBinary.path, "serve"] + arguments
        if !arguments.contains("--data") { all += ["--data", folder.appendingPathComponent("data").path] }
        if let configuration {
            let file = folder.appendingPathComponent("tram.yaml")
            try configuration.write(to: file, atomically: true, encoding: .utf8)
            all += ["--config", file.path]
        }
        return try TramBinary.run("/usr/bin/env", all)
    }

    //
    @Test func `a second server over the same directory ends with 3 and names the first`() async throws {
        try await ServingTram.besieged { server in
            let number = try #require(server.number)
            for _ in 0..<3 {
                let second = try serve(["--listen", "127.0.0.1:0", "--data", server.data.path])
                #expect(second.status == 3)
                #expect(second.talk.contains("process \(number);"), "\(second.talk)")
                #expect(second.talk.contains(server.data.path))
                #expect(second.output.isEmpty)
            }
            #expect(try server.write("a", "m v=1 1").status == 204)
        }
    }

    //
    @Test func `the lock of a server that was killed holds nobody up`() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tram-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let first = try ServingTram(data: folder)
        try first.signal(9)
        #expect(try await first.waitForEnd() == 9)
        first.clean()
        let second = try ServingTram(data: folder)
        try second.expectWell()
        #expect(second.stop() == 0)
    }

    @Test(arguments: [
        ["--listen", "0.0.0.0:0"], ["--listen", "[::]:0"], ["--listen", "192.0.2.1:0"], ["--listen", "example.org:0"],
        ["--listen", "127.0.0.1:0", "--listen", "0.0.0.0:0"], ["--listen", "127.0.0.1.nip.io:0"],
        ["--listen", "127.0.0.1:0", "--line-tcp", "0.0.0.0:0"], ["--listen", "127.0.0.1:0", "--line-udp", "[::]:0"],
        ["--listen", "[::ffff:192.0.2.1]:0"], ["--listen", "0:0"],
    ])
    func `an address that others reach is refused`(arguments: [String]) throws {
        let outcome = try serve(arguments)
        #expect(outcome.status == 1, "\(outcome.output)\(outcome.talk)")
        #expect(outcome.talk.contains("serves this machine only"), "\(outcome.talk)")
        #expect(outcome.output.isEmpty)
    }

    @Test func `an address of the file that others reach is refused too`() throws {
        let outcome = try serve([], configuration: "listen: [\"127.0.0.1:0\", \"0.0.0.0:0\"]\n")
        #expect(outcome.status == 1)
        #expect(outcome.talk.contains("0.0.0.0:0: this version serves this machine only"))
    }

    @Test func `an address that another program has is named`() async throws {
        try await ServingTram.besieged { server in
            for option in ["--listen", "--line-tcp"] {
                let free = option == "--listen" ? [] : ["--listen", "127.0.0.1:0"]
                let place = option == "--listen" ? server.place : server.lineTCP
                let outcome = try serve(free + [option, place])
                #expect(outcome.status == 1, "\(outcome.output)\(outcome.talk)")
                #expect(outcome.talk.contains(place))
                #expect(outcome.talk.contains("another program uses this port"), "\(outcome.talk)")
                #expect(!outcome.output.contains("listening on"))
            }
        }
    }

    @Test(arguments: [
        ("limits:\n  head_timeot: 2s\n", "tram.yaml:2:", "head_timeout"),
        ("data: x\nlisten: []\nstrems: []\n", "tram.yaml:3:", "streams"),
        ("streams:\n- name: a\n  query: m\n  kep: 1h\n", "tram.yaml:4:", "keep"),
    ])
    func `a key that is not known is refused with its line and the nearest name`(
        text: String, place: String, name: String
    ) throws {
        let outcome = try serve(["--listen", "127.0.0.1:0"], configuration: text)
        #expect(outcome.status == 1)
        #expect(outcome.talk.contains(place), "\(outcome.talk)")
        #expect(outcome.talk.contains("\"\(name)\""), "\(outcome.talk)")
        #expect(outcome.output.isEmpty)
    }

    @Test(arguments: [
        "limits: { head_timeout: 0s }\n", "limits: { head_timeout: 2 }\n", "limits: { connections: 0 }\n",
        "limits: { connections: -1 }\n", "limits: { body: 99999999999999999999 }\n", "limits: { body: 1e3 }\n",
        "limits: { body: 9999999999GiB }\n", "limits: { drain: 2d }\n", "limits: 7\n", "listen: 8086\n",
        "listen: [\"127.0.0.1:99999\"]\n", "line_tcp: { db: x }\n", "\t",
    ])
    func `a setting that cannot be is refused with its line`(text: String) throws {
        let outcome = try serve(["--listen", "127.0.0.1:0"], configuration: text)
        #expect(outcome.status == 1, "\(outcome.talk)")
        #expect(outcome.talk.contains("tram.yaml:1:"), "\(outcome.talk)")
        #expect(outcome.output.isEmpty)
    }

    @Test func `a directory that cannot be used is named`() throws {
        let outcome = try serve(["--listen", "127.0.0.1:0", "--data", "/proc/none"])
        #expect(outcome.status == 1)
        #expect(outcome.talk.contains("/proc/none"))
    }

    @Test func `IPv6 is served as IPv4 is`() async throws {
        guard (try? RawClient("[::1]:1")) == nil, StartingTests.hasIPv6 else {
            print("SKIPPED: IPv6: this machine has none")
            return
        }
        try await ServingTram.besieged(listen: ["[::1]:0"]) { server async throws in
            #expect(server.place.hasPrefix("[::1]:"))
            #expect(try server.write("a", "m v=1 1").status == 204)
            #expect(try server.count("a") == 1)
        }
    }

    private static var hasIPv6: Bool {
        do {
            _ = try RawClient("[::1]:1")
            return true
        } catch let failure as RawClient.Failure {
            return failure.isRefused
        } catch {
            return false
        }
    }
}
