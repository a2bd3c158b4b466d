import Foundation
import Glibc
import Testing

/// Questions that ask for more than a server gives: each is told what it ran into, and nobody else notices.
@Suite(.ownThreads) struct QueryLimitTests {
    /// Rows of ten series, a second apart: a float, an int that differs from row to row, a text.
    private static func fill(_ server: ServingTram, _ database: String, rows: Int) throws {
        for series in 0..<10 {
            let lines = (0..<(rows / 10)).map {
                "m,h=h\(series) v=\($0 * 7919 % 100_003).25,n=\($0)i,s=\"x\($0 * 31 % 50_000)\" \($0)000000000\n"
            }
            #expect(try server.write(database, lines.joined()).status == 204)
        }
    }

    private static func target(_ database: String, _ query: String, _ more: String = "") -> String {
        let safe = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-._~"))
        return "/api/tram/query?db=\(database)&q="
            + (query.addingPercentEncoding(withAllowedCharacters: safe) ?? "") + more
    }

    private static func ask(
        _ server: ServingTram, _ database: String, _ query: String, _ more: String = ""
    ) throws -> HTTPAnswer {
        try server.request("GET", target(database, query, more))
    }

    /// A window for each second, each put together from twenty hours of seconds. Takes minutes.
    private static let heavy = "m[1970-01-01T00:00:00Z..1970-01-01T05:30:00Z] | mean(v), max(v) by h every 1s over 20h"

    private static func failed(_ server: ServingTram, _ code: String) throws -> Double {
        try server.metric("tram_queries_failed_total{code=\"query.\(code)\"}")
    }

    //
    @Test func `fifty heavy queries leave room for writes and for other requests`() async throws {
        let settings = "limits: { query_time: 8s, query_wait: 2s, queries: 4, queued_queries: 32 }\n"
        try await ServingTram.besieged(configuration: settings, peakMebibytes: 900) { server in
            try QueryLimitTests.fill(server, "a", rows: 200_000)
            let clients = try (0..<50).map { _ in try server.client(seconds: 120) }
            for client in clients {
                try client.send(server.text("GET", QueryLimitTests.target("a", QueryLimitTests.heavy)))
            }
            try await server.eventually("as many run as may") { try server.metric("tram_queries_running") == 4 }
            // While they run, others are answered, and rows are stored and counted.
            var slowest = 0.0
            for number in 0..<40 {
                let begin = Date()
                #expect(try server.request("GET", "/ping").status == 204)
                #expect(try server.write("b", "m v=1 \(number + 1)").status == 204)
                #expect(try server.count("b") == number + 1)
                slowest = max(slowest, Date().timeIntervalSince(begin))
            }
            #expect(slowest < 5, "the slowest of the others took \(slowest) s")
            var statuses: [Int: Int] = [:]
            for client in clients {
                let answer = try #require(try client.answer())
                statuses[answer.status, default: 0] += 1
                if answer.status == 503 {
                    #expect(answer["retry-after"] != nil)
                    expectFailure(answer, 503)
                    #expect(answer.text.contains("4 queries run"))
                } else if answer.status == 408 {
                    expectFailure(answer, 408)
                    #expect(answer.text.contains("8 s"), "\(answer.text)")
                }
            }
            // Four run, 32 wait, the others are sent away at once.
            #expect(statuses[503] ?? 0 >= 14, "\(statuses)")
            #expect(statuses.keys.allSatisfy { [200, 408, 503].contains($0) }, "\(statuses)")
            try await server.eventually("all have ended") { try server.metric("tram_queries_running") == 0 }
        }
    }

    //
    @Test(arguments: ["closed", "reset"])
    func `a client that has gone takes its query with it`(how: String) async throws {
        try await ServingTram.besieged(peakMebibytes: 900) { server in
            try QueryLimitTests.fill(server, "a", rows: 200_000)
            let client = try server.client()
            try client.send(server.text("GET", QueryLimitTests.target("a", QueryLimitTests.heavy)))
            try await server.eventually("it runs") { try server.metric("tram_queries_running") == 1 }
            let begin = Date()
            if how == "closed" { client.close() } else { client.reset() }
            try await server.eventually("it has ended") { try server.metric("tram_queries_running") == 0 }
            // It would take minutes. Alone it ends within half a second; here other tests have their share.
            #expect(Date().timeIntervalSince(begin) < 15)
            #expect(try QueryLimitTests.failed(server, "cancelled") == 1)
        }
    }

