import Glibc
import Synchronization
import Testing
import TramStorage
import TramSystem
import TramTesting

final class Flag: Sendable {
    private let state = Mutex(false)
    var isSet: Bool { state.withLock { $0 } }
    func set(_ value: Bool) { state.withLock { $0 = value } }
}

private func readBack(_ folder: String) throws -> (report: LogReport, found: [Found]) {
    var found: [Found] = []
    let report = try LogRecovery(folder: folder, mode: .strict).run { record, bytes throws(StorageError) in
        found.append(
            Found(
                lsn: record.lsn, type: record.type,
                payload: (0..<bytes.byteCount).map { unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }))
    }
    return (report, found)
}

@Suite struct LogWriterTests {
    @Test func `what comes together is written and synced together`() throws {
        let disk = try newDisk(seed: 1)
        let log = try open(disk, LogReport())
        let ledger = Ledger()
        for size in [10, 20, 30] { ledger.append(log, size) }
        #expect(log.figures.queuedRecords == 3)
        #expect(log.figures.queuedBytes == 48 + 56 + 64)
        log.turn()
        log.turn()
        let figures = log.figures
        #expect(ledger.keptCount == 3)
        #expect((figures.groups, figures.syncs, figures.records, figures.bytes) == (1, 1, 3, 60))
        #expect((figures.queuedRecords, figures.queuedBytes, figures.longestQueueBytes) == (0, 0, 168))
        #expect((figures.nextLSN, figures.syncedLSN) == (4, 3))
    }

    @Test func `type, flags and payload come back, and an empty payload too`() throws {
        let disk = try newDisk(seed: 1)
        let log = try open(disk, LogReport())
        try log.append([1, 2, 3], type: LogRecordType(rawValue: 9), flags: 0x80) { _ in }
        try log.append([], type: LogRecordType(rawValue: 0)) { _ in }
        try log.appendCheckpoint(lowestNeeded: 1 << 40, details: [7]) { _ in }
        log.close()
        var seen: [LogRecord] = []
        let report = try LogRecovery(folder: folder, fileSystem: disk, configuration: small()).run {
            record, bytes throws(StorageError) in
            seen.append(record)
            #expect(bytes.byteCount == [3, 0, 9][seen.count - 1])
        }
        #expect(seen.map(\.lsn) == [1, 2, 3])
        #expect(seen.map(\.type.rawValue) == [9, 0, 3])
        #expect(seen.map(\.flags) == [0x80, 0, 0])
        #expect(report.checkpoint == 1 << 40)
    }

    @Test func `a full queue refuses and takes records again when it is empty`() throws {
        let disk = try newDisk(seed: 1)
        let log = try open(disk, LogReport(), small(queueBytes: 100_000))
        let ledger = Ledger()
        for _ in 0..<120 { ledger.append(log, 968) }
        #expect(ledger.refusedCount == 20)
        #expect(ledger.reasons.first == .overloaded(queuedBytes: 100_000, allowedBytes: 100_000))
        #expect(log.figures.overloaded == 20)
        #expect(log.figures.queuedBytes == 100_000)
        log.turn()
        #expect(ledger.keptCount == 100)
        ledger.append(log, 968)
        log.turn()
        #expect(ledger.keptCount == 101)
        #expect(log.figures.longestQueueBytes == 100_000)
        ledger.check(try recover(disk).found, "full queue")
    }

    @Test func `a payload beyond the limit is refused, and one longer than a file gets its own`() throws {
        let disk = try newDisk(seed: 1)
        let log = try open(disk, LogReport())
        let ledger = Ledger()
        ledger.append(log, (64 << 10) + 1)
        #expect(ledger.reasons == [.recordTooLarge(byteCount: 65537, allowed: 65536)])
        for size in [100, 64 << 10, 100, 20_000] { ledger.append(log, size) }
        log.turn()
        #expect(ledger.keptCount == 4)
        disk.losePower()
        let (report, found) = try recover(disk, mode: .strict)
        #expect(report.fileCount == 4)
        ledger.check(found, "long records")
    }

    @Test func `after close nothing is taken, and what was taken is kept`() throws {
        let disk = try newDisk(seed: 1)
        let log = try open(disk, LogReport())
        let ledger = Ledger()
        ledger.append(log, 100)
        log.close()
        ledger.append(log, 100)
        log.close()
        #expect(ledger.keptCount == 1)
        #expect(ledger.reasons == [.logClosed])
        #expect(log.figures.state == .closed)
    }

    @Test func `files go when no record of theirs is needed, and never the one in use`() throws {
        let disk = try newDisk(seed: 1)
        let log = try open(disk, LogReport())
        let ledger = Ledger()
        for _ in 0..<8 {
            ledger.append(log, 1500)
            log.turn()
        }
        // Two records a file.
        #expect(try log.removeFiles(before: 2) == 0)
        #expect(try log.removeFiles(before: 3) == 1)
        #expect(try log.removeFiles(before: 6) == 1)
        #expect(try recover(disk.copy(seed: 1)).found.map(\.lsn) == [5, 6, 7, 8])
        #expect(try log.removeFiles(before: 100) == 1)
        #expect(try disk.names(in: folder).filter { $0.hasSuffix(".log") } == [name(4)])
        log.close()
        // After a start as well.
        let (report, found) = try recover(disk)
        #expect(found.map(\.lsn) == [7, 8])
        let next = try open(disk, report)
        #expect(try next.removeFiles(before: 9) == 1)
        next.close()
        let (last, none) = try recover(disk)
        #expect(none.isEmpty)
        #expect(last.nextLSN == 9, "the numbers go on though no record is left")
    }

