// Feeds texts that libFuzzer invents to the parser of queries, the formatter, the binder and the executor, over a few
// rows. Not part of `swift test`.
//
// Build, from the package's folder:
//
//     sh Tests/Fuzz/build.sh QueryFuzz
//
// Run for a minute, from the words of the language (without the variable the first crash hangs in the backtracer):
//
//     SWIFT_BACKTRACE=enable=no .build/fuzz/QueryFuzz -max_total_time=60 -max_len=2048 -dict=Tests/Fuzz/query.dict

/// Two measurements of a few rows, in blocks of four.
private final class FewRows: ColumnSource {
    let strings = StringTable()
    let measurements = ["m", "t"]
    private let columns: [FieldType] = [.float, .int, .uint, .bool, .string]

    init() {
        for text in ["a", "b", "đỏ"] { _ = strings.code(text) }
    }

    func extent(of measurement: String) -> TimeRange? { TimeRange(start: -2_000_000_000, end: 6_000_000_001) }

    func schema(of measurement: String) -> Schema? {
        measurements.contains(measurement)
            ? Schema(
                measurement: measurement, tagKeys: ["h", "w"],
                fields: zip(["f", "n", "u", "ok", "s"], columns).map { Schema.Field(name: $0, type: $1) }) : nil
    }

    func series(of measurement: String, in range: TimeRange?) -> [SeriesEntry] {
        [SeriesEntry(id: 0, tagCodes: [0, nil]), SeriesEntry(id: 1, tagCodes: [1, 2])]
    }

    func scan(
        series: UInt32, of measurement: String, fields: [Int], range: TimeRange,
        visit: (ColumnBlock) throws(QueryError) -> Void
    ) throws(QueryError) {
        let times: [Int64] = [-2_000_000_000, 0, 1_000_000_000, 6_000_000_000]
        let bits: [[UInt64]] = [
            [(-1.5).bitPattern, 0, 2.25.bitPattern, 1e300.bitPattern],
            [UInt64(bitPattern: .min), 1, 2, UInt64(bitPattern: .max)], [0, 1, 2, .max], [0, 1, 1, 0], [0, 1, 2, 2],
        ]
        let vectors = fields.map { field -> Vector? in
            var vector = Vector(type: columns[field])
            for row in times.indices {
                if (row + field + Int(series)) % 4 == 0 {
                    vector.appendAbsent()
                } else {
                    vector.append(bits[field][row])
                }
            }
            return vector
        }
        try visit(ColumnBlock(timestamps: times, columns: vectors))
    }

    var pointCount: Int { 16 }
}

private let source = FewRows()

private struct NoZones: ZoneProvider {
    func zone(named name: String) -> TimeZoneRules? { name == "UTC" ? .fixed(offsetSeconds: 0, name: name) : nil }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzQuery(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let text = unsafe String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    var limits = QueryLimits(rows: 2000, windows: 500, states: 20_000)
    limits.memoryBytes = 8 << 20
    var context = QueryContext(
        now: 10_000_000_000, zone: .hoChiMinh, zones: NoZones(), defaultRange: .all, limits: limits)
    nonisolated(unsafe) var looks = 500
    context.interruption = {
        unsafe looks -= 1
        return unsafe looks < 0 ? .timeLimit : nil
    }
    do {
        let statement = try QueryParser.parse(text)
        let printed = QueryPrinter.print(statement)
        if printed.utf8.count <= QueryParser.longestText {
            let again = try? QueryParser.parse(printed)
            precondition(again?.withoutPlaces == statement.withoutPlaces, "the printed text means something else")
            precondition(again.map(QueryPrinter.print) == printed, "printing is not settled after once")
        }
        let result = try QueryRunner.run(text, source: source, context: context)
        precondition(result.rowCount <= limits.rows, "more rows than a result may have")
    } catch {
        if let at = error.at {
            precondition(at.start >= 0 && at.start <= at.end && at.end <= text.utf8.count, "a place outside the text")
        }
        precondition(!error.rendered(in: text, language: .vi).isEmpty, "an error that says nothing")
    }
    return 0
}
