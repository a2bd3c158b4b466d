import TramColumnar

/// Groups, windows and aggregate calls.
extension Binder {
    func bindAggregation(
        _ written: AggregateStage, _ scope: any Scope, range: TimeRange, at: SourceRange
    ) throws(QueryError) -> Aggregation {
        let histogram = try histogram(in: written)
        let stage = histogram?.1 ?? written
        if stage.versus != nil && isStanding { throw notAvailable("vs", at) }
        var aggregation = Aggregation(
            groups: [], grid: try bindGrid(stage.window), calls: [], outputs: [], fill: stage.fill ?? .none,
            lateness: nil, range: range, at: at)
        if let late = stage.late {
            guard let nanoseconds = late.fixedNanoseconds, nanoseconds >= 0 else {
                throw QueryError(
                    .badDuration, at: at, en: "late needs a length of time such as 30s",
                    vi: "late cần khoảng thời gian như 30s")
            }
            aggregation.lateness = nanoseconds
        }
        if aggregation.grid == nil, case .none = aggregation.fill {
        } else if aggregation.grid == nil {
            throw fillNeedsWindow(at)
        }
        // Read left to right: a mistake in the aggregates is told before one in `by`.
        try AggregateBinder(expressions: binder(scope), stage: stage).check()
        try refuseRepeated(stage.by)
        try bindGroups(stage.by, scope, &aggregation)
        if let (call, _) = histogram { aggregation.groups.append(try bucketGroup(call, scope)) }
        try bindRowWindow(stage.window, scope, &aggregation)
        if let grid = aggregation.grid { try checkWindowCount(grid, range, stage.window?.at ?? at) }
        try AggregateBinder(expressions: binder(scope), stage: stage).bind(into: &aggregation)
        try refuseClock(aggregation)
        var names: Set<String> = aggregation.hasWindows ? ["time"] : []
        for name in aggregation.groups.map(\.name) + aggregation.outputs.map(\.name)
        where !names.insert(name).inserted {
            throw QueryError(
                .duplicateName, at: at, en: "two columns would be called \"\(name)\"",
                vi: "hai cột sẽ cùng tên \"\(name)\"",
                hint: Bilingual(
                    vi: "đặt tên cho một cột: ten = …", en: "give one a name: my_name = …"))
        }
        try checkFill(aggregation.fill, aggregation, at)
        return aggregation
    }

    /// A number fills columns of numbers, exactly; texts, times and truth values stay null beside them.
    func checkFill(
        _ fill: FillExpression, _ aggregation: Aggregation, _ at: SourceRange
    ) throws(QueryError) {
        guard case .constant(let value, let isInteger) = fill else { return }
        let number = isInteger ? NumberText.shortest(value.rounded()) : NumberText.shortest(value)
        for output in aggregation.outputs where !Filling.fits(value, output.value.type) {
            throw QueryError(
                .typeMismatch, at: at,
                en: "fill \(number) does not fit the column \"\(output.name)\" of type \(output.value.type.rawValue)",
                vi: "fill \(number) không hợp với cột \"\(output.name)\" kiểu \(output.value.type.rawValue)",
                hint: Bilingual(
                    vi: "dùng fill null, fill prev, hoặc đổi cột ra số thực: float(…)",
                    en: "use fill null or fill prev, or make the column a float: float(…)"))
        }
        if !aggregation.outputs.contains(where: { Filling.takesNumbers($0.value.type) }) {
            throw QueryError(
                .typeMismatch, at: at, en: "there is no column of numbers to fill with \(number)",
                vi: "không có cột số nào để điền \(number)",
                hint: Bilingual(vi: "dùng fill null hoặc fill prev", en: "use fill null or fill prev"))
        }
    }

    func bindGroups(
        _ names: [Name], _ scope: any Scope, _ aggregation: inout Aggregation
    ) throws(QueryError) {
        for name in names {
            let value = try binder(scope).bind(.name(qualifier: nil, name))
            aggregation.groups.append(Aggregation.Group(name: name.text, value: value))
            // A level gives its code, and the unit's name beside it.
            if case .unit(let station, let tag, let level, isName: false) = value,
                !names.contains(where: { $0.text == level + "_name" })
            {
                aggregation.groups.append(
                    Aggregation.Group(
                        name: level + "_name", value: .unit(station, tag: tag, level: level, isName: true)))
            }
        }
    }

    func bindGrid(_ window: WindowExpression?) throws(QueryError) -> WindowGrid? {
        guard let window else { return nil }
        switch window.kind {
        case .every(let every, let over, let origin):
            var start: Int64?
            if let origin { start = RangeResolver.resolve(origin, now: context.now, zone: zone) }
            return try WindowGrid(every: every, over: over, origin: start, zone: zone, at: window.at)
        case .everyRows, .session, .runs: return nil
        }
    }

    /// Before any row is read: how many windows would the range have?
    func checkWindowCount(_ grid: WindowGrid, _ range: TimeRange, _ at: SourceRange) throws(QueryError) {
        guard range.start != .min, range.end != .max else { return }
        try Binder.checkWindowCount(grid, range, context.limits, at)
    }

    /// At least so many windows lie in a range that has both ends.
    static func checkWindowCount(
        _ grid: WindowGrid, _ range: TimeRange, _ limits: QueryLimits, _ at: SourceRange
    ) throws(QueryError) {
        let count = (Int128(range.end) - Int128(range.start)) / Int128(max(1, grid.longestStep))
        if count > Int128(limits.windows) { throw Binder.tooManyWindows(limits.windows, at) }
    }

    static func tooManyWindows(_ limit: Int, _ at: SourceRange?) -> QueryError {
        QueryError(
            .windowLimit, at: at, en: "the range has more than \(limit) windows",
            vi: "khoảng thời gian có hơn \(limit) cửa sổ",
            hint: Bilingual(
                vi: "rút ngắn khoảng thời gian hoặc dùng cửa sổ rộng hơn",
                en: "ask for a shorter range or wider windows"))
    }

    static func columns(of aggregation: Aggregation) -> [TableColumn] {
        var columns: [TableColumn] = []
        let isWindowed = aggregation.hasWindows
        if isWindowed { columns.append(TableColumn(name: "time", type: .time, role: .windowTime)) }
        columns += aggregation.groups.map { .group($0.name, $0.value.type, role: isWindowed ? .key : .value) }
        columns += aggregation.outputs.map { TableColumn(name: $0.name, alias: $0.alias, type: $0.value.type) }
        if isWindowed { columns.append(TableColumn(name: "partial", type: .bool, isHidden: true)) }
        return columns
    }
}
