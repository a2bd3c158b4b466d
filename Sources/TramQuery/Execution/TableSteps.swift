import TramColumnar

/// Runs the steps of a plan that work on whole tables.
struct TableRunner {
    let context: EvaluationContext
    let limits: QueryLimits
    let zone: TimeZoneRules
    /// Runs another pipe, where there is a source to run it over.
    var runPlan: ((Plan) throws(QueryError) -> Table)?
    /// Told of each step that is done, and the rows that it gave.
    var note: ((TableStep, Int) -> Void)?

    func run(_ steps: [TableStep], on table: Table) throws(QueryError) -> Table {
        var table = table
        let before = context.watch.heldBytes
        defer { context.watch.heldBytes = before }
        for step in steps {
            context.watch.stage = TableRunner.stage(of: step)
            context.watch.heldBytes = before + table.byteCount
            try context.watch.look()
            table = try run(step, on: table)
            try context.watch.hold(table.byteCount)
            note?(step, table.rowCount)
        }
        return table
    }

    private static func stage(of step: TableStep) -> QueryGuard.Stage {
        switch step {
        case .filter, .select, .limit: .filter
        case .set: .set
        case .sort: .sort
        case .top: .top
        case .unpivot: .unpivot
        case .aggregate, .versus: .aggregating
        case .join: .join
        }
    }

    /// Runs steps that only drop rows and change columns, and tells for each row left what `column` held.
    func run(
        _ steps: [TableStep], on table: Table, keeping column: Int
    ) throws(QueryError) -> (Table, Column) {
        var kept = table.columns[column]
        var table = table
        table.infos.remove(at: column)
        table.columns.remove(at: column)
        for step in steps {
            if case .filter(let condition) = step {
                guard let rows = try ExpressionEvaluator(context).selection(condition, block(table)) else { continue }
                table = table.gathered(rows)
                let gathered = BlockColumn(kept).gathered(rows)
                kept = Column(type: kept.type, bits: gathered.bits)
            } else {
                table = try run(step, on: table)
            }
        }
        return (table, kept)
    }

    private func run(_ step: TableStep, on table: Table) throws(QueryError) -> Table {
        let evaluator = ExpressionEvaluator(context)
        switch step {
        case .filter(let condition):
            guard let rows = try evaluator.selection(condition, block(table)) else { return table }
            return table.gathered(rows)
        case .set(let assignments):
            var result = table
            for assignment in assignments {
                let column = try evaluator.evaluate(assignment.value, block(result)).column(count: result.rowCount)
                let info = TableColumn(name: assignment.name, type: column.type)
                if let known = result.infos.firstIndex(where: { $0.name == assignment.name }) {
                    result.infos[known] = info
                    result.columns[known] = column
                } else {
                    result.infos.append(info)
                    result.columns.append(column)
                }
            }
            return result
        case .select(let indices, let keepsHidden):
            let infos = indices.map { index in
                var info = table.infos[index]
                if !keepsHidden { info.isHidden = false }
                return info
            }
            return Table(infos: infos, columns: indices.map { table.columns[$0] }, rowCount: table.rowCount)
        case .sort(let keys):
            return table.gathered(try table.order(by: keys, pool: context.pool, watch: context.watch))
        case .top(let count, let largest, let column, let by):
            return table.gathered(try top(count, largest: largest, column: column, by: by, table))
        case .limit(let count):
            return table.rowCount <= count ? table : table.gathered(Array(0..<count))
        case .unpivot(let unpivot, let keep):
            return try self.unpivot(unpivot, keep: keep, table)
        case .versus(let versus):
            return versus.compared(table, with: try other(versus.plan))
        case .join(let join):
            return try join.joined(table, try other(join.plan), limits: limits)
        case .aggregate(let aggregation, let time):
            var block = table.block(time: time, now: context.now)
            block.columns = table.columns.map(BlockColumn.init)
            if aggregation.calls.contains(where: { AggregateFunction.followsSeries($0.function) }) {
                block.series = .each(seriesNumbers(table))
            }
            if let window = aggregation.rowWindow {
                let cut = try RowWindowAggregation(aggregation, window, context: context, limits: limits)
                try cut.add(block)
                return try cut.finish()
            }
            let runner = try GroupedAggregation(aggregation, context: context, limits: limits)
            try runner.add(block)
            return try runner.finish()
        }
    }

