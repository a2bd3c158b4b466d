import TramColumnar
import TramQuery
import TramServer
import TramSystem

/// Rows that a command has put together itself, printed as answers are.
struct RowTable {
    let columns: [ColumnInfo]
    private(set) var rows: [[Value]] = []
    /// Rows that were left out.
    private(set) var leftOut = 0
    /// Rows at most.
    let limit: Int

    init(_ columns: KeyValuePairs<String, ColumnType>, limit: Int = .max) {
        self.columns = columns.map { ColumnInfo(name: $0.key, type: $0.value) }
        self.limit = limit
    }

    mutating func append(_ row: [Value]) {
        if rows.count < limit { rows.append(row) } else { leftOut += 1 }
    }

    func write(_ format: ResultFormat?, _ language: Language) throws {
        var printing = Printing(format: format, epoch: nil, language: language, zone: .hoChiMinh)
        printing.maximumRows = max(rows.count, 1)
        try printing.write(QueryResult(columns: columns, rows: rows))
    }
}

extension Value {
    static func count(_ value: Int) -> Value { .int(Int64(value)) }
    static func count(_ value: Int?) -> Value { value.map { .int(Int64($0)) } ?? .null }
    static func number(_ value: UInt64) -> Value { .uint(value) }
    /// Names out of damaged files may hold anything; a terminal must not obey them.
    static func text(_ value: String) -> Value { .string(TerminalText.printable(value)) }
    static func text(_ value: String?) -> Value { value.map { .text($0) } ?? .null }
}
