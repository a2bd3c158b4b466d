import TramCodec
public import TramColumnar

/// A series as a snapshot sees it.
public struct StoredSeries: Equatable, Sendable {
    public var id: SeriesID
    /// Parallel to `Schema.tagKeys` of the measurement: codes of `Snapshot.strings`; nil where the series lacks the
    /// tag.
    public var tagCodes: [UInt32?]

    public init(id: SeriesID, tagCodes: [UInt32?]) {
        self.id = id
        self.tagCodes = tagCodes
    }
}

/// 1...1,024 rows of one series, strictly rising in time.
public struct StoredBlock: Equatable, Sendable {
    public var timestamps: [Int64]
    /// Parallel to the fields that were asked for; nil when no row of the block has that field.
    public var columns: [Vector?]

    public init(timestamps: [Int64], columns: [Vector?]) {
        self.timestamps = timestamps
        self.columns = columns
    }
}

/// Everything that a store held at one moment. What is appended later does not show.
///
/// Costs O(1) to take. It shares memory with the store; while it lives, the store copies what it changes, chunk by
/// chunk, so keep a snapshot for one question and not for long. Safe from any thread, while the store goes on.
public struct Snapshot: Sendable {
    private let store: Store
    private let pages: [SeriesPage]
    private let figures: [MeasurementFigures]
    let seriesCount: Int
    /// The newest record of the log whose rows it has.
    let lsn: LSN
    private let damages: BlockDamages
    /// Grows with every change of the store.
    public let moment: UInt64
    /// How many points (series + timestamp) there are.
    public let pointCount: Int

    init(store: Store, head: borrowing Head) {
        self.store = store
        pages = head.pages
        figures = head.figures
        seriesCount = head.visibleSeriesCount
        pointCount = head.pointCount
        lsn = head.lsn
        moment = head.changes.moment
        damages = head.limits.damages
    }

    private var bound: SeriesID { SeriesID(seriesCount) }

    /// Texts of tag values and string fields; it may know more texts than the snapshot holds.
    public var strings: StringTable { store.strings }

    /// Names of all measurements that have a series, sorted by their bytes. O(measurements · log).
    public var measurements: [String] { store.index.measurements(below: bound) }

    /// Tag keys and fields of a measurement; nil when it is unknown. O(keys · log + fields).
    public func schema(of measurement: String) -> Schema? {
        guard let number = store.index.number(of: measurement, below: bound) else { return nil }
        return Schema(
            measurement: measurement, tagKeys: store.index.tagKeys(of: number, below: bound),
            fields: store.fields(of: number, count: figures[number].fieldCount))
    }

    /// Start of the oldest row and one past the newest of a measurement; nil when it is empty or unknown.
    /// A row at `Int64.max`, which no reader of times gives, lies at the end and not before it.
    public func extent(of measurement: String) -> TimeRange? {
        guard let number = store.index.number(of: measurement, below: bound), figures[number].pointCount > 0 else {
            return nil
        }
        let newest = figures[number].newest
        return TimeRange(start: figures[number].oldest, end: newest == .max ? .max : newest + 1)
    }

    /// How many points (series + timestamp) a measurement has; 0 when it is unknown.
    public func pointCount(of measurement: String) -> Int {
        store.index.number(of: measurement, below: bound).map { figures[$0].pointCount } ?? 0
    }

    /// Stretches of time in `range` that had rows of a measurement put in or taken away since another snapshot's
    /// `moment`, rising; they may reach over the range's ends. What changed after this snapshot is among them, too.
    /// O(changes).
    public func changes(of measurement: String, since moment: UInt64, in range: TimeRange) -> [TimeRange] {
        guard let number = store.index.number(of: measurement, below: bound) else { return [] }
        return store.change { $0.changes.changes(of: number, since: moment, in: range) }
    }

    /// The series of a measurement, ids rising; none when it is unknown. O(series · tag keys).
    public func series(of measurement: String) -> [StoredSeries] {
        store.index.number(of: measurement, below: bound).map { store.index.series(of: $0, below: bound) } ?? []
    }

    /// As above, without series that have no row in `range`, as far as the days tell.
    public func series(of measurement: String, in range: TimeRange) -> [StoredSeries] {
        guard let number = store.index.number(of: measurement, below: bound), let extent = extent(of: measurement)
        else { return [] }
        // Days are asked only where that can leave a series out.
        let isWhole = range.start <= extent.start && range.end >= extent.end
        return store.index.series(of: number, below: bound, among: isWhole ? nil : seriesPresent(in: range))
    }

