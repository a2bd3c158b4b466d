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

    /// Tags and strings as they are written, by their bits: most come again and again.
    private let texts: [UInt64: [UInt8]]

    init(result: QueryResult, epoch: Epoch?, language: Language, statistics: ResultStatistics) {
        self.result = result
        self.epoch = epoch
        self.language = language
        self.statistics = statistics
        texts = result.textsByBits.mapValues { text in
            var bytes: [UInt8] = []
            JSONText.append(text, to: &bytes)
            return bytes
        }
    }

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
            guard let bits = result.bits(row: row, column: column) else {
                bytes.append(contentsOf: "null".utf8)
                continue
            }
            switch result.columns[column].type {
            case .string, .tag: bytes.append(contentsOf: texts[bits] ?? [])
            case .int: NumberText.append(Int64(bitPattern: bits), to: &bytes)
            case .float where Double(bitPattern: bits).isFinite:
                NumberText.append(Double(bitPattern: bits), to: &bytes)
            default: result.value(row: row, column: column).appendJSON(epoch: epoch, to: &bytes)
            }
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
