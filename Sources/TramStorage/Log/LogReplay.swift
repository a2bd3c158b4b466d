import TramColumnar

extension LogRecordType {
    /// The rows of one body: see `BatchRecord`.
    static let rows = LogRecordType(rawValue: 1)
}

/// What opening a store found.
public struct StoreRecovery: Sendable {
    public var log: LogReport
    public var segments = SegmentReport()
    /// Rows that were read back from the log, re-sent ones included.
    public var rows: Int
    /// Records that could not be placed, for the series they name are defined in a record that was never kept; nobody
    /// was told that their rows were.
    public var voidRecords: Int
}

/// Puts the records of a log back into a store that has what came before them, in their order.
///
/// A record defines the series that are new with it, and may define again what an earlier one did. One whose series
/// begin beyond those that are known came after a record that could not be written: the writers of both were told so,
/// and it is passed over.
final class LogReplay {
    private let index: SeriesIndex
    private let strings: StringTable
    private(set) var rows = 0
    private(set) var voidRecords = 0

    init(index: SeriesIndex, strings: StringTable) {
        self.index = index
        self.strings = strings
    }

    /// - Parameter change: lets what it is given work on the store's head.
    func take(
        _ record: LogRecord, _ payload: RawSpan, change: ((inout Head) -> Void) -> Void
    ) throws(StorageError) {
        let bytes = unsafe payload.withUnsafeBytes { unsafe Array($0) }
        if record.type == .deletion {
            let deletion = try Deletion(decoding: bytes[...])
            change { head in
                for id in deletion.series where Int(id) < head.seriesCount {
                    _ = head.remove(deletion.range, series: Int(id), leavesGrave: true)
                }
                head.measureAgain()
                head.note(record.lsn)
            }
            return
        }
        guard record.type == .rows else { return }
        let content = try BatchRecord(decoding: bytes[...])
        let known = index.count
        if Int(content.firstID) > known {
            voidRecords += 1
            return
        }
        for series in content.newSeries {
            let id = try index.id(for: series.key) { _, measurement, name in
                change { $0.addSeries(measurement: measurement, name: name) }
            }
            guard id == series.id else {
                throw .malformedRecord(offset: 0, expected: "series \(series.id), which is \(id) here")
            }
        }
        let bound = SeriesID(index.count)
        for batch in content.batches where batch.series.contains(where: { $0 >= bound }) {
            throw .malformedRecord(offset: 0, expected: "series that are defined")
        }
        rows += content.batches.reduce(0) { $0 + $1.count }
        let strings = strings
        change { head in
            head.reveal(seriesBelow: Int(bound))
            head.note(record.lsn)
            for batch in content.batches {
                let staged = head.stage(batch)
                _ = head.apply(staged, strings: strings)
            }
        }
    }
}
