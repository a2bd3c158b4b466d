public import TramSystem

/// The log that makes a write durable: records go to the end of a file, many with one sync.
///
/// Safe from any thread. `append` puts a record into a queue; a thread of the log's own takes all that are there,
/// writes them with one call, syncs, and calls their completions; what comes during a sync is the next group. No timer
/// is involved, so an idle log answers as fast as the disk, and a busy one shares its syncs.
public final class LogWriter: Sendable {
    /// The order in which records were accepted, which is the order of their numbers.
    public struct Ticket: Comparable, Hashable, Sendable {
        let number: UInt64

        public static func < (left: Ticket, right: Ticket) -> Bool { left.number < right.number }
    }

    private struct Queue: Sendable {
        var entries: [LogEntry] = []
        var bytes = 0
        var longestBytes = 0
        /// Taken from the queue and not completed yet.
        var inFlight = 0
        var accepted: UInt64 = 0
        var overloaded = 0
        var isClosing = false
        /// Files that take no more records, oldest first.
        var files: [LogFileEntry]
        var figures = LogFigures()
        /// When the writer has something to do though no record comes.
        var patience: Int64?
    }

    /// All that the threads share; they do not keep the writer itself alive.
    private final class Core: Sendable {
        let folder: String
        let fileSystem: any FileSystem
        let configuration: LogConfiguration
        let time: any TimeSource
        let preparation: LogPreparation
        // Lock order: the files, then the queue.
        let files: Monitor<LogFiles>
        let queue: Monitor<Queue>
        /// Held while files are removed.
        let removal = Monitor(())

        init(
            folder: String, report: LogReport, fileSystem: any FileSystem, configuration: LogConfiguration,
            time: any TimeSource, newEpoch: UInt64
        ) {
            self.folder = folder
            self.fileSystem = fileSystem
            self.configuration = configuration
            self.time = time
            preparation = LogPreparation(folder: folder, fileSystem: fileSystem, fileBytes: configuration.fileBytes)
            files = Monitor(
                LogFiles(
                    folder: folder, fileSystem: fileSystem, configuration: configuration, time: time,
                    epoch: report.epoch ?? newEpoch, sequence: report.nextSequence, nextLSN: report.nextLSN,
                    preparation: preparation))
            queue = Monitor(Queue(files: report.files))
        }

        /// Begins the first file. When that does not work the log is paused, as after any failure.
        func open() {
            files.withLock { files in
                files.resume(time.monotonic())
                publish(&files)
            }
        }

        private func publish(_ files: inout LogFiles) {
            let finished = files.takeFinished()
            let figures = files.figures
            let patience = files.patience(now: time.monotonic())
            queue.withLock { queue in
                queue.files += finished
                queue.figures = figures
                queue.patience = patience
            }
        }

        /// Writes all that is queued now.
        func turn() {
            var rest = queue.withLock { queue -> ArraySlice<LogEntry> in
                defer { queue.entries = [] }
                queue.inFlight = queue.entries.count
                return queue.entries[...]
            }
            repeat {
                let before = rest
                let results = files.withLock { files in
                    defer { publish(&files) }
                    return files.write(&rest)
                }
                let done = before.prefix(before.count - rest.count)
                let bytes = done.reduce(0) { $0 + $1.footprint }
                queue.withLock { queue in
                    queue.bytes -= bytes
                    queue.inFlight -= done.count
                }
                for (entry, result) in zip(done, results) { entry.completion(result) }
            } while !rest.isEmpty
        }

        func run() {
            while true {
                let patience = queue.withLock { $0.patience }
                let isClosing = queue.wait(nanoseconds: patience) { queue -> Bool? in
                    if !queue.entries.isEmpty { return false }
                    return queue.isClosing ? true : nil
                }
                turn()
                if isClosing == true { break }
            }
            finish()
        }

        func finish() {
            preparation.close()
            files.withLock { files in
                files.close()
                publish(&files)
            }
        }
    }

    private let core: Core
    private let threads: [SystemThread]

    /// Opens a log for writing, in a new file behind those that `report` tells of.
    ///
    /// A disk that is full or fails does not keep the log from being opened: it is paused then, and `figures` say so.
    ///
    /// - Parameters:
    ///   - folder: made when it is missing. The caller has it to itself.
    ///   - report: what `LogRecovery.run` has just returned for this folder.
    ///   - newEpoch: what tells this log from all others, when it is new; random.
    /// - Throws: `.invalidConfiguration`; `.logFailed` when the process may have no more threads.
    public convenience init(
        folder: String, resuming report: LogReport, fileSystem: any FileSystem = LocalFileSystem(),
        configuration: LogConfiguration = LogConfiguration(), time: any TimeSource = SystemTime(),
        newEpoch: UInt64 = .random(in: 1...UInt64.max)
    ) throws(StorageError) {
        try self.init(
            folder: folder, resuming: report, fileSystem: fileSystem, configuration: configuration, time: time,
            newEpoch: newEpoch, hasThreads: true)
    }

    /// As above. Without threads, `turn` and `prepare` do their work, and a test decides what happens when.
    package init(
        folder: String, resuming report: LogReport, fileSystem: any FileSystem, configuration: LogConfiguration,
        time: any TimeSource, newEpoch: UInt64, hasThreads: Bool
    ) throws(StorageError) {
        try configuration.validate()
        let core = Core(
            folder: folder, report: report, fileSystem: fileSystem, configuration: configuration, time: time,
            newEpoch: newEpoch)
        self.core = core
        core.open()
        guard hasThreads else {
            threads = []
            return
        }
        do throws(SystemError) {
            let preparer = try SystemThread(name: "tram-log-next") { core.preparation.run() }
            do throws(SystemError) {
                threads = [preparer, try SystemThread(name: "tram-log") { core.run() }]
            } catch {
                core.preparation.close()
                throw error
            }
        } catch {
            throw .logFailed(file: folder, offset: 0, error)
        }
    }

