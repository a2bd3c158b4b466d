import TramColumnar

/// The source of a pipe and the stages that work on stored rows.
extension Binder {
    /// Binds the source and the stages that work on rows, up to and with the first that needs them all.
    func bindScan(_ names: [Name], _ pipe: Pipe) throws(QueryError) -> (Plan, ArraySlice<Stage>) {
        try refuseRepeated(names)
        var found: [Schema] = []
        for name in names {
            if let schema = schemas[name.text] {
                found.append(schema)
            } else if isStanding {
                found.append(Schema(measurement: name.text))
            } else {
                throw unknownMeasurement(name)
            }
        }
        let scope = RowScope(schemas: found, units: context.units, acceptsUnknownFields: isStanding)
        if pipe.source.warm != nil && isStanding { throw notAvailable("warm", pipe.source.range?.at) }
        let wanted = try range(of: pipe)
        let start = warmed(wanted.start, by: pipe.source.warm)
        var scan = Scan(
            measurements: names.map(\.text), range: TimeRange(start: start, end: wanted.end), columns: [:],
            seriesFilters: [], steps: [], width: 0)
        if start != wanted.start { scan.warmStart = wanted.start }
        if let filter = pipe.source.filter { try bindRowFilter(filter, scope, &scan) }

        var stages = pipe.stages[...]
        var plan: Plan?
        while plan == nil, let stage = stages.first {
            let later = stages.dropFirst()
            if Binder.endsWarming(stage) { takeOutWarmRows(&scan, scope) }
            switch stage.kind {
            case .filter(let condition):
                try bindRowFilter(condition, scope, &scan)
            case .set(let assignments):
                for assignment in assignments {
                    try refuseTime(assignment.name)
                    let value = try binder(scope, running: storedRows(scan)).bind(assignment.value)
                    if assignment.value.hasRunningCall { scan.runsAlongRows = true }
                    let column = scope.newColumn()
                    scan.steps.append(.set(column: column, value))
                    scope.define(assignment.name.text, column: column, type: value.type)
                }
            case .select(let names):
                try refuseRepeated(names)
                for name in names {
                    let value = try binder(scope).bind(.name(qualifier: nil, name))
                    if case .column = value { continue }
                    // A level of the catalogue becomes a column.
                    let column = scope.newColumn()
                    scan.steps.append(.set(column: column, value))
                    scope.define(name.text, column: column, type: value.type)
                }
                scope.select(names.map(\.text))
            case .drop(let names):
                for name in names where scope.resolve(name.text, qualifier: nil) == nil {
                    throw binder(scope).unknown(name)
                }
                scope.drop(names.map(\.text))
            case .unpivot(let names):
                try bindRowUnpivot(names, later, scope, &scan)
            case .tree(let time):
                if isStanding, time != .row { throw refusal("tree \(QueryPrinter.print(time))", stage.at) }
            case .zone, .emit:
                if case .emit = stage.kind, !isStanding { throw onlyStanding("emit", stage.at) }
            case .aggregate(let aggregate):
                scan.keptText = KeptText.of(pipe.source, pipe.stages.dropLast(later.count))
                plan = try bindFirstAggregation(aggregate, scope, scan, wanted, at: stage.at)
            case .stale(let duration, let by):
                let stale = try bindStale(duration, by, scope, at: stage.at)
                // Silence looks at all time, or at the range that was asked for.
                scan.range = pipe.source.range == nil ? .all : wanted
                plan = finish(scan, scope) { .stale($0, stale) }
                plan?.columns =
                    stale.groups.map { .group($0.name, $0.value.type) }
                    + [TableColumn(name: "time", type: .time), TableColumn(name: "age", type: .duration)]
            case .sort, .top, .limit, .fill, .join, .alert:
                plan = raw(scan, scope)
                // Bound again as a table stage by the caller.
                return (plan ?? raw(scan, scope), stages)
            }
            stages = later
        }
        if plan == nil { takeOutWarmRows(&scan, scope) }
        return (plan ?? raw(scan, scope), stages)
    }

