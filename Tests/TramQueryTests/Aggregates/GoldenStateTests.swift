import Foundation
import Testing
import TramColumnar
import TramQuery
import TramTesting

/// The bytes of states are compared with files that were written once:
///
///     TRAM_WRITE_GOLDEN=1 swift test --filter GoldenStateTests
///
/// A difference means that nodes of two versions do not understand each other. It needs a new version of the envelope
/// and not new files. A line is a type, the rows that were fed (`CodingRows`), and the bytes in hexadecimal digits.
@Suite struct GoldenStateTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")

    static let calls: [Call] = [
        Call("count"), Call("sum"), Call("mean"), Call("min"), Call("max"), Call("first"), Call("last"), Call("spread"),
        Call("var"), Call("p95"), Call("median", .exact), Call("distinct"), Call("distinct", .exact), Call("mode"),
        Call("min_at"), Call("max_at"), Call("increase"), Call("rate", .duration(60_000_000_000)), Call("resets"),
        Call("twa"), Call("integral"), Call("duration"), Call("uptime"), Call("gaps", .duration(400)),
        Call("expected", .duration(400)), Call("missing", .duration(400)), Call("freshness"), Call("age"),
        Call("corr"), Call("covar"), Call("list", .number(12)),
    ]

    private static func cases(_ call: Call, _ type: ColumnType) -> [(name: String, rows: Rows)] {
        let isEmpty = AggregateFunction(rawValue: call.name)?.takesColumn == false
        var cases = [
            ("empty", Rows(type, isEmpty ? [] : [nil])), ("one", CodingRows.plain(type, 1)),
            ("hundred", CodingRows.plain(type, 100)),
            ("wild", CodingRows.wild(type)),
        ]
        if call.name == "distinct", call.parameters.isEmpty, ![.bool, .string, .tag].contains(type) {
            cases.append(("different-300", CodingRows.different(type, 300)))
            cases.append(("different-3000", CodingRows.different(type, 3000)))
        }
        if call.followsSeries { cases.append(("long-500", CodingRows.long(type, 500))) }
        return cases
    }

    private static func lines(_ call: Call) throws -> [String] {
        try call.types().flatMap { type in
            try cases(call, type).map { name, rows in
                let digits = try call.bytes(rows).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
                return "\(type) \(name) \(digits)"
            }
        }
    }

    private static func file(_ call: Call) -> URL {
        folder.appending(path: call.name + (call.parameters.contains(.exact) ? "-exact.txt" : ".txt"))
    }

    @Test(arguments: calls)
    func `states have the bytes that they always had`(call: Call) throws {
        let file = Self.file(call)
        let lines = try Self.lines(call)
        if ProcessInfo.processInfo.environment["TRAM_WRITE_GOLDEN"] != nil {
            try FileManager.default.createDirectory(at: Self.folder, withIntermediateDirectories: true)
            try (lines.joined(separator: "\n") + "\n").write(to: file, atomically: true, encoding: .utf8)
        }
        let golden = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(String.init)
        #expect(golden.count == lines.count)
        for (line, expected) in zip(lines, golden) { #expect(line == expected) }
    }

    @Test(arguments: calls)
    func `old states are read, finished and written as they were`(call: Call) throws {
        let text = try String(contentsOf: Self.file(call), encoding: .utf8)
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            let type = try #require(words.first.flatMap { ColumnType(rawValue: String($0)) })
            let digits = Array(try #require(words.last).utf8)
            let bytes = try stride(from: 0, to: digits.count, by: 2).map {
                try #require(UInt8(String(decoding: digits[$0..<($0 + 2)], as: UTF8.self), radix: 16))
            }
            let texts = NodeTexts()
            let states = try call.node(type, texts)
            try states.decode(into: 0, from: bytes)
            #expect(states.bytes(0) == bytes)
            let rows = try #require(Self.cases(call, type).first { $0.name == words[1] }).rows
            let known = NodeTexts(CodingRows.words)
            let fed = try call.node(type, known)
            try call.feed(rows, 0..<rows.values.count, into: 0, of: fed)
            #expect(states.outcome(0, texts) == fed.outcome(0, known))
        }
    }
}
