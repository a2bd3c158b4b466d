import TramColumnar

/// The clause `vs 7d`: the same aggregation over the range that lies so long before, set beside this one.
///
/// For each output `x` there is `x_vs`, its value then, and, where that is a number or a length of time, `x_pct`, by
/// how many percent it has changed: 100 (x - x_vs) / x_vs, null when either is null or x_vs is 0. A window is set
/// beside the one that starts so long before it on the local calendar, a group beside its equal. What was only then has
/// no row.
package struct Versus {
    /// The aggregation of that time; its table has the columns of the one at the root.
    package var plan: Plan
    package var shift: Duration
    package var zone: TimeZoneRules
    package var hasWindows: Bool
    package var groupCount: Int
    /// For each output whether it has a column of percents.
    package var givesPercent: [Bool]
    package var columns: [TableColumn]
}

extension Binder {
    /// Adds the step for `vs` to a plan whose root is the aggregation.
    ///
    /// - Parameters:
    ///   - shift: as written.
    ///   - scan: what the aggregation reads, as it would be bound for another range.
    func bindVersus(
        _ shift: Duration, _ stage: AggregateStage, _ scan: Scan, at: SourceRange, _ plan: inout Plan
    ) throws(QueryError) {
        guard case .aggregate(_, let aggregation) = plan.root else { return }
        if aggregation.rowWindow != nil {
            throw QueryError(
                .misplaced, at: at, en: "vs compares windows of the clock; those cut by rows have no equal before",
                vi: "vs so sánh các cửa sổ theo giờ; cửa sổ chia theo dòng không có cửa sổ tương ứng trước đó",
                hint: Bilingual(vi: "dùng: every 1h vs 7d", en: "take: every 1h vs 7d"))
        }
        guard shift.months >= 0, shift.days >= 0, shift.nanoseconds >= 0, shift != Duration() else {
            throw QueryError(
                .badDuration, at: at, en: "vs needs a length of time such as 7d",
                vi: "vs cần khoảng thời gian như 7d")
        }
        var past = scan
        past.range = before(scan.range, shift)
        var then = aggregation
        then.range = before(aggregation.range, shift)
        then.grid = try pastGrid(aggregation, shift, stage)
        var pastPlan = Plan(
            root: .aggregate(past, then), steps: [], zone: zone, warnings: [], columns: Binder.columns(of: then))
        // What asks for the age of a row asks from that time's now.
        pastPlan.now = RangeResolver.subtract(shift, from: context.now, zone: zone)
        let percents = aggregation.outputs.map { Filling.takesNumbers($0.value.type) }
        plan.columns = Versus.columns(of: aggregation, percents)
        plan.steps.append(
            .versus(
                Versus(
                    plan: pastPlan, shift: shift, zone: zone, hasWindows: aggregation.hasWindows,
                    groupCount: aggregation.groups.count, givesPercent: percents, columns: plan.columns)))
        var names: Set<String> = []
        for column in plan.columns where !column.isHidden && !names.insert(column.name).inserted {
            throw QueryError(
                .duplicateName, at: at, en: "two columns would be called \"\(column.name)\"",
                vi: "hai cột sẽ cùng tên \"\(column.name)\"",
                hint: Bilingual(
                    vi: "đặt tên khác cho cột: ten = …", en: "give the column another name: my_name = …"))
        }
    }

    private func before(_ range: TimeRange, _ shift: Duration) -> TimeRange {
        // An open end stays open.
        TimeRange(
            start: range.start == .min ? .min : RangeResolver.subtract(shift, from: range.start, zone: zone),
            end: range.end == .max ? .max : RangeResolver.subtract(shift, from: range.end, zone: zone))
    }

