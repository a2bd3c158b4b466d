import Synchronization
public import TramColumnar

/// Number of a series in one store, from 0 in order of arrival.
public typealias SeriesID = UInt32

/// Everything that Tram keeps, behind a single door.
///
/// Rows come in as batches and are seen through snapshots. Safe from any thread: writers take turns, a batch at a time;
/// readers work on a `Snapshot` and are never moved by a writer.
public final class Store: Sendable {
    /// In `Batch.series` the mark of a row whose series was refused; `append` reports it and stores nothing.
    public static let refusedSeries = SeriesID.max

    /// Texts of tag values and string fields.
    public let strings: StringTable
    let index: SeriesIndex
    // Lock order: the index, then the head, then the strings.
    private let head = Mutex(Head())

    /// An empty store.
    ///
    /// - Throws: `.invalidConfiguration`.
    public init(configuration: StorageConfiguration = StorageConfiguration()) throws(StorageError) {
        try configuration.validate()
        strings = StringTable()
        index = SeriesIndex(strings: strings, maximumSeries: configuration.maximumSeries)
    }

    /// The number of a series, made and shown to new snapshots when it is new. O(key).
    ///
    /// - Throws: `.seriesLimit` for a new series beyond the limit; known ones go on.
    public func seriesID(for key: SeriesKey) throws(StorageError) -> SeriesID {
        let id = try reserveSeriesID(for: key)
        head.withLock { $0.reveal(seriesBelow: Int(id) + 1) }
        return id
    }

    /// The number of a series, made when it is new but not shown before rows that are staged later are applied. O(key).
    ///
    /// - Throws: `.seriesLimit` for a new series beyond the limit; known ones go on.
    public func reserveSeriesID(for key: SeriesKey) throws(StorageError) -> SeriesID {
        try index.id(for: key) { _, measurement, name in
            head.withLock { $0.addSeries(measurement: measurement, name: name) }
        }
    }

    /// The key of a series; nil when there is none of this number.
    public func key(of id: SeriesID) -> SeriesKey? { index.key(of: id) }

    /// Stores the rows of `batch`, whose `series` are numbers of this store and of the batch's measurement.
    ///
    /// When this returns, new snapshots see all accepted rows; until then none. A row of a time that its series has
    /// already replaces the values of the fields that it brings. Rows without a value make no point.
    ///
    /// - Complexity: O(rows · fields) for rows that come in order; a row that is late moves up to a block of its
    ///   series.
    public func append(_ batch: Batch) -> AppendResult {
        let results = apply(stage([batch]))
        return results[0]
    }

    /// Decides which rows of the batches may come in, without showing any of them yet: the first half of an append,
    /// between whose halves the rows are made durable.
    ///
    /// - Complexity: O(rows) at most.
    public func stage(_ batches: [Batch]) -> StagedRows {
        head.withLock { head in
            StagedRows(batches: batches.map { head.stage($0) }, seriesBound: head.seriesCount)
        }
    }

    /// Stores staged rows, all at once: a snapshot sees the rows of all batches or of none. To be called in the order
    /// of `stage`.
    ///
    /// - Returns: a result for each batch.
    public func apply(_ staged: StagedRows) -> [AppendResult] {
        head.withLock { head in
            head.reveal(seriesBelow: staged.seriesBound)
            return staged.batches.map { head.apply($0, strings: strings) }
        }
    }

    /// Which rows `append` would refuse for their values if nothing else came in between, by batch. Nothing is stored
    /// and no field is made.
    ///
    /// - Complexity: O(rows) at most.
    public func refusals(of batches: [Batch]) -> [[AppendResult.Refusal]] {
        head.withLock { $0.refusals(of: batches) }
    }

    /// The number of a series that is known already; nil otherwise. O(key).
    public func existingSeriesID(for key: SeriesKey) -> SeriesID? { index.existingID(for: key) }

    /// How many series there are, those included whose first row is not visible yet.
    public var seriesCount: Int { index.count }

    /// How many points (series + timestamp) there are.
    public var pointCount: Int { head.withLock { $0.pointCount } }

    /// A fixed view of every row appended before this call. O(1); the first batch after it costs O(series / 64) more.
    public func snapshot() -> Snapshot {
        head.withLock { head in
            head.share()
            return Snapshot(store: self, head: head)
        }
    }

    /// The first `count` fields of a measurement.
    func fields(of measurement: Int, count: Int) -> [Schema.Field] {
        head.withLock { Array($0.fields(of: measurement, count: count)) }
    }
}
