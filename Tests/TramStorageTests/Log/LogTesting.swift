import Testing
import TramStorage
import TramSystem
import TramTesting

let folder = "data/wal"

/// Files of 8 KiB, so that a test fills many.
func small(
    _ durability: LogConfiguration.Durability = .sync, fileBytes: Int = 8192, minimumFreeBytes: Int = 0,
    queueBytes: Int = 1 << 20
) -> LogConfiguration {
    LogConfiguration(
        durability: durability, fileBytes: fileBytes, maximumRecordBytes: 64 << 10, queueBytes: queueBytes,
        minimumFreeBytes: minimumFreeBytes, retryMilliseconds: 1000)
}

/// A payload that says which one it is, the same for the same number.
func payload(_ number: Int, _ byteCount: Int) -> [UInt8] {
    var generator = SeededGenerator(seed: UInt64(number))
    var bytes = Array(repeating: UInt8(0), count: max(8, byteCount))
    for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: generator.next()) }
    for index in 0..<8 { bytes[index] = UInt8(truncatingIfNeeded: number >> (8 * index)) }
    return bytes
}

struct Found: Equatable {
    var lsn: LSN
    var type: LogRecordType
    var payload: [UInt8]
}

/// What has become of every record, told by the completions: the plain model that a log is compared with.
final class Ledger: Sendable {
    private struct State: Sendable {
        var payloads: [[UInt8]] = []
        var kept: [LSN: Int] = [:]
        var refused: Set<Int> = []
        var reasons: [StorageError] = []
    }

    // Not a `Mutex`, which the thread sanitizer does not know.
    private let state = Monitor(State())
    /// What a log says on it after it died nobody hears.
    private let disk: SimulatedFileSystem?

    init(hearing disk: SimulatedFileSystem? = nil) {
        self.disk = disk
    }

    /// Appends a record of so many bytes and notes what becomes of it.
    @discardableResult
    func append(_ log: LogWriter, _ byteCount: Int) -> Int {
        let (number, bytes) = state.withLock { state in
            let number = state.payloads.count
            let bytes = payload(number, byteCount)
            state.payloads.append(bytes)
            return (number, bytes)
        }
        do throws(StorageError) {
            try log.append(bytes, type: LogRecordType(rawValue: 2)) { [self] result in
                if disk?.isDead == true { return }
                state.withLock { state in
                    switch result {
                    case .success(let lsn):
                        #expect(state.kept[lsn] == nil, "record \(lsn) was acknowledged twice")
                        state.kept[lsn] = number
                    case .failure(let error):
                        state.refused.insert(number)
                        state.reasons.append(error)
                    }
                }
            }
        } catch {
            if disk?.isDead == true { return number }
            state.withLock { state in
                state.refused.insert(number)
                state.reasons.append(error)
            }
        }
        return number
    }

    var keptCount: Int { state.withLock { $0.kept.count } }
    var refusedCount: Int { state.withLock { $0.refused.count } }
    var reasons: [StorageError] { state.withLock { $0.reasons } }
    var lastLSN: LSN { state.withLock { $0.kept.keys.max() ?? 0 } }
    func lsn(of number: Int) -> LSN? { state.withLock { state in state.kept.first { $0.value == number }?.key } }

    /// Every acknowledged record from `needed` on is there; none is there twice or out of order; whatever else is there
    /// is whole and was neither acknowledged nor refused.
    func check(
        _ found: [Found], from needed: LSN = 0, mayLoseLast: Bool = false,
        _ context: @autoclosure () -> String
    ) {
        state.withLock { state in
            for (before, after) in zip(found, found.dropFirst()) where after.lsn != before.lsn + 1 {
                Issue.record("\(context()): record \(after.lsn) follows \(before.lsn)")
            }
            for record in found where record.type != .checkpoint {
                let number = record.payload.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
                guard number < state.payloads.count, state.payloads[number] == record.payload else {
                    Issue.record("\(context()): record \(record.lsn) was never written")
                    continue
                }
                if let kept = state.kept[record.lsn], kept != number {
                    Issue.record("\(context()): record \(record.lsn) is another one than was acknowledged")
                }
                if state.refused.contains(number) {
                    Issue.record("\(context()): record \(record.lsn) was refused and is there")
                }
            }
            if mayLoseLast { return }
            let there = Set(found.map(\.lsn))
            for lsn in state.kept.keys.sorted() where lsn >= needed && !there.contains(lsn) {
                Issue.record("\(context()): record \(lsn) was acknowledged and is not there")
            }
        }
    }

    /// What was there after a start counts from now on, whether it had been acknowledged or not; what had been
    /// acknowledged and was allowed to get lost does not.
    func settle(_ found: [Found]) {
        state.withLock { state in
            let last = found.last?.lsn ?? 0
            for lsn in state.kept.keys where lsn > last { state.kept[lsn] = nil }
            for record in found where record.type != .checkpoint {
                let number = record.payload.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
                state.kept[record.lsn] = number
            }
        }
    }
}

/// Reads everything back.
func recover(
    _ system: any FileSystem, _ configuration: LogConfiguration = small(), mode: LogRecovery.Mode = .repair,
    from needed: LSN = 0
) throws(StorageError) -> (report: LogReport, found: [Found]) {
    var found: [Found] = []
    let recovery = try LogRecovery(
        folder: folder, fileSystem: system, configuration: configuration, mode: mode)
    let report = try recovery.run(from: needed) { record, bytes throws(StorageError) in
        found.append(
            Found(
                lsn: record.lsn, type: record.type,
                payload: (0..<bytes.byteCount).map { unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }))
    }
    return (report, found)
}

/// A log that does nothing by itself.
func open(
    _ system: any FileSystem, _ report: LogReport, _ configuration: LogConfiguration = small(),
    time: any TimeSource = ManualTime()
) throws(StorageError) -> LogWriter {
    try LogWriter(
        folder: folder, resuming: report, fileSystem: system, configuration: configuration, time: time,
        newEpoch: 0x1234_5678_9abc_def0, hasThreads: false)
}

func name(_ sequence: Int) -> String {
    let digits = String(sequence)
    return "wal-" + String(repeating: "0", count: 20 - digits.count) + digits + ".log"
}

func path(_ sequence: Int) -> String { folder + "/" + name(sequence) }

/// A disk with a folder for the log.
func newDisk(seed: UInt64) throws -> SimulatedFileSystem {
    let disk = SimulatedFileSystem(seed: seed)
    try disk.createFolder("data")
    try disk.syncFolder("")
    return disk
}

/// A disk with a log of records of these sizes, each synced on its own, and what it holds.
func disk(
    with sizes: [Int], fileBytes: Int = 8192, seed: UInt64 = 1
) throws -> (disk: SimulatedFileSystem, ledger: Ledger, found: [Found]) {
    let disk = try newDisk(seed: seed)
    let configuration = small(fileBytes: fileBytes)
    let log = try open(disk, try recover(disk, configuration).report, configuration)
    let ledger = Ledger()
    for size in sizes {
        ledger.append(log, size)
        log.turn()
    }
    try #require(ledger.keptCount == sizes.count)
    let found = try recover(disk.copy(seed: 1), configuration).found
    try #require(found.count == sizes.count)
    return (disk, ledger, found)
}

/// Where the records of these sizes end in their file.
func ends(_ sizes: [Int]) -> [Int] {
    var offset = 4096
    return sizes.map { size in
        offset += (32 + max(8, size) + 7) / 8 * 8
        return offset
    }
}
