import TramColumnar

/// Turns a statement into a plan: names into columns, functions into calls with types, stages into steps.
struct Binder {
    /// What a query is bound against: measurement names and schemas. Standing queries may name what is not there yet.
    let schemas: [String: Schema]
    let context: QueryContext
    let pool: TextPool
    let isStanding: Bool
    private let zone: TimeZoneRules
    private let bindings: [String: Pipe]

    init(
        _ statement: Statement, schemas: [String: Schema], context: QueryContext, pool: TextPool, isStanding: Bool
    ) throws(QueryError) {
        self.schemas = schemas
        self.context = context
        self.pool = pool
        self.isStanding = isStanding
        var bindings: [String: Pipe] = [:]
        for binding in statement.bindings {
            if bindings[binding.name.text] != nil {
                throw QueryError(
                    .duplicateName, at: binding.name.at, en: "\"\(binding.name.text)\" is defined twice",
                    vi: "\"\(binding.name.text)\" được định nghĩa hai lần")
            }
            bindings[binding.name.text] = binding.pipe
        }
        self.bindings = bindings
        zone = try Binder.zone(of: statement, context)
    }

    /// `tz` governs the whole text wherever it stands.
    private static func zone(of statement: Statement, _ context: QueryContext) throws(QueryError) -> TimeZoneRules {
        for pipe in statement.bindings.map(\.pipe) + [statement.pipe] {
            for stage in pipe.stages {
                guard case .zone(let name) = stage.kind else { continue }
                guard let zone = context.zones.zone(named: name) else {
                    throw QueryError(
                        .unknownZone, at: stage.at, en: "there is no time zone \"\(name)\" on this machine",
                        vi: "máy này không có múi giờ \"\(name)\"",
                        hint: Bilingual(
                            vi: "ví dụ: tz \"Asia/Ho_Chi_Minh\", tz \"+07:00\"; gói tzdata có đủ các múi giờ",
                            en: "for example: tz \"Asia/Ho_Chi_Minh\", tz \"+07:00\"; the package tzdata has all zones")
                    )
                }
                return zone
            }
        }
        return context.zone
    }

    func bind(_ pipe: Pipe) throws(QueryError) -> Plan {
        try bind(pipe, openBindings: [])
    }

    private func bind(_ pipe: Pipe, openBindings: Set<String>) throws(QueryError) -> Plan {
        var plan: Plan
        var rest = pipe.stages[...]
        switch pipe.source.kind {
        case .show(let show):
            plan = try bindShow(show, filter: pipe.source.filter)
        case .pipe(let inner):
            plan = wrap(try bind(inner, openBindings: openBindings))
            try bindTableSource(pipe.source, &plan)
        case .names(let names):
            if names.count == 1, let bound = bindings[names[0].text], !openBindings.contains(names[0].text) {
                plan = wrap(try bind(bound, openBindings: openBindings.union([names[0].text])))
                try bindTableSource(pipe.source, &plan)
            } else {
                (plan, rest) = try bindScan(names, pipe)
            }
        }
        for (offset, stage) in zip(rest.indices, rest) {
            try bindTableStage(stage, later: rest[(offset + 1)...], &plan)
        }
        return plan
    }

    private func wrap(_ inner: Plan) -> Plan {
        var plan = inner
        plan.root = .table(inner)
        plan.steps = []
        return plan
    }

    /// What follows a named or bracketed pipe: a range keeps the rows whose `time` lies in it.
    private func bindTableSource(_ source: Source, _ plan: inout Plan) throws(QueryError) {
        if source.warm != nil { throw notAvailable("warm", source.range?.at) }
        if let written = source.range {
            let scope = TableScope(columns: plan.columns, units: context.units)
            guard let time = scope.resolve("time", qualifier: nil), time.type == .time else {
                throw QueryError(
                    .misplaced, at: written.at, en: "these rows have no time, so a range has no place here",
                    vi: "các dòng này không có thời gian nên không dùng khoảng thời gian ở đây được",
                    hint: Bilingual(
                        vi: "viết khoảng thời gian sau tên số đo: traffic[1h]",
                        en: "write the range after the measurement: traffic[1h]"))
            }
            let range = try RangeResolver.resolve(written, now: context.now, zone: zone)
            func bound(_ instant: Int64) -> BoundExpression { .constant(.time, UInt64(bitPattern: instant)) }
            if range.start != .min {
                plan.steps.append(.filter(.comparison(.greaterOrEqual, time, bound(range.start))))
            }
            if range.end != .max { plan.steps.append(.filter(.comparison(.less, time, bound(range.end)))) }
        }
        try bindTableFilter(source.filter, &plan)
    }