    deinit {
        if !threads.isEmpty { close() }
    }

    /// Puts a record into the queue.
    ///
    /// - Parameters:
    ///   - payload: what the record holds; the log does not look at it. O(bytes), for its checksum.
    ///   - flags: handed back as they are.
    ///   - completion: called once, on the log's thread, in the order of the numbers: with the record's number once it
    ///     is as durable as the configuration says, or with the reason why nothing of it was kept. It must be quick
    ///     and must not call `close`.
    /// - Returns: a place in the order of all records.
    /// - Throws: `.overloaded`, `.recordTooLarge` or `.logClosed`; `completion` is not called then.
    @discardableResult
    public func append(
        _ payload: [UInt8], type: LogRecordType, flags: UInt8 = 0,
        completion: @escaping @Sendable (Result<LSN, StorageError>) -> Void
    ) throws(StorageError) -> Ticket {
        let configuration = core.configuration
        guard payload.count <= configuration.maximumRecordBytes else {
            throw .recordTooLarge(byteCount: payload.count, allowed: configuration.maximumRecordBytes)
        }
        let entry = LogEntry(
            payload: payload, checksum: CRC32C.checksum(payload), type: type, flags: flags, completion: completion)
        let ticket = try core.queue.withLock { queue throws(StorageError) in
            guard !queue.isClosing else { throw .logClosed }
            guard entry.footprint <= configuration.queueBytes - queue.bytes else {
                queue.overloaded += 1
                throw .overloaded(queuedBytes: queue.bytes, allowedBytes: configuration.queueBytes)
            }
            queue.entries.append(entry)
            queue.bytes += entry.footprint
            queue.longestBytes = max(queue.longestBytes, queue.bytes)
            queue.accepted += 1
            return Ticket(number: queue.accepted)
        }
        core.queue.wake()
        return ticket
    }

    /// Appends a record, and gives its number when it is durable. The task waits, and no thread does.
    public func append(
        _ payload: [UInt8], type: LogRecordType, flags: UInt8 = 0
    ) async throws(StorageError) -> LSN {
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<LSN, StorageError>, Never>) in
            do throws(StorageError) {
                try append(payload, type: type, flags: flags) { continuation.resume(returning: $0) }
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
        return try result.get()
    }

    /// Appends a record that says which is the lowest that is still needed, with `details` for the caller's own use.
    ///
    /// It removes nothing: once it is durable, call `removeFiles`.
    @discardableResult
    public func appendCheckpoint(
        lowestNeeded: LSN, details: [UInt8] = [],
        completion: @escaping @Sendable (Result<LSN, StorageError>) -> Void
    ) throws(StorageError) -> Ticket {
        var payload: [UInt8] = []
        payload.append(littleEndian: lowestNeeded)
        return try append(payload + details, type: .checkpoint, completion: completion)
    }

    /// Removes the files that hold no record from `lsn` on, oldest first. The file that is being written stays.
    ///
    /// - Returns: how many files are gone.
    /// - Throws: `.logFailed` when one of them cannot be removed; those before it are gone.
    /// - Complexity: one folder sync for each file, so that no later one is gone before an earlier one after a crash.
    @discardableResult
    public func removeFiles(before lsn: LSN) throws(StorageError) -> Int {
        let core = core
        return try core.removal.withLock { _ throws(StorageError) in
            var count = 0
            while let oldest = core.queue.withLock({ $0.files.first }), oldest.nextLSN <= lsn {
                do throws(SystemError) {
                    do throws(SystemError) {
                        try core.fileSystem.remove(core.folder + "/" + oldest.name)
                    } catch {
                        // It was removed by a call whose sync failed.
                        guard error.isNoSuchFile else { throw error }
                    }
                    try core.fileSystem.syncFolder(core.folder)
                } catch {
                    throw .logFailed(file: oldest.name, offset: 0, error)
                }
                core.queue.withLock { $0.files.removeAll { $0 == oldest } }
                count += 1
            }
            return count
        }
    }

    /// What the log has done, and how it is.
    public var figures: LogFigures {
        core.queue.withLock { queue in
            var figures = queue.figures
            figures.queuedRecords = queue.entries.count + queue.inFlight
            figures.queuedBytes = queue.bytes
            figures.longestQueueBytes = queue.longestBytes
            figures.overloaded = queue.overloaded
            return figures
        }
    }

    /// Takes no more records, writes and syncs those that were accepted, completes them, and returns. A second call
    /// waits for the first.
    public func close() {
        core.queue.withLock { $0.isClosing = true }
        core.queue.wake()
        guard threads.isEmpty else {
            // The last reference may go in a completion, on the log's own thread: it ends by itself then.
            guard !threads.contains(where: { $0.isCurrent }) else { return }
            for thread in threads.reversed() { thread.join() }
            return
        }
        core.turn()
        core.finish()
    }

    /// Without threads: writes all that is queued, as one group where it fits.
    package func turn() { core.turn() }

    /// Without threads: makes the next file ready.
    package func prepare() { core.preparation.runOnce() }
}
