import TramSystem

/// A record on its way to the disk.
struct LogEntry: Sendable {
    var payload: [UInt8]
    var checksum: UInt32
    var type: LogRecordType
    var flags: UInt8
    var completion: @Sendable (Result<LSN, StorageError>) -> Void

    var footprint: Int { LogRecordHead.footprint(payload.count) }
}

/// The files of a log that is written, for one thread at a time.
///
/// Whatever fails, the rules are the same:
///
/// 1. The file is left for good. Nothing is written to it or synced again in the hope that it counts.
/// 2. What was not acknowledged is cut off, as far as the disk lets us; the first number in the head of the next file
///    tells a later start not to read it in any case.
/// 3. The last acknowledged record is read back. When it is there, a new file is begun.
/// 4. When that does not work, or the disk is full, the log is paused: records are refused, and 3 is tried again
///    after a while.
struct LogFiles: Sendable {
    private struct Current: Sendable {
        var file: any StoredFile
        var name: String
        var header: LogFileHeader
        /// Where the next record goes.
        var offset = LogFileHeader.recordsOffset
        var byteCount: Int
        /// Where the last acknowledged record begins.
        var lastOffset: Int?

        var isEmpty: Bool { offset == LogFileHeader.recordsOffset }
    }

    private struct Pause: Sendable {
        var reason: StorageError
        var retryAt: Int64
    }

    private let folder: String
    private let fileSystem: any FileSystem
    private let configuration: LogConfiguration
    private let time: any TimeSource
    private let epoch: UInt64
    let preparation: LogPreparation

    private var current: Current?
    /// Left after a failure, and not yet read back.
    private var unverified: Current?
    private var pause: Pause?
    /// Of the next file.
    private var sequence: UInt64
    private var hasFolder = false
    private var spaceCheckedAt: Int64?
    private var unsyncedSince: Int64?
    /// Files that are full, since `takeFinished` was called last.
    private var finished: [LogFileEntry] = []
    private(set) var figures = LogFigures()

    init(
        folder: String, fileSystem: any FileSystem, configuration: LogConfiguration, time: any TimeSource,
        epoch: UInt64, sequence: UInt64, nextLSN: LSN, preparation: LogPreparation
    ) {
        self.folder = folder
        self.fileSystem = fileSystem
        self.configuration = configuration
        self.time = time
        self.epoch = epoch
        self.sequence = sequence
        self.preparation = preparation
        figures.nextLSN = nextLSN
        figures.syncedLSN = nextLSN - 1
    }

    private func path(_ name: String) -> String { folder + "/" + name }
    private var retryNanoseconds: Int64 { Int64(configuration.retryMilliseconds) * 1_000_000 }

    mutating func takeFinished() -> [LogFileEntry] {
        defer { finished = [] }
        return finished
    }

    /// Nanoseconds until `write` has something to do though no record comes; nil when it never has.
    func patience(now: Int64) -> Int64? {
        var times: [Int64] = []
        if let pause { times.append(pause.retryAt - now) }
        if case .interval(let milliseconds) = configuration.durability, let since = unsyncedSince {
            times.append(since + Int64(milliseconds) * 1_000_000 - now)
        }
        return times.min().map { max(0, $0) }
    }

    // MARK: Writing

    /// Writes the first of `entries`, as many as go together, and takes them away; or refuses them. Also does what is
    /// due without any.
    ///
    /// - Returns: what became of the entries that were taken away.
    mutating func write(_ entries: inout ArraySlice<LogEntry>) -> [Result<LSN, StorageError>] {
        let now = time.monotonic()
        if pause == nil { checkSpace(now) }
        if let pause, now >= pause.retryAt { resume(now) }
        if case .interval(let milliseconds) = configuration.durability, let since = unsyncedSince,
            now - since >= Int64(milliseconds) * 1_000_000
        {
            syncLate()
        }
        while pause == nil, let first = entries.first {
            guard let current else {
                resume(now)
                continue
            }
            var (count, bytes) = (0, 0)
            for entry in entries {
                guard entry.footprint <= current.byteCount - current.offset - bytes else { break }
                bytes += entry.footprint
                count += 1
            }
            if count > 0 {
                let group = entries.prefix(count)
                entries.removeFirst(count)
                return write(group, byteCount: bytes)
            }
            if !current.isEmpty {
                rotate()
            } else if let error = enlarge(for: first.footprint) {
                entries.removeFirst()
                figures.refused += 1
                return [.failure(error)]
            }
        }
        guard let pause, !entries.isEmpty else { return [] }
        defer { entries = [] }
        figures.refused += entries.count
        return entries.map { _ in .failure(pause.reason) }
    }

