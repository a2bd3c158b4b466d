import TramSystem

/// Walks the records of one file.
///
/// A record counts when its head and its payload have the right checksums and its number is the next one. Where that is
/// not so, the reader looks at every eighth byte for the next place where it is.
struct LogReader {
    enum Step: Equatable {
        /// A record; its payload stands in `payload` until the next call.
        case record(LogRecord)
        /// Records that were there once and are not any more. Reading goes on behind them.
        case damage(Damage)
        /// No record follows.
        case end(End)
    }

    struct Damage: Equatable {
        var range: Range<Int>
        var lost: Range<LSN>
        var isUnreadable: Bool
    }

    struct End: Equatable {
        var offset: Int
        /// Nothing but zeros up to the end of the file.
        var isZero: Bool
        /// Whole records behind the first that is not, none of them ever acknowledged.
        var recordCount: Int
    }

    /// What stands behind a place where no record is.
    private struct Rest {
        var isZero = true
        var recordCount = 0
        /// All records up to this one were on the disk once.
        var syncedLSN: LSN = 0
        var highestLSN: LSN = 0
    }

    let header: LogFileHeader
    /// Records from this number on are in the next file; nil for the newest file.
    private let limit: LSN?
    private var window: LogWindow
    private let seed: UInt32
    /// Where the next record is looked for: a record that `next` gives began at what this was before.
    private(set) var offset = LogFileHeader.recordsOffset
    private var payloadRange = 0..<0
    private var paddingOffset = LogFileHeader.recordsOffset
    /// What `lookAhead` found last, and from where.
    private var seen: (from: Int, rest: Rest)?
    /// Number of the next record.
    private(set) var expected: LSN

    init(_ window: LogWindow, header: LogFileHeader, limit: LSN?) {
        self.window = window
        self.header = header
        self.limit = limit
        seed = header.seed
        expected = header.firstLSN
    }

    /// For a file whose head is lost with all before it: begins with the first record that is there.
    ///
    /// - Returns: whether that is the first of the file.
    mutating func takeFirst() throws(SystemError) -> Bool {
        var place = offset
        while let found = try candidate(from: place) {
            if found.head.lsn < limit ?? .max, try hasPayload(found.head, at: found.offset) {
                (offset, expected) = (found.offset, found.head.lsn)
                return offset == LogFileHeader.recordsOffset
            }
            place = found.offset + 8
        }
        // None is: the next file says what comes.
        expected = limit == .max ? 1 : limit ?? 1
        return false
    }

    /// Hands the bytes of the last record to `body`.
    func withPayload<Failure: Error>(_ body: (RawSpan) throws(Failure) -> Void) throws(Failure) {
        try unsafe body(window.bytes.span.bytes.extracting(payloadRange))
    }

    /// Whether zeros follow the last record up to where the next one may begin, as they were written. To be called
    /// after `withPayload`, for it moves the window.
    mutating func hasZeroPadding() throws(SystemError) -> Bool {
        let count = min(offset, window.byteCount) - paddingOffset
        guard count > 0 else { return true }
        let start = try window.load(paddingOffset, count)
        return window.bytes[start..<start + count].allSatisfy { $0 == 0 }
    }

    /// - Throws: whatever keeps the file from being read.
    mutating func next() throws(SystemError) -> Step {
        if let limit, expected >= limit { return .end(End(offset: offset, isZero: true, recordCount: 0)) }
        var after = offset + 8
        if let head = try head(at: offset), isPlausible(head) {
            if try hasPayload(head, at: offset) {
                if head.lsn > expected {
                    let lost = expected..<head.lsn
                    expected = head.lsn
                    return .damage(Damage(range: offset..<offset, lost: lost, isUnreadable: false))
                }
                paddingOffset = offset + LogRecordHead.byteCount + head.payloadBytes
                offset += head.footprint
                expected += 1
                return .record(head.record)
            }
            after = offset + head.footprint
        }
        return try skip(from: offset, to: after)
    }

