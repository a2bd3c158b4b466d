import Foundation
import Testing

/// Bodies and connections beyond their number, and requests of others than this machine.
@Suite(.ownThreads) struct LimitTests {
    private static let bodyBytes = 10 << 20

    /// A body of exactly so many bytes that is one point.
    private static func body(_ count: Int) -> [UInt8] {
        let line = "m v=1 1"
        // Comments fill it: a long line would be refused for its length.
        let comment = "#" + String(repeating: "c", count: 1022) + "\n"
        let comments = (count - line.utf8.count) / comment.utf8.count
        let rest = count - line.utf8.count - comments * comment.utf8.count
        return Array((String(repeating: comment, count: comments) + String(repeating: "\n", count: rest) + line).utf8)
    }

    @Test func `a body of 10 MiB is taken, one byte more is not`() async throws {
        try await ServingTram.besieged { server in
            let full = LimitTests.body(LimitTests.bodyBytes)
            let more = LimitTests.body(LimitTests.bodyBytes + 1)
            #expect(more.count == LimitTests.bodyBytes + 1)
            #expect(try server.request("POST", "/write?db=a", body: full).status == 204)
            #expect(try server.count("a") == 1)
            for target in ["/write?db=b", "/api/v2/write?bucket=b", "/api/v3/write_lp?db=b"] {
                let answer = try server.request("POST", target, body: more)
                expectFailure(answer, 413, of: target)
                #expect(answer["connection"] == "close")
                // Of unknown length.
                let client = try server.client()
                try client.send(server.text("POST", target, headers: ["Transfer-Encoding: chunked"]))
                try client.offer("\(String(more.count, radix: 16))\r\n")
                try client.offer(more)
                expectFailure(try client.answer(), 413, of: target)
                #expect(try client.answer() == nil)
            }
            #expect(try server.count("b") == nil)
        }
    }

    @Test func `who asks before sending is told, and a body that is too long is not asked for`() async throws {
        try await ServingTram.besieged { server in
            let client = try server.client()
            let expect = ["Expect: 100-continue"]
            try client.send(server.text("POST", "/write?db=a", headers: expect, length: 7))
            #expect(try client.answer()?.status == 100)
            try client.send("m v=1 1")
            #expect(try client.answer()?.status == 204)
            for length in ["\(LimitTests.bodyBytes + 1)", "9223372036854775807"] {
                let client = try server.client()
                try client.send(
                    server.text("POST", "/write?db=b", headers: expect + ["Content-Length: \(length)"]))
                // The first answer, with no 100 before it.
                expectFailure(try client.answer(), 413, of: length)
                #expect(try client.answer() == nil)
            }
            #expect(try server.count("b") == nil)
        }
    }

    @Test(arguments: ["connections", "connections_per_address"])
    func `a connection too many is told 503 and closed, and comes in once another has gone`(limit: String) async throws
    {
        try await ServingTram.besieged(configuration: "limits: { \(limit): 8 }\n") { server in
            var open = try (0..<8).map { _ in try server.client() }
            for client in open {
                try client.send(server.text("GET", "/ping"))
                #expect(try client.answer()?.status == 204)
            }
            for _ in 0..<20 {
                let client = try server.client()
                let answer = try client.answer()
                expectFailure(answer, 503)
                #expect(answer?["retry-after"] != nil)
                #expect(answer?["connection"] == "close")
                #expect(try client.answer() == nil)
            }
            for client in open {
                try client.send(server.text("GET", "/ping"))
                #expect(try client.answer()?.status == 204)
            }
            open.removeAll()
            try await server.eventually("there is room again") {
                let client = try server.client()
                try client.offer(server.text("GET", "/ping"))
                return try client.answer()?.status == 204
            }
        }
    }

