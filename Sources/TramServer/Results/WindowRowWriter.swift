import TramColumnar
public import TramQuery

/// The rows of a standing query as JSON objects, one a row, as live events and NDJSON carry them:
///
///     {"name":"speed_5m","columns":["time","way","mean","revision","final"],
///      "row":["2026-11-20T23:00:00Z","QL51",42.25,0,true]}
public struct WindowRowWriter: Sendable {
    /// How `columns` names the columns.
    public enum ColumnForm: Sendable {
        case names
        /// As in a query result: `{"name":"mean","type":"float"}`.
        case namesAndTypes
    }

    private let epoch: Epoch?
    /// Everything before the first value; the same for every row.
    private let head: [UInt8]

    /// - Parameter columns: Those of `WindowResult.values`; `revision` and `final` are added here.
    public init(name: String, columns: [ColumnInfo], form: ColumnForm = .names, epoch: Epoch? = nil) {
        self.epoch = epoch
        let all = columns + [ColumnInfo(name: "revision", type: .int), ColumnInfo(name: "final", type: .bool)]
        var head = Array(#"{"name":"#.utf8)
        JSONText.append(name, to: &head)
        head.append(contentsOf: #","columns":"#.utf8)
        switch form {
        case .names:
            for (index, column) in all.enumerated() {
                head.append(index == 0 ? UInt8(ascii: "[") : UInt8(ascii: ","))
                JSONText.append(column.name, to: &head)
            }
            head.append(UInt8(ascii: "]"))
        case .namesAndTypes: JSONWriter.append(columns: all, to: &head)
        }
        head.append(contentsOf: #","row":["#.utf8)
        self.head = head
    }

    /// Appends the object, without a line end.
    ///
    /// - Parameter isFinal: Whether no later row can revise the window any more; the caller knows the watermark.
    public func append(_ row: WindowResult, isFinal: Bool, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: head)
        for value in row.values {
            value.appendJSON(epoch: epoch, to: &bytes)
            bytes.append(UInt8(ascii: ","))
        }
        bytes.append(contentsOf: "\(row.revision),\(isFinal)]}".utf8)
    }
}
