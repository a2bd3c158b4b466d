public import TramColumnar

extension LogRecordType {
    /// Rows that are taken away: see `Deletion`.
    static let deletion = LogRecordType(rawValue: 6)
}

/// Rows of some series between two times, which are to go.
///
/// As the payload of a record, numbers as varints:
///
///     1        version
///     n        series, then the id of the first, and for each other one the distance from the one before
///     8, 8     first time and one past the last, nanoseconds UTC, lowest byte first
public struct Deletion: Equatable, Sendable {
    /// Rising.
    public var series: [SeriesID]
    public var range: TimeRange

    private static let version: UInt8 = 1

    public init(series: [SeriesID], range: TimeRange) {
        self.series = series.sorted()
        self.range = range
    }

    var payload: [UInt8] {
        var bytes: [UInt8] = [Deletion.version]
        bytes.append(varint: UInt64(series.count))
        var before: SeriesID = 0
        for id in series {
            bytes.append(varint: UInt64(id - before))
            before = id
        }
        bytes.append(littleEndian: UInt64(bitPattern: range.start))
        bytes.append(littleEndian: UInt64(bitPattern: range.end))
        return bytes
    }

    /// - Throws: `.malformedRecord` with the offset: it is not what `payload` gives.
    init(decoding payload: ArraySlice<UInt8>) throws(StorageError) {
        var reader = RecordReader(payload)
        guard try reader.byte() == Deletion.version else { throw reader.malformed("version 1 of a deletion") }
        let count = try reader.count()
        series = []
        var before: UInt64 = 0
        for _ in 0..<count {
            let step = try reader.varint()
            guard step < UInt64(SeriesID.max) - before else { throw reader.malformed("a series id") }
            before += step
            series.append(SeriesID(before))
        }
        let start = Int64(bitPattern: try reader.word())
        let end = Int64(bitPattern: try reader.word())
        guard start <= end, reader.remaining == 0 else { throw reader.malformed("a range and the end of the record") }
        range = TimeRange(start: start, end: end)
    }
}

extension Store {
    /// Writes a deletion to the log; `completion` hears when it is durable, or why it is not. See `LogWriter.append`.
    ///
    /// - Throws: what the log throws; nothing is written then.
    public func write(
        _ deletion: Deletion, completion: @escaping @Sendable (Result<LSN, StorageError>) -> Void
    ) throws(StorageError) {
        guard let log else { throw .logClosed }
        try log.append(deletion.payload, type: .deletion, completion: completion)
    }

    /// Takes the rows away. To be called in the order of the log.
    ///
    /// - Parameter lsn: the record of the log that says so; 0 when none does.
    /// - Returns: how many rows are gone.
    /// - Complexity: O(series · blocks), and O(rows) of blocks that are cut.
    @discardableResult
    public func apply(_ deletion: Deletion, lsn: LSN = 0) -> Int {
        let count = remove(deletion.range, of: deletion.series, leavesGrave: true)
        change { $0.note(lsn) }
        return count
    }
}