    @Test func `starts alone leave no files behind`() throws {
        let disk = try newDisk(seed: 1)
        for _ in 0..<5 { try open(disk, try recover(disk).report).close() }
        #expect(try disk.names(in: folder) == [name(1)])
        // What was reserved and not needed is given back.
        #expect(disk.usedBytes == 4096)
    }

    @Test func `a file made ahead is used, and one that is left over is taken away`() throws {
        let disk = try newDisk(seed: 1)
        let log = try open(disk, LogReport())
        log.prepare()
        #expect(try disk.names(in: folder) == [name(1), name(2) + ".tmp"])
        let ledger = Ledger()
        for _ in 0..<3 {
            ledger.append(log, 2000)
            log.turn()
        }
        #expect(try disk.names(in: folder) == [name(1), name(2)])
        log.prepare()
        log.close()
        #expect(try disk.names(in: folder) == [name(1), name(2)])
        #expect(ledger.keptCount == 3)
    }

    @Test(arguments: [
        (LogConfiguration(durability: .interval(milliseconds: 0)), "durability"),
        (LogConfiguration(fileBytes: 8191), "fileBytes"),
        (LogConfiguration(maximumRecordBytes: 0), "maximumRecordBytes"),
        (LogConfiguration(maximumRecordBytes: 1 << 20, queueBytes: 1 << 20), "queueBytes"),
        (LogConfiguration(minimumFreeBytes: -1), "minimumFreeBytes"),
        (LogConfiguration(retryMilliseconds: 0), "retryMilliseconds"),
    ])
    func `a configuration that makes no sense names its key`(configuration: LogConfiguration, key: String) throws {
        let error = #expect(throws: StorageError.self) { try configuration.validate() }
        guard case .invalidConfiguration(key, _)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(throws: StorageError.self) { try LogRecovery(folder: folder, configuration: configuration) }
    }

    @Test(arguments: [LogConfiguration.Durability.sync, .interval(milliseconds: 5)])
    func `many threads append to a log on a real disk, and all of it is there`(
        durability: LogConfiguration.Durability
    ) async throws {
        let temporary = try TemporaryFolder()
        let configuration = LogConfiguration(
            durability: durability, fileBytes: 1 << 20, maximumRecordBytes: 1 << 20, queueBytes: 4 << 20,
            minimumFreeBytes: 0)
        let ledger = Ledger()
        let log = try LogWriter(
            folder: temporary.path, resuming: try readBack(temporary.path).report, configuration: configuration)
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<4 {
                group.addTask {
                    var generator = SeededGenerator(seed: UInt64(task))
                    for _ in 0..<200 {
                        let size = Int.random(in: 0..<20_000, using: &generator)
                        // What waits for the disk has a bound; a writer that meets it comes again.
                        while log.figures.queuedBytes > 2 << 20 { await Task.yield() }
                        ledger.append(log, size)
                    }
                }
            }
        }
        // One more, awaited: its number is the last one.
        let last = try await log.append([UInt8](repeating: 7, count: 8), type: .checkpoint)
        #expect(last == 801)
        log.close()
        let figures = log.figures
        #expect(ledger.keptCount == 800)
        #expect(figures.records == 801)
        #expect(figures.groups <= 801)
        #expect(figures.files > 4)
        #expect((figures.queuedRecords, figures.queuedBytes) == (0, 0))
        let (report, found) = try readBack(temporary.path)
        #expect(found.count == 801)
        #expect(report.damages.isEmpty)
        ledger.check(found, "real disk")
        // And again, behind it.
        let again = try LogWriter(folder: temporary.path, resuming: report, configuration: configuration)
        #expect(try await again.append([1], type: LogRecordType(rawValue: 2)) == 802)
        #expect(try again.removeFiles(before: 802) == report.fileCount)
        again.close()
        #expect(try readBack(temporary.path).found.map(\.lsn) == [802])
    }

    @Test func `writers that are faster than the disk are refused, and the queue stays within its bound`() async throws
    {
        let disk = try newDisk(seed: 1)
        let configuration = small(queueBytes: 70_000)
        let log = try LogWriter(folder: folder, resuming: LogReport(), fileSystem: disk, configuration: configuration)
        let ledger = Ledger()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<2000 { ledger.append(log, 500) }
                }
            }
        }
        log.close()
        #expect(ledger.keptCount + ledger.refusedCount == 8000)
        #expect(log.figures.overloaded == ledger.refusedCount)
        #expect(log.figures.longestQueueBytes <= 70_000)
        disk.losePower()
        ledger.check(try recover(disk, configuration).found, "overload")
    }

    @Test func `a log that is dropped writes what it has taken`() async throws {
        let disk = try newDisk(seed: 1)
        let ledger = Ledger()
        do {
            let log = try LogWriter(folder: folder, resuming: LogReport(), fileSystem: disk, configuration: small())
            for _ in 0..<50 { ledger.append(log, 100) }
        }
        #expect(ledger.keptCount == 50)
    }

    @Test func `a disk that works again is noticed without a record`() async throws {
        let disk = try newDisk(seed: 1)
        disk.setCapacity(100_000)
        var configuration = small(minimumFreeBytes: 1 << 20)
        configuration.retryMilliseconds = 1
        let log = try LogWriter(folder: folder, resuming: LogReport(), fileSystem: disk, configuration: configuration)
        #expect(log.figures.state == .paused(.diskFull(freeBytes: 100_000, neededBytes: 1 << 20)))
        disk.setCapacity(nil)
        while log.figures.state != .open { await Task.yield() }
        #expect(try await log.append([1], type: LogRecordType(rawValue: 2)) == 1)
        log.close()
    }
}
