import TramColumnar

/// Stages that work on whole tables.
extension Binder {
    func bindTableStage(
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

    func select(_ indices: [Int], _ plan: inout Plan, keepHidden: Bool = false) {
        plan.steps.append(.select(indices, keepsHidden: keepHidden))
        plan.columns = indices.map {
            var column = plan.columns[$0]
            if !keepHidden { column.isHidden = false }
            return column
        }
    }

    func onlyNumber(_ scope: TableScope, _ at: SourceRange) throws(QueryError) -> Int {
        let numbers = scope.columns.indices.filter { scope.columns[$0].type.isNumber && !scope.columns[$0].isHidden }
        guard numbers.count == 1, let number = numbers.first else {
            throw QueryError(
                .nameNeeded, at: at, en: "say by which column to rank", vi: "cần nói xếp hạng theo cột nào",
                hint: Bilingual(vi: "ví dụ: top 10 mean", en: "for example: top 10 mean"))
        }
        return number
    }

    func bindTableUnpivot(
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
}
