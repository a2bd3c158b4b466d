import Foundation
import Testing
import TramColumnar
import TramQuery

/// A line of `Cases/errors.txt`.
struct ErrorCase: CustomTestStringConvertible {
    var query: String
    var code: String
    var column: Int
    var part: String

    var testDescription: String { query }

    static let all: [ErrorCase] = {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Cases/errors.txt")
        let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { line in
            let sides = line.components(separatedBy: "⇒")
            guard sides.count == 2 else { return nil }
            let words = sides[1].split(separator: " ", maxSplits: 2).map(String.init)
            return ErrorCase(
                query: sides[0].trimmingCharacters(in: .whitespaces), code: words[0],
                column: words.count > 1 ? Int(words[1]) ?? -1 : -1,
                part: words.count > 2 ? words[2].trimmingCharacters(in: .whitespaces) : "")
        }
    }()
}

@Suite struct ErrorCaseTests {
    private let source = MemorySource([
        TestRow(
            measurement: "traffic", time: 0, tags: ["way": "QL51", "cam": "1"],
            fields: [
                "speed": .float(1.5), "n": .int(5), "u": .uint(7), "state": .text("red"), "ok": .bool(true),
            ])
    ])

    @Test func `the file of wrong queries is found`() {
        #expect(ErrorCase.all.count >= 60)
    }

    @Test(arguments: ErrorCase.all)
    func `a wrong query is refused with a class, a place and a way out`(_ wrong: ErrorCase) throws {
        do {
            _ = try source.lines(wrong.query)
            #expect(wrong.code == "none")
        } catch {
            #expect(error.code.rawValue == "query." + wrong.code)
            #expect(error.place(in: wrong.query)?.column ?? 0 == wrong.column)
            let told = error.message.en + " " + (error.hint?.en ?? "")
            #expect(told.contains(wrong.part), "\(told)")
            #expect(!error.message.vi.isEmpty && error.message.vi != error.message.en)
            #expect(error.hint?.vi.isEmpty != true)
        }
    }
}
