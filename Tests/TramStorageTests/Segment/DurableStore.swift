import TramColumnar
import TramStorage
import TramSystem
import TramTesting

/// A store in a folder whose writes wait until they are durable, as those of the server do.
final class DurableStore {
    static let folder = "data/city"

    let store: Store
    private var definedBelow: SeriesID

    init(
        _ disk: any FileSystem, folder: String = DurableStore.folder, mode: LogRecovery.Mode = .repair,
        time: any TimeSource = SystemTime(), configure: (inout StorageConfiguration) -> Void = { _ in }
    ) throws(StorageError) {
        var configuration = StorageConfiguration()
        configure(&configuration)
        store = try Store(
            folder: folder, configuration: configuration,
            log: LogConfiguration(
                fileBytes: 32 << 10, maximumRecordBytes: 4 << 20, queueBytes: 16 << 20, minimumFreeBytes: 0,
                retryMilliseconds: 1),
            mode: mode, fileSystem: disk, time: time)
        definedBelow = SeriesID(store.seriesCount)
    }

    deinit { store.close() }

    /// The series n=0 ..< `count` of the measurement `air`.
    func series(_ count: Int) throws(StorageError) -> [SeriesID] {
        var ids: [SeriesID] = []
        for number in 0..<count {
            let key = SeriesKey(measurement: "air", tags: TagSet([.init(key: "n", value: "\(number)")]))
            ids.append(try store.reserveSeriesID(for: key))
        }
        return ids
    }

    /// Waits until the log has said what became of a record.
    func wait(
        _ start: (@escaping @Sendable (Result<LSN, StorageError>) -> Void) throws(StorageError) -> Void
    ) throws(StorageError) -> LSN {
        let done = Monitor<Result<LSN, StorageError>?>(nil)
        try start { result in
            done.withLock { $0 = result }
            done.wake()
        }
        return try (done.wait { $0 } ?? .failure(.logClosed)).get()
    }

    func append(_ points: [Point]) throws(StorageError) -> AppendResult {
        var staged = store.stage([Batch("air", points)])
        if staged.isEmpty { return staged.emptyResults[0] }
        let first = definedBelow
        var bound = first
        let lsn: LSN
        do throws(StorageError) {
            lsn = try wait { (completion) throws(StorageError) in
                bound = try store.write(&staged, definingFrom: first, completion: completion)
            }
        } catch {
            store.forgetUnseenFields()
            throw error
        }
        definedBelow = bound
        return store.apply(staged, lsn: lsn)[0]
    }

    func delete(_ deletion: Deletion) throws(StorageError) -> Int {
        let lsn = try wait { (completion) throws(StorageError) in
            try store.write(deletion, completion: completion)
        }
        return store.apply(deletion, lsn: lsn)
    }
}
