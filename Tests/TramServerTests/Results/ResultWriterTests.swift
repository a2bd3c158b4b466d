import Testing
import TramQuery
import TramServer

private struct Hangup: Error {}

@Suite struct ResultWriterTests {
    private let many = QueryResult(
        columns: [ColumnInfo(name: "n", type: .int), ColumnInfo(name: "way", type: .tag)],
        rows: (0..<40_000).map { [.int($0), .string("QL\($0 % 7)")] })

    @Test(arguments: [ResultFormat.csv, .json, .ndjson])
    func `a large result comes in pieces that end with a row`(format: ResultFormat) {
        let writer = ResultWriter(format: format)
        var pieces: [[UInt8]] = []
        writer.write(many) { pieces.append($0) }
        #expect(pieces.count > 2)
        #expect(pieces.allSatisfy { $0.count < 66_000 && !$0.isEmpty })
        let end = format == .json ? UInt8(ascii: "]") : UInt8(ascii: "\n")
        #expect(pieces.dropLast().allSatisfy { $0.last == end })
        #expect(Array(pieces.joined()) == writer.bytes(many))
    }

    @Test func `a reader who hangs up stops the writing`() {
        var count = 0
        #expect(throws: Hangup.self) {
            try ResultWriter(format: .csv).write(many) { _ throws(Hangup) in
                count += 1
                if count == 2 { throw Hangup() }
            }
        }
        #expect(count == 2)
    }

    @Test func `formats and epochs are known by their names`() {
        #expect(ResultFormat.allCases.map(\.rawValue) == ["table", "csv", "json", "ndjson"])
        #expect(Epoch.allCases.map(\.rawValue) == ["ns", "us", "ms", "s"])
        #expect(Epoch.s.count(-1) == -1)
        #expect(Epoch.s.count(.min) == -9_223_372_037)
        #expect(Epoch.ns.count(.min) == .min)
    }
}
