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
        var pieces = pieces(of: result, statistics: statistics)
        while let piece = pieces.next() { try emit(piece) }
    }

    /// The same pieces, one at a time, for a reader that makes the writer wait.
    public func pieces(of result: QueryResult, statistics: ResultStatistics? = nil) -> ResultPieces {
        switch format {
        case .table:
            ResultPieces(TableWriter(result, epoch: epoch, language: language, style: table))
        case .csv: ResultPieces(CSVWriter(result: result, epoch: epoch))
        case .json:
            ResultPieces(
                JSONWriter(
                    result: result, epoch: epoch, language: language, statistics: statistics ?? ResultStatistics()))
        case .ndjson: ResultPieces(NDJSONWriter(result, epoch: epoch))
        }
    }

    /// All bytes at once, for results known to be small.
    public func bytes(_ result: QueryResult, statistics: ResultStatistics? = nil) -> [UInt8] {
        var bytes: [UInt8] = []
        write(result, statistics: statistics) { bytes.append(contentsOf: $0) }
        return bytes
    }
}

/// A result's bytes in pieces of about 64 KiB that end with a row. No piece is empty.
public struct ResultPieces: IteratorProtocol, Sendable {
    private static let byteCount = 64 << 10

    private let writer: any RowWriter
    private var row = 0
    private var hasEnded = false

    init(_ writer: any RowWriter) {
        self.writer = writer
    }

    public mutating func next() -> [UInt8]? {
        guard !hasEnded else { return nil }
        var piece: [UInt8] = []
        piece.reserveCapacity(min(ResultPieces.byteCount + 4096, 1024 + (writer.rowCount - row) * 48))
        if row == 0 { writer.appendHead(to: &piece) }
        while row < writer.rowCount {
            writer.appendRow(row, to: &piece)
            row += 1
            if piece.count >= ResultPieces.byteCount { return piece }
        }
        hasEnded = true
        writer.appendTail(to: &piece)
        return piece.isEmpty ? nil : piece
    }

    /// Whether everything has been handed out.
    public var isAtEnd: Bool { hasEnded }
}

/// One format: what comes before the rows, each row, and what comes after them.
protocol RowWriter: Sendable {
    var rowCount: Int { get }
    func appendHead(to bytes: inout [UInt8])
    /// `row` is 0..<rowCount, ascending.
    func appendRow(_ row: Int, to bytes: inout [UInt8])
    func appendTail(to bytes: inout [UInt8])
}
