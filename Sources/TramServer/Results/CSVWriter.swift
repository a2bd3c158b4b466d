import TramQuery

/// Comma-separated values as RFC 4180 has them, with two choices of our own.
///
/// - Lines end with LF alone: every reader takes it, and with CRLF the last field of each line would end in a CR for
/// `cut`,
///   `awk` and `sort`.
/// - Null is an empty field and the empty text is `""`, so that a reader who looks can tell them apart. Only in a
/// result of
///   one column null is `""` too: its line would be empty, and readers skip empty lines.
///
/// Text that a spreadsheet would take for a formula stands in quotes as well; its characters are not changed.
struct CSVWriter: RowWriter {
    let result: QueryResult
    let epoch: Epoch?

    var rowCount: Int { result.rowCount }

    func appendHead(to bytes: inout [UInt8]) {
        for (index, column) in result.columns.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            CSVWriter.append(text: column.name, to: &bytes)
        }
        bytes.append(UInt8(ascii: "\n"))
    }

    func appendRow(_ row: Int, to bytes: inout [UInt8]) {
        for column in result.columns.indices {
            if column > 0 { bytes.append(UInt8(ascii: ",")) }
            switch result.value(row: row, column: column) {
            case .null: if result.columns.count == 1 { bytes.append(contentsOf: #""""#.utf8) }
            case .string(let text): CSVWriter.append(text: text, to: &bytes)
            case let value: value.appendPlain(epoch: epoch, to: &bytes)
            }
        }
        bytes.append(UInt8(ascii: "\n"))
    }

    func appendTail(to bytes: inout [UInt8]) {}

    private static func append(text: String, to bytes: inout [UInt8]) {
        let quote = UInt8(ascii: "\"")
        guard needsQuotes(text) else {
            bytes.append(contentsOf: text.utf8)
            return
        }
        bytes.append(quote)
        for byte in text.utf8 {
            if byte == quote { bytes.append(quote) }
            bytes.append(byte)
        }
        bytes.append(quote)
    }

    private static func needsQuotes(_ text: String) -> Bool {
        switch text.utf8.first {
        case nil, UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"), UInt8(ascii: "\t"): true
        default:
            text.utf8.contains {
                $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\n")
                    || $0 == UInt8(ascii: "\r")
            }
        }
    }
}
