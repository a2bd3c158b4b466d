import Foundation
import Testing

/// Bytes on the HTTP port that are no proper request: each is answered or hung up on at once, and means nothing else.
@Suite(.ownThreads) struct BrokenRequestTests {
    private static let line = "m v=1 1"
    private static let smuggled =
        "POST /write?db=smuggled HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 7\r\n\r\n\(line)"

    /// Requests to write whose length or framing is wrong. `HEAD` stands for the lines that all share.
    private static let framings: [(name: String, text: String)] = [
        ("two lengths", "HEAD\r\nContent-Length: 7\r\nContent-Length: 8\r\n\r\n\(line)\n"),
        ("two lengths in one field", "HEAD\r\nContent-Length: 7, 8\r\n\r\n\(line)\n"),
        ("a length beyond 64 bits", "HEAD\r\nContent-Length: 99999999999999999999999\r\n\r\n\(line)"),
        ("a length beyond Int64", "HEAD\r\nContent-Length: 9223372036854775808\r\n\r\n\(line)"),
        ("a length of 64 bits that wraps", "HEAD\r\nContent-Length: 18446744073709551623\r\n\r\n\(line)"),
        ("a huge length", "HEAD\r\nContent-Length: 9223372036854775807\r\n\r\n\(line)"),
        ("a negative length", "HEAD\r\nContent-Length: -7\r\n\r\n\(line)"),
        ("a length with a sign", "HEAD\r\nContent-Length: +7\r\n\r\n\(line)"),
        ("a length in hex", "HEAD\r\nContent-Length: 0x7\r\n\r\n\(line)"),
        ("a length of no digits", "HEAD\r\nContent-Length: seven\r\n\r\n\(line)"),
        ("length and chunks", "HEAD\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n\(smuggled)"),
        ("chunks and length", "HEAD\r\nTransfer-Encoding: chunked\r\nContent-Length: 90\r\n\r\n0\r\n\r\n\(smuggled)"),
        ("chunked twice", "HEAD\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n\(smuggled)"),
        ("another coding", "HEAD\r\nTransfer-Encoding: xchunked\r\n\r\n7\r\n\(line)\r\n0\r\n\r\n"),
        ("a space before the colon", "HEAD\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n\(smuggled)"),
        ("a chunk of no size", "HEAD\r\nTransfer-Encoding: chunked\r\n\r\n\r\n\(line)\r\n0\r\n\r\n"),
        ("a chunk's size is a word", "HEAD\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n\(line)\r\n0\r\n\r\n"),
        ("a chunk's size is negative", "HEAD\r\nTransfer-Encoding: chunked\r\n\r\n-7\r\n\(line)\r\n0\r\n\r\n"),
        (
            "a chunk's size overflows",
            "HEAD\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000007\r\n\(line)\r\n0\r\n\r\n"
        ),
        ("a chunk is longer than said", "HEAD\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n\(line)\r\n0\r\n\r\n"),
        ("a chunk without its end", "HEAD\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n\(line)0\r\n\r\n"),
        ("a bad trailer", "HEAD\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n\(line)\r\n0\r\nb\u{1}d\r\n\r\n"),
        ("a folded field", "HEAD\r\nX-A: 1\r\n Content-Length: 7\r\n\r\n\(line)"),
        ("NUL in a field", "HEAD\r\nX-A: a\0b\r\nContent-Length: 7\r\n\r\n\(line)"),
        ("a field without a name", "HEAD\r\n: 7\r\nContent-Length: 7\r\n\r\n\(line)"),
        ("a field without a colon", "HEAD\r\nContent-Length 7\r\n\r\n\(line)"),
        ("a lonely CR", "HEAD\r\nX-A: a\rContent-Length: 7\r\n\r\n\(line)"),
    ]

    //
    @Test func `a body whose length is not clear is refused, and nothing behind it is taken for a request`()
        async throws
    {
        try await ServingTram.besieged { server in
            for (name, text) in BrokenRequestTests.framings {
                let client = try server.client()
                let head = "POST /write?db=broken HTTP/1.1\r\nHost: \(server.place)"
                try client.offer(text.replacing("HEAD", with: head, maxReplacements: 1))
                expectFailure(try client.answer(), 400, 411, 413, 501, of: name)
                #expect(try client.answer() == nil, "\(name): a second answer")
                #expect(client.isEnded, "\(name): the connection goes on")
            }
            #expect(try server.count("broken") == nil)
            #expect(try server.count("smuggled") == nil)
        }
    }

