public import TramColumnar
public import TramQuery

/// A query over a stream that does not end.
///
/// 1. A row moves the watermark of its source. Each time the watermark passes the end of a window, the rows before it
///    are fed to the windows' states and the window is closed, so the outcome depends on the order of rows but not on
///    how they were cut into batches.
/// 2. A row of a closed window that is still within the allowed lateness changes the window's states; the window is
///    told again as a revision, at most once a second of event time. A later one is counted and left out.
/// 3. A query without aggregation tells each row as it comes; a query over silence keeps the newest time of each group.
///
/// Not safe for several threads.
public final class ContinuousQuery {
    public let name: String
    private let plan: StandingPlan
    private let policy: LatePolicy
    private let hasClear: Bool
    private var watermark: Watermark
    private var windows: OpenWindows?
    private var silence: SilenceTracker?
    /// For rows without aggregation: the newest time of each series.
    private var newestBySeries: [UInt32: Int64] = [:]
    /// Series whose rows the caller wants to hear of even when no condition is true.
    private var watched: Set<UInt32> = []
    private let tellsAllRows: Bool
    /// Rows that came too late to count.
    public private(set) var droppedLate = 0

    /// - Parameters:
    ///   - when: A rule's condition; nil for a plain standing query, whose rows are all told.
    ///   - sources: How many sources write; see `Watermark`.
    public init(
        name: String, query: String, when: Expression?, clear: Expression?, schemas: [String: Schema],
        strings: StringTable, context: QueryContext, policy: LatePolicy, sources: Int
    ) throws(QueryError) {
        self.name = name
        plan = try StandingPlan(
            query, conditions: [when, clear].compactMap { $0 }, schemas: schemas, strings: strings, context: context)
        hasClear = clear != nil
        tellsAllRows = when == nil
        var policy = policy
        if let lateness = plan.lateness { policy.lateness = lateness }
        self.policy = policy
        watermark = Watermark(sources: sources)
        switch plan.shape {
        case .windows(let grid): windows = OpenWindows(grid: grid, policy: policy)
        case .silence(let duration): silence = SilenceTracker(duration: duration)
        case .rows: break
        }
    }

    /// What kind of events the query gives.
    public enum Shape: Sendable {
        case windows
        case rows
        /// With the duration of `stale`, nanoseconds.
        case silence(Int64)
    }

    public var shape: Shape {
        switch plan.shape {
        case .windows: .windows
        case .rows: .rows
        case .silence(let duration): .silence(duration)
        }
    }

    /// Makes silence begin after another duration than the one in the query: a rule's `for` comes on top.
    public func silentAfter(_ nanoseconds: Int64) {
        if case .silence = plan.shape { silence = SilenceTracker(duration: nanoseconds) }
    }

    public var measurements: [String] { plan.measurements }
    /// The columns of `WindowResult.values`.
    public var columns: [ColumnInfo] { plan.columns }
    public var warnings: [Bilingual] { plan.warnings }

    /// How far event time has come: the newest row's time less the lateness; nil before the first row.
    public var watermarkTime: Int64? {
        guard let (reached, overflow) = watermark.time?.subtractingReportingOverflow(policy.lateness) else {
            return nil
        }
        return overflow ? nil : reached
    }

    /// Takes up new fields and tags.
    public func rebind(schemas: [String: Schema]) throws(QueryError) {
        try plan.rebind(schemas: schemas)
    }

    /// For a query without aggregation: whether rows of this series are told although `when` is not true. A rule needs
    /// them while it has something open there.
    public func watch(series: UInt32, _ isWatched: Bool) {
        if isWatched { watched.insert(series) } else { watched.remove(series) }
    }