    @Test func `a client that closes its own side alone still gets its answer`() async throws {
        try await ServingTram.besieged(configuration: "limits: { query_time: 2s }\n", peakMebibytes: 900) { server in
            try QueryLimitTests.fill(server, "a", rows: 200_000)
            let client = try server.client()
            try client.send(server.text("GET", QueryLimitTests.target("a", QueryLimitTests.heavy)))
            client.endSending()
            // Told meanwhile that the answer is being made.
            #expect(try client.answer(orInterim: true)?.status == 102)
            expectFailure(try client.answer(), 408)
        }
    }

    @Test func `a query that takes too long is told how long it may take, and what it was doing`() async throws {
        try await ServingTram.besieged(configuration: "limits: { query_time: 1s }\n", peakMebibytes: 900) { server in
            try QueryLimitTests.fill(server, "a", rows: 200_000)
            let begin = Date()
            let answer = try QueryLimitTests.ask(server, "a", QueryLimitTests.heavy)
            // It would take minutes; other tests take their share of the processors.
            #expect(Date().timeIntervalSince(begin) < 20)
            expectFailure(answer, 408)
            #expect(answer.json?["code"] as? String == "query.time_limit")
            #expect((answer.json?["message"] as? String)?.contains("1 s") == true)
            #expect((answer.json?["message"] as? String)?.contains("was stopped while ") == true)
            let vi = try QueryLimitTests.ask(server, "a", QueryLimitTests.heavy, "&lang=vi")
            #expect((vi.json?["message"] as? String)?.contains("1 giây") == true)
            #expect(try QueryLimitTests.failed(server, "time_limit") == 2)
        }
    }

    @Test func `a stop ends the query that does not come to its end`() async throws {
        let server = try ServingTram(configuration: "limits: { drain: 1s, query_time: 60s }\n")
        defer { server.clean() }
        try QueryLimitTests.fill(server, "a", rows: 200_000)
        let client = try server.client()
        try client.send(server.text("GET", QueryLimitTests.target("a", QueryLimitTests.heavy)))
        try await server.eventually("it runs") { try server.metric("tram_queries_running") == 1 }
        let begin = Date()
        try server.signal(SIGTERM)
        #expect(try await server.waitForEnd() == 0)
        #expect(Date().timeIntervalSince(begin) < 5)
    }

