import Benchmark
import Foundation
import Synchronization
import TramStorage
import TramSystem

private let rate = BenchmarkMetric.custom("Log (MB/s)", polarity: .prefersLarger, useScalingFactor: false)
private let syncs = BenchmarkMetric.custom("Syncs (1/s)", polarity: .prefersLarger, useScalingFactor: false)
private let median = BenchmarkMetric.custom("Kept after p50 (us)", useScalingFactor: false)
private let slow = BenchmarkMetric.custom("Kept after p99 (us)", useScalingFactor: false)
private let longest = BenchmarkMetric.custom("Kept after, longest (us)", useScalingFactor: false)

/// Records appended to a log on a real disk, from `append` to the completion, which comes after the sync.
///
/// The folder is made in the one that the environment variable `TRAM_BENCHMARK_FOLDER` names, else in the temporary
/// folder; a file system in memory measures no disk. Each of the writers waits for its record before it appends the
/// next, as a connection does that waits for its answer. "Log (MB/s)" and "Kept after p99" are what matters.
let benchmarks: @Sendable () -> Void = {
    seriesIndexBenchmarks()
    for (name, byteCount, writers, count) in [
        ("300 KB, 4 writers", 300_000, 4, 2000), ("300 KB, 1 writer", 300_000, 1, 1000),
        ("4 KB, 4 writers", 4096, 4, 4000), ("4 KB, 64 writers", 4096, 64, 20_000),
    ] {
        Benchmark(
            "LogWriter.append/\(name)",
            configuration: .init(
                metrics: [.wallClock, rate, syncs, median, slow, longest], warmupIterations: 1,
                maxDuration: .seconds(10), maxIterations: 5)
        ) { run in
            let folder = try TemporaryLog()
            let payload = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
            let log = try LogWriter(folder: folder.path, resuming: LogReport())
            let clock = ContinuousClock()
            run.startMeasurement()
            let start = clock.now
            let delays = append(payload, count: count, writers: writers, to: log).sorted()
            let seconds = (clock.now - start) / .seconds(1)
            run.stopMeasurement()
            let figures = log.figures
            log.close()
            run.measurement(rate, Int(Double(byteCount * count) / seconds / 1e6))
            run.measurement(syncs, Int(Double(figures.syncs) / seconds))
            run.measurement(median, Int(delays[count / 2] / 1000))
            run.measurement(slow, Int(delays[count * 99 / 100] / 1000))
            run.measurement(longest, Int(delays[count - 1] / 1000))
            try check(folder.path, payload, count)
        }
    }

    Benchmark(
        "LogRecovery.run/300 KB",
        configuration: .init(metrics: [.wallClock, rate], warmupIterations: 1, maxDuration: .seconds(3))
    ) { run in
        let folder = try TemporaryLog()
        let payload = [UInt8](repeating: 7, count: 300_000)
        let log = try LogWriter(folder: folder.path, resuming: LogReport())
        _ = append(payload, count: 1000, writers: 4, to: log)
        log.close()
        let clock = ContinuousClock()
        run.startMeasurement()
        let duration = try clock.measure { try check(folder.path, payload, 1000) }
        run.stopMeasurement()
        run.measurement(rate, Int(300_000_000 / (duration / .seconds(1)) / 1e6))
    }
}

/// A folder that is gone with its last reference.
private final class TemporaryLog: Sendable {
    let path: String

    init() throws {
        let parent = ProcessInfo.processInfo.environment["TRAM_BENCHMARK_FOLDER"].map { URL(filePath: $0) }
        let folder = (parent ?? FileManager.default.temporaryDirectory).appending(path: "tram-log-\(UUID())")
        path = folder.path(percentEncoded: false)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// Appends `count` records from so many threads.
///
/// - Returns: for each record the nanoseconds until it was kept.
private func append(_ payload: [UInt8], count: Int, writers: Int, to log: LogWriter) -> [Int64] {
    let delays = Mutex([Int64]())
    let threads = (0..<writers).map { number in
        let share = count / writers + (number < count % writers ? 1 : 0)
        let thread = try? SystemThread(name: "writer-\(number)") {
            let time = SystemTime()
            var own: [Int64] = []
            for _ in 0..<share {
                let isKept = Monitor(Bool?.none)
                let start = time.monotonic()
                _ = try? log.append(payload, type: LogRecordType(rawValue: 2)) { result in
                    isKept.withLock { $0 = (try? result.get()) != nil }
                    isKept.wake()
                }
                guard isKept.wait(nanoseconds: 60_000_000_000, until: { $0 }) == true else { return }
                own.append(time.monotonic() - start)
            }
            delays.withLock { [own] in $0 += own }
        }
        return thread
    }
    for thread in threads { thread?.join() }
    let all = delays.withLock { $0 }
    precondition(all.count == count, "a record was refused")
    return all
}

/// Reads everything back.
private func check(_ folder: String, _ payload: [UInt8], _ count: Int) throws {
    var found = 0
    let report = try LogRecovery(folder: folder, mode: .strict).run { _, bytes throws(StorageError) in
        if bytes.byteCount == payload.count { found += 1 }
    }
    precondition(found == count && report.nextLSN == LSN(count + 1), "records were lost")
}