    private mutating func write(_ group: ArraySlice<LogEntry>, byteCount: Int) -> [Result<LSN, StorageError>] {
        guard var current else { return [] }
        let start = current.offset
        let first = figures.nextLSN
        var place = start
        do throws(SystemError) {
            try current.file.write(pieces(of: group, seed: current.header.seed), at: start)
            for entry in group {
                current.lastOffset = place
                place += entry.footprint
            }
            if case .sync = configuration.durability { try sync(current.file) }
        } catch {
            let reason = fail(error, cutAt: start)
            figures.refused += group.count
            return group.map { _ in .failure(reason) }
        }
        current.offset = place
        self.current = current
        figures.groups += 1
        figures.records += group.count
        figures.bytes += group.reduce(0) { $0 + $1.payload.count }
        figures.nextLSN = first + LSN(group.count)
        switch configuration.durability {
        case .sync: figures.syncedLSN = figures.nextLSN - 1
        case .interval: unsyncedSince = unsyncedSince ?? time.monotonic()
        }
        return (first..<figures.nextLSN).map { .success($0) }
    }

    /// The bytes of the records. Short payloads are put together; long ones are not copied.
    private func pieces(of group: ArraySlice<LogEntry>, seed: UInt32) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var joined: [UInt8] = []
        for (index, entry) in group.enumerated() {
            let lsn = figures.nextLSN + LSN(index)
            let head = LogRecordHead(
                payloadBytes: entry.payload.count, lsn: lsn,
                unsynced: UInt32(clamping: lsn - 1 - figures.syncedLSN), payloadChecksum: entry.checksum,
                type: entry.type, flags: entry.flags)
            head.write(to: &joined, seed: seed)
            if entry.payload.count <= 4096 {
                joined += entry.payload
            } else {
                pieces.append(joined)
                pieces.append(entry.payload)
                joined = []
            }
            let padding = entry.footprint - LogRecordHead.byteCount - entry.payload.count
            joined += repeatElement(0, count: padding)
        }
        if !joined.isEmpty { pieces.append(joined) }
        return pieces
    }

    private mutating func sync(_ file: any StoredFile) throws(SystemError) {
        let start = time.monotonic()
        try file.sync()
        let duration = time.monotonic() - start
        figures.syncs += 1
        figures.syncNanoseconds += duration
        figures.longestSyncNanoseconds = max(figures.longestSyncNanoseconds, duration)
    }

    /// Syncs what was acknowledged before it was synced.
    mutating func syncLate() {
        guard unsyncedSince != nil, let current else { return }
        do throws(SystemError) {
            try sync(current.file)
            figures.syncedLSN = figures.nextLSN - 1
            unsyncedSince = nil
        } catch {
            noteUnsafe()
            fail(error, cutAt: current.offset)
        }
    }

    /// Counts what was acknowledged, was not synced yet, and may be lost now.
    private mutating func noteUnsafe() {
        guard unsyncedSince != nil else { return }
        unsyncedSince = nil
        figures.unsafeRecords += Int(clamping: figures.nextLSN - 1 - figures.syncedLSN)
    }

    // MARK: Files

    /// Leaves the full file and begins the next one.
    private mutating func rotate() {
        let start = time.monotonic()
        defer { figures.rotationNanoseconds += time.monotonic() - start }
        // Whoever reads the next file relies on this one being on the disk.
        let sequence = current?.header.sequence
        syncLate()
        // When the sync failed, the next file is there already, or none can be had.
        guard let full = current, full.header.sequence == sequence else { return }
        finish(full)
        current = nil
        resume(start)
    }

    private mutating func finish(_ file: Current) {
        finished.append(
            LogFileEntry(sequence: file.header.sequence, name: file.name, nextLSN: figures.nextLSN))
    }

    /// Makes room in an empty file for a record that is longer than a file.
    private mutating func enlarge(for footprint: Int) -> StorageError? {
        guard let current else { return nil }
        let byteCount = LogFileHeader.recordsOffset + footprint
        do throws(SystemError) {
            try current.file.preallocate(byteCount: byteCount)
            try current.file.sync()
        } catch {
            return fail(error, cutAt: current.offset)
        }
        self.current?.byteCount = byteCount
        return nil
    }

    /// A file that takes records: it is on the disk, and so is its name.
    private mutating func begin() throws(StorageError) {
        let free: Int? = try? fileSystem.freeBytes(in: hasFolder ? folder : FolderPath.parent(of: folder))
        if let free, free < configuration.minimumFreeBytes {
            throw .diskFull(freeBytes: free, neededBytes: configuration.minimumFreeBytes)
        }
        let name = LogName.file(sequence)
        let header = LogFileHeader(sequence: sequence, epoch: epoch, firstLSN: figures.nextLSN)
        do throws(SystemError) {
            if !hasFolder {
                try fileSystem.createFolder(folder)
                try fileSystem.syncFolder(FolderPath.parent(of: folder))
                hasFolder = true
            }
            let prepared = try preparation.take(sequence)
            try prepared.file.write([header.block], at: 0)
            try prepared.file.sync()
            try fileSystem.rename(path(prepared.name), to: path(name))
            try fileSystem.syncFolder(folder)
            current = Current(
                file: prepared.file, name: name, header: header, byteCount: prepared.byteCount)
        } catch {
            throw explain(error, name, 0)
        }
        sequence += 1
        // What was acknowledged and could not be synced is behind us; the head of this file says where it ended.
        figures.syncedLSN = figures.nextLSN - 1
        unsyncedSince = nil
        figures.files += 1
        preparation.want(sequence)
    }

    // MARK: Trouble

    private func explain(_ error: SystemError, _ name: String, _ offset: Int) -> StorageError {
        guard error.isOutOfSpace else { return .logFailed(file: name, offset: offset, error) }
        let free: Int? = try? fileSystem.freeBytes(in: folder)
        return .diskFull(freeBytes: free ?? 0, neededBytes: configuration.minimumFreeBytes)
    }

    /// Leaves the file, of which everything up to `end` was acknowledged, and goes on in another one if that is
    /// possible.
    @discardableResult
    private mutating func fail(_ error: SystemError, cutAt end: Int) -> StorageError {
        guard let failed = current else { return .logFailed(file: folder, offset: end, error) }
        let reason = explain(error, failed.name, end)
        figures.failures += 1
        figures.lastFailure = reason
        current = nil
        // Both may fail as well; then the next file's head alone says that nothing behind `end` counts.
        try? failed.file.truncate(to: end)
        if (try? failed.file.sync()) == nil { noteUnsafe() }
        unsyncedSince = nil
        if failed.isEmpty {
            // It holds nothing, so the next file takes its place.
            sequence = failed.header.sequence
        } else {
            unverified = failed
        }
        resume(time.monotonic())
        return reason
    }

    /// Tries to take records again.
    mutating func resume(_ now: Int64) {
        do throws(StorageError) {
            if let file = unverified {
                try verify(file)
                finish(file)
                unverified = nil
            }
            if current == nil {
                try begin()
            } else if let full = lackOfSpace() {
                throw full
            }
            pause = nil
            figures.state = .open
        } catch {
            if pause == nil {
                figures.failures += 1
                figures.lastFailure = error
            }
            pause = Pause(reason: error, retryAt: now + retryNanoseconds)
            figures.state = .paused(error)
        }
    }

    /// Reads the last acknowledged record of a file back.
    private func verify(_ failed: Current) throws(StorageError) {
        guard let offset = failed.lastOffset else { return }
        do throws(SystemError) {
            let file = try fileSystem.open(path(failed.name), .read)
            var bytes = [UInt8](repeating: 0, count: failed.offset - offset)
            let count = try file.read(into: &bytes, 0..<bytes.count, at: offset)
            guard count == bytes.count, let head = LogRecordHead.read(bytes, at: 0, seed: failed.header.seed),
                head.lsn == figures.nextLSN - 1, head.footprint == count,
                CRC32C.checksum(bytes, in: 32..<32 + head.payloadBytes) == head.payloadChecksum
            else { throw SystemError(errno: SystemError.inputOutput, call: "verify", path: path(failed.name)) }
        } catch {
            throw .logFailed(file: failed.name, offset: offset, error)
        }
    }

    private func lackOfSpace() -> StorageError? {
        // A file system that does not answer is not full; if it is broken, writing tells.
        guard let free = try? fileSystem.freeBytes(in: folder), free < configuration.minimumFreeBytes else {
            return nil
        }
        return .diskFull(freeBytes: free, neededBytes: configuration.minimumFreeBytes)
    }

    private mutating func checkSpace(_ now: Int64) {
        if let last = spaceCheckedAt, now - last < retryNanoseconds { return }
        spaceCheckedAt = now
        guard current != nil, let full = lackOfSpace() else { return }
        pause = Pause(reason: full, retryAt: now + retryNanoseconds)
        figures.state = .paused(full)
    }

    /// Syncs what is left, and takes no more records.
    mutating func close() {
        syncLate()
        // Room that was reserved and not needed. When this fails, the next start finds zeros there, which it knows.
        if let current { try? current.file.truncate(to: current.offset) }
        current = nil
        figures.state = .closed
    }
}

private enum FolderPath {
    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