    //
    @Test func `deep, long and absurd questions are refused before they cost anything`() async throws {
        try await ServingTram.besieged { server in
            try QueryLimitTests.fill(server, "a", rows: 1000)
            func refused(_ query: String, _ status: Int, _ code: String, _ part: String) throws {
                let begin = Date()
                let form = "db=a&q=" + (query.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")
                let answer = try server.request(
                    "POST", "/api/tram/query", headers: ["Content-Type: application/x-www-form-urlencoded"],
                    body: Array(form.utf8))
                let shown = "\(query.prefix(60)): \(answer.text.prefix(300))"
                expectFailure(answer, status, of: shown)
                #expect(answer.json?["code"] as? String == "query." + code, "\(shown)")
                #expect((answer.json?["message"] as? String)?.contains(part) == true, "\(shown)")
                #expect(Date().timeIntervalSince(begin) < 2, "\(shown)")
            }
            func nested(_ open: String, _ inner: String, _ close: String, _ count: Int) -> String {
                String(repeating: open, count: count) + inner + String(repeating: close, count: count)
            }
            for count in [65, 1000, 5000] {
                try refused("m where " + nested("(", "n > 1", ")", count), 400, "too_deep", "64")
                try refused(nested("(", "m", ")", count) + " | count()", 400, "too_deep", "64")
                try refused("m where " + nested("not ", "n > 1", "", min(count, 4000)), 400, "too_deep", "64")
                try refused("m | set x = " + nested("abs(", "n", ")", min(count, 3000)), 400, "too_deep", "64")
            }
            try refused("m where n > 1 " + String(repeating: "or n > 1 ", count: 500), 400, "too_deep", "256")
            let million = String(repeating: "x", count: 1 << 20)
            try refused("m # " + million, 400, "too_long", "16384")
            try refused("m where s = \"\(million)\"", 400, "too_long", "16384")
            for window in ["every 1ns", "every 1us over 1d", "every 1s over 100d", "every 1ms"] {
                try refused("m[2000-01-01..2026-01-01] | count() \(window)", 422, "window_limit", "100000")
            }
            try refused(
                "m[2000-01-01..2026-01-01] | tz \"Europe/Berlin\" | count() every 1s", 422, "window_limit", "100000")
            try refused("m[1700-01-01..2200-01-01] | count() every 1h fill 0", 422, "window_limit", "100000")
            try refused("m[1970-01-01..] | count() every 100us fill prev", 422, "window_limit", "100000")
        }
    }

    //
    @Test func `a pattern that makes others backtrack takes its time in the text's length only`() async throws {
        try await ServingTram.besieged(configuration: "limits: { query_time: 120s }\n") { server in
            let text = String(repeating: "x", count: 20_000)
            let lines = (1...20).map { "m s=\"\(text)\($0)\" \($0)\n" }
            #expect(try server.write("a", lines.joined()).status == 204)
            for pattern in ["(x+x+)+y", "(x*)*y", "(x|xx)*y$", "(x?){30}x{30}y", "^(([a-z])+.)+[A-Z]([a-z])+$"] {
                // Of the processor, which others may have too.
                let before = try server.processorSeconds()
                let answer = try QueryLimitTests.ask(server, "a", "m[all] where s ~ \"\(pattern)\" | count()")
                #expect(answer.status == 200, "\(pattern): \(answer.text)")
                #expect(answer.text.contains("[[0]]"), "\(pattern): \(answer.text)")
                #expect(try server.processorSeconds() - before < 5, "\(pattern)")
            }
            // What would need too many states is refused before it is tried.
            let answer = try QueryLimitTests.ask(server, "a", "m[all] where s ~ \"((x{100}){100}){100}\" | count()")
            expectFailure(answer, 400)
            #expect(answer.json?["code"] as? String == "query.bad_pattern")
        }
    }

    //
    @Test func `a query that needs too much memory fails alone, and says of what`() async throws {
        let settings = "limits: { query_memory: 16MiB, query_rows: 5000000 }\n"
        try await ServingTram.besieged(configuration: settings, peakMebibytes: 500) { server in
            try QueryLimitTests.fill(server, "a", rows: 400_000)
            let doubled = (0..<24).map { _ in "t = concat(t, t)" }.joined(separator: ", ")
            let greedy = [
                "m[all]": "reading rows",
                "m[all] | sort s, v": "reading rows",
                "m[all] | unpivot v, n": "reading rows",
                "m[all] | median(v, exact) by h, s": "aggregating",
                "m[all] | distinct(v, exact), distinct(n, exact), distinct(s, exact) by h": "aggregating",
                "m[all] | mode(n), mode(s) by h, s": "aggregating",
                "m[all] | count() by s, n, v, h": "aggregating",
                "m[all] | set t = concat(s, s, s, s, s, s, h, string(n)) | count() by t": "",
                "m[all] | set t = s, \(doubled) | count() by t": "",
            ]
            for (query, stage) in greedy {
                let answer = try QueryLimitTests.ask(server, "a", query)
                let shown = "\(query): \(answer.status) \(answer.text.prefix(300))"
                expectFailure(answer, 422, of: shown)
                #expect(answer.json?["code"] as? String == "query.memory_limit", "\(shown)")
                let message = answer.json?["message"] as? String ?? ""
                #expect(message.contains("16 MiB") && (stage.isEmpty || message.contains(stage)), "\(shown)")
                // Others go on as if nothing was.
                #expect(try QueryLimitTests.ask(server, "a", "m[all] | count()").text.contains("[[400000]]"))
            }
            #expect(try QueryLimitTests.failed(server, "memory_limit") == Double(greedy.count))
        }
    }

    @Test func `a result of too many rows is refused, and the number can be set`() async throws {
        let settings = "limits: { query_rows: 1000, query_windows: 50, query_nesting: 8, query_text: 200 }\n"
        try await ServingTram.besieged(configuration: settings) { server in
            try QueryLimitTests.fill(server, "a", rows: 20_000)
            for (query, status, code, number) in [
                ("m[all]", 422, "row_limit", "1000"), ("m[all] | count() by n", 422, "row_limit", "1000"),
                ("m[all] | limit 900 | unpivot v, n", 422, "row_limit", "1000"),
                ("m[all] | count() every 10s", 422, "window_limit", "50"),
                ("m[1970-01-01..1970-01-02] | count() every 10m", 422, "window_limit", "50"),
                ("m where (((((((((n > 1)))))))))", 400, "too_deep", "8"),
                ("m # " + String(repeating: "x", count: 200), 400, "too_long", "200"),
            ] {
                let answer = try QueryLimitTests.ask(server, "a", query)
                let shown = "\(query.prefix(50)): \(answer.text.prefix(300))"
                expectFailure(answer, status, of: shown)
                #expect(answer.json?["code"] as? String == "query." + code, "\(shown)")
                #expect((answer.json?["message"] as? String)?.contains(number) == true, "\(shown)")
            }
            #expect(try QueryLimitTests.ask(server, "a", "m[all] | limit 900").status == 200)
        }
    }
}
