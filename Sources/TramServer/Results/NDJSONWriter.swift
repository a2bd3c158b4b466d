import TramQuery

/// One JSON object a row and line, keyed by column name, in the order of the columns; nulls are there, as `null`.
struct NDJSONWriter: RowWriter {
    private let result: QueryResult
    private let epoch: Epoch?
    /// Before each value: `{"way":` or `,"mean":`.
    private let keys: [[UInt8]]

    init(_ result: QueryResult, epoch: Epoch?) {
        self.result = result
        self.epoch = epoch
        keys = result.columns.enumerated().map { index, column in
            var key = [index == 0 ? UInt8(ascii: "{") : UInt8(ascii: ",")]
            JSONText.append(column.name, to: &key)
            key.append(UInt8(ascii: ":"))
            return key
        }
    }

    var rowCount: Int { result.rowCount }

    func appendHead(to bytes: inout [UInt8]) {}

    func appendRow(_ row: Int, to bytes: inout [UInt8]) {
        // Without columns no key opens the object.
        if keys.isEmpty { bytes.append(UInt8(ascii: "{")) }
        for (column, key) in keys.enumerated() {
            bytes.append(contentsOf: key)
            result.value(row: row, column: column).appendJSON(epoch: epoch, to: &bytes)
        }
        bytes.append(contentsOf: "}\n".utf8)
    }

    func appendTail(to bytes: inout [UInt8]) {}
}
