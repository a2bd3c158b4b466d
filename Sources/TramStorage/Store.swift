import Synchronization
import TramCodec
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
    /// The head's own, which can be asked without its lock.
    private let limits: HeadLimits
    /// Nil for a store in memory only.
    private let opened = Mutex<Opened?>(nil)
    public let configuration: StorageConfiguration

    /// What a store in a folder has besides.
    struct Opened: Sendable {
        /// Nil for one that is only looked at.
        var log: LogWriter?
        var segments: SegmentSet
        var recovery: StoreRecovery
        var upkeep = Upkeep()
    }

    /// What makes rows durable; nil for a store in memory only, or one that is only looked at.
    public var log: LogWriter? { opened.withLock { $0?.log } }
    /// What opening found; nil for a store in memory only.
    public var recovery: StoreRecovery? { opened.withLock { $0?.recovery } }
    var segments: SegmentSet? { opened.withLock { $0?.segments } }

    /// An empty store in memory.
    ///
    /// - Throws: `.invalidConfiguration`.
    public init(configuration: StorageConfiguration = StorageConfiguration()) throws(StorageError) {
        try configuration.validate()
        self.configuration = configuration
        strings = StringTable()
        index = SeriesIndex(strings: strings, maximumSeries: configuration.maximumSeries)
        limits = head.withLock { $0.limits }
    }

    /// Opens the store of a folder, which the caller has to itself: opens its segments, reads back what its log has
    /// beyond them, and goes on behind it. A folder that is not there is made.
    ///
    /// - Throws: `.invalidConfiguration`, `.newerFormat`, `.logUnreadable`, `.storeUnreadable`, `.logFailed`,
    ///   `.storeFailed`, in strict mode `.logDamaged` and `.segmentDamaged`; the latter always when names are lost.
    /// - Complexity: O(blocks + series + bytes of the log).
    public init(
        folder: String, configuration: StorageConfiguration = StorageConfiguration(),
        log logConfiguration: LogConfiguration = LogConfiguration(), mode: LogRecovery.Mode = .repair,
        fileSystem: any FileSystem = LocalFileSystem(), time: any TimeSource = SystemTime()
    ) throws(StorageError) {
        try configuration.validate()
        self.configuration = configuration
        strings = StringTable()
        index = SeriesIndex(strings: strings, maximumSeries: configuration.maximumSeries)
        limits = head.withLock { $0.limits }
        let logFolder = folder + "/log"
        try Store.make(logFolder, besides: folder, fileSystem)
        let (set, segmentReport) = try openSegments(folder, mode, fileSystem)
        let found = try replay(logFolder, from: set, segmentReport, logConfiguration, mode, fileSystem)
        let report = found.log
        let writer = try LogWriter(
            folder: logFolder, resuming: report, fileSystem: fileSystem, configuration: logConfiguration, time: time)
        // Files that hold nothing beyond the segments; what cannot go now goes after the next seal.
        _ = try? writer.removeFiles(before: set.manifest.lsn + 1)
        // What was read back now would be read back again.
        let upkeep = Upkeep(sealedLogBytes: -report.byteCount)
        opened.withLock { $0 = Opened(log: writer, segments: set, recovery: found, upkeep: upkeep) }
        removeExpired(now: time.now())
    }

    /// Opens the store of a folder for reading alone, and changes nothing in it. What is written later does not show.
    ///
    /// - Throws: `.newerFormat`, `.logUnreadable`, `.storeUnreadable`, `.segmentDamaged` when names are lost.
    /// - Complexity: O(blocks + series + bytes of the log).
    public init(lookingAt folder: String, fileSystem: any FileSystem = LocalFileSystem()) throws(StorageError) {
        configuration = StorageConfiguration(maximumSeries: Int(UInt32.max) - 1)
        strings = StringTable()
        index = SeriesIndex(strings: strings, maximumSeries: configuration.maximumSeries)
        limits = head.withLock { $0.limits }
        let (set, segmentReport) = try openSegments(folder, .look, fileSystem)
        let found = try replay(folder + "/log", from: set, segmentReport, LogConfiguration(), .look, fileSystem)
        opened.withLock { $0 = Opened(log: nil, segments: set, recovery: found) }
    }

    private func replay(
        _ logFolder: String, from set: SegmentSet, _ segmentReport: SegmentReport, _ configuration: LogConfiguration,
        _ mode: LogRecovery.Mode, _ fileSystem: any FileSystem
    ) throws(StorageError) -> StoreRecovery {
        let replay = LogReplay(index: index, strings: strings)
        let report = try LogRecovery(
            folder: logFolder, fileSystem: fileSystem, configuration: configuration, mode: mode
        ).run(from: set.manifest.lsn + 1) { (record, payload) throws(StorageError) in
            try replay.take(record, payload) { change in head.withLock { change(&$0) } }
        }
        // What retention had taken away may still be in the log.
        if set.manifest.cutoff > .min {
            remove(
                TimeRange(start: .min, end: set.manifest.cutoff), of: 0..<SeriesID(seriesCount), leavesGrave: false)
        }
        return StoreRecovery(
            log: report, segments: segmentReport, rows: replay.rows, voidRecords: replay.voidRecords)
    }

    private func openSegments(
        _ folder: String, _ mode: LogRecovery.Mode, _ fileSystem: any FileSystem
    ) throws(StorageError) -> (SegmentSet, SegmentReport) {
        let opening = SegmentOpening(
            home: folder, fileSystem: fileSystem, mode: mode, index: index, strings: strings)
        return try head.withLock { (head) throws(StorageError) in try opening.run(into: &head) }
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
        _ staged: inout StagedRows, _ ahead: [BatchRecord.Columns] = [], definingFrom first: SeriesID,
        completion: @escaping @Sendable (Result<LSN, StorageError>) -> Void
    ) throws(StorageError) -> SeriesID {
        guard let log else { throw .logClosed }
        let held = memoryByteCount
        guard held <= configuration.headBytes else {
            throw .overloaded(queuedBytes: held, allowedBytes: configuration.headBytes)
        }
        let bound = SeriesID(staged.seriesBound)
        let keys = first < bound ? index.keys(of: first..<bound) : []
        var payload: [UInt8] = []
        BatchRecord.encode(staged, ahead, firstID: min(first, bound), newSeries: keys, to: &payload)
        staged.logByteCount = payload.count
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

    /// The numbers of series, made when they are new but not shown before rows that are staged later are applied;
    /// `refusedSeries` for new series beyond the limit. O(bytes of the keys); takes each lock once.
    public func reserveSeriesIDs(for keys: SeriesKeyList) -> [SeriesID] {
        index.ids(for: keys) { _, series in
            head.withLock { head in
                for added in series { head.addSeries(measurement: added.measurement, name: added.name) }
            }
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
    /// - Parameter lsn: the record of the log that has the rows; 0 when none has.
    /// - Returns: a result for each batch.
    public func apply(_ staged: StagedRows, lsn: LSN = 0) -> [AppendResult] {
        head.withLock { head in
            head.reveal(seriesBelow: staged.seriesBound)
            head.note(lsn, byteCount: staged.logByteCount)
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

    /// The number of a series by the bytes of its key in a `SeriesKeyList`; nil when it is not known. O(bytes).
    package func existingSeriesID(of key: UnsafeRawBufferPointer) -> SeriesID? { unsafe index.existingID(of: key) }

    /// The tag key of a measurement that has the most different values; nil when no series has a tag. When there are
    /// too many series, it is nearly always the cause.
    public var widestTag: (measurement: String, tagKey: String, valueCount: Int)? {
        index.culprit.map { ($0.measurement, $0.tagKey, $0.valueCount) }
    }

    /// Bytes of memory of the index, texts included.
    package var indexByteCount: Int { index.byteCount }

    /// How many series there are, those included whose first row is not visible yet.
    public var seriesCount: Int { index.count }

    /// The series that may have rows in `range`, of those that were applied until now; all others have none. A range is
    /// rounded to days. O(series / 64 · days).
    public func seriesPresent(in range: TimeRange) -> SeriesSet {
        let presence = head.withLock { $0.presence }
        return presence.series(in: range)
    }

    /// How many points (series + timestamp) there are.
    public var pointCount: Int { head.withLock { $0.pointCount } }

    /// A fixed view of every row appended before this call. O(1); the first batch after it costs O(series / 64) more.
    public func snapshot() -> Snapshot {
        head.withLock { head in
            head.share()
            return Snapshot(store: self, head: head)
        }
    }

    /// Bytes of rows that are in memory and in no segment.
    public var memoryByteCount: Int { limits.gauge.byteCount }

    /// Blocks that were found damaged, and are left out, since the store was opened.
    public var damagedBlocks: [BlockDamage] { limits.damages.found }

    /// The first `count` fields of a measurement.
    func fields(of measurement: Int, count: Int) -> [Schema.Field] {
        head.withLock { Array($0.fields(of: measurement, count: count)) }
    }

    // MARK: For its segments

    /// Does something to the head of all series. Must be quick: writers wait.
    func change<Result>(_ body: (inout Head) -> sending Result) -> sending Result { head.withLock { body(&$0) } }

    /// Does something to what a store in a folder has besides.
    func withUpkeep(_ body: (inout Opened) -> Void) {
        opened.withLock { state in
            guard var opened = state else { return }
            body(&opened)
            state = opened
        }
    }

    /// Everything that is to be sealed now.
    func moment() -> SegmentSet.Moment {
        head.withLock { head in
            head.share()
            return SegmentSet.Moment(snapshot: Snapshot(store: self, head: head), graves: head.takeGraves())
        }
    }

    func measurementNumber(of series: SeriesID) -> Int { head.withLock { $0.measurement(of: Int(series)) } }

    func giveBack(_ graves: [SeriesID: [TimeRange]]) {
        if !graves.isEmpty { head.withLock { $0.giveBack(graves) } }
    }

    func note(_ block: SealedBlock, of series: SeriesID, _ error: CodecError) {
        limits.damages.note(block, of: series, error)
    }
}
