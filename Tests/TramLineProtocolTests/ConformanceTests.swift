import Foundation
import Testing
import TramColumnar
import TramLineProtocol

/// The 240 cases of `Cases/line-protocol-cases.jsonl`, whole and cut in two.
@Suite struct ConformanceTests {
    struct Case: CustomTestStringConvertible {
        var id: String
        var input: [UInt8]
        var precision: Precision
        /// Nil where only `pointCount` is given.
        var rows: [Row]?
        var pointCount: Int
        var errors: [Refused]
        var testDescription: String { id }
    }

    struct Refused: Equatable {
        var line: Int
        var reason: String
    }

    static let cases: [Case] = {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
        guard
            let text = try? String(
                contentsOf: folder.appending(path: "Cases/line-protocol-cases.jsonl"), encoding: .utf8)
        else { return [] }
        return text.split(separator: "\n").compactMap { read(Data($0.utf8)) }
    }()

    private static func read(_ json: Data) -> Case? {
        guard let object = try? JSONSerialization.jsonObject(with: json) as? [String: Any],
            let id = object["id"] as? String, let name = object["precision"] as? String,
            let precision = Precision(name: name), let errors = object["errors"] as? [[String: Any]]
        else { return nil }
        let points = object["points"] as? [[String: Any]]
        return Case(
            id: id, input: input(object), precision: precision, rows: points?.compactMap(row),
            pointCount: points?.count ?? object["points"] as? Int ?? -1,
            errors: errors.map { Refused(line: $0["line"] as? Int ?? -1, reason: $0["class"] as? String ?? "") })
    }

    private static func input(_ object: [String: Any]) -> [UInt8] {
        if let text = object["input"] as? String { return Array(text.utf8) }
        if let text = object["input_b64"] as? String { return Array(Data(base64Encoded: text) ?? Data()) }
        let parts = object["input_parts"] as? [[Any]] ?? []
        return parts.flatMap { part in
            Array(String(repeating: part[0] as? String ?? "", count: part[1] as? Int ?? 0).utf8)
        }
    }

    private static func row(_ point: [String: Any]) -> Row? {
        guard let measurement = point["measurement"] as? String, let tags = point["tags"] as? [String: String],
            let fields = point["fields"] as? [String: [String: Any]], let time = point["time"] as? String
        else { return nil }
        return Row(
            line: 0, measurement: measurement,
            tags: TagSet(tags.map { TagSet.Tag(key: $0.key, value: $0.value) }).tags,
            fields: fields.compactMapValues(value), time: Int64(time) ?? 0)
    }

    private static func value(_ object: [String: Any]) -> Value? {
        guard let (type, value) = object.first else { return nil }
        let text = value as? String ?? ""
        switch type {
        case "float": return Double(text).map { .float($0.bitPattern) }
        case "int": return Int64(text).map { .int($0) }
        case "uint": return UInt64(text).map { .uint($0) }
        case "string": return .string(Array(text.utf8))
        default: return (value as? Bool).map { .bool($0) }
        }
    }

    @Test func `the file has 240 cases`() {
        #expect(ConformanceTests.cases.count == 240)
    }

    @Test(arguments: cases) func `every case gives its points and refusals`(_ item: Case) {
        let outcome = outcome(item.input, precision: item.precision)
        #expect(outcome.rejected.map { Refused(line: $0.line, reason: $0.reason.rawValue) } == item.errors)
        #expect(outcome.rows.count == item.pointCount)
        #expect(outcome.lineCount == item.pointCount + item.errors.count)
        if let rows = item.rows {
            #expect(
                outcome.rows.map {
                    var row = $0
                    row.line = 0
                    return row
                } == rows)
        }
    }

    @Test(arguments: cases) func `a cut at any byte changes nothing`(_ item: Case) {
        let whole = outcome(item.input, precision: item.precision)
        // Short inputs at every byte; long ones near their ends and at some places between.
        let near = item.input.count < 1000 ? 1000 : 40
        let cuts = (0...item.input.count).filter {
            $0 < near || $0 > item.input.count - near || $0 % 4001 == 0
        }
        for cut in cuts {
            #expect(outcome(item.input, cuts: [cut], precision: item.precision) == whole, "cut at \(cut)")
        }
        if item.input.count < 1000 {
            let bytewise = outcome(
                item.input, cuts: Array(0..<item.input.count), precision: item.precision, takingEachPiece: true)
            #expect(bytewise == whole)
        }
    }

    /// The second time every series, field and layout is known, so the row loop reads what the careful reader read.
    @Test(arguments: cases) func `a parser that knows the series says the same`(_ item: Case) {
        let whole = outcome(item.input, precision: item.precision)
        let parser = LineParser()
        for _ in 0..<3 { #expect(outcome(item.input, precision: item.precision, parser: parser) == whole) }
    }
}