    @Test func `a line connection too many is told so and closed`() async throws {
        try await ServingTram.besieged(configuration: "limits: { connections_per_address: 4 }\n") { server in
            let open = try (0..<4).map { _ in try RawClient(server.lineTCP) }
            for (number, client) in open.enumerated() { try client.send("m v=1 \(number + 1)\n") }
            try await server.eventually("four are there") { try server.count("default") == 4 }
            let fifth = try RawClient(server.lineTCP)
            #expect(try fifth.line()?.contains("too-many-connections") == true)
            #expect(try fifth.rest().isEmpty)
            for (number, client) in open.enumerated() { try client.send("m v=1 \(number + 5)\n") }
            try await server.eventually("the others go on") { try server.count("default") == 8 }
        }
    }

    // MARK: - Other hosts

    @Test func `a request for another host, or from a page of one, is told 403`() async throws {
        try await ServingTram.besieged { server in
            let port = server.place.drop { $0 != ":" }
            func status(_ fields: [String]) throws -> HTTPAnswer? {
                let client = try server.client()
                try client.send(
                    "GET /ping HTTP/1.1\r\n\(fields.joined(separator: "\r\n"))\r\nConnection: close\r\n\r\n")
                return try client.answer()
            }
            for host in [
                "evil.com", "127.0.0.1.evil.com", "localhost.evil.com", "user@127.0.0.1", "127.0.0.1@evil.com",
                "evil.com\(port)", "evil.com:127.0.0.1", "localhost:80:80", "localhost:99999", "localhost:",
                "localhost:x",
                "127.1", "0x7f.0.0.1", "0177.0.0.1", "2130706433", "127.0.0.256", "127.0.0.1,evil.com",
                "0.0.0.0", "[::]", "[::1", "[::1]evil.com", "[::1]:x", "[::1%25lo]", "[::ffff:127.0.0.1]",
                "192.168.0.1",
                "localhost/evil.com", "localhost#", "localhost?", "evil.com/localhost", "LOCALHOST.evil.com",
                "xlocalhost",
                "ｌocalhost", "127.0.0.1 evil.com", "..", "%6cocalhost",
            ] {
                expectFailure(try status(["Host: \(host)"]), 400, 403, of: "Host: \(host)")
            }
            for host in [
                "127.0.0.1", "localhost", "LOCALHOST", "LocalHost\(port)", "127.0.0.1\(port)", "127.0.0.1:1",
                "127.8.9.1",
                "[::1]", "[::1]\(port)", "localhost.", "127.0.0.1:65535", "[0:0:0:0:0:0:0:1]",
            ] {
                #expect(try status(["Host: \(host)"])?.status == 204, "Host: \(host)")
            }
            expectFailure(try status(["Host: localhost", "Host: evil.com"]), 400, 403, of: "two hosts")
            for origin in [
                "null", "http://evil.com", "http://127.0.0.1.evil.com", "http://localhost.evil.com",
                "https://evil.com:8086",
                "http://localhost@evil.com", "http://evil.com/http://localhost", "file://", "", "localhost",
                "chrome-extension://localhost", "http://", "http:// localhost", "http://localhost:3000 http://evil.com",
                "http://localhost,http://evil.com", "ftp://localhost", "http://localhost:99999",
            ] {
                expectFailure(try status(["Host: localhost", "Origin: \(origin)"]), 400, 403, of: "Origin: \(origin)")
            }
            for origin in [
                "http://localhost:3000", "https://127.0.0.1", "http://[::1]:3000", "HTTP://LOCALHOST:3000",
                "http://localhost",
            ] {
                let answer = try status(["Host: localhost", "Origin: \(origin)"])
                #expect(answer?.status == 204, "Origin: \(origin)")
                #expect(answer?["access-control-allow-origin"] == origin)
            }
            // What is refused does nothing.
            for fields in [["Host: evil.com"], ["Host: localhost", "Origin: http://evil.com"]] {
                let client = try server.client()
                let head = ["POST /write?db=a HTTP/1.1"] + fields + ["Content-Length: 7", "Connection: close"]
                try client.send(head.joined(separator: "\r\n") + "\r\n\r\nm v=1 1")
                let answer = try client.answer()
                expectFailure(answer, 403)
            }
            #expect(try server.count("a") == nil)
        }
    }
}
