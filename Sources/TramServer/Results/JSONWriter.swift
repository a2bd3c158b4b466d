import TramColumnar
import TramQuery

/// A result as one JSON object, on one line:
///
///     {"columns":[{"name":"way","type":"tag"}],"rows":[["QL51"]],"partial":false,"warnings":[],"stats":{}}
struct JSONWriter: RowWriter {
    let result: QueryResult
    let epoch: Epoch?
    let language: Language
    let statistics: ResultStatistics

    var rowCount: Int { result.rowCount }

    func appendHead(to bytes: inout [UInt8]) {
        bytes.append(contentsOf: #"{"columns":"#.utf8)
        JSONWriter.append(columns: result.columns, to: &bytes)
        bytes.append(contentsOf: #","rows":["#.utf8)
    }

    func appendRow(_ row: Int, to bytes: inout [UInt8]) {
        if row > 0 { bytes.append(UInt8(ascii: ",")) }
        bytes.append(UInt8(ascii: "["))
        for column in result.columns.indices {
            if column > 0 { bytes.append(UInt8(ascii: ",")) }
            result.value(row: row, column: column).appendJSON(epoch: epoch, to: &bytes)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    func appendTail(to bytes: inout [UInt8]) {
        bytes.append(contentsOf: #"],"partial":\#(result.isPartial),"warnings":["#.utf8)
        for (index, warning) in result.warnings.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            JSONText.append(warning.text(language), to: &bytes)
        }
        bytes.append(contentsOf: #"],"stats":"#.utf8)
        statistics.appendJSON(to: &bytes)
        bytes.append(contentsOf: "}\n".utf8)
    }

    /// `[{"name":"time","type":"time"},…]`.
    static func append(columns: [ColumnInfo], to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "["))
        for (index, column) in columns.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: #"{"name":"#.utf8)
            JSONText.append(column.name, to: &bytes)
            bytes.append(contentsOf: #","type":"\#(column.type.rawValue)"}"#.utf8)
        }
        bytes.append(UInt8(ascii: "]"))
    }
}
