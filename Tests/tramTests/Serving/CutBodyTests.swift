import Foundation
import Testing

/// A batch is there whole or not at all: what breaks off on its way in leaves nothing behind.
@Suite(.ownThreads) struct CutBodyTests {
    enum Framing: String, CaseIterable, Sendable {
        case length, chunks, gzip
    }

    enum End: String, CaseIterable, Sendable {
        case close, reset, halfClose
    }

    private static let body = (0..<20_000).map { "m,s=s\($0) v=\($0) \($0 + 1)\n" }.joined()

    /// A request with a large body, as it is sent.
    private func request(_ server: ServingTram, _ framing: Framing, _ database: String) -> [UInt8] {
        let body = Array(CutBodyTests.body.utf8)
        let target = "/write?db=\(database)"
        switch framing {
        case .length: return Array(server.text("POST", target, length: body.count).utf8) + body
        case .gzip:
            let zipped = GzipText.member(body)
            return Array(server.text("POST", target, headers: ["Content-Encoding: gzip"], length: zipped.count).utf8)
                + zipped
        case .chunks:
            var bytes = Array(server.text("POST", target, headers: ["Transfer-Encoding: chunked"]).utf8)
            for start in stride(from: 0, to: body.count, by: 10_000) {
                let chunk = body[start..<min(start + 10_000, body.count)]
                bytes += Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + Array("\r\n".utf8)
            }
            return bytes + Array("0\r\n\r\n".utf8)
        }
    }

    // P2
    @Test(arguments: Framing.allCases)
    func `a body that is cut stores nothing, and the whole one everything`(framing: Framing) async throws {
        try await ServingTram.besieged { server in
            let whole = request(server, framing, "cut")
            let head = (whole.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound) ?? 0
            // In the head, at the body's begin, between lines of the body, and just before its end.
            let cuts = [
                head / 2, head - 1, head, head + 1, head + 30_000, whole.count / 2, whole.count - 6, whole.count - 1,
            ]
            for end in End.allCases {
                for cut in cuts {
                    let client = try server.client()
                    try client.send(Array(whole[..<cut]))
                    switch end {
                    case .close: client.close()
                    case .reset: client.reset()
                    case .halfClose:
                        client.endSending()
                        // Whoever still listens is told, or hung up on; at once, and not after the body's own time.
                        if let answer = try client.answer() { expectFailure(answer, 400, of: "\(end) at \(cut)") }
                        #expect(try client.answer() == nil)
                    }
                }
            }
            // All have been read and thrown away.
            try await server.eventually("the connections are gone") {
                try server.metric("tram_connections") == 1 && server.metric("tram_open_body_bytes") == 0
            }
            #expect(try server.count("cut") == nil)
            expectFailure(try server.request("GET", "/api/tram/schema"), 404)
            #expect(try server.metric("tram_series") == 0)
            let client = try server.client()
            try client.send(whole)
            #expect(try client.answer()?.status == 204)
            #expect(try server.count("cut") == 20_000)
        }
    }

    //
    @Test func `who hangs up its own side after a whole request is still answered`() async throws {
        try await ServingTram.besieged { server in
            for framing in Framing.allCases {
                let client = try server.client()
                try client.send(request(server, framing, framing.rawValue))
                client.endSending()
                #expect(try client.answer()?.status == 204, "\(framing)")
                #expect(try client.answer() == nil)
                #expect(!client.isReset)
                #expect(try server.count(framing.rawValue) == 20_000)
            }
            // Several at once, the last of them a question with a large answer.
            let client = try server.client()
            let query = "/api/tram/query?db=length&format=ndjson&q=m%5B30000d%5D"
            try client.send(server.text("GET", "/ping") + server.text("GET", query) + server.text("GET", query))
            client.endSending()
            #expect(try client.answer()?.status == 204)
            for _ in 0..<2 {
                let answer = try client.answer()
                #expect(answer?.status == 200)
                #expect(answer?.body.count(where: { $0 == UInt8(ascii: "\n") }) == 20_000)
            }
            #expect(try client.answer() == nil)
        }
    }

    //
    @Test func `two hundred resets in the middle of bodies leave nothing behind`() async throws {
        try await ServingTram.besieged(peakMebibytes: 400) { server in
            let whole = request(server, .length, "reset")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for sender in 0..<8 {
                    group.addTask {
                        for number in 0..<25 {
                            let client = try server.client()
                            try client.send(Array(whole[..<(whole.count / 100 * (sender * 12 + number % 12 + 1))]))
                            client.reset()
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await server.eventually("the connections are gone") { try server.metric("tram_connections") == 1 }
            try await server.eventually("the bodies are gone") { try server.metric("tram_open_body_bytes") == 0 }
            #expect(try server.count("reset") == nil)
        }
    }

    //
    @Test func `resets in the middle of answers leave nothing behind`() async throws {
        try await ServingTram.besieged(peakMebibytes: 400) { server in
            let lines = (0..<50_000).map { "m,s=s\($0 % 50) v=\($0) \($0 + 1)\n" }.joined()
            #expect(try server.write("a", lines).status == 204)
            let query = server.text("GET", "/api/tram/query?format=ndjson&q=m%5B30000d%5D")
            for number in 0..<30 {
                let client = try server.client(receiveBytes: 4096)
                try client.send(query + query + query)
                _ = try client.bytes(number * 1000)
                client.reset()
            }
            try await server.eventually("the connections are gone") { try server.metric("tram_connections") == 1 }
            try await server.eventually("no query runs on") { try server.metric("tram_queries_running") == 0 }
            #expect(try server.metric("tram_queries_waiting") == 0)
        }
    }

    // what came whole over a line connection is stored, a cut line is not.
    @Test func `a line connection that breaks off has stored its whole lines`() async throws {
        try await ServingTram.besieged { server in
            let client = try RawClient(server.lineTCP)
            try client.send("m v=1 1\nm v=2 2\nm v=3")
            try await server.eventually("whole lines are stored as they come") { try server.count("default") == 2 }
            client.reset()
            let other = try RawClient(server.lineTCP)
            try other.send("m v=4 4\nm v=5 5")
            other.endSending()
            #expect(try other.rest().isEmpty)
            // The last line without an end counts where the sender has ended in peace.
            #expect(try server.count("default") == 4)
        }
    }
}
