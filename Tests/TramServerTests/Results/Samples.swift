import TramColumnar
import TramQuery
import TramServer
import TramTesting

/// An instant from its RFC 3339 text; the tests' texts are right.
func instant(_ text: String) -> Value {
    Timestamp(rfc3339: text).map { .time($0.nanoseconds) } ?? .null
}

func written(_ result: QueryResult, _ writer: ResultWriter, statistics: ResultStatistics? = nil) -> String {
    String(decoding: writer.bytes(result, statistics: statistics), as: UTF8.self)
}

/// A column of each type, three rows: plain values, extremes, nulls.
let everyType = QueryResult(
    columns: [
        ColumnInfo(name: "time", type: .time), ColumnInfo(name: "way", type: .tag),
        ColumnInfo(name: "mean", type: .float), ColumnInfo(name: "low", type: .int),
        ColumnInfo(name: "high", type: .uint), ColumnInfo(name: "up", type: .bool),
        ColumnInfo(name: "note", type: .string), ColumnInfo(name: "silent", type: .duration),
    ],
    rows: [
        [
            instant("2026-11-20T23:00:00Z"), .string("QL51"), .float(42.25), .int(-3), .uint(7), .bool(true),
            .string("a,b"), .duration(5_400_000_000_000),
        ],
        [
            instant("1969-12-31T23:59:59.5Z"), .string("Cầu Rào"), .float(1e300), .int(.min), .uint(.max), .bool(false),
            .string("says \"hi\"\r\nbye"), .duration(-1),
        ],
        [Value](repeating: .null, count: 8),
    ])

/// Rows of random values, nulls among them, with texts that are hard to quote.
func randomResult(seed: UInt64, rowCount: Int) -> (result: QueryResult, rows: [[Value]]) {
    var generator = SeededGenerator(seed: seed)
    let types: [ColumnType] = [.time, .tag, .float, .int, .uint, .bool, .string, .duration]
    let letters = [
        "a", "ă", "ộ", "o\u{323}\u{302}", ",", "\"", "\n", "\r\n", "\r", "\\", "\t", "\u{1}", " ", "=", "街", "🚦",
    ]
    let rows = (0..<rowCount).map { _ in
        types.map { type -> Value in
            if Int.random(in: 0..<6, using: &generator) == 0 { return .null }
            let bits = generator.next() >> UInt64.random(in: 0..<64, using: &generator)
            switch type {
            case .time: return .time(Int64(bitPattern: generator.next()))
            case .float:
                let number = Double(bitPattern: generator.next())
                return .float(number.isFinite ? number : -0.0)
            case .int: return .int(Int64(bitPattern: bits))
            case .uint: return .uint(bits)
            case .bool: return .bool(bits & 1 == 1)
            case .duration: return .duration(Int64(bitPattern: bits))
            case .tag, .string:
                let count = Int.random(in: 0...5, using: &generator)
                return .string((0..<count).map { _ in letters.randomElement(using: &generator) ?? "" }.joined())
            }
        }
    }
    let columns = types.map { ColumnInfo(name: "c_\($0.rawValue)", type: $0) }
    return (QueryResult(columns: columns, rows: rows), rows)
}

/// The same value to the bit: `-0` is not `0`, and a letter with its marks apart is not the letter with its marks in
/// it.
func isSame(_ left: Value, _ right: Value) -> Bool {
    switch (left, right) {
    case (.float(let one), .float(let other)): one.bitPattern == other.bitPattern
    case (.string(let one), .string(let other)): one.utf8.elementsEqual(other.utf8)
    default: left == right
    }
}
