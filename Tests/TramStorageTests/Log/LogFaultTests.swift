import Glibc
import Testing
import TramStorage
import TramSystem
import TramTesting

@Suite struct LogFaultTests {
    private typealias Fault = SimulatedFileSystem.Fault

    /// A log with three kept records of 100 bytes, on a disk on which the next call of this kind fails.
    private func failing(
        _ kind: SimulatedFileSystem.Call, errno: Int32, count: Int = 1, seed: UInt64 = 1
    ) throws -> (disk: SimulatedFileSystem, log: LogWriter, ledger: Ledger, time: ManualTime) {
        let disk = try newDisk(seed: seed)
        let time = ManualTime()
        let log = try open(disk, LogReport(), time: time)
        let ledger = Ledger()
        for _ in 0..<3 { ledger.append(log, 100) }
        log.turn()
        #expect(ledger.keptCount == 3)
        disk.add(Fault(kind, count: count, errno: errno))
        return (disk, log, ledger, time)
    }

    @Test(arguments: [SimulatedFileSystem.Call.write, .sync], [UInt64](1...40))
    func `a write or sync that fails refuses its records alone, and the log goes on in another file`(
        kind: SimulatedFileSystem.Call, seed: UInt64
    ) throws {
        let errno = seed % 4 < 2 ? EIO : ENOSPC
        let (disk, log, ledger, _) = try failing(kind, errno: errno, seed: seed)
        ledger.append(log, 500)
        ledger.append(log, 600)
        log.turn()
        #expect(ledger.refusedCount == 2)
        let failure = try #require(log.figures.lastFailure)
        #expect(failure.code.description == (errno == EIO ? "storage.log_failed" : "storage.disk_full"))
        #expect(ledger.reasons == [failure, failure])
        #expect(log.figures.state == .open)
        #expect(log.figures.files == 2)
        ledger.append(log, 700)
        log.turn()
        #expect(ledger.keptCount == 4)
        #expect(ledger.lastLSN == 4, "a refused record uses no number")
        if seed % 2 == 0 { disk.losePower() } else { disk.restart() }
        let (report, found) = try recover(disk, mode: .strict)
        #expect(found.map(\.lsn) == [1, 2, 3, 4])
        #expect(report.damages.isEmpty)
        ledger.check(found, "\(kind), seed \(seed)")
    }

    @Test(arguments: [UInt64](1...20))
    func `what a failed sync refused does not come back though it can be read`(seed: UInt64) throws {
        let (disk, log, ledger, _) = try failing(.sync, errno: EIO, seed: seed)
        // Neither can what was refused be cut off.
        disk.add(Fault(.truncate, errno: EIO))
        for _ in 0..<4 { ledger.append(log, 40) }
        log.turn()
        #expect(ledger.refusedCount == 4)
        disk.restart()
        let (_, found) = try recover(disk)
        #expect(found.map(\.lsn) == [1, 2, 3])
        ledger.check(found, "seed \(seed)")
    }