    /// Feeds a batch of one measurement and tells what became known.
    ///
    /// - Parameters:
    ///   - batch: With ids of the store for series and codes of its string table for strings.
    ///   - refused: Rows that the store did not take.
    ///   - key: The key of a series.
    public func process(
        _ batch: Batch, source: Int, refused: Set<Int>, key: (UInt32) -> SeriesKey?
    ) throws(QueryError) -> [StandingEvent] {
        guard plan.measurements.contains(batch.measurement) else { return [] }
        var events: [StandingEvent] = []
        switch plan.shape {
        case .windows: try processWindows(batch, source, refused, key, &events)
        case .rows: try processRows(batch, refused, key, &events)
        case .silence: try processSilence(batch, source, refused, key, &events)
        }
        return events
    }

    /// Notes that a source has ended.
    public func finish(source: Int) throws(QueryError) -> [StandingEvent] {
        watermark.finish(source: source)
        var events: [StandingEvent] = []
        if let time = watermark.time { try advance(to: time, &events) }
        return events
    }

    /// The end of everything: closes the windows still open. Silence is judged only up to the newest row.
    public func finish() throws(QueryError) -> [StandingEvent] {
        var events: [StandingEvent] = []
        if windows != nil { try closeWindows(upTo: .max, &events) }
        if let newest = watermark.newestTime { tellSilence(upTo: newest, &events) }
        return events
    }

    // MARK: - Windows

    private func processWindows(
        _ batch: Batch, _ source: Int, _ refused: Set<Int>, _ key: (UInt32) -> SeriesKey?,
        _ events: inout [StandingEvent]
    ) throws(QueryError) {
        var start = 0
        for row in 0..<batch.count where refused.isEmpty || !refused.contains(row) {
            let instant = batch.timestamps[row]
            if watermark.observe(instant, source: source), let time = watermark.time {
                let (reached, overflow) = time.subtractingReportingOverflow(policy.lateness)
                if !overflow, windows?.wouldClose(at: reached) ?? false {
                    // Rows before this one belong to the time before the windows close.
                    try feed(batch, start..<row, refused, key)
                    start = row
                    try closeWindows(upTo: reached, &events)
                }
            }
            windows?.meet(instant)
        }
        try feed(batch, start..<batch.count, refused, key)
    }

    /// Feeds rows to the states; notes windows that are new, and closed ones that late rows change.
    private func feed(
        _ batch: Batch, _ rows: Range<Int>, _ refused: Set<Int>, _ key: (UInt32) -> SeriesKey?
    ) throws(QueryError) {
        guard !rows.isEmpty, let states = plan.states else { return }
        try plan.blocks(of: batch, rows: rows, refused: refused, key: key) { (block) throws(QueryError) in
            var block = block
            if let closedUpTo = windows?.closedUpTo {
                var kept: [Int] = []
                var late: [Int] = []
                for row in 0..<block.count {
                    switch windows?.fate(of: block.timestamps[row], closedUpTo: closedUpTo) ?? .onTime {
                    case .onTime: kept.append(row)
                    case .late:
                        kept.append(row)
                        late.append(row)
                    case .dropped: droppedLate += 1
                    }
                }
                if kept.isEmpty { return }
                if !late.isEmpty {
                    let lateBlock = block.gathered(late)
                    let groups = try plan.groups(of: lateBlock, measurement: batch.measurement, key: key)
                    for (row, group) in groups.enumerated() {
                        windows?.noteLate(lateBlock.timestamps[row], group: group)
                    }
                }
                if kept.count < block.count { block = block.gathered(kept) }
            }
            try plan.add(block, measurement: batch.measurement, key: key)
        }
        windows?.fed()
        for slice in states.takeNewSlices() {
            windows?.open(
                states.windowStarts(ofSlice: slice), slice: slice, lastEnd: states.lastWindowEnd(ofSlice: slice))
        }
    }