    /// How many series a measurement has; 0 when it is unknown. O(log).
    public func seriesCount(of measurement: String) -> Int {
        store.index.number(of: measurement, below: bound).map { store.index.seriesCount(of: $0, below: bound) } ?? 0
    }

    /// Ids of the series whose tag `key` has the value with `code` in `strings`, rising. O(their number).
    public func postings(of measurement: String, key: String, code: UInt32) -> [SeriesID] {
        guard let number = store.index.number(of: measurement, below: bound) else { return [] }
        return store.index.postings(of: number, key: key, code: code, below: bound)
    }

    /// Ids of the series that have all of these tags, a key and the code of a value in `strings` each, rising; all
    /// series of the measurement when there are none. O(series of the rarest tag) where it is much rarer than others.
    public func series(of measurement: String, matching tags: [(key: String, code: UInt32)]) -> [SeriesID] {
        guard let number = store.index.number(of: measurement, below: bound) else { return [] }
        return store.index.series(of: number, matching: tags, below: bound)
    }

    /// The series that have one of its codes for each of these tags, rising. O(series of the tags' values), not of the
    /// measurement.
    public func series(
        of measurement: String, matchingAny tags: [(key: String, codes: [UInt32])]
    ) -> [StoredSeries] {
        guard let number = store.index.number(of: measurement, below: bound) else { return [] }
        let ids = store.index.series(of: number, matchingAny: tags, below: bound)
        return store.index.entries(of: number, ids, below: bound)
    }

    /// The series that may have rows in `range`; all others have none. A range is rounded to days.
    /// O(series / 64 · days).
    public func seriesPresent(in range: TimeRange) -> SeriesSet { store.seriesPresent(in: range) }

    /// Time of the newest row of a series; nil when it has none or is unknown. O(1).
    public func lastTimestamp(of series: SeriesID) -> Int64? {
        head(series)?.lastTimestamp
    }

    /// Hands every block of a series that overlaps `range` to `visit`, in time order; a block may hold rows outside the
    /// range.
    ///
    /// Blocks are decoded here, and the newest rows put into columns: O(rows · `fields`). One that is not as it was
    /// written is left out, and `Store.damagedBlocks` has it from then on.
    ///
    /// - Parameter fields: field numbers of the measurement's schema; what is no number of it has no values.
    /// - Throws: what `visit` throws.
    public func blocks<Failure: Error>(
        of series: SeriesID, fields: [Int], in range: TimeRange, visit: (StoredBlock) throws(Failure) -> Void
    ) throws(Failure) {
        try head(series)?.blocks(
            fields: fields, in: range, damaged: { damages.note($0, of: series, $1) }, visit: visit)
    }

    /// Hands every stretch of rows of a series that overlaps `range` to `visit`, in time order, without reading it; one
    /// may have rows outside the range.
    ///
    /// - Throws: what `visit` throws.
    /// - Complexity: O(stretches in the range + log).
    public func rows<Failure: Error>(
        of series: SeriesID, in range: TimeRange, visit: (StoredRows) throws(Failure) -> Void
    ) throws(Failure) {
        try head(series)?.rows(in: range, visit: visit)
    }

    /// Reads rows that `rows` gave. O(rows · fields).
    ///
    /// - Returns: times (empty when they are not asked for), and columns in the order of the request; nil for a block
    ///   that is not as it was written, which `Store.damagedBlocks` has from then on.
    public func read(
        _ rows: StoredRows, of series: SeriesID, _ request: ReadRequest
    ) -> (timestamps: [Int64], columns: [ReadColumn])? {
        do throws(CodecError) {
            return try rows.read(request)
        } catch {
            if let block = rows.block { damages.note(block, of: series, error) }
            return nil
        }
    }

    /// The series as it was; nil for one that was not visible.
    func head(_ series: SeriesID) -> HeadSeries? {
        guard series < bound else { return nil }
        return pages[Int(series) >> SeriesPage.shift][Int(series)]
    }

    /// Whether a series has rows that are in no segment. O(blocks).
    var hasUnsaved: Bool {
        for id in 0..<bound {
            guard let series = head(id) else { continue }
            if series.count > 0 || series.stretches.contains(where: { !$0.isInSegment }) { return true }
        }
        return false
    }

    /// Every measurement and its fields.
    var namedMeasurements: [NamesFile.Measurement] {
        measurements.map { NamesFile.Measurement(name: $0, fields: schema(of: $0)?.fields ?? []) }
    }
}
