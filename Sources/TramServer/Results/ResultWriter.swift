public import TramColumnar
public import TramQuery

/// Query results as bytes: the door for the API, the command line and whatever else gives rows out.
///
/// Warnings and `isPartial` are part of JSON; with the other formats the caller says them where it talks (standard
/// error,
/// headers). The same result and settings always give the same bytes.
public struct ResultWriter: Sendable {
    public var format: ResultFormat
    /// Nil: times as RFC 3339 in UTC, in tables on the clock of `zone`.
    public var epoch: Epoch?
    /// Of a table's numbers, dates and last line, and of JSON's warnings.
    public var language: Language
    public var table: TableStyle

    public init(
        format: ResultFormat, epoch: Epoch? = nil, language: Language = .en, table: TableStyle = TableStyle()
    ) {
        self.format = format
        self.epoch = epoch
        self.language = language
        self.table = table
    }

    /// Gives the bytes to `emit` in order, in pieces of about 64 KiB that end with a row, so that the text of a large
    /// result
    /// never stands in memory whole. No piece is empty; NDJSON without rows has none.
    ///
    /// - Throws: what `emit` throws; nothing is emitted after that.
    public func write<Failure: Error>(
        _ result: QueryResult, statistics: ResultStatistics? = nil, to emit: ([UInt8]) throws(Failure) -> Void
    ) throws(Failure) {
        switch format {
        case .table:
            try ResultWriter.drain(TableWriter(result, epoch: epoch, language: language, style: table), to: emit)
        case .csv: try ResultWriter.drain(CSVWriter(result: result, epoch: epoch), to: emit)
        case .json:
            let writer = JSONWriter(
                result: result, epoch: epoch, language: language, statistics: statistics ?? ResultStatistics())
            try ResultWriter.drain(writer, to: emit)
        case .ndjson: try ResultWriter.drain(NDJSONWriter(result, epoch: epoch), to: emit)
        }
    }

    /// All bytes at once, for results known to be small.
    public func bytes(_ result: QueryResult, statistics: ResultStatistics? = nil) -> [UInt8] {
        var bytes: [UInt8] = []
        write(result, statistics: statistics) { bytes.append(contentsOf: $0) }
        return bytes
    }

    private static let pieceBytes = 64 << 10

    private static func drain<Failure: Error>(
        _ writer: some RowWriter, to emit: ([UInt8]) throws(Failure) -> Void
    ) throws(Failure) {
        var piece: [UInt8] = []
        writer.appendHead(to: &piece)
        for row in 0..<writer.rowCount {
            writer.appendRow(row, to: &piece)
            if piece.count >= pieceBytes {
                try emit(piece)
                piece.removeAll(keepingCapacity: true)
            }
        }
        writer.appendTail(to: &piece)
        if !piece.isEmpty { try emit(piece) }
    }
}

/// One format: what comes before the rows, each row, and what comes after them.
protocol RowWriter {
    var rowCount: Int { get }
    func appendHead(to bytes: inout [UInt8])
    /// `row` is 0..<rowCount, ascending.
    func appendRow(_ row: Int, to bytes: inout [UInt8])
    func appendTail(to bytes: inout [UInt8])
}
