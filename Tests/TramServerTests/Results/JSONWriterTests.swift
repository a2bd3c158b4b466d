import Foundation
import Testing
import TramColumnar
import TramQuery
import TramServer

private func parsed(_ text: some StringProtocol) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
}

/// Whether what Foundation read is the value. 64-bit integers are compared by the text that is read, not as doubles.
private func agrees(_ json: Any, _ value: Value) -> Bool {
    switch value {
    case .null: json is NSNull
    // Foundation keeps the decimal digits that it read, but its doubleValue is a bit off for some of them.
    case .float(let number): (json as? NSNumber).flatMap { Double($0.stringValue) } == number
    case .int(let number): (json as? NSNumber)?.int64Value == number
    case .uint(let number): (json as? NSNumber)?.uint64Value == number
    case .bool(let isTrue): json as? Bool == isTrue
    case .string(let text): (json as? String).map { Array($0.utf8) == Array(text.utf8) } ?? false
    case .time, .duration: json as? String == value.plainText
    }
}

@Suite struct JSONWriterTests {
    @Test func `the object has exactly the documented shape`() {
        let result = QueryResult(
            columns: [
                ColumnInfo(name: "time", type: .time), ColumnInfo(name: "way", type: .tag),
                ColumnInfo(name: "mean", type: .float),
            ], rows: [[instant("2026-11-20T23:00:00Z"), .string("QL51"), .float(42.25)]])
        let statistics = ResultStatistics(rows: 417_312, blocks: 208, blocksDecoded: 0, elapsedMilliseconds: 3.1000001)
        #expect(
            written(result, ResultWriter(format: .json), statistics: statistics)
                == #"{"columns":[{"name":"time","type":"time"},{"name":"way","type":"tag"},{"name":"mean","type":"float"}],"#
                + #""rows":[["2026-11-20T23:00:00Z","QL51",42.25]],"partial":false,"warnings":[],"#
                + #""stats":{"rows":417312,"blocks":208,"blocks_decoded":0,"elapsed_ms":3.1}}"# + "\n")
    }

    @Test func `what is not known of the work is left out`() {
        let result = QueryResult(columns: [ColumnInfo(name: "n", type: .int)], rows: [])
        let head = #"{"columns":[{"name":"n","type":"int"}],"rows":[],"partial":false,"warnings":[],"stats":"#
        let writer = ResultWriter(format: .json)
        #expect(written(result, writer) == head + "{}}\n")
        #expect(written(result, writer, statistics: ResultStatistics(rows: 5)) == head + "{\"rows\":5}}\n")
    }

    @Test func `warnings come in the reader's language`() throws {
        let result = QueryResult(
            columns: [], rows: [], isPartial: true,
            warnings: [Bilingual(vi: "thiếu \"31\"", en: "\"31\" is missing")])
        let vi = try parsed(written(result, ResultWriter(format: .json, language: .vi)))
        #expect(vi["warnings"] as? [String] == ["thiếu \"31\""])
        #expect(vi["partial"] as? Bool == true)
        let en = try parsed(written(result, ResultWriter(format: .json, language: .en)))
        #expect(en["warnings"] as? [String] == ["\"31\" is missing"])
    }

    @Test func `numbers keep all their digits and durations are text`() {
        let text = written(everyType, ResultWriter(format: .json))
        #expect(text.contains(#"["2026-11-20T23:00:00Z","QL51",42.25,-3,7,true,"a,b","1h30m"]"#))
        #expect(
            text.contains(
                #"["1969-12-31T23:59:59.5Z","Cầu Rào",1e300,-9223372036854775808,18446744073709551615,false,"#
                    + #""says \"hi\"\r\nbye","-1ns"]"#))
        #expect(text.contains("[null,null,null,null,null,null,null,null]"))
    }

    @Test func `with an epoch times are integers and durations stay text`() {
        let text = written(everyType, ResultWriter(format: .json, epoch: .s))
        #expect(text.contains(#"[1795215600,"QL51",42.25,-3,7,true,"a,b","1h30m"]"#))
        #expect(text.contains(#"[-1,"Cầu Rào","#))
    }

    @Test func `control characters are escaped and everything else is left as it is`() {
        let result = QueryResult(
            columns: [ColumnInfo(name: "\"t\"", type: .string)],
            rows: [[.string("\u{0}\u{1f}\t\u{7f}\\/\u{2028}ộ🚦")], [.string("")]])
        #expect(
            written(result, ResultWriter(format: .ndjson))
                == "{\"\\\"t\\\"\":\"\\u0000\\u001f\\t\u{7f}\\\\/\u{2028}ộ🚦\"}\n{\"\\\"t\\\"\":\"\"}\n")
    }

    @Test func `the sign of zero and the ends of the float range are valid JSON`() throws {
        let numbers: [Double] = [-0.0, 1e300, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 0.1, 1e-7]
        let result = QueryResult(columns: [ColumnInfo(name: "v", type: .float)], rows: numbers.map { [.float($0)] })
        let text = written(result, ResultWriter(format: .json))
        #expect(text.contains("[[-0],[1e300],[5e-324],[1.7976931348623157e308],[0.1],[1e-7]]"))
        let rows = try #require(try parsed(text)["rows"] as? [[Double]])
        #expect(rows.map(\.first) == numbers)
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `another JSON reader gets every value back`(seed: UInt64) throws {
        let (result, rows) = randomResult(seed: seed, rowCount: 300)
        let object = try parsed(written(result, ResultWriter(format: .json)))
        let read = try #require(object["rows"] as? [[Any]])
        #expect(read.count == rows.count)
        for (line, row) in zip(read, rows) {
            #expect(zip(line, row).allSatisfy(agrees), "\(line) for \(row)")
        }
        let columns = try #require(object["columns"] as? [[String: String]])
        #expect(columns.map { $0["name"] } == result.columns.map(\.name))
        #expect(columns.map { $0["type"] } == result.columns.map(\.type.rawValue))
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `each line of NDJSON is an object of its row`(seed: UInt64) throws {
        let (result, rows) = randomResult(seed: seed, rowCount: 300)
        let lines = written(result, ResultWriter(format: .ndjson)).utf8.split(separator: 0x0A)
        #expect(lines.count == rows.count)
        for (line, row) in zip(lines, rows) {
            let object = try parsed(try #require(String(line)))
            #expect(object.count == row.count)
            for (column, value) in zip(result.columns, row) {
                #expect(object[column.name].map { agrees($0, value) } == true)
            }
        }
    }

    @Test func `NDJSON names the columns in their order and has nothing without rows`() {
        let columns = [ColumnInfo(name: "way", type: .tag), ColumnInfo(name: "mean", type: .float)]
        let writer = ResultWriter(format: .ndjson)
        #expect(
            written(QueryResult(columns: columns, rows: [[.string("QL51"), .null]]), writer)
                == "{\"way\":\"QL51\",\"mean\":null}\n")
        #expect(written(QueryResult(columns: columns, rows: []), writer) == "")
    }
}
