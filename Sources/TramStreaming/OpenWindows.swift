import TramQuery

/// Which windows of a standing query are open, closed, or changed since they were told. Values live in `SlicedStates`.
struct OpenWindows {
    enum Change {
        case close(start: Int64, end: Int64)
        case revise(start: Int64, end: Int64, group: Int32, revision: Int)
        case discard(slice: Int64)
    }

    enum Fate {
        case onTime
        /// Some window that holds the row has been told.
        case late
        /// Too late for every window that holds it.
        case dropped
    }

    private struct Told: Hashable {
        var window: Int64
        var group: Int32
    }

    /// After a gap so many empty windows are told, then the gap is jumped over: rules have nothing left to say by then.
    private static let maximumEmptyWindows = 10_000
    /// Revisions of a window are told at most once a second of event time.
    private static let revisionPause: Int64 = 1_000_000_000

    private let grid: WindowGrid
    private let policy: LatePolicy
    /// Starts of open windows that hold rows, ascending.
    private var open: [Int64] = []
    /// The start after the last closed window's; nil before the first.
    private var nextStart: Int64?
    /// Every window that ends here or before has been told.
    private(set) var closedUpTo: Int64?
    /// Slices with the end of their last window, ascending by start.
    private var slices: [(start: Int64, lastEnd: Int64)] = []
    /// By window and group the number of the last telling.
    private var revisions: [Int64: [Int32: Int]] = [:]
    /// Windows that have been told, ascending: the keys of `revisions`.
    private var told: [Int64] = []
    private var changed: Set<Told> = []
    private var changedSince: Int64?

    /// Of rows that were met and not fed yet: the first end of a window that is not closed, and whether one was late.
    private var expectedClose: Int64 = .max
    private var expectsLate = false
    /// The cell of the grid that the last met row lay in.
    private var cell: Range<Int64> = 0..<0

    init(grid: WindowGrid, policy: LatePolicy) {
        self.grid = grid
        self.policy = policy
    }

    /// Notes the windows of a slice that got its first row.
    mutating func open(_ starts: [Int64], slice: Int64, lastEnd: Int64) {
        for start in starts where !isClosed(start) { OpenWindows.insert(start, into: &open) }
        let index = slices.lastIndex { $0.start < slice }.map { $0 + 1 } ?? 0
        if index == slices.count || slices[index].start != slice { slices.insert((slice, lastEnd), at: index) }
    }

    private static func insert(_ start: Int64, into starts: inout [Int64]) {
        let index = starts.lastIndex { $0 < start }.map { $0 + 1 } ?? 0
        if index == starts.count || starts[index] != start { starts.insert(start, at: index) }
    }

    private func isClosed(_ start: Int64) -> Bool {
        guard let closedUpTo else { return false }
        return grid.end(ofWindowStarting: start) <= closedUpTo
    }

    /// Notes a row that will be fed later, so that closing does not depend on when that happens.
    mutating func meet(_ time: Int64) {
        if cell.contains(time) { return }
        let start = grid.start(containing: time)
        cell = start..<max(start, grid.next(after: start))
        for window in grid.isHopping ? grid.starts(containing: time) : [start] {
            let end = grid.end(ofWindowStarting: window)
            if let closedUpTo, end <= closedUpTo {
                expectsLate = true
            } else {
                expectedClose = min(expectedClose, end)
                break
            }
        }
    }

    /// All rows that were met have been fed.
    mutating func fed() {
        expectedClose = .max
        expectsLate = false
        cell = 0..<0
    }

    /// Whether `advance` would have anything to do once the rows that were met are fed. O(1).
    func wouldClose(at reached: Int64) -> Bool {
        if expectedClose <= reached { return true }
        if expectsLate, let closedUpTo, reached - closedUpTo >= OpenWindows.revisionPause { return true }
        if let first = open.first, grid.end(ofWindowStarting: first) <= reached { return true }
        if let nextStart, grid.end(ofWindowStarting: nextStart) <= reached { return true }
        if let changedSince, reached - changedSince >= OpenWindows.revisionPause { return true }
        return false
    }

