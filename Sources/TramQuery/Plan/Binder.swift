import TramColumnar

/// Turns a statement into a plan: names into columns, functions into calls with types, stages into steps.
struct Binder {
    /// What a query is bound against: measurement names and schemas. Standing queries may name what is not there yet.
    let schemas: [String: Schema]
    let context: QueryContext
    let pool: TextPool
    let isStanding: Bool
    let zone: TimeZoneRules
    let bindings: [String: Pipe]
    private let pipes = PipeCount()

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
    static func zone(of statement: Statement, _ context: QueryContext) throws(QueryError) -> TimeZoneRules {
        let written = (statement.bindings.map(\.pipe) + [statement.pipe]).flatMap(zones)
        guard let first = written.first else { return context.zone }
        if let other = written.first(where: { $0.name != first.name }) {
            throw QueryError(
                .misplaced, at: other.at, en: "tz governs the whole text, and \"\(first.name)\" stands in it already",
                vi: "tz áp dụng cho cả câu, trong câu đã có \"\(first.name)\"",
                hint: Bilingual(vi: "bỏ một trong hai tz", en: "leave one of the two out"))
        }
        guard let zone = context.zones.zone(named: first.name) else {
            throw QueryError(
                .unknownZone, at: first.at, en: "there is no time zone \"\(first.name)\" on this machine",
                vi: "máy này không có múi giờ \"\(first.name)\"",
                hint: Bilingual(
                    vi: "ví dụ: tz \"Asia/Ho_Chi_Minh\", tz \"+07:00\"; gói tzdata có đủ các múi giờ",
                    en: "for example: tz \"Asia/Ho_Chi_Minh\", tz \"+07:00\"; the package tzdata has all zones"))
        }
        return zone
    }

    /// The zones that a pipe and the pipes inside it name.
    private static func zones(_ pipe: Pipe) -> [(name: String, at: SourceRange)] {
        var found: [(name: String, at: SourceRange)] = []
        if case .pipe(let inner) = pipe.source.kind { found += zones(inner) }
        for stage in pipe.stages {
            switch stage.kind {
            case .zone(let name): found.append((name, stage.at))
            case .join(let other, _, _, _): found += zones(other)
            default: break
            }
        }
        return found
    }

    func bind(_ pipe: Pipe) throws(QueryError) -> Plan {
        try bind(pipe, openBindings: [])
    }

    func bind(_ pipe: Pipe, openBindings: Set<String>) throws(QueryError) -> Plan {
        try pipes.add()
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
            if Binder.endsWarming(stage) { takeOutWarmRows(&plan) }
            try bindTableStage(stage, later: rest[(offset + 1)...], openBindings: openBindings, &plan)
        }
        takeOutWarmRows(&plan)
        return plan
    }

    func wrap(_ inner: Plan) -> Plan {
        var plan = inner
        plan.root = .table(inner)
        plan.steps = []
        return plan
    }

    /// What follows a named or bracketed pipe: a range keeps the rows whose `time` lies in it.
    func bindTableSource(_ source: Source, _ plan: inout Plan) throws(QueryError) {
        if source.warm != nil && isStanding { throw notAvailable("warm", source.range?.at) }
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
            let start = warmed(range.start, by: source.warm)
            if start != range.start { plan.warmStart = range.start }
            func bound(_ instant: Int64) -> BoundExpression { .constant(.time, UInt64(bitPattern: instant)) }
            if start != .min { plan.steps.append(.filter(.comparison(.greaterOrEqual, time, bound(start)))) }
            plan.range = TimeRange(
                start: max(plan.range.start, range.start),
                end: max(plan.range.start, range.start, min(plan.range.end, range.end)))
            if range.end != .max { plan.steps.append(.filter(.comparison(.less, time, bound(range.end)))) }
        }
        try bindTableFilter(source.filter, &plan)
    }

    /// Refuses a name that stands twice where each makes a column.
    func refuseRepeated(_ names: [Name]) throws(QueryError) {
        var seen: Set<String> = []
        for name in names where !seen.insert(name.text).inserted {
            throw QueryError(
                .duplicateName, at: name.at, en: "\"\(name.text)\" stands here twice",
                vi: "\"\(name.text)\" được viết hai lần",
                hint: Bilingual(vi: "bỏ một trong hai", en: "leave one of them out"))
        }
    }

    func bindTableFilter(_ filter: Expression?, _ plan: inout Plan) throws(QueryError) {
        guard let filter else { return }
        let scope = TableScope(columns: plan.columns, units: context.units)
        plan.steps.append(.filter(try binder(scope).bindCondition(filter)))
    }

    var evaluation: EvaluationContext {
        EvaluationContext(pool: pool, zone: zone, now: context.now, units: context.units)
    }

    func binder(_ scope: any Scope, running: RunningPlace? = nil) -> ExpressionBinder {
        ExpressionBinder(scope: scope, pool: pool, context: context, zone: zone, running: running)
    }

    // MARK: - Show

    func bindShow(_ show: Show, filter: Expression?) throws(QueryError) -> Plan {
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

    func unknownMeasurement(_ name: Name) -> QueryError {
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

    func notAvailable(_ what: String, _ at: SourceRange?) -> QueryError {
        QueryError(
            .notAvailable, at: at, en: "\(what) is not available in this version",
            vi: "phiên bản này chưa có \(what)")
    }

    func refuseTime(_ name: Name) throws(QueryError) {
        guard name.text == "time" else { return }
        throw QueryError(
            .duplicateName, at: name.at, en: "time is the row's own time and cannot be set",
            vi: "time là thời gian của dòng, không gán được",
            hint: Bilingual(vi: "dùng tên khác: set luc = …", en: "take another name: set at = …"))
    }

    func onlyStanding(_ what: String, _ at: SourceRange) -> QueryError {
        QueryError(
            .misplaced, at: at, en: "\(what) belongs to standing queries and rules",
            vi: "\(what) chỉ dùng cho truy vấn thường trực và quy tắc")
    }

    func refuseStanding(_ what: String, _ at: SourceRange) throws(QueryError) {
        if isStanding { throw refusal(what, at) }
    }

    func refusal(_ what: String, _ at: SourceRange) -> QueryError {
        QueryError(
            .misplaced, at: at, en: "a standing query has no end, so \(what) has no place in it",
            vi: "truy vấn thường trực không có điểm kết thúc nên không dùng được \(what)")
    }

    func fillNeedsWindow(_ at: SourceRange) -> QueryError {
        QueryError(
            .misplaced, at: at, en: "fill needs windows to fill", vi: "fill cần có cửa sổ để điền",
            hint: Bilingual(vi: "thêm: every 15m", en: "add: every 15m"))
    }
}