    /// No record is at `bad`; the next one is not before `start`.
    private mutating func skip(from bad: Int, to start: Int) throws(SystemError) -> Step {
        let rest = try lookAhead(from: bad)
        let unreadable = window.unreadable.contains { $0.upperBound > bad }
        // In the newest file a record that is not whole is one that was being written, unless the disk gave it back as
        // unreadable, or a later record was written in the knowledge that it was on the disk.
        if limit == nil, rest.syncedLSN < expected, !unreadable {
            return .end(End(offset: bad, isZero: rest.isZero, recordCount: rest.recordCount))
        }
        var place = start
        while let found = try candidate(from: place) {
            if isPlausible(found.head), try hasPayload(found.head, at: found.offset) {
                let lost = expected..<found.head.lsn
                offset = found.offset
                expected = found.head.lsn
                return .damage(Damage(range: bad..<offset, lost: lost, isUnreadable: unreadable))
            }
            place = found.offset + found.head.footprint
        }
        let end = max(bad, window.byteCount)
        offset = end
        if limit != nil {
            return .end(End(offset: bad, isZero: rest.isZero && !unreadable, recordCount: 0))
        }
        // As many as there was room for, when nobody knows better.
        let room = LSN((end - bad) / LogRecordHead.byteCount)
        let next = unreadable ? expected + room : max(expected, rest.highestLSN + 1)
        let lost = expected..<next
        expected = next
        return .damage(Damage(range: bad..<end, lost: lost, isUnreadable: unreadable))
    }

    /// The head at a place, if there is room for its record.
    private mutating func head(at offset: Int) throws(SystemError) -> LogRecordHead? {
        guard offset <= window.byteCount - LogRecordHead.byteCount else { return nil }
        let start = try window.load(offset, LogRecordHead.byteCount)
        guard let head = LogRecordHead.read(window.bytes, at: start, seed: seed) else { return nil }
        let room = window.byteCount - offset - LogRecordHead.byteCount
        return head.payloadBytes <= min(room, LogRecordHead.maximumPayloadBytes) ? head : nil
    }

    /// Whether a record of this number can stand here: not before the one that is expected, not in the next file, and
    /// no further on than as many records as the file has room for.
    private func isPlausible(_ head: LogRecordHead) -> Bool {
        guard head.lsn >= expected else { return false }
        if let limit { return head.lsn < limit }
        return head.lsn - expected <= LSN(window.byteCount / LogRecordHead.byteCount)
    }

    private mutating func hasPayload(_ head: LogRecordHead, at offset: Int) throws(SystemError) -> Bool {
        let start = try window.load(offset + LogRecordHead.byteCount, head.payloadBytes)
        payloadRange = start..<start + head.payloadBytes
        return CRC32C.checksum(window.bytes, in: payloadRange) == head.payloadChecksum
    }

    /// The next head at or behind `start`.
    private mutating func candidate(from start: Int) throws(SystemError) -> (offset: Int, head: LogRecordHead)? {
        var place = start
        while true {
            place = try firstWord(from: place)
            guard place <= window.byteCount - LogRecordHead.byteCount else { return nil }
            if let head = try head(at: place) { return (place, head) }
            place += 8
        }
    }

    /// The first multiple of 8 bytes at or behind `start` whose 8 bytes are not all zero; where the file ends when
    /// there is none.
    private mutating func firstWord(from start: Int) throws(SystemError) -> Int {
        var place = start
        while place <= window.byteCount - 8 {
            let count = min(1 << 16, (window.byteCount - place) & ~7)
            let index = try window.load(place, count)
            let words = unsafe window.bytes.span.bytes
            for step in stride(from: 0, to: count, by: 8)
            where unsafe words.unsafeLoadUnaligned(fromByteOffset: index + step, as: UInt64.self) != 0 {
                return place + step
            }
            place += count
        }
        return max(start, window.byteCount)
    }

    /// What stands at `start` and behind.
    ///
    /// What is known to have been on the disk is the same from every place before it, so that a file with many damaged
    /// places is not looked through as often.
    private mutating func lookAhead(from start: Int) throws(SystemError) -> Rest {
        if let seen, seen.from == start || seen.rest.syncedLSN >= expected { return seen.rest }
        var rest = Rest()
        defer { seen = (start, rest) }
        guard start < window.byteCount else { return rest }
        rest.isZero = try firstWord(from: start) >= window.byteCount
        // Less than a word at the end of a file that was cut.
        let ragged = max(start, window.byteCount & ~7)
        if ragged < window.byteCount {
            let index = try window.load(ragged, window.byteCount - ragged)
            if window.bytes[index..<index + window.byteCount - ragged].contains(where: { $0 != 0 }) {
                rest.isZero = false
            }
        }
        var place = start
        while let found = try candidate(from: place) {
            place = found.offset + 8
            guard isPlausible(found.head) else { continue }
            rest.recordCount += 1
            rest.syncedLSN = max(rest.syncedLSN, found.head.syncedLSN)
            rest.highestLSN = max(rest.highestLSN, found.head.lsn)
            place = found.offset + found.head.footprint
        }
        return rest
    }
}
