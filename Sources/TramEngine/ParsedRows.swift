import TramColumnar
import TramLineProtocol
import TramStorage

/// What has been parsed of a body and is not stored yet: nothing of it is visible, and it may still be dropped whole.
///
/// Rows of known series carry the store's id. Series that nobody has sent before are noted here and made only when the
/// rows are committed, so that a body which is refused leaves nothing behind.
package struct ParsedRows: Sendable {
    struct Pending: Sendable {
        var batch: Batch
        /// Rows that are refused before the store sees them, and why.
        var early: [Int: RejectedLine.Class] = [:]

        /// - Returns: whether the rows of `piece` are here now.
        fileprivate mutating func append(_ piece: Pending) -> Bool {
            let before = batch.count
            guard before < ParsedRows.longBatch, batch.append(piece.batch) else { return false }
            for (row, reason) in piece.early { early[before + row] = reason }
            return true
        }
    }

    /// Marks a number in `Batch.series` as a place in `newKeys`; ids of a store stay below it.
    static let newSeriesMark: UInt32 = 0x8000_0000

    var batches: [Pending] = []
    /// Keys that their path has not met before, though the store may have.
    var newKeys = SeriesKeyList()
    /// What becomes of them.
    let newSeries = NewSeries()
    /// The first refused lines, those of the parser.
    var rejected: [RejectedLine] = []
    var rejectedByClass: [RejectedLine.Class: Int] = [:]
    /// Lines that are points or bad; blank lines and comments do not count.
    var lineCount = 0
    /// Rows of 1970 and before: nearly always seconds that were sent as nanoseconds.
    var before1971 = 0

    /// The start of 1971, nanoseconds UTC.
    static let year1971: Int64 = 31_536_000_000_000_000

    /// Rows of a batch to which no more are added.
    private static let longBatch = 65_536

    package init() {}

    /// Adds the rows of a piece of a body: to the batch of their measurement where they fit, for whatever is done with
    /// a batch costs by the column as well as by the row.
    ///
    /// Only the newest batch of a measurement is added to. Of two rows of one series and time the later one counts.
    mutating func add(_ piece: Pending) {
        let newest = batches.lastIndex { $0.batch.measurement == piece.batch.measurement }
        if let newest, batches[newest].append(piece) { return }
        batches.append(piece)
    }

    /// Whether every line so far is fit to be stored.
    var isClean: Bool { rejectedByClass.isEmpty && batches.allSatisfy(\.early.isEmpty) }
}

/// Which times a server takes: an instant further ahead than this is a wrong clock, an older one would be dropped by
/// retention at once.
public struct TimeGuard: Sendable {
    /// Nanoseconds UTC, both included.
    public var oldest: Int64
    public var newest: Int64

    public init(oldest: Int64 = .min, newest: Int64 = .max) {
        self.oldest = oldest
        self.newest = newest
    }

    /// - Parameters:
    ///   - aheadNanoseconds: nil lifts the bound.
    ///   - keptNanoseconds: nil keeps for ever.
    public init(now: Int64, aheadNanoseconds: Int64?, keptNanoseconds: Int64?) {
        let (newest, isFar) = now.addingReportingOverflow(aheadNanoseconds ?? .max)
        let (oldest, isDeep) = now.subtractingReportingOverflow(keptNanoseconds ?? .max)
        self.newest = isFar || aheadNanoseconds == nil ? .max : newest
        self.oldest = isDeep || keptNanoseconds == nil ? .min : oldest
    }

    func verdict(on time: Int64) -> RejectedLine.Class? {
        if time > newest { return .tooNew }
        // A time that the parser left open is judged elsewhere.
        if time < oldest, time != LineParser.noTime { return .tooOld }
        return nil
    }
}