    private func closeWindows(upTo reached: Int64, _ events: inout [StandingEvent]) throws(QueryError) {
        guard let states = plan.states else { return }
        for change in windows?.advance(to: reached) ?? [] {
            switch change {
            case .close(let start, let end):
                var rows: [JudgedRow] = []
                for (group, row) in try plan.rows(window: start, groups: states.groups(inWindow: start)) {
                    windows?.noteTold(start, group: group)
                    rows.append(judged(row, start: start, end: end, revision: 0, isLate: false))
                }
                events.append(.closed(start: start, end: end, rows: rows))
            case .revise(let start, let end, let group, let revision):
                for (_, row) in try plan.rows(window: start, groups: [group]) {
                    events.append(.revised(judged(row, start: start, end: end, revision: revision, isLate: true)))
                }
            case .discard(let slice):
                states.discardSlice(slice)
            }
        }
    }

    private func judged(
        _ row: StandingPlan.Row, start: Int64, end: Int64, revision: Int, isLate: Bool
    ) -> JudgedRow {
        JudgedRow(
            result: WindowResult(
                start: start, end: end, labels: row.labels, values: row.values, revision: revision, isLate: isLate),
            when: row.conditions.isEmpty ? true : row.conditions[0], clear: hasClear ? row.conditions[1] : nil,
            value: row.judged)
    }

    private func advance(to time: Int64, _ events: inout [StandingEvent]) throws(QueryError) {
        let (reached, overflow) = time.subtractingReportingOverflow(policy.lateness)
        guard !overflow else { return }
        if windows?.wouldClose(at: reached) ?? false { try closeWindows(upTo: reached, &events) }
        tellSilence(upTo: reached, &events)
    }

    // MARK: - Rows

    private func processRows(
        _ batch: Batch, _ refused: Set<Int>, _ key: (UInt32) -> SeriesKey?, _ events: inout [StandingEvent]
    ) throws(QueryError) {
        try plan.blocks(of: batch, rows: 0..<batch.count, refused: refused, key: key) {
            (block) throws(QueryError) in
            let rows = try plan.judgedRows(block)
            let timestamps = rows.timestamps
            for row in 0..<rows.count {
                let series = rows.series(row)
                let isLate = newestBySeries[series].map { timestamps[row] < $0 } ?? false
                if !isLate { newestBySeries[series] = timestamps[row] }
                let when = tellsAllRows ? true : rows.condition(0, row)
                guard when == true || watched.contains(series) else { continue }
                if when == true && !tellsAllRows { watched.insert(series) }
                let content = rows.row(row, key: key)
                let result = WindowResult(
                    start: timestamps[row], end: timestamps[row], labels: content.labels, values: content.values,
                    isLate: isLate)
                events.append(
                    .row(
                        JudgedRow(
                            result: result, when: when, clear: hasClear ? rows.condition(1, row) : nil,
                            value: content.judged), series: series))
            }
        }
    }

    // MARK: - Silence

    private func processSilence(
        _ batch: Batch, _ source: Int, _ refused: Set<Int>, _ key: (UInt32) -> SeriesKey?,
        _ events: inout [StandingEvent]
    ) throws(QueryError) {
        try plan.blocks(of: batch, rows: 0..<batch.count, refused: refused, key: key) {
            (block) throws(QueryError) in
            let keys = try plan.silenceKeys(block)
            for row in 0..<block.count {
                let time = block.timestamps[row]
                if watermark.observe(time, source: source), let newest = watermark.time {
                    let (reached, overflow) = newest.subtractingReportingOverflow(policy.lateness)
                    if !overflow { tellSilence(upTo: reached, &events) }
                }
                for change in silence?.observe(keys[row], at: time) ?? [] { tell(change, &events) }
            }
        }
    }

    private func tellSilence(upTo time: Int64, _ events: inout [StandingEvent]) {
        for change in silence?.advance(to: time) ?? [] { tell(change, &events) }
    }

    private func tell(_ change: SilenceTracker.Change, _ events: inout [StandingEvent]) {
        switch change {
        case .silent(let key, let since, let at):
            events.append(.silent(labels: plan.silenceLabels(key), since: since, at: at))
        case .heard(let key, let at):
            events.append(.heard(labels: plan.silenceLabels(key), at: at))
        }
    }
}