    /// Refuses a name that stands twice where each makes a column.
    private func refuseRepeated(_ names: [Name]) throws(QueryError) {
        var seen: Set<String> = []
        for name in names where !seen.insert(name.text).inserted {
            throw QueryError(
                .duplicateName, at: name.at, en: "\"\(name.text)\" stands here twice",
                vi: "\"\(name.text)\" được viết hai lần",
                hint: Bilingual(vi: "bỏ một trong hai", en: "leave one of them out"))
        }
    }

    private func bindTableFilter(_ filter: Expression?, _ plan: inout Plan) throws(QueryError) {
        guard let filter else { return }
        let scope = TableScope(columns: plan.columns, units: context.units)
        plan.steps.append(.filter(try binder(scope).bindCondition(filter)))
    }

    private func binder(_ scope: any Scope) -> ExpressionBinder {
        ExpressionBinder(scope: scope, pool: pool, context: context, zone: zone)
    }

    // MARK: - Stored rows

    /// Binds the source and the stages that work on rows, up to and with the first that needs them all.
    private func bindScan(_ names: [Name], _ pipe: Pipe) throws(QueryError) -> (Plan, ArraySlice<Stage>) {
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
        var scan = Scan(
            measurements: names.map(\.text), range: try range(of: pipe), columns: [:], seriesFilters: [], steps: [],
            width: 0)
        if let filter = pipe.source.filter { try bindRowFilter(filter, scope, &scan) }
        if pipe.source.warm != nil { throw notAvailable("warm", pipe.source.range?.at) }

        var stages = pipe.stages[...]
        var plan: Plan?
        while plan == nil, let stage = stages.first {
            let later = stages.dropFirst()
            switch stage.kind {
            case .filter(let condition):
                try bindRowFilter(condition, scope, &scan)
            case .set(let assignments):
                for assignment in assignments {
                    try refuseTime(assignment.name)
                    let value = try binder(scope).bind(assignment.value)
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
            case .zone, .emit:
                if case .emit = stage.kind, !isStanding { throw onlyStanding("emit", stage.at) }
            case .aggregate(let aggregate):
                let aggregation = try bindAggregation(aggregate, scope, range: scan.range, at: stage.at)
                plan = finish(scan, scope) { .aggregate($0, aggregation) }
                plan?.columns = Binder.columns(of: aggregation)
            case .stale(let duration, let by):
                let stale = try bindStale(duration, by, scope, at: stage.at)
                // Silence looks at all time, or at the range that was asked for.
                if pipe.source.range == nil { scan.range = .all }
                plan = finish(scan, scope) { .stale($0, stale) }
                plan?.columns =
                    stale.groups.map { TableColumn(name: $0.name, type: $0.value.type) }
                    + [TableColumn(name: "time", type: .time), TableColumn(name: "age", type: .duration)]
            case .sort, .top, .limit, .fill, .join, .alert:
                plan = raw(scan, scope)
                // Bound again as a table stage by the caller.
                return (plan ?? raw(scan, scope), stages)
            }
            stages = later
        }
        return (plan ?? raw(scan, scope), stages)
    }

    private func raw(_ scan: Scan, _ scope: RowScope) -> Plan {
        let outputs = scope.outputs()
        var plan = finish(scan, scope) { .scan($0, output: outputs) }
        plan.columns = outputs.map { TableColumn(name: $0.name, type: $0.type) }
        return plan
    }

    private func finish(_ scan: Scan, _ scope: RowScope, _ root: (Scan) -> PlanRoot) -> Plan {
        var scan = scan
        scan.columns = scope.scanColumns
        scan.width = scope.width
        return Plan(
            root: root(scan), steps: [], zone: zone,
            warnings: unknownNames(scope), columns: [])
    }

    /// What a standing query names and no row has had yet: the measurement, or else fields of it.
    private func unknownNames(_ scope: RowScope) -> [Bilingual] {
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

    private func range(of pipe: Pipe) throws(QueryError) -> TimeRange {
        if let range = pipe.source.range {
            return try RangeResolver.resolve(range, now: context.now, zone: zone)
        }
        switch context.defaultRange {
        case .all: return .all
        case .lastHour:
            let hour: Int64 = 3_600_000_000_000
            return TimeRange(start: context.now.subtractingReportingOverflow(hour).partialValue, end: context.now)
        }
    }

    private func bindRowFilter(_ filter: Expression, _ scope: RowScope, _ scan: inout Scan) throws(QueryError) {
        // Each part of a chain of `and` is a step of its own, so that parts over tags decide a series as a whole.
        if case .binary(.and, let left, let right, _) = filter {
            try bindRowFilter(left, scope, &scan)
            try bindRowFilter(right, scope, &scan)
            return
        }
        let condition = try binder(scope).bindCondition(filter)
        if !condition.readsTime && condition.columns.allSatisfy(scope.isSeriesColumn) {
            scan.seriesFilters.append(condition)
        } else {
            scan.steps.append(.filter(condition))
        }
    }

    private func bindRowUnpivot(
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
    private func makeUnpivot(_ fields: [(String, BoundExpression)], newColumn: () -> Int) -> Unpivot {
        let types = Set(fields.map { $0.1.type.isText ? ColumnType.string : $0.1.type })
        let type: ColumnType =
            types.count == 1 ? types.first ?? .float : types.allSatisfy(\.isNumber) ? .float : .string
        let nameColumn = newColumn()
        return Unpivot(
            fields: fields.map { Unpivot.Field(nameCode: pool.code($0.0), value: .cast($0.1, type)) },
            nameColumn: nameColumn, valueColumn: newColumn(), valueType: type)
    }

    private func bindStale(
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

    // MARK: - Aggregation

    private func bindAggregation(
        _ stage: AggregateStage, _ scope: any Scope, range: TimeRange, at: SourceRange
    ) throws(QueryError) -> Aggregation {
        if stage.versus != nil { throw notAvailable("vs", at) }
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
        if let grid = aggregation.grid { try checkWindowCount(grid, range, stage.window?.at ?? at) }
        try AggregateBinder(expressions: binder(scope), stage: stage).bind(into: &aggregation)
        var names: Set<String> = aggregation.grid == nil ? [] : ["time"]
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
    private func checkFill(
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

    private func bindGroups(
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

    private func bindGrid(_ window: WindowExpression?) throws(QueryError) -> WindowGrid? {
        guard let window else { return nil }
        switch window.kind {
        case .every(let every, let over, let origin):
            var start: Int64?
            if let origin { start = RangeResolver.resolve(origin, now: context.now, zone: zone) }
            return try WindowGrid(every: every, over: over, origin: start, zone: zone, at: window.at)
        case .everyRows: throw notAvailable("every … rows", window.at)
        case .session: throw notAvailable("session", window.at)
        case .runs: throw notAvailable("runs", window.at)
        }
    }

    /// Before any row is read: how many windows would the range have?
    private func checkWindowCount(_ grid: WindowGrid, _ range: TimeRange, _ at: SourceRange) throws(QueryError) {
        let width = grid.fixedWidth
        guard range.start != .min, range.end != .max, width > 0 else { return }
        let count = (Int128(range.end) - Int128(range.start)) / Int128(width)
        if count > Int128(context.limits.windows) { throw Binder.tooManyWindows(context.limits.windows, at) }
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
        if aggregation.grid != nil { columns.append(TableColumn(name: "time", type: .time)) }
        columns += aggregation.groups.map { TableColumn(name: $0.name, type: $0.value.type) }
        columns += aggregation.outputs.map { TableColumn(name: $0.name, alias: $0.alias, type: $0.value.type) }
        if aggregation.grid != nil { columns.append(TableColumn(name: "partial", type: .bool, isHidden: true)) }
        return columns
    }

    // MARK: - Table stages

    private func bindTableStage(
        _ stage: Stage, later: ArraySlice<Stage>, _ plan: inout Plan
    ) throws(QueryError) {
        let scope = TableScope(columns: plan.columns, units: context.units)
        func index(_ name: Name) throws(QueryError) -> Int {
            guard let index = scope.index(of: name.text) else { throw binder(scope).unknown(name) }
            return index
        }
        switch stage.kind {
        case .filter(let condition):
            plan.steps.append(.filter(try binder(scope).bindCondition(condition)))
        case .set(let assignments):
            for assignment in assignments {
                try refuseTime(assignment.name)
                let value = try binder(scope).bind(assignment.value)
                plan.steps.append(.set([(assignment.name.text, value)]))
                if let known = scope.columns.firstIndex(where: { $0.name == assignment.name.text }) {
                    scope.columns[known].type = value.type
                } else {
                    scope.columns.append(TableColumn(name: assignment.name.text, type: value.type))
                }
            }
            plan.columns = scope.columns
        case .select(let names):
            try refuseRepeated(names)
            var indices: [Int] = []
            for name in names { indices.append(try index(name)) }
            select(indices, &plan)
        case .drop(let names):
            var dropped: Set<Int> = []
            for name in names { dropped.insert(try index(name)) }
            select(plan.columns.indices.filter { !dropped.contains($0) }, &plan, keepHidden: true)
        case .sort(let keys):
            try refuseStanding("sort", stage.at)
            var order: [(Int, Bool)] = []
            for key in keys { order.append((try index(key.name), key.descending)) }
            plan.steps.append(.sort(order.map { (column: $0.0, descending: $0.1) }))
        case .top(let count, let largest, let column, let by):
            try refuseStanding(largest ? "top" : "bottom", stage.at)
            var groups: [Int] = []
            for name in by { groups.append(try index(name)) }
            let ranked: Int
            if let column { ranked = try index(column) } else { ranked = try onlyNumber(scope, stage.at) }
            plan.steps.append(.top(count: count, largest: largest, column: ranked, by: groups))
        case .limit(let count):
            try refuseStanding("limit", stage.at)
            plan.steps.append(.limit(count))
        case .unpivot(let names):
            try bindTableUnpivot(names, stage.at, scope, &plan)
        case .zone:
            break
        case .fill(let fill):
            try refuseStanding("fill", stage.at)
            if plan.steps.isEmpty, case .aggregate(let scan, var aggregation) = plan.root, aggregation.grid != nil {
                try checkFill(fill, aggregation, stage.at)
                aggregation.fill = fill
                plan.root = .aggregate(scan, aggregation)
            } else if case .aggregate(var aggregation, let time) = plan.steps.last, aggregation.grid != nil {
                try checkFill(fill, aggregation, stage.at)
                aggregation.fill = fill
                plan.steps[plan.steps.count - 1] = .aggregate(aggregation, time: time)
            } else {
                throw fillNeedsWindow(stage.at)
            }
        case .aggregate(let aggregate):
            try refuseStanding("a second aggregation", stage.at)
            let time = scope.columns.firstIndex { $0.name == "time" && $0.type == .time }
            let aggregation = try bindAggregation(aggregate, scope, range: .all, at: stage.at)
            if aggregation.grid != nil && time == nil {
                throw QueryError(
                    .misplaced, at: aggregate.window?.at ?? stage.at,
                    en: "rows have no time here, so there are no windows",
                    vi: "ở bước này các dòng không có thời gian nên không chia cửa sổ được")
            }
            plan.steps.append(.aggregate(aggregation, time: time))
            plan.columns = Binder.columns(of: aggregation)
        case .stale:
            throw QueryError(
                .misplaced, at: stage.at, en: "stale looks at stored rows, so it comes first",
                vi: "stale xem các bản ghi gốc nên phải đứng đầu")
        case .join: throw notAvailable("join", stage.at)
        case .emit:
            if !isStanding { throw onlyStanding("emit", stage.at) }
        case .alert:
            if !isStanding { throw onlyStanding("alert", stage.at) }
            throw notAvailable("alert", stage.at)
        }
    }

    private func select(_ indices: [Int], _ plan: inout Plan, keepHidden: Bool = false) {
        plan.steps.append(.select(indices))
        plan.columns = indices.map {
            var column = plan.columns[$0]
            if !keepHidden { column.isHidden = false }
            return column
        }
    }

    private func onlyNumber(_ scope: TableScope, _ at: SourceRange) throws(QueryError) -> Int {
        let numbers = scope.columns.indices.filter { scope.columns[$0].type.isNumber && !scope.columns[$0].isHidden }
        guard numbers.count == 1, let number = numbers.first else {
            throw QueryError(
                .nameNeeded, at: at, en: "say by which column to rank", vi: "cần nói xếp hạng theo cột nào",
                hint: Bilingual(vi: "ví dụ: top 10 mean", en: "for example: top 10 mean"))
        }
        return number
    }

    private func bindTableUnpivot(
        _ names: [Name], _ at: SourceRange, _ scope: TableScope, _ plan: inout Plan
    ) throws(QueryError) {
        var fields: [(String, BoundExpression)] = []
        var taken: Set<Int> = []
        if names.isEmpty {
            for (index, column) in scope.columns.enumerated() where column.type.isNumber && !column.isHidden {
                fields.append((column.name, .column(index, column.type)))
                taken.insert(index)
            }
        } else {
            try refuseRepeated(names)
            for name in names {
                guard let index = scope.index(of: name.text) else { throw binder(scope).unknown(name) }
                fields.append((name.text, .column(index, scope.columns[index].type)))
                taken.insert(index)
            }
        }
        let keep = scope.columns.indices.filter { !taken.contains($0) }
        try refuseRepeated(
            keep.map { Name(scope.columns[$0].name, at: at) } + ["field", "value"].map { Name($0, at: at) })
        var next = keep.count
        let unpivot = makeUnpivot(fields) {
            next += 1
            return next - 1
        }
        plan.steps.append(.unpivot(unpivot, keep: keep))
        plan.columns =
            keep.map { scope.columns[$0] } + [
                TableColumn(name: "field", type: .string), TableColumn(name: "value", type: unpivot.valueType),
            ]
    }

    // MARK: - Show

    private func bindShow(_ show: Show, filter: Expression?) throws(QueryError) -> Plan {
        if isStanding { throw refusal("show", SourceRange(0, 0)) }
        var measurement: String?
        if let name = show.measurement {
            guard schemas[name.text] != nil else { throw unknownMeasurement(name) }
            measurement = name.text
        }
        let columns = ShowTables.columns(
            show.subject, tagKeys: measurement.flatMap { schemas[$0]?.tagKeys }, hasMeasurement: measurement != nil)
        var plan = Plan(
            root: .show(show, measurement: measurement, filter: nil), steps: [], zone: zone, warnings: [],
            columns: columns)
        try bindTableFilter(filter, &plan)
        return plan
    }

    // MARK: - Errors

    private func unknownMeasurement(_ name: Name) -> QueryError {
        let known = schemas.keys.sorted()
        let near = Suggestions.closest(to: name.text, among: known + bindings.keys)
        let list = known.prefix(12).joined(separator: ", ")
        let hint: Bilingual
        if let foreign = Suggestions.foreignWord(name.text) {
            hint = foreign
        } else if let first = near.first {
            hint = Bilingual(
                vi: "Có phải ý bạn là \"\(first)\"? Có: \(list)", en: "Did you mean \"\(first)\"? There are: \(list)")
        } else if known.isEmpty {
            hint = Bilingual(vi: "chưa có dữ liệu nào", en: "there is no data yet")
        } else {
            hint = Bilingual(vi: "Có: \(list)", en: "There are: \(list)")
        }
        return QueryError(
            .unknownMeasurement, at: name.at, en: "there is no measurement \"\(name.text)\"",
            vi: "không có số đo \"\(name.text)\"", hint: hint)
    }

    private func notAvailable(_ what: String, _ at: SourceRange?) -> QueryError {
        QueryError(
            .notAvailable, at: at, en: "\(what) is not available in this version",
            vi: "phiên bản này chưa có \(what)")
    }

    private func refuseTime(_ name: Name) throws(QueryError) {
        guard name.text == "time" else { return }
        throw QueryError(
            .duplicateName, at: name.at, en: "time is the row's own time and cannot be set",
            vi: "time là thời gian của dòng, không gán được",
            hint: Bilingual(vi: "dùng tên khác: set luc = …", en: "take another name: set at = …"))
    }

    private func onlyStanding(_ what: String, _ at: SourceRange) -> QueryError {
        QueryError(
            .misplaced, at: at, en: "\(what) belongs to standing queries and rules",
            vi: "\(what) chỉ dùng cho truy vấn thường trực và quy tắc")
    }

    private func refuseStanding(_ what: String, _ at: SourceRange) throws(QueryError) {
        if isStanding { throw refusal(what, at) }
    }

    private func refusal(_ what: String, _ at: SourceRange) -> QueryError {
        QueryError(
            .misplaced, at: at, en: "a standing query has no end, so \(what) has no place in it",
            vi: "truy vấn thường trực không có điểm kết thúc nên không dùng được \(what)")
    }

    private func fillNeedsWindow(_ at: SourceRange) -> QueryError {
        QueryError(
            .misplaced, at: at, en: "fill needs windows to fill", vi: "fill cần có cửa sổ để điền",
            hint: Bilingual(vi: "thêm: every 15m", en: "add: every 15m"))
    }
}
