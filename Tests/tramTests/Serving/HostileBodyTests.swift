import Foundation
import Testing

/// Bodies that are made to break a server: none of them may cost more than itself.
@Suite(.ownThreads) struct HostileBodyTests {
    private static func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

    private static let lines: [(name: String, line: String)] = [
        ("backslashes in a measurement", "m" + repeated("\\", 60_000) + " v=1 3"),
        ("backslashes alone", repeated("\\", 60_000)),
        ("backslashes in a tag", "m,t=" + repeated("\\", 60_001) + " v=1 3"),
        ("backslashes in a field's name", "m " + repeated("\\", 60_000) + "v=1 3"),
        ("backslashes in a text", "m v=\"" + repeated("\\", 60_000) + "\" 3"),
        ("backslashes before quotes", "m v=\"" + repeated("\\\"", 60_000) + "\" 3"),
        ("quotes", "m v=" + repeated("\"", 60_000)),
        ("tags", "m" + (0..<60_000).map { ",t\($0)=x" }.joined() + " v=1 3"),
        ("the same tag", "m" + repeated(",t=x", 60_000) + " v=1 3"),
        ("fields", "m " + (0..<60_000).map { "f\($0)=1" }.joined(separator: ",") + " 3"),
        ("commas", "m" + repeated(",", 60_000)),
        ("equals signs", "m t" + repeated("=", 60_000)),
        ("spaces", "m" + repeated(" ", 60_000) + "v=1 3"),
        ("digits", "m v=" + repeated("9", 60_000) + " 3"),
        ("a time of digits", "m v=1 " + repeated("9", 60_000)),
        ("an exponent", "m v=1e" + repeated("9", 60_000) + " 3"),
    ]

    //
    @Test func `a line of 60,000 of anything costs that line at most, and no neighbour`() async throws {
        try await ServingTram.besieged { server in
            let tcp = try RawClient(server.lineTCP)
            for (index, (name, line)) in HostileBodyTests.lines.enumerated() {
                let database = "case\(index)"
                let answer = try server.write(database, "good,s=a v=1 1\n\(line)\ngood,s=b v=2 2\n")
                if answer.status != 204 {
                    expectFailure(answer, 400, of: name)
                    #expect(answer.json?["line"] as? Int == 2, "\(name): \(answer.text.prefix(300))")
                    #expect(answer.body.count < 4096, "\(name)")
                }
                #expect(try server.points(database)["good"] == 2, "\(name)")
                try tcp.send("good,s=\(index) v=1 1\n\(line)\n")
            }
            try tcp.send("last v=1 1\n")
            try await server.eventually("the lines over TCP are stored") { try server.points("default")["last"] == 1 }
            #expect(try server.points("default")["good"] == HostileBodyTests.lines.count)
        }
    }

    // such a text goes on over the ends of lines.
    @Test func `a text that is never closed takes what stands behind it, and nothing before it`() async throws {
        try await ServingTram.besieged { server in
            for (name, text) in [
                ("a backslash before the quote", HostileBodyTests.repeated("\\", 60_001) + "\" 3"),
                ("quotes", HostileBodyTests.repeated("\\\"", 60_000)),
            ] {
                let answer = try server.write("a", "good v=1 1\nm v=\"\(text)\ngood v=2 2\n")
                expectFailure(answer, 400, of: name)
                #expect(answer.json?["line"] as? Int == 2)
                #expect(try server.points("a") == ["good": 1])
            }
        }
    }

    //
    @Test(arguments: [
        ("of nothing", ""), ("a name", "m"), ("tags", "m,t=1"), ("a text", "m v=\""), ("a number", "m v=1"),
    ])
    func `a line of 10 MB is refused and its neighbours are kept`(name: String, beginning: String) async throws {
        try await ServingTram.besieged { server in
            let filling = String(
                repeating: name == "tags" ? ",t=1" : "1", count: name == "tags" ? 2_500_000 : 10_000_000)
            let line = beginning + filling
            let answer = try server.write("big", "good v=1 1\n\(line)\ngood v=2 2\n")
            expectFailure(answer, 400, of: name)
            #expect(answer.json?["line"] as? Int == 2)
            #expect(answer.json?["accepted"] as? Int == 2)
            #expect(try server.count("big") == 2)
            // The same with no end, over a connection that stays open.
            let tcp = try RawClient(server.lineTCP)
            try tcp.send("good v=1 1\n\(line)")
            tcp.endSending()
            #expect(try tcp.line()?.hasPrefix("error line 2: ") == true)
            #expect(try server.count("default") == 1)
        }
    }

