import Synchronization
public import TramColumnar
public import TramSystem

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
    /// Nil for a store in memory only.
    private let opened = Mutex<(log: LogWriter, recovery: StoreRecovery)?>(nil)

    /// What makes rows durable; nil for a store in memory only.
    public var log: LogWriter? { opened.withLock { $0?.log } }
    /// What opening found in the log; nil for a store in memory only.
    public var recovery: StoreRecovery? { opened.withLock { $0?.recovery } }

    /// An empty store in memory.
    ///
    /// - Throws: `.invalidConfiguration`.
    public init(configuration: StorageConfiguration = StorageConfiguration()) throws(StorageError) {
        try configuration.validate()
        strings = StringTable()
        index = SeriesIndex(strings: strings, maximumSeries: configuration.maximumSeries)
    }

    /// Opens the store of a folder, which the caller has to itself: reads its log back, and goes on behind it. A folder
    /// that is not there is made.
    ///
    /// - Throws: `.invalidConfiguration`, `.newerFormat`, `.logUnreadable`, `.logFailed`, in strict mode `.logDamaged`.
    /// - Complexity: O(bytes of the log).
    public init(
        folder: String, configuration: StorageConfiguration = StorageConfiguration(),
        log logConfiguration: LogConfiguration = LogConfiguration(), mode: LogRecovery.Mode = .repair,
        fileSystem: any FileSystem = LocalFileSystem(), time: any TimeSource = SystemTime()
    ) throws(StorageError) {
        try configuration.validate()
        strings = StringTable()
        index = SeriesIndex(strings: strings, maximumSeries: configuration.maximumSeries)
        let logFolder = folder + "/log"
        try Store.make(logFolder, besides: folder, fileSystem)
        let replay = LogReplay(index: index, strings: strings)
        let report = try LogRecovery(
            folder: logFolder, fileSystem: fileSystem, configuration: logConfiguration, mode: mode
        ).run { (record, payload) throws(StorageError) in
            try replay.take(record, payload) { change in head.withLock { change(&$0) } }
        }
        let found = StoreRecovery(log: report, rows: replay.rows, voidRecords: replay.voidRecords)
        let writer = try LogWriter(
            folder: logFolder, resuming: report, fileSystem: fileSystem, configuration: logConfiguration, time: time)
        opened.withLock { $0 = (writer, found) }
    }

    /// Makes the log's folder, and its name and those of the folders above it durable: a log that is synced in a folder
    /// that a power cut takes away would keep nothing.
    private static func make(
        _ logFolder: String, besides folder: String, _ fileSystem: any FileSystem
    ) throws(StorageError) {
        do throws(SystemError) {
            try fileSystem.createFolder(logFolder)
            var path = folder
            for _ in 0..<3 {
                try fileSystem.syncFolder(path)
                guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { break }
                path = String(path[..<slash])
            }
        } catch {
            throw .logFailed(file: logFolder, offset: 0, error)
        }
    }

    /// Writes staged rows to the log, with the definitions of all series from `first` on; `completion` hears when they
    /// are durable, or why they are not kept. See `LogWriter.append`.
    ///
    /// - Parameter ahead: what was made ahead of the columns of each batch; empty when nothing was.
    /// - Returns: the first series that the next record has to define.
    /// - Throws: what the log throws; nothing is written then.
    package func write(
        _ staged: StagedRows, _ ahead: [BatchRecord.Columns] = [], definingFrom first: SeriesID,
        completion: @escaping @Sendable (Result<LSN, StorageError>) -> Void
    ) throws(StorageError) -> SeriesID {
        guard let log else { throw .logClosed }
        let bound = SeriesID(staged.seriesBound)
        let keys = first < bound ? (first..<bound).compactMap { index.key(of: $0) } : []
        var payload: [UInt8] = []
        BatchRecord.encode(staged, ahead, firstID: min(first, bound), newSeries: keys, to: &payload)
        try log.append(payload, type: .rows, completion: completion)
        return bound
    }

    /// Forgets the fields that no visible row has: rows that brought them could not be kept, and a row that was refused
    /// fixes nothing. No staged rows may be waiting.
    public func forgetUnseenFields() { head.withLock { $0.forgetUnseenFields() } }

    /// Writes what was accepted and closes the log.
    public func close() { log?.close() }

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
