import Testing
import TramStorage
import TramSystem
import TramTesting

/// Histories of appends, groups, new files, checkpoints and crashes, the same for the same seed, against the plain
/// model of what was acknowledged.
@Suite struct LogPowerTests {
    private struct History {
        let seed: UInt64
        let configuration: LogConfiguration
        var generator: SeededGenerator
        let disk: SimulatedFileSystem
        let time = ManualTime()
        let ledger: Ledger
        /// Records before this one are needed no more.
        var needed: LSN = 0

        init(seed: UInt64, configuration: LogConfiguration) throws {
            self.seed = seed
            self.configuration = configuration
            generator = SeededGenerator(seed: seed)
            disk = try newDisk(seed: seed)
            ledger = Ledger(hearing: disk)
        }

        mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &generator) }

        /// Some calls to the log; the disk may die in any of them.
        mutating func live(_ log: LogWriter) {
            for _ in 0..<below(40) {
                switch below(10) {
                case 0...4:
                    for _ in 0...below(4) { ledger.append(log, below(8) == 0 ? below(9000) : below(900)) }
                case 5...7: log.turn()
                case 8:
                    log.prepare()
                    time.advance(nanoseconds: Int64(below(300)) * 1_000_000)
                default:
                    let last = ledger.lastLSN
                    guard last > needed + 3 else { continue }
                    let lowest = last - LSN(below(3))
                    let isKept = Flag()
                    _ = try? log.appendCheckpoint(lowestNeeded: lowest) { isKept.set((try? $0.get()) != nil) }
                    log.turn()
                    // Only a checkpoint that is on the disk lets go of what is before it.
                    guard isKept.isSet, !disk.isDead, case .sync = configuration.durability else { continue }
                    needed = lowest
                    _ = try? log.removeFiles(before: lowest)
                }
            }
        }
    }

    @Test(arguments: [UInt64](1...200))
    func `power goes, and every acknowledged record is there, once and in order`(seed: UInt64) throws {
        var history = try History(seed: seed, configuration: small())
        for life in 0..<4 {
            let context = "seed \(seed), life \(life)"
            let (report, found) = try recover(history.disk, from: history.needed)
            #expect(report.damages.isEmpty, "\(context): \(report.damages)")
            history.ledger.check(found, from: history.needed, context)
            history.ledger.settle(found)
            history.disk.setShort(history.below(3) == 0)
            let log = try open(history.disk, report, time: history.time)
            if history.below(2) == 0 { history.disk.die(afterCalls: history.below(60)) }
            history.live(log)
            history.disk.losePower()
        }
        let (report, found) = try recover(history.disk, mode: .strict, from: history.needed)
        #expect(report.damages.isEmpty, "seed \(seed): \(report.damages)")
        history.ledger.check(found, from: history.needed, "seed \(seed)")
    }

    @Test(arguments: [UInt64](1...100))
    func `a killed process loses nothing that was acknowledged, whatever the durability`(seed: UInt64) throws {
        let durability: LogConfiguration.Durability = seed % 2 == 0 ? .sync : .interval(milliseconds: 200)
        var history = try History(seed: seed, configuration: small(durability))
        for life in 0..<4 {
            let context = "seed \(seed), life \(life)"
            let (report, found) = try recover(history.disk, history.configuration, from: history.needed)
            #expect(!report.isDegraded, "\(context): \(report.damages)")
            history.ledger.check(found, from: history.needed, context)
            history.ledger.settle(found)
            let log = try open(history.disk, report, history.configuration, time: history.time)
            history.disk.die(afterCalls: history.below(60))
            history.live(log)
            history.disk.restart()
        }
    }

    @Test(arguments: [UInt64](1...100))
    func `with an interval, a power cut takes only what was not synced, and only from the end`(seed: UInt64) throws {
        let configuration = small(.interval(milliseconds: 200))
        var history = try History(seed: seed, configuration: configuration)
        for life in 0..<3 {
            let context = "seed \(seed), life \(life)"
            let (report, found) = try recover(history.disk, configuration)
            #expect(report.damages.isEmpty, "\(context): \(report.damages)")
            history.ledger.check(found, mayLoseLast: true, context)
            history.ledger.settle(found)
            let log = try open(history.disk, report, configuration, time: history.time)
            history.live(log)
            let synced = log.figures.syncedLSN
            history.disk.losePower()
            let after = try recover(history.disk.copy(seed: seed), configuration).found
            #expect(after.last?.lsn ?? 0 >= synced, "\(context): \(synced) was synced")
        }
    }

    @Test func `with an interval, a sync follows when its time has come`() throws {
        let disk = try newDisk(seed: 1)
        let time = ManualTime()
        let log = try open(disk, LogReport(), small(.interval(milliseconds: 200)), time: time)
        let ledger = Ledger()
        ledger.append(log, 100)
        log.turn()
        #expect(ledger.keptCount == 1)
        #expect(log.figures.syncedLSN == 0)
        time.advance(nanoseconds: 199_999_999)
        log.turn()
        #expect(log.figures.syncedLSN == 0)
        time.advance(nanoseconds: 1)
        log.turn()
        #expect(log.figures.syncedLSN == 1)
        ledger.append(log, 100)
        log.close()
        #expect(log.figures.syncedLSN == 2)
        disk.losePower()
        #expect(try recover(disk).found.count == 2)
    }
}