    private func zipped(_ server: ServingTram, _ database: String, _ body: [UInt8]) throws -> HTTPAnswer {
        try server.request(
            "POST", "/write?db=\(database)", headers: ["Content-Encoding: gzip", "Expect:"], body: body)
    }

    //
    @Test func `gzip that is cut or has a wrong checksum stores nothing`() async throws {
        try await ServingTram.besieged { server in
            let text = Array((0..<100).map { "m,s=s\($0) v=\($0) \($0 + 1)\n" }.joined().utf8)
            let whole = GzipText.member(text)
            for cut in [
                0, 1, 2, 9, 10, 11, 14, 15, 16, whole.count / 2, whole.count - 9, whole.count - 8, whole.count - 1,
            ] {
                expectFailure(try zipped(server, "cut", Array(whole[..<cut])), 400, of: "cut at \(cut)")
            }
            let wrong: [(String, [UInt8])] = [
                ("checksum", GzipText.member(text, checksum: 1)), ("length", GzipText.member(text, length: 1)),
                ("no gzip", text), ("second member cut", whole + whole.dropLast(3)),
                ("second member's checksum", whole + GzipText.member(text, checksum: 1)),
                ("something behind it", whole + Array("m v=1 1\n".utf8)), ("zeros", [UInt8](repeating: 0, count: 1000)),
                ("a head alone", GzipText.head), ("a bad block", GzipText.head + [7, 0, 0, 0]),
            ]
            for (name, body) in wrong { expectFailure(try zipped(server, "wrong", body), 400, of: name) }
            #expect(try server.count("cut") == nil)
            #expect(try server.count("wrong") == nil)
            #expect(try zipped(server, "right", whole).status == 204)
            #expect(try server.count("right") == 100)
        }
    }

    //
    @Test func `gzip of very many members is one body`() async throws {
        try await ServingTram.besieged { server in
            let members = (0..<5000).flatMap { GzipText.member("m v=\($0) \($0 + 1)\n") }
            #expect(try zipped(server, "many", members).status == 204)
            #expect(try server.count("many") == 5000)
            // Half a million members of nothing in 10 MB.
            let before = try server.processorSeconds()
            let nothing = [[UInt8]](repeating: GzipText.empty, count: 520_000).flatMap { $0 }
            let answer = try zipped(server, "empty", nothing + GzipText.member("m v=1 1\n"))
            #expect(answer.status == 204, "\(answer.text)")
            #expect(try server.count("empty") == 1)
            #expect(try server.processorSeconds() - before < 10)
        }
    }

    //
    @Test(arguments: [("ratio: 200", "inflation_ratio"), ("ratio: 1000000", "inflated_body_too_large")])
    func `a bomb of 1 GiB in 1 MB is told 413 before it swells`(limit: String, code: String) async throws {
        try await ServingTram.besieged(configuration: "limits: { \(limit) }\n") { server in
            let bomb = GzipText.bomb(1_040_448)
            try server.expectWell()
            let memory = try server.kibibytes("VmHWM")
            let time = try server.processorSeconds()
            let answer = try zipped(server, "bomb", bomb)
            expectFailure(answer, 413)
            #expect(answer.json?["tram_code"] as? String == code)
            #expect(try server.kibibytes("VmHWM") - memory < 100 << 10)
            // Of the processor: other tests may have it meanwhile.
            #expect(try server.processorSeconds() - time < 1)
            #expect(try server.count("bomb") == nil)
            try await server.eventually("its memory is free again") {
                try server.metric("tram_open_body_bytes") == 0
            }
        }
    }

    //
    @Test func `forty bombs at once are forty refusals`() async throws {
        try await ServingTram.besieged(peakMebibytes: 400) { server async throws in
            let bomb = GzipText.bomb(1_040_448)
            await withTaskGroup(of: HTTPAnswer?.self) { group in
                for _ in 0..<40 { group.addTask { try? zipped(server, "bomb", bomb) } }
                for await answer in group { expectFailure(answer, 413, 503) }
            }
            #expect(try server.count("bomb") == nil)
        }
    }
}