    /// What is to become of a row at `time`.
    func fate(of time: Int64, closedUpTo: Int64) -> Fate {
        // Windows that hold a row at or after the closed time end after it.
        if time >= closedUpTo { return .onTime }
        let starts = grid.isHopping ? grid.starts(containing: time) : [grid.start(containing: time)]
        guard let last = starts.last, let first = starts.first else { return .onTime }
        let lastEnd = grid.end(ofWindowStarting: last)
        let (limit, overflow) = lastEnd.addingReportingOverflow(policy.allowedLateness)
        if !overflow && limit <= closedUpTo { return .dropped }
        return grid.end(ofWindowStarting: first) <= closedUpTo ? .late : .onTime
    }

    /// Notes a late row: every closed window that holds it and may still be revised has changed.
    mutating func noteLate(_ time: Int64, group: Int32) {
        guard let closedUpTo else { return }
        let starts = grid.isHopping ? grid.starts(containing: time) : [grid.start(containing: time)]
        for start in starts {
            let end = grid.end(ofWindowStarting: start)
            let (limit, overflow) = end.addingReportingOverflow(policy.allowedLateness)
            guard end <= closedUpTo, overflow || limit > closedUpTo else { continue }
            changed.insert(Told(window: start, group: group))
        }
        if !changed.isEmpty && changedSince == nil { changedSince = closedUpTo }
    }

    /// Notes that a group's window has been told for the first time.
    mutating func noteTold(_ window: Int64, group: Int32) {
        if revisions[window] == nil { OpenWindows.insert(window, into: &told) }
        revisions[window, default: [:]][group] = 0
    }

    /// Moves closed time forward; changes come in order of time.
    mutating func advance(to reached: Int64) -> [Change] {
        var changes: [Change] = []
        if let changedSince, reached == .max || reached - changedSince >= OpenWindows.revisionPause {
            changes += revisionChanges()
        }
        while let start = nextClosing(reached) {
            changes.append(.close(start: start, end: grid.end(ofWindowStarting: start)))
            if open.first == start { open.removeFirst() }
            nextStart = grid.next(after: start)
            if nextStart == start { break }
        }
        if reached > closedUpTo ?? .min { closedUpTo = reached }
        changes += discards()
        return changes
    }

    private mutating func revisionChanges() -> [Change] {
        let ordered = changed.sorted { ($0.window, $0.group) < ($1.window, $1.group) }
        changed = []
        changedSince = nil
        return ordered.map { told in
            // A group that had no row when its window closed is told now for the first time, as a revision of nothing.
            let revision = (revisions[told.window]?[told.group] ?? 0) + 1
            if revisions[told.window] == nil { OpenWindows.insert(told.window, into: &self.told) }
            revisions[told.window, default: [:]][told.group] = revision
            return .revise(
                start: told.window, end: grid.end(ofWindowStarting: told.window), group: told.group, revision: revision)
        }
    }

    /// The next window to close: empty ones between closed and open windows too, unless the gap is too long.
    private mutating func nextClosing(_ reached: Int64) -> Int64? {
        guard var start = nextStart else {
            guard let first = open.first, grid.end(ofWindowStarting: first) <= reached else { return nil }
            return first
        }
        if let first = open.first {
            if first <= start { start = first } else if isLongGap(from: start, to: first) { start = first }
        } else if reached == .max {
            // The end of a feed closes what is open and nothing after it.
            return nil
        }
        return grid.end(ofWindowStarting: start) <= reached ? start : nil
    }

    private func isLongGap(from start: Int64, to end: Int64) -> Bool {
        let width = grid.fixedWidth
        guard width > 0 else { return false }
        let (distance, overflow) = end.subtractingReportingOverflow(start)
        return overflow || distance / width > Int64(OpenWindows.maximumEmptyWindows)
    }

    /// Slices that no window which may still be told or revised holds.
    private mutating func discards() -> [Change] {
        guard let closedUpTo else { return [] }
        var changes: [Change] = []
        while let first = slices.first {
            let (limit, overflow) = first.lastEnd.addingReportingOverflow(policy.allowedLateness)
            guard !overflow, limit <= closedUpTo, closedUpTo != .max else { break }
            slices.removeFirst()
            changes.append(.discard(slice: first.start))
        }
        while let first = told.first {
            let (limit, overflow) = grid.end(ofWindowStarting: first).addingReportingOverflow(policy.allowedLateness)
            guard !overflow, limit <= closedUpTo, closedUpTo != .max else { break }
            told.removeFirst()
            revisions[first] = nil
        }
        return changes
    }
}