    private func bindFirstAggregation(
        _ stage: AggregateStage, _ scope: RowScope, _ scan: Scan, _ wanted: TimeRange, at: SourceRange
    ) throws(QueryError) -> Plan {
        var scan = scan
        var past = scan
        var range = scan.range
        if case .every = stage.window?.kind {
        } else {
            // Only windows of the clock can be told apart from those before the range.
            takeOutWarmRows(&scan, scope)
            range = wanted
            if let start = past.warmStart, let shift = stage.versus {
                past.warmStart = RangeResolver.subtract(shift, from: start, zone: zone)
                takeOutWarmRows(&past, scope)
            }
        }
        let aggregation = try bindAggregation(stage, scope, range: range, at: at)
        var plan = finish(scan, scope) { .aggregate($0, aggregation) }
        plan.steps = bucketFilter(aggregation)
        plan.columns = Binder.columns(of: aggregation)
        if let shift = stage.versus {
            past.columns = scope.scanColumns
            past.width = scope.width
            try bindVersus(shift, stage, past, at: at, &plan)
        }
        return plan
    }

    func raw(_ scan: Scan, _ scope: RowScope) -> Plan {
        let outputs = scope.outputs()
        var plan = finish(scan, scope) { .scan($0, output: outputs) }
        plan.columns = outputs.map {
            let role: TableColumn.Role =
                $0.name == "time" && $0.type == .time ? .rowTime : $0.type == .tag ? .key : .value
            return TableColumn(name: $0.name, type: $0.type, role: role)
        }
        return plan
    }

    func finish(_ scan: Scan, _ scope: RowScope, _ root: (Scan) -> PlanRoot) -> Plan {
        var scan = scan
        scan.columns = scope.scanColumns
        scan.width = scope.width
        return Plan(
            root: root(scan), steps: [], zone: zone,
            warnings: unknownNames(scope), columns: [],
            range: TimeRange(start: scan.warmStart ?? scan.range.start, end: scan.range.end), warmStart: scan.warmStart)
    }

    /// What a standing query names and no row has had yet: the measurement, or else fields of it.
    func unknownNames(_ scope: RowScope) -> [Bilingual] {
        let missing = scope.measurements.filter { schemas[$0] == nil }
        guard missing.isEmpty else {
            return missing.map { name in
                let near = Suggestions.didYouMean(Suggestions.closest(to: name, among: schemas.keys.sorted()))
                return Bilingual(
                    vi: "chưa có dữ liệu của \"\(name)\"" + (near.map { ". " + $0.vi } ?? ""),
                    en: "there is no data of \"\(name)\" yet" + (near.map { ". " + $0.en } ?? ""))
            }
        }
        return scope.unknownFields.map { name in
            let near = Suggestions.didYouMean(Suggestions.closest(to: name, among: scope.names))
            return Bilingual(
                vi: "chưa có dữ liệu cho \"\(name)\" trong \(scope.title.vi)" + (near.map { ". " + $0.vi } ?? ""),
                en: "there is no data for \"\(name)\" in \(scope.title.en) yet" + (near.map { ". " + $0.en } ?? ""))
        }
    }

    func range(of pipe: Pipe) throws(QueryError) -> TimeRange {
        if let range = pipe.source.range {
            return try RangeResolver.resolve(range, now: context.now, zone: zone)
        }
        if asksForLast(pipe) { return .all }
        switch context.defaultRange {
        case .all: return .all
        case .lastHour:
            let hour: Int64 = 3_600_000_000_000
            return TimeRange(start: context.now.subtractingReportingOverflow(hour).partialValue, end: context.now)
        }
    }

    /// Whether the pipe asks for nothing but newest values: without a range these are those of all time.
    private func asksForLast(_ pipe: Pipe) -> Bool {
        for stage in pipe.stages {
            switch stage.kind {
            case .filter, .set, .select, .drop, .zone: continue
            case .aggregate(let aggregate):
                return aggregate.window == nil && aggregate.versus == nil
                    && aggregate.items.allSatisfy { AggregateBinder.calls(of: $0.value).allSatisfy { $0 == "last" } }
            default: return false
            }
        }
        return false
    }