    /// The grid whose starts lie `shift` before those of the aggregation: the same one where the shift leads from start
    /// to start, else one with another origin.
    ///
    /// - Throws: `query.bad_duration` where the calendar has no such grid: weeks a month before do not begin at equal
    ///   distances.
    private func pastGrid(
        _ aggregation: Aggregation, _ shift: Duration, _ stage: AggregateStage
    ) throws(QueryError) -> WindowGrid? {
        guard let grid = aggregation.grid, case .every(let every, let over, _)? = stage.window?.kind else { return nil }
        let day: Int64 = 86_400_000_000_000
        let width = every.fixedNanoseconds ?? 0
        let isExact = zone.fixedOffsetSeconds != nil
        if every.months > 0 {
            if shift.months == 0 || shift.days != 0 || shift.nanoseconds != 0 {
                throw unevenShift(stage, Bilingual(vi: "dùng: vs 1mo hoặc vs 1y", en: "take: vs 1mo or vs 1y"))
            }
        } else if shift.months > 0 {
            if width <= 0 || day % width != 0 || shift.days != 0 || shift.nanoseconds != 0 {
                throw unevenShift(stage, Bilingual(vi: "dùng tuần: vs 4w", en: "take weeks: vs 4w"))
            }
            return grid
        } else if !isExact {
            let rest = every.nanoseconds == 0 ? shift.nanoseconds : width > 0 ? shift.nanoseconds % width : 0
            if rest != 0 {
                throw unevenShift(stage, Bilingual(vi: "dùng ngày: vs 1d", en: "take days: vs 1d"))
            }
        }
        let range = aggregation.range
        let anchor = grid.start(containing: range.start == .min ? context.now : range.start)
        let moved = RangeResolver.subtract(shift, from: anchor, zone: zone)
        if grid.start(containing: moved) == moved { return grid }
        return try WindowGrid(every: every, over: over, origin: moved, zone: zone, at: stage.window?.at)
    }

    private func unevenShift(_ stage: AggregateStage, _ hint: Bilingual) -> QueryError {
        QueryError(
            .badDuration, at: stage.window?.at, en: "windows of this length have no equals that long before",
            vi: "cửa sổ dài như vậy không có cửa sổ tương ứng ở khoảng lùi này", hint: hint)
    }
}

extension Versus {
    /// The columns of the aggregation, behind each output those that compare it.
    static func columns(of aggregation: Aggregation, _ givesPercent: [Bool]) -> [TableColumn] {
        let own = Binder.columns(of: aggregation)
        let lead = aggregation.firstCallColumn
        var columns = Array(own[..<lead])
        for (index, percent) in givesPercent.enumerated() {
            let column = own[lead + index]
            columns.append(column)
            columns.append(
                TableColumn(name: column.name + "_vs", alias: column.alias.map { $0 + "_vs" }, type: column.type))
            if percent {
                columns.append(
                    TableColumn(name: column.name + "_pct", alias: column.alias.map { $0 + "_pct" }, type: .float))
            }
        }
        return columns + own[(lead + givesPercent.count)...]
    }

    /// Sets `past` beside `table`: both as the aggregation gives them. O(rows).
    func compared(_ table: Table, with past: Table) -> Table {
        let keyColumns = (hasWindows ? 1 : 0) + groupCount
        var rowsByKey: [[UInt64?]: Int] = [:]
        for row in 0..<past.rowCount { rowsByKey[(0..<keyColumns).map { past.columns[$0].value(row) }] = row }
        var matches: [Int?] = []
        var starts: [UInt64: UInt64] = [:]
        for row in 0..<table.rowCount {
            var key = (0..<keyColumns).map { table.columns[$0].value(row) }
            if hasWindows, let start = key[0] {
                let moved =
                    starts[start]
                    ?? UInt64(
                        bitPattern: RangeResolver.subtract(shift, from: Int64(bitPattern: start), zone: zone))
                starts[start] = moved
                key[0] = moved
            }
            matches.append(rowsByKey[key])
        }
        var result = Table(infos: columns, columns: Array(table.columns[..<keyColumns]), rowCount: table.rowCount)
        for (index, percent) in givesPercent.enumerated() {
            let now = table.columns[keyColumns + index]
            let pastColumn = past.columns[keyColumns + index]
            var then = Column(type: now.type)
            for match in matches { then.append(match.flatMap { pastColumn.value($0) }) }
            result.columns.append(now)
            result.columns.append(then)
            if percent { result.columns.append(Versus.percents(now, then)) }
        }
        result.columns += table.columns[(keyColumns + givesPercent.count)...]
        return result
    }

    private static func percents(_ now: Column, _ then: Column) -> Column {
        let kind = ValueKind(now.type)
        var percents = Column(type: .float)
        for row in 0..<now.count {
            var percent: Double?
            if let new = now.value(row).flatMap(kind.double), let old = then.value(row).flatMap(kind.double), old != 0 {
                let value = 100 * (new - old) / old
                if value.isFinite { percent = value + 0.0 }
            }
            percents.append(percent?.bitPattern)
        }
        return percents
    }
}
