import Foundation
import Glibc
import Testing

/// SIGHUP: a good configuration takes the place of the old one, a bad one changes nothing.
@Suite(.ownThreads) struct ReloadTests {
    private static func configuration(_ stream: String, _ rule: String) -> String {
        """
        streams:
        - name: \(stream)
          query: m | count() by s every 1m
        rules: [\(rule).yaml]
        """
    }

    private static func rules(_ name: String, _ query: String = "m | max(v) by s every 1m") -> String {
        """
        groups:
        - name: g
          rules:
          - alert: \(name)
            query: \(query)
            when: max > 10
        """
    }

    private struct Standing: Equatable {
        var rules: [String]
        var windows: [Int]
    }

    private func standing(_ server: ServingTram) throws -> Standing {
        let rules = try server.request("GET", "/api/tram/rules").json?["rules"] as? [[String: Any]] ?? []
        return Standing(
            rules: rules.compactMap { $0["name"] as? String },
            windows: try ["first", "second"].map {
                try server.request("GET", "/api/tram/windows/\($0)?db=a").status
            })
    }

    private func put(_ text: String, _ name: String, _ server: ServingTram) throws {
        let folder = server.configuration.deletingLastPathComponent()
        try text.write(to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
    }

    /// Has the configuration read again and waits for the word about it.
    private func reload(_ server: ServingTram, expecting words: String) async throws {
        let before = server.talk.components(separatedBy: words).count
        try server.signal(SIGHUP)
        try await server.eventually("\(words): \(server.talk)") {
            server.talk.components(separatedBy: words).count > before
        }
    }

    //
    @Test func `a bad configuration keeps the old standing queries and rules, a good one brings its own`() async throws
    {
        try await ServingTram.besieged(configuration: "streams: []\n") { server in
            let good = ReloadTests.configuration("first", "one")
            try put(ReloadTests.rules("one"), "one.yaml", server)
            try put(ReloadTests.rules("two"), "two.yaml", server)
            try put(good, "tram.yaml", server)
            try await reload(server, expecting: "tram.yaml again")
            #expect(try server.write("a", "m,s=x v=1 60000000001\nm,s=x v=99 120000000001\n").status == 204)
            let old = Standing(rules: ["one"], windows: [200, 404])
            #expect(try standing(server) == old)

            let kept = "the old settings are kept"
            for (name, text) in [
                ("no YAML", "streams: ["), ("an unknown key", "strems: []\n"), ("bytes", "\u{0}\u{1}"),
                ("a query that does not parse", "streams: [{ name: second, query: 'm | | count()' }]\n"),
                ("a query that does not bind", "streams: [{ name: second, query: 'm | nonsense(v)' }]\n"),
                ("rules that are not there", "rules: [none.yaml]\n"), ("a zone that is not", "timezone: Mars/Base\n"),
                ("the same name twice", good.replacing("streams:", with: "streams:\n- { name: first, query: m }")),
                ("a deep one", String(repeating: "[", count: 10_000)),
            ] {
                try put(text, "tram.yaml", server)
                try await reload(server, expecting: kept)
                #expect(try standing(server) == old, "\(name)")
                #expect(try server.count("a") == 2, "\(name)")
            }
            for (name, text) in [
                ("no YAML", "groups: ["), ("an unknown key", "groups: [{ nme: g }]\n"),
                ("a rule that does not bind", ReloadTests.rules("two", "m | nonsense(v) every 1m")),
            ] {
                try put(text, "bad.yaml", server)
                try put(ReloadTests.configuration("second", "bad"), "tram.yaml", server)
                try await reload(server, expecting: kept)
                #expect(try standing(server) == old, "\(name)")
            }
            try FileManager.default.removeItem(at: server.configuration)
            try await reload(server, expecting: kept)
            #expect(try standing(server) == old)
            // The old ones are not only listed, they are at work.
            #expect(try server.write("a", "m,s=x v=1 600000000001\n").status == 204)
            let windows = try server.request("GET", "/api/tram/windows/first?db=a").json?["rows"] as? [Any]
            #expect((windows ?? []).count >= 2)

            try put(ReloadTests.configuration("second", "two"), "tram.yaml", server)
            try await reload(server, expecting: "tram.yaml again")
            #expect(try standing(server) == Standing(rules: ["two"], windows: [404, 200]))
            #expect(try server.count("a") == 3)
        }
    }

    //
    @Test func `a hundred reloads under load lose no line`() async throws {
        try await ServingTram.besieged(configuration: "streams: []\n") { server in
            try put(ReloadTests.rules("one"), "one.yaml", server)
            try put(ReloadTests.configuration("first", "one"), "tram.yaml", server)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    let client = try server.client()
                    for number in 1...500 {
                        let line = "m,s=a v=\(number) \(number)\n"
                        try client.send(server.text("POST", "/write?db=a", length: line.utf8.count) + line)
                        #expect(try client.answer()?.status == 204)
                    }
                }
                for _ in 0..<100 {
                    try server.signal(SIGHUP)
                    try await Task.sleep(for: .milliseconds(5))
                }
                try await group.waitForAll()
            }
            #expect(try server.count("a") == 500)
        }
    }

    // without a configuration there is nothing to read again.
    @Test func `SIGHUP to a server without a configuration changes nothing`() async throws {
        try await ServingTram.besieged { server in
            for _ in 0..<10 { try server.signal(SIGHUP) }
            #expect(try server.write("a", "m v=1 1").status == 204)
        }
    }
}