    func bindRowFilter(_ filter: Expression, _ scope: RowScope, _ scan: inout Scan) throws(QueryError) {
        // Each part of a chain of `and` is a step of its own, so that parts over tags decide a series as a whole.
        // A running function counts the rows that reach the stage, so its condition stays in one piece.
        if case .binary(.and, let left, let right, _) = filter, !filter.hasRunningCall {
            try bindRowFilter(left, scope, &scan)
            try bindRowFilter(right, scope, &scan)
            return
        }
        let condition = try binder(scope, running: storedRows(scan)).bindCondition(filter)
        if filter.hasRunningCall {
            scan.runsAlongRows = true
            scan.steps.append(.filter(condition))
            return
        }
        for part in Conjunction.parts(condition, evaluation) { add(part, scope, &scan) }
    }

    private func add(_ condition: BoundExpression, _ scope: RowScope, _ scan: inout Scan) {
        // What runs along rows has to see those that a later condition takes out.
        if !isStanding, !scan.runsAlongRows,
            let bounds = Conjunction.timeBounds(condition, isTime: { scope.scanColumns[$0] == .time })
        {
            let start = max(bounds.start, scan.timeBounds.start)
            scan.timeBounds = TimeRange(start: start, end: max(start, min(bounds.end, scan.timeBounds.end)))
        } else if !condition.readsTime && condition.columns.allSatisfy(scope.isSeriesColumn) {
            scan.seriesFilters.append(condition)
        } else {
            scan.steps.append(.filter(condition))
        }
    }

    func bindRowUnpivot(
        _ names: [Name], _ later: ArraySlice<Stage>, _ scope: RowScope, _ scan: inout Scan
    ) throws(QueryError) {
        var fields: [(String, BoundExpression)] = []
        if names.isEmpty {
            let numbersOnly = ValueUse.isNumber("value", in: later)
            for field in scope.visibleFields where !numbersOnly || field.type.isNumeric {
                if let value = scope.resolve(field.name, qualifier: "field") { fields.append((field.name, value)) }
            }
        } else {
            try refuseRepeated(names)
            for name in names { fields.append((name.text, try binder(scope).bind(.name(qualifier: nil, name)))) }
        }
        let unpivot = makeUnpivot(fields, newColumn: scope.newColumn)
        scan.steps.append(.unpivot(unpivot))
        scope.drop(fields.map(\.0))
        scope.define("field", column: unpivot.nameColumn, type: .string)
        scope.define("value", column: unpivot.valueColumn, type: unpivot.valueType)
    }

    /// One type for all values: the numbers' own when they agree, float for mixed numbers, text as soon as one is text.
    func makeUnpivot(_ fields: [(String, BoundExpression)], newColumn: () -> Int) -> Unpivot {
        let types = Set(fields.map { $0.1.type.isText ? ColumnType.string : $0.1.type })
        let type: ColumnType =
            types.count == 1 ? types.first ?? .float : types.allSatisfy(\.isNumber) ? .float : .string
        let nameColumn = newColumn()
        return Unpivot(
            fields: fields.map { Unpivot.Field(nameCode: pool.code($0.0), value: .cast($0.1, type)) },
            nameColumn: nameColumn, valueColumn: newColumn(), valueType: type)
    }

    func bindStale(
        _ duration: Duration, _ by: [Name], _ scope: RowScope, at: SourceRange
    ) throws(QueryError) -> Stale {
        guard let nanoseconds = duration.fixedNanoseconds, nanoseconds > 0 else {
            throw QueryError(
                .badDuration, at: at, en: "stale needs a length of time such as 30m",
                vi: "stale cần khoảng thời gian như 30m")
        }
        var groups: [Aggregation.Group] = []
        let names = by.isEmpty ? scope.tagKeys.map { Name($0, at: at) } : by
        try refuseRepeated(names + [Name("time", at: at), Name("age", at: at)])
        for name in names {
            groups.append(
                Aggregation.Group(name: name.text, value: try binder(scope).bind(.name(qualifier: nil, name))))
        }
        var stale = Stale(duration: nanoseconds, groups: groups, stationGroup: nil)
        if let units = context.units, groups.count == 1, units.stationTags.contains(groups[0].name) {
            stale.stationGroup = (0, groups[0].name)
        }
        return stale
    }
}