    private func other(_ plan: Plan) throws(QueryError) -> Table {
        guard let runPlan else {
            throw QueryError(
                .notAvailable, at: nil, en: "a standing query reads no second pipe",
                vi: "truy vấn thường trực không đọc thêm câu truy vấn khác")
        }
        return try runPlan(plan)
    }

    /// Which rows of a table follow each other: those with equal tags, or of one group of the aggregation before.
    private func seriesNumbers(_ table: Table) -> [UInt32] {
        let keys = table.infos.indices.filter { table.infos[$0].isShared }
        var numbers: [[UInt64?]: UInt32] = [:]
        return (0..<table.rowCount).map { row in
            let key = keys.map { table.columns[$0].value(row) }
            let number = numbers[key] ?? UInt32(truncatingIfNeeded: numbers.count)
            numbers[key] = number
            return number
        }
    }

    private func block(_ table: Table) -> RowBlock {
        table.block(
            time: table.infos.firstIndex { $0.name == "time" && $0.type == .time }, now: context.now)
    }

    /// The best rows, best first; with `by`, the best of each group, groups in order of appearance. Nulls never rank.
    private func top(_ count: Int, largest: Bool, column: Int, by: [Int], _ table: Table) throws(QueryError) -> [Int] {
        let order = try table.order(
            by: [(column: column, descending: largest)], pool: context.pool, watch: context.watch)
        let ranked = order.filter { table.columns[column].isPresent($0) }
        guard !by.isEmpty else { return Array(ranked.prefix(count)) }
        var groups: [[UInt64?]: [Int]] = [:]
        for row in ranked {
            let key = by.map { table.columns[$0].value(row) }
            if groups[key, default: []].count < count { groups[key, default: []].append(row) }
        }
        var seen: Set<[UInt64?]> = []
        var result: [Int] = []
        for row in 0..<table.rowCount {
            let key = by.map { table.columns[$0].value(row) }
            if seen.insert(key).inserted { result += groups[key] ?? [] }
        }
        return result
    }

    private func unpivot(_ unpivot: Unpivot, keep: [Int], _ table: Table) throws(QueryError) -> Table {
        var infos = keep.map { table.infos[$0] }
        infos.append(TableColumn(name: "field", type: .string))
        infos.append(TableColumn(name: "value", type: unpivot.valueType))
        var result = Table(infos: infos)
        let block = self.block(table)
        var values: [(UInt64, BlockColumn)] = []
        for field in unpivot.fields {
            values.append((field.nameCode, try ExpressionEvaluator(context).evaluate(field.value, block)))
        }
        for row in 0..<table.rowCount {
            for (name, column) in values {
                guard let value = column.value(row) else { continue }
                result.append(keep.map { table.columns[$0].value(row) } + [name, value])
                if result.rowCount > limits.rows { throw RowLimit.exceeded(limits.rows, .unpivot) }
            }
            try context.watch.spend(values.count * keep.count)
            if row % 4096 == 0 { try context.watch.hold(result.byteCount) }
        }
        return result
    }
}

enum RowLimit {
    /// - Parameter stage: that which made the rows.
    static func exceeded(_ limit: Int, _ stage: QueryGuard.Stage) -> QueryError {
        QueryError(
            .rowLimit, at: nil, en: "the result has more than \(limit) rows, after \(stage.name.en)",
            vi: "kết quả có hơn \(limit) dòng, sau khi \(stage.name.vi)",
            hint: Bilingual(
                vi: "thêm | limit 1000, rút ngắn khoảng thời gian hoặc tổng hợp",
                en: "add | limit 1000, ask for a shorter range, or aggregate"))
    }
}