    @Test(arguments: [SimulatedFileSystem.Call.open, .preallocate, .write, .sync, .rename, .syncFolder, .freeBytes])
    func `a new file that cannot be begun pauses the log until it can`(kind: SimulatedFileSystem.Call) throws {
        let (disk, log, ledger, time) = try failing(kind, errno: EIO)
        disk.add(Fault(kind, first: 2, count: 3, errno: EIO))
        // Fills the first file, so that the next record needs another one.
        for _ in 0..<6 {
            ledger.append(log, 1000)
            log.turn()
        }
        disk.removeFaults()
        let isPaused = log.figures.state != .open
        #expect(
            isPaused == (ledger.refusedCount > 0 && kind != .write && kind != .sync) || kind == .write || kind == .sync)
        let refused = ledger.refusedCount
        time.advance(nanoseconds: 999_999_999)
        if isPaused {
            ledger.append(log, 10)
            log.turn()
            #expect(ledger.refusedCount == refused + 1)
        }
        time.advance(nanoseconds: 1)
        let last = ledger.append(log, 10)
        log.turn()
        #expect(log.figures.state == .open)
        #expect(ledger.lsn(of: last) != nil)
        disk.losePower()
        let (report, found) = try recover(disk, mode: .strict)
        #expect(report.damages.isEmpty)
        ledger.check(found, "\(kind)")
    }

    @Test func `a file whose last record cannot be read back keeps the log paused until it can`() throws {
        let (disk, log, ledger, time) = try failing(.sync, errno: EIO)
        disk.makeUnreadable(4096..<4500, in: path(1))
        ledger.append(log, 100)
        log.turn()
        guard case .paused(.logFailed(name(1), _, let error)) = log.figures.state else {
            Issue.record("\(log.figures.state)")
            return
        }
        #expect(error.errno == EIO)
        disk.makeUnreadable(0..<0, in: path(1))
        time.advance(nanoseconds: 1_000_000_000)
        log.turn()
        #expect(log.figures.state == .open)
        ledger.append(log, 100)
        log.turn()
        #expect(ledger.keptCount == 4)
        #expect(ledger.refusedCount == 1)
    }

    @Test(arguments: [UInt64](1...20))
    func `short writes and reads change nothing`(seed: UInt64) throws {
        let disk = try newDisk(seed: seed)
        disk.setShort(true)
        let log = try open(disk, LogReport())
        let ledger = Ledger()
        for number in 0..<20 {
            ledger.append(log, number * 97)
            if number % 3 == 0 { log.turn() }
        }
        log.close()
        #expect(ledger.keptCount == 20)
        disk.losePower()
        let (report, found) = try recover(disk, mode: .strict)
        #expect(found.count == 20)
        #expect(report.damages.isEmpty)
        ledger.check(found, "seed \(seed)")
    }

    @Test func `a full disk refuses, and takes records again by itself when there is room`() throws {
        let disk = try newDisk(seed: 1)
        let time = ManualTime()
        let configuration = small(minimumFreeBytes: 10_000)
        disk.setCapacity(40_000)
        let log = try open(disk, LogReport(), configuration, time: time)
        let ledger = Ledger()
        while ledger.refusedCount == 0 {
            ledger.append(log, 1000)
            log.turn()
            time.advance(nanoseconds: 1_000_000_000)
        }
        let kept = ledger.keptCount
        guard case .paused(.diskFull(let free, 10_000)) = log.figures.state else {
            Issue.record("\(log.figures.state)")
            return
        }
        #expect(free < 10_000)
        #expect(ledger.reasons == [.diskFull(freeBytes: free, neededBytes: 10_000)])
        // A start on a full disk reads everything and is paused as well.
        let copy = disk.copy(seed: 1)
        let report = try recover(copy, configuration).report
        copy.setCapacity(copy.usedBytes + 9000)
        let again = try open(copy, report, configuration)
        #expect(again.figures.state == .paused(.diskFull(freeBytes: 9000, neededBytes: 10_000)))
        // Room is made, first too little and then enough.
        disk.setCapacity(disk.usedBytes + 9_999)
        time.advance(nanoseconds: 1_000_000_000)
        log.turn()
        #expect(log.figures.state != .open)
        disk.setCapacity(disk.usedBytes + 50_000)
        time.advance(nanoseconds: 1_000_000_000)
        log.turn()
        #expect(log.figures.state == .open)
        ledger.append(log, 1000)
        log.turn()
        #expect(ledger.keptCount == kept + 1)
        disk.losePower()
        let (last, found) = try recover(disk, configuration, mode: .strict)
        #expect(last.damages.isEmpty)
        ledger.check(found, "full")
    }

    /// Where the first and the last of the calls are: with files made ahead, removed, and the log opened twice.
    private func scenario(_ disk: SimulatedFileSystem, _ ledger: Ledger) -> LSN {
        let time = ManualTime()
        var needed: LSN = 0
        for _ in 0..<2 {
            // A start that fails is tried again.
            guard let (report, found) = (try? recover(disk)) ?? (try? recover(disk)) else {
                Issue.record("two starts failed")
                return needed
            }
            ledger.check(found, from: needed, "a start in the scenario")
            guard let log = try? open(disk, report, time: time) else { continue }
            for round in 0..<6 {
                for size in [700, 30, 1400] { ledger.append(log, size) }
                log.turn()
                if round % 2 == 0 { log.prepare() }
                time.advance(nanoseconds: 1_100_000_000)
            }
            let isKept = Flag()
            let lowest = ledger.lastLSN
            _ = try? log.appendCheckpoint(lowestNeeded: lowest) { isKept.set((try? $0.get()) != nil) }
            log.turn()
            if isKept.isSet {
                needed = lowest
                _ = try? log.removeFiles(before: lowest)
            }
            ledger.append(log, 60)
            log.close()
        }
        return needed
    }

    @Test(arguments: [EIO, ENOSPC], [true, false])
    func `with a fault in any call of all, what was acknowledged is kept and what was refused is not`(
        errno: Int32, losesPower: Bool
    ) throws {
        var number = 1
        while true {
            let disk = try newDisk(seed: UInt64(number))
            let before = disk.callCount
            disk.add(Fault(Set(SimulatedFileSystem.Call.allCases), first: number, errno: errno))
            let ledger = Ledger()
            let needed = scenario(disk, ledger)
            let calls = disk.callCount - before
            disk.removeFaults()
            if losesPower { disk.losePower() } else { disk.restart() }
            let (report, found) = try recover(disk, mode: .strict, from: needed)
            #expect(!report.isDegraded, "call \(number): \(report.damages)")
            ledger.check(found, from: needed, "call \(number)")
            #expect(ledger.keptCount >= 34, "call \(number)")
            if number > calls { break }
            number += 1
        }
        #expect(number > 100)
    }

    @Test(arguments: [UInt64](1...10))
    func `a process that dies in any call of all loses nothing that was acknowledged`(seed: UInt64) throws {
        var number = 0
        while true {
            let disk = try newDisk(seed: seed &* 1000 &+ UInt64(number))
            disk.die(afterCalls: number)
            let ledger = Ledger(hearing: disk)
            var needed: LSN = 0
            if let report = try? recover(disk).report, let log = try? open(disk, report) {
                for round in 0..<5 {
                    for size in [700, 30, 1400] { ledger.append(log, size) }
                    log.turn()
                    if round == 3 {
                        needed = max(1, ledger.lastLSN) - 1
                        _ = try? log.removeFiles(before: needed)
                    }
                }
                log.close()
            }
            let hasEnded = !disk.isDead
            if seed % 2 == 0 { disk.losePower() } else { disk.restart() }
            let (report, found) = try recover(disk, mode: .strict, from: needed)
            #expect(report.damages.isEmpty, "call \(number): \(report.damages)")
            ledger.check(found, from: needed, "seed \(seed), call \(number)")
            if hasEnded { break }
            number += 1
        }
        #expect(number > 30)
    }
}
