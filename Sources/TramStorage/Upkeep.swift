import Synchronization
import TramColumnar
public import TramSystem

/// When a store was last seen to.
struct Upkeep: Sendable {
    var sealedAt: Int64?
    /// Bytes of the log that were applied by then.
    var sealedLogBytes = 0
    /// Nothing is tried before this moment, after the disk has failed.
    var notBefore = Int64.min
    /// The day of the last look at what is too old.
    var day: Int64?
}

extension Store {
    /// What segments there are, and what was done to them; nil for a store in memory only.
    public var segmentFigures: SegmentFigures? {
        guard var figures = segments?.figures else { return nil }
        figures.damagedBlocks = damagedBlocks.count
        return figures
    }

    /// Does what is due: takes away what is too old, seals what is in memory, puts segments together. To be called
    /// about once a second, from one thread.
    ///
    /// - Parameter isPressed: seal now; the stores of the server have too much that is not sealed, and this one most.
    /// - Throws: `.diskFull`, `.storeFailed`: nothing is lost, and a call after a while tries again.
    public func tend(clock: any TimeSource, isPressed: Bool = false) throws(StorageError) {
        guard let segments, log != nil else { return }
        let now = clock.monotonic()
        var upkeep = Upkeep()
        withUpkeep { opened in
            if opened.upkeep.sealedAt == nil { opened.upkeep.sealedAt = now }
            upkeep = opened.upkeep
        }
        guard now >= upkeep.notBefore else { return }
        let removed = removeExpired(now: clock.now())
        do throws(StorageError) {
            let isOld = now - (upkeep.sealedAt ?? now) >= Int64(configuration.sealAfterSeconds) * 1_000_000_000
            let isMuch =
                unsealedLogBytes >= configuration.sealAfterLogBytes || memoryByteCount > configuration.headBytes / 2
            if removed > 0 || isOld || isMuch || isPressed { try seal(clock: clock) }
            if let run = segments.nextRun() {
                // Dead is what memory has taken over, and memory has to be on the disk first.
                if run.isDead { try seal(clock: clock) }
                try segments.work.withLock { _ throws(StorageError) in
                    try segments.compact(run, self, clock: clock)
                }
            }
        } catch {
            // A disk that is full or broken is not asked again at once.
            withUpkeep { $0.upkeep.notBefore = now + Store.restNanoseconds }
            throw error
        }
    }

    /// Bytes of the log that a restart would have to read. Records whose rows are not applied yet do not count: no seal
    /// has them.
    public var unsealedLogBytes: Int {
        guard log != nil else { return 0 }
        var sealed = 0
        withUpkeep { sealed = $0.upkeep.sealedLogBytes }
        return appliedLogBytes - sealed
    }

    private var appliedLogBytes: Int { change { $0.logByteCount } }

    private static let leastBytesGivenBack = 32 << 20
    private static let restNanoseconds: Int64 = 5_000_000_000

    /// Writes all rows to segments that are in memory only, so that the log before them can go. Writers and readers go
    /// on meanwhile.
    ///
    /// - Throws: `.diskFull`, `.storeFailed`; then everything is as before.
    /// - Complexity: O(series + bytes that are new).
    public func seal(clock: any TimeSource = SystemTime()) throws(StorageError) {
        guard let segments, let log else { return }
        let logBytes = appliedLogBytes
        let held = memoryByteCount
        try segments.work.withLock { _ throws(StorageError) in
            _ = try segments.seal(self, clock: clock)
            try log.removeFiles(before: segments.manifest.lsn + 1)
        }
        withUpkeep { opened in
            opened.upkeep.sealedAt = clock.monotonic()
            opened.upkeep.sealedLogBytes = logBytes
        }
        balanceMemory()
        if held - memoryByteCount >= Store.leastBytesGivenBack { ProcessMemory.giveBack() }
    }

    /// Puts all segments together into one.
    ///
    /// - Throws: `.diskFull`, `.storeFailed`; then everything is as before.
    /// - Complexity: O(rows).
    public func compact(clock: any TimeSource = SystemTime()) throws(StorageError) {
        guard let segments else { return }
        try segments.work.withLock { _ throws(StorageError) in
            if let run = segments.wholeRun { try segments.compact(run, self, clock: clock) }
        }
    }

    /// Makes tails shorter while even sealing leaves much in memory: very many series have a tail each. Shorter tails
    /// make shorter blocks, which are put together later.
    private func balanceMemory() {
        let held = memoryByteCount
        change { head in
            let limits = head.limits
            if held > configuration.headBytes / 4 {
                limits.tailRows = max(Store.shortestTail, limits.tailRows / 2)
            } else if held < configuration.headBytes / 16 {
                limits.tailRows = min(HeadLimits.longestTail, limits.tailRows * 2)
            }
            limits.reopenRows = limits.tailRows / 2
        }
    }

    private static let shortestTail = 64
    private static let dayNanoseconds: Int64 = 86_400_000_000_000

    /// Takes the rows away that are too old. Whole days (UTC) go at once, so that a day's figures are not those of a
    /// part of it.
    ///
    /// - Returns: how many rows are gone.
    @discardableResult
    func removeExpired(now: Int64) -> Int {
        guard let kept = configuration.keptNanoseconds, let segments else { return 0 }
        let (oldest, overflow) = now.subtractingReportingOverflow(kept)
        guard !overflow else { return 0 }
        let day = oldest / Store.dayNanoseconds - (oldest % Store.dayNanoseconds < 0 ? 1 : 0)
        var isNew = false
        withUpkeep { opened in
            isNew = opened.upkeep.day != day
            opened.upkeep.day = day
        }
        guard isNew else { return 0 }
        let (cutoff, isBeyond) = day.multipliedReportingOverflow(by: Store.dayNanoseconds)
        guard !isBeyond, cutoff > segments.manifest.cutoff else { return 0 }
        let count = remove(TimeRange(start: .min, end: cutoff), of: 0..<SeriesID(seriesCount), leavesGrave: false)
        change { $0.forgetDays(before: cutoff) }
        // Whatever becomes of the log, they stay gone. When the disk does not let it happen now, the next seal does it.
        let manifest = segments.state.withLock { state in
            state.manifest.cutoff = cutoff
            state.manifest.number += 1
            return state.manifest
        }
        segments.work.withLock { _ in try? segments.install(manifest) { _ in } }
        return count
    }

    /// Takes rows of series away, a few series at a time.
    @discardableResult
    func remove(_ range: TimeRange, of series: some Collection<SeriesID>, leavesGrave: Bool) -> Int {
        var count = 0
        var rest = series[...]
        while !rest.isEmpty {
            let turn = rest.prefix(SegmentSet.seriesPerTurn)
            rest = rest.dropFirst(SegmentSet.seriesPerTurn)
            count += change { head in
                turn.reduce(0) { count, id in
                    guard Int(id) < head.seriesCount else { return count }
                    return count + head.remove(range, series: Int(id), leavesGrave: leavesGrave)
                }
            }
        }
        if count > 0 { change { $0.measureAgain() } }
        segments?.state.withLock { $0.figures.removedRows += count }
        return count
    }
}
