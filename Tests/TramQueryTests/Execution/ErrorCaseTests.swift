import Foundation
import Testing
import TramColumnar
import TramQuery

/// A line of a file in `Cases/errors`: each has the name of the class that its queries provoke.
struct ErrorCase: CustomTestStringConvertible {
    var query: String
    var code: String
    /// From 1; 0 where the error has no place, -1 where any place will do.
    var column: Int
    var part: String

    var testDescription: String { "\(code): \(query.prefix(80))" }

    static let all: [ErrorCase] = {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Cases/errors")
        let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
        return files.sorted { $0.path < $1.path }.flatMap { file in
            let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
            let code = file.deletingPathExtension().lastPathComponent
            return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { read($0, code) }
        }
    }()

    private static func read(_ line: Substring, _ code: String) -> ErrorCase? {
        let sides = line.components(separatedBy: "⇒")
        guard sides.count == 2 else { return nil }
        let words = sides[1].split(separator: " ", maxSplits: 1).map(String.init)
        return ErrorCase(
            query: expanded(sides[0].trimmingCharacters(in: .whitespaces)), code: code,
            column: words.first == "*" ? -1 : Int(words.first ?? "") ?? -2,
            part: words.count > 1 ? words[1].trimmingCharacters(in: .whitespaces) : "")
    }

    /// `«3×ab»` stands for `ababab`.
    private static func expanded(_ text: String) -> String {
        text.components(separatedBy: "«").enumerated().map { index, piece in
            guard index > 0, let end = piece.firstIndex(of: "»"), let sign = piece.firstIndex(of: "×"),
                let count = Int(piece[..<sign])
            else { return piece }
            let repeated = String(repeating: String(piece[piece.index(after: sign)..<end]), count: count)
            return repeated + piece[piece.index(after: end)...]
        }.joined()
    }

    /// Classes that no text provokes by itself, and where each is provoked.
    static let notOfText: [QueryError.Code: String] = [
        .rowLimit: "depends on the rows: MeaningTests, QueryLimitTests",
        .memoryLimit: "depends on the rows: QueryGuardTests, QueryLimitTests",
        .timeLimit: "depends on time: QueryGuardTests, QueryLimitTests",
        .cancelled: "depends on the client: QueryGuardTests, QueryLimitTests",
    ]
}

@Suite struct ErrorCaseTests {
    private let source = MemorySource([
        TestRow(
            measurement: "traffic", time: 0, tags: ["way": "QL51", "cam": "1"],
            fields: [
                "speed": .float(1.5), "n": .int(5), "u": .uint(7), "state": .text("red"), "ok": .bool(true),
            ])
    ])

    @Test func `every class of error has its queries, or a reason why it has none`() {
        let codes = Set(ErrorCase.all.map { "query." + $0.code })
        for code in QueryError.Code.allCases where !codes.contains(code.rawValue) {
            #expect(ErrorCase.notOfText[code] != nil, "\(code.rawValue)")
        }
        for code in codes { #expect(QueryError.Code(rawValue: code) != nil, "\(code)") }
        #expect(ErrorCase.all.count >= 100)
    }

    @Test(arguments: ErrorCase.all)
    func `a wrong query is refused with a class, a place and a way out`(_ wrong: ErrorCase) throws {
        do {
            _ = try source.lines(wrong.query)
            Issue.record("\(wrong.query) is answered")
        } catch {
            #expect(error.code.rawValue == "query." + wrong.code)
            if wrong.column >= 0 { #expect(error.place(in: wrong.query)?.column ?? 0 == wrong.column) }
            let told = error.message.en + " " + (error.hint?.en ?? "")
            #expect(told.contains(wrong.part), "\(told)")
            #expect(!error.message.vi.isEmpty && error.message.vi != error.message.en)
            #expect(error.hint?.vi.isEmpty != true)
        }
    }
}