    //
    @Test func `chunks of one byte and long extensions are one body`() async throws {
        try await ServingTram.besieged { server in
            let client = try server.client()
            let body = (0..<1000).map { "m v=\($0) \($0 + 1)\n" }.joined()
            let chunks = body.utf8.map { "1;why=\"so\"\r\n\(UnicodeScalar($0))\r\n" }.joined()
            try client.send(server.text("POST", "/write?db=small", headers: ["Transfer-Encoding: chunked"]))
            try client.send(chunks + "0\r\nX-Trailer: 1\r\n\r\n" + server.text("GET", "/api/tram/count?db=small"))
            #expect(try client.answer()?.status == 204)
            #expect(try client.answer()?.text == "1000\n")
            // An extension that never ends is no progress.
            let endless = try server.client()
            try endless.send(server.text("POST", "/write?db=endless", headers: ["Transfer-Encoding: chunked"]))
            try endless.offer("1;" + String(repeating: "a", count: 40 << 20))
            endless.endSending()
            _ = try? endless.answer()
            #expect(try server.count("endless") == nil)
        }
    }

    // a 400 in place of a 204 would have its sender throw away what was stored, or send it again.
    @Test func `what is wrong behind whole requests is told after their answers`() async throws {
        try await ServingTram.besieged(configuration: "limits: { head_timeout: 1s, body_timeout: 1s }\n") { server in
            let whole = server.text("POST", "/write?db=a", length: 7)
            let query = server.text("GET", "/api/tram/query?q=m%5B30000d%5D")
            for (name, behind, isHalfClosed, status) in [
                ("noise", "\0\r\n\r\n", false, 400), ("a cut head", "GET /pi", true, 400),
                ("a cut body", server.text("POST", "/write?db=b", length: 9) + "m v=1 1", true, 400),
                ("a slow body", server.text("POST", "/write?db=b", length: 9) + "m v=1 1", false, 408),
                (
                    "a bad chunk", server.text("POST", "/write?db=b", headers: ["Transfer-Encoding: chunked"]) + "x",
                    false, 400
                ),
                ("a long head", "GET /" + String(repeating: "a", count: 100_000), false, 431),
            ] {
                let client = try server.client()
                try client.send(whole + "m v=1 1" + query + whole + "m v=2 2" + query + behind)
                if isHalfClosed { client.endSending() }
                for expected in [204, 200, 204, 200] { #expect(try client.answer()?.status == expected, "\(name)") }
                expectFailure(try client.answer(), status, of: name)
                #expect(try client.answer() == nil, "\(name)")
            }
            #expect(try server.points("a") == ["m": 2])
            #expect(try server.count("b") == nil)
        }
    }

    //
    @Test func `a head that is too long is told 431 and costs no more than that`() async throws {
        try await ServingTram.besieged { server in
            let fields = (0..<100_000).map { "X-\($0): 1\r\n" }.joined()
            let few = (0..<101).map { "X-\($0): 1\r\n" }.joined()
            let long = String(repeating: "a", count: 100_000)
            for (name, text) in [
                ("100,000 fields", "GET /ping HTTP/1.1\r\nHost: \(server.place)\r\n\(fields)\r\n"),
                ("101 fields", "GET /ping HTTP/1.1\r\n\(few)\r\n"),
                ("a URI of 100 KB", "GET /ping?\(long) HTTP/1.1\r\nHost: \(server.place)\r\n\r\n"),
                ("a URI that never ends", "GET /" + String(repeating: "%41", count: 1 << 20)),
                ("a method of 100 KB", "\(long) / HTTP/1.1\r\n\r\n"),
                ("a field of 100 KB", "GET /ping HTTP/1.1\r\nHost: \(server.place)\r\nX-A: \(long)\r\n\r\n"),
                ("a name of 100 KB", "GET /ping HTTP/1.1\r\nHost: \(server.place)\r\n\(long): 1\r\n\r\n"),
                ("a field that never ends", "GET /ping HTTP/1.1\r\nX-A: " + String(repeating: "a", count: 4 << 20)),
                ("lines without an end", String(repeating: "\r\n", count: 1 << 20)),
            ] {
                let client = try server.client()
                try client.offer(text)
                let answer = try client.answer()
                // What is no method is no HTTP either.
                if name == "a method of 100 KB" || name == "lines without an end" {
                    if answer != nil { expectFailure(answer, 400, 431, of: name) }
                } else {
                    expectFailure(answer, 431, of: name)
                }
                #expect(try client.answer() == nil, "\(name)")
                try server.expectWell()
            }
        }
    }

    //
    @Test func `other languages than HTTP 1.1 are answered or hung up on at once`() async throws {
        try await ServingTram.besieged(configuration: "limits: { head_timeout: 9s }\n") { server in
            let hello: [UInt8] =
                [0x16, 3, 1, 0, 0x41, 1, 0, 0, 0x3d, 3, 3] + [UInt8](repeating: 7, count: 32)
                + [0, 0, 2, 0x13, 1, 1, 0, 0, 0x12, 0, 0x2b, 0, 3, 2, 3, 4]
            let beginnings: [(String, [UInt8])] = [
                ("TLS", hello), ("TLS in pieces", [0x16]),
                ("HTTP/2", Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0]),
                ("HTTP/3", Array("GET / HTTP/3.0\r\n\r\n".utf8)),
                ("SSH", Array("SSH-2.0-OpenSSH_9.9\r\n".utf8)), ("a line", Array("m v=1 1\n".utf8)),
                ("Redis", Array("*1\r\n$4\r\nPING\r\n".utf8)), ("zeros", [UInt8](repeating: 0, count: 4096)),
                ("SMTP", Array("EHLO x\r\n".utf8)), ("noise", (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 167) }),
            ]
            for (name, bytes) in beginnings {
                // Well before the head's own time of 10 seconds is over.
                let client = try server.client(seconds: 8)
                try client.offer(bytes)
                expectFailure(try client.answer(), 400, 505, of: name)
                #expect(try client.answer() == nil, "\(name)")
            }
            // HTTP/0.9 has no head; ours has its time to come.
            let old = try server.client()
            try old.send("GET /ping\r\n")
            expectFailure(try old.answer(), 408)
            // An upgrade is an offer; an answer in HTTP/1.1 declines it.
            let upgrade = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"]
            #expect(try server.request("GET", "/ping", headers: upgrade).status == 204)
        }
    }

    //
    @Test func `other languages on the port for lines do no harm`() async throws {
        try await ServingTram.besieged { server in
            for text in ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
                let client = try RawClient(server.lineTCP)
                try client.send(text)
                #expect(String(decoding: try client.rest(), as: UTF8.self).hasPrefix("HTTP/1.1 400 "))
            }
            let client = try RawClient(server.lineTCP)
            try client.send([0x16, 3, 1, 0, 0x41, 1, 0, 0, 0x3d] + [UInt8](repeating: 0x0a, count: 32))
            client.endSending()
            #expect(try client.line()?.hasPrefix("error line 1: ") == true)
            #expect(try server.count("default") == nil)
        }
    }

    //
    @Test func `paths lead nowhere but to what is served`() async throws {
        try await ServingTram.besieged { server in
            try server.write("a", "m v=1 1")
            for path in [
                "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd", "/./ping", "//ping",
                "/ping/",
                "/ping%00", "/%70ing%", "/%", "/%zz", "/%ff%fe", "/api/tram/../tram/count",
                "/api/tram/windows/../count",
                "/api/tram/windows/%2e%2e%2fcount", "/api/tram/windows/%00", "/api/tram/windows/%", "/LOCK", "/;/ping",
                "/PING", "/write/../ping", "/\\..\\..",
                "/api/tram/windows/" + String(repeating: "%2e%2e%2f", count: 2000),
                "/api" + String(repeating: "/a", count: 10_000),
            ] {
                expectFailure(try server.request("GET", path), 400, 404, of: String(path.prefix(60)))
                expectFailure(
                    try server.request("POST", path, body: [0x61]), 400, 404, 405, of: String(path.prefix(60)))
            }
            for target in [
                "/write?db=%", "/write?db=%zz", "/write?db=%ff", "/write?db=%00", "/write?db=a%0a", "/write?db=%c0%ae",
                "/write?db=" + String(repeating: "a", count: 256), "/write", "/write?db=", "/write?db=x&precision=%",
                "/api/v2/write?bucket=%", "/api/v2/write?bucket=/x", "/api/v3/write_lp?db=%f0%28",
            ] {
                let answer = try server.request("POST", target, body: Array("m v=1 1".utf8))
                expectFailure(answer, 400, 404, of: String(target.prefix(60)))
            }
            for target in [
                "/api/tram/query?q=%", "/api/tram/count?db=%ff", "/api/tram/query?q=m&now=%", "/query?q=%e0%80",
                "/api/tram/count?db=..%2f..%2fetc%2fpasswd", "/ping?verbose=%",
            ] {
                expectFailure(try server.request("GET", target), 400, 404, of: target)
            }
            #expect(try server.request("GET", "/api/tram/schema").json?["databases"] as? [String] == ["a"])
        }
    }

    //
    @Test func `targets of other forms are answered as HTTP says`() async throws {
        try await ServingTram.besieged { server async throws in
            func status(_ line: String) throws -> Int? {
                let client = try server.client()
                try client.send("\(line) HTTP/1.1\r\nHost: \(server.place)\r\nConnection: close\r\n\r\n")
                let answer = try client.answer(toHead: line.hasPrefix("HEAD"))
                if let answer, answer.status >= 400, !line.hasPrefix("HEAD") {
                    expectFailure(answer, answer.status, of: line)
                }
                return answer?.status
            }
            #expect(try status("GET http://\(server.place)/ping") == 204)
            #expect(try [400, 404].contains(status("OPTIONS *")))
            #expect(try [400, 403, 404].contains(status("CONNECT evil.example:443")))
            #expect(try [404, 405, 501].contains(status("TRACE /ping")))
            #expect(try [404, 405].contains(status("DELETE /write")))
            #expect(try status("HEAD /nothing") == 404)
            #expect(try status("BREW /ping") == 400)
        }
    }

    // P6, and what all refusals have in common.
    @Test func `whatever is wrong is said in JSON with the number of the request`() async throws {
        try await ServingTram.besieged { server in
            try server.write("a", "m v=1 1")
            for (method, target, body, status) in [
                ("GET", "/nothing", "", 404), ("GET", "/", "", 404), ("POST", "/ping", "", 405),
                ("PUT", "/write?db=a", "m v=1 1", 405), ("GET", "/write", "", 405), ("POST", "/write", "m v=1", 400),
                ("POST", "/write?db=a", "nonsense", 400), ("POST", "/write?db=a&precision=x", "m v=1", 400),
                ("POST", "/api/v2/write", "m v=1", 404), ("POST", "/api/v2/write?bucket=a", "nonsense", 400),
                ("POST", "/api/v3/write_lp?db=a", "", 400), ("POST", "/api/v3/write_lp?db=a", "nonsense", 400),
                ("POST", "/api/v2/query", "from(bucket:\"a\")", 501), ("GET", "/query", "", 400),
                ("GET", "/query?q=SELECT+1", "", 400), ("GET", "/api/tram/query", "", 400),
                ("GET", "/api/tram/query?q=nonsense(", "", 400), ("GET", "/api/tram/count?db=none", "", 404),
                ("GET", "/api/tram/windows/none", "", 404), ("GET", "/api/tram/query?q=m&tz=nowhere", "", 400),
                ("POST", "/api/tram/query", "{\"q\":", 400), ("GET", "/api/tram/alerts?db=none", "", 404),
                ("GET", "/api/tram/query?q=" + String(repeating: "(", count: 10_000), "", 400),
                ("GET", "/api/tram/query?q=" + String(repeating: "a", count: 17_000), "", 400),
            ] {
                let headers = ["X-Request-Id: number-7", "Content-Type: application/json"]
                let answer = try server.request(
                    method, target, headers: headers, body: body.isEmpty ? nil : Array(body.utf8))
                expectFailure(answer, status, of: "\(method) \(target.prefix(60))")
                #expect(answer.json?["id"] as? String == "number-7", "\(method) \(target.prefix(60))")
                #expect(answer["x-request-id"] == "number-7")
            }
            // One that cannot stand in a log is not taken over.
            let odd = try server.request("GET", "/nothing", headers: ["X-Request-Id: a b\"c"])
            #expect((odd.json?["id"] as? String)?.count == 16)
        }
    }
}
