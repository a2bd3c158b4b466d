import TramColumnar

/// Binds the items of an aggregation: finds the aggregate calls inside each, names the columns, and expands `mean(*)`.
struct AggregateBinder {
    let expressions: ExpressionBinder
    let stage: AggregateStage

    /// Adds calls and outputs to `aggregation`, whose groups and grid are set.
    func bind(into aggregation: inout Aggregation) throws(QueryError) {
        let items = try expandedItems()
        var counts: [String: Int] = [:]
        for item in items where item.name == nil {
            if let call = onlyCall(item.value) { counts[call.function.text, default: 0] += 1 }
        }
        for item in items {
            let value = try bindItem(item.value, into: &aggregation)
            var output = Aggregation.Output(name: "", alias: nil, value: value)
            if let name = item.name {
                output.name = name.text
            } else {
                (output.name, output.alias) = try name(of: item, counts: counts)
            }
            aggregation.outputs.append(output)
        }
    }

    /// Finds mistakes in the items' calls, without binding anything.
    func check() throws(QueryError) {
        for item in try expandedItems() {
            for call in aggregateCalls(item.value) { _ = try bindCall(call) }
        }
    }

    // MARK: - Items

    /// Items with `mean(*)` replaced by one item for every field that it fits.
    private func expandedItems() throws(QueryError) -> [AggregateStage.Item] {
        var items: [AggregateStage.Item] = []
        for item in stage.items {
            guard case .call(let call) = item.value, case .star(let at)? = call.arguments.first else {
                items.append(item)
                continue
            }
            guard let scope = expressions.scope as? RowScope else {
                throw QueryError(
                    .misplaced, at: at, en: "* stands for the fields of stored rows",
                    vi: "* là các trường của bản ghi gốc")
            }
            guard AggregateFunction(rawValue: call.function.text) != nil else {
                throw expressions.unknownFunction(call.function)
            }
            let before = items.count
            // Where a tag has a field's name, the tag is what rows are grouped by.
            let grouped = Set(stage.by.map(\.text)).subtracting(scope.tagKeys)
            for field in scope.visibleFields where !grouped.contains(field.name) {
                guard let function = AggregateFunction(rawValue: call.function.text),
                    function.inputTypes.contains(field.type.columnType)
                else { continue }
                var expanded = call
                // A tag may have the name too.
                expanded.arguments[0] = .name(qualifier: Name("field", at: at), Name(field.name, at: at))
                let name = item.name?.text ?? call.function.text
                items.append(
                    AggregateStage.Item(
                        name: Name("\(name)_\(field.name)", at: item.name?.at ?? call.function.at),
                        value: .call(expanded)))
            }
            if items.count == before {
                throw QueryError(
                    .typeMismatch, at: at, en: "\(scope.title.en) has no field that \(call.function.text) works on",
                    vi: "\(scope.title.vi) không có trường nào tính được \(call.function.text)")
            }
        }
        return items
    }

    /// The call, when the item is one aggregate call, or an expression around exactly one.
    private func onlyCall(_ expression: Expression) -> Expression.Call? {
        let calls = aggregateCalls(expression)
        return calls.count == 1 ? calls[0] : nil
    }

    /// The names of the aggregates that an item calls.
    static func calls(of item: Expression) -> [String] { aggregateCalls(item).map(\.function.text) }

    private func aggregateCalls(_ expression: Expression) -> [Expression.Call] {
        AggregateBinder.aggregateCalls(expression)
    }

    private static func aggregateCalls(_ expression: Expression) -> [Expression.Call] {
        switch expression {
        case .literal, .name, .star: []
        case .call(let call):
            isAggregate(call) ? [call] : call.arguments.flatMap(aggregateCalls)
        case .unary(_, let operand, _), .isNull(let operand, _, _): aggregateCalls(operand)
        case .binary(_, let left, let right, _): aggregateCalls(left) + aggregateCalls(right)
        case .isIn(let operand, let choices, _): aggregateCalls(operand) + choices.flatMap(aggregateCalls)
        case .isBetween(let operand, let low, let high, _):
            aggregateCalls(operand) + aggregateCalls(low) + aggregateCalls(high)
        }
    }

    /// `age()` is an aggregate here, `age(x)` the scalar of a time.
    private static func isAggregate(_ call: Expression.Call) -> Bool {
        if isWindowLength(call) { return true }
        guard let function = AggregateFunction(rawValue: call.function.text) else { return false }
        return function != .age || call.arguments.isEmpty
    }

    /// `duration()` is the length of a window that the rows cut; with an argument it is another function.
    private static func isWindowLength(_ call: Expression.Call) -> Bool {
        call.function.text == RowWindowAggregation.durationCall && call.arguments.isEmpty
    }

    private func bindWindowLength(_ call: Expression.Call) throws(QueryError) -> AggregateCall {
        switch stage.window?.kind {
        case .session, .runs, .everyRows: break
        case .every, nil:
            throw QueryError(
                .misplaced, at: call.at, en: "duration() is the length of a session or a run; there is none here",
                vi: "duration() là độ dài của một session hoặc runs; ở đây không có",
                hint: Bilingual(
                    vi: "thêm: session 20m hoặc runs state; hoặc viết duration(điều kiện)",
                    en: "add: session 20m or runs state; or write duration(condition)"))
        }
        if let filter = call.filter {
            throw QueryError(
                .misplaced, at: filter.at, en: "duration() of a window takes no where of its own",
                vi: "duration() của cửa sổ không có where riêng")
        }
        return AggregateCall(
            function: call.function.text, argument: nil, filter: nil, parameters: [], resultType: .duration, at: call.at
        )
    }

    /// The column's name is its function's when that function occurs once in the stage, else `function_field`.
    private func name(
        of item: AggregateStage.Item, counts: [String: Int]
    ) throws(QueryError) -> (name: String, alias: String?) {
        guard let call = onlyCall(item.value) else {
            throw QueryError(
                .nameNeeded, at: item.value.at, en: "an expression of several aggregates needs a name",
                vi: "biểu thức gồm nhiều hàm tổng hợp cần một tên",
                hint: Bilingual(vi: "ví dụ: rise = last(h) - first(h)", en: "for example: rise = last(h) - first(h)"))
        }
        let function = call.function.text
        var long: String?
        if case .name(_, let field)? = call.arguments.first { long = "\(function)_\(field.text)" }
        if counts[function] == 1 { return (function, long) }
        // `count()` has no field, so beside `count(f)` it stays `count`.
        if call.arguments.isEmpty { return (function, nil) }
        guard let long else {
            throw QueryError(
                .nameNeeded, at: item.value.at, en: "\(function) occurs more than once, so this one needs a name",
                vi: "\(function) xuất hiện nhiều lần nên cần đặt tên",
                hint: Bilingual(vi: "ví dụ: ten = \(function)(…)", en: "for example: my_name = \(function)(…)"))
        }
        return (long, nil)
    }

    // MARK: - Expressions over finished aggregates

    /// An item as an expression over the finished rows: groups first, then calls.
    private func bindItem(
        _ expression: Expression, into aggregation: inout Aggregation
    ) throws(QueryError) -> BoundExpression {
        let calls = aggregateCalls(expression)
        if calls.isEmpty {
            if case .call(let call) = expression, ScalarFunction(rawValue: call.function.text) == nil,
                !["if", "coalesce", "under", "within", "distance"].contains(call.function.text)
            {
                if RunningFunction(rawValue: call.function.text) != nil { _ = try expressions.bind(expression) }
                throw expressions.unknownFunction(call.function)
            }
            throw QueryError(
                .misplaced, at: expression.at, en: "an aggregate is needed here, such as mean(speed)",
                vi: "chỗ này cần hàm tổng hợp, ví dụ mean(speed)",
                hint: Bilingual(
                    vi: "để thêm cột dùng: | set ten = …", en: "to add a column write: | set my_name = …"))
        }
        let scope = FinishedScope(groups: aggregation.groups, firstColumn: aggregation.firstGroupColumn)
        for call in calls {
            let bound = try bindCall(call)
            let column = aggregation.firstCallColumn + aggregation.calls.count
            aggregation.calls.append(bound)
            scope.calls[call] = .column(column, bound.resultType)
        }
        let finished = ExpressionBinder(
            scope: scope, pool: expressions.pool, context: expressions.context, zone: expressions.zone)
        return try finished.bind(scope.replacingCalls(expression))
    }

    private func bindCall(_ call: Expression.Call) throws(QueryError) -> AggregateCall {
        if AggregateBinder.isWindowLength(call) { return try bindWindowLength(call) }
        let function = call.function.text
        var argument: BoundExpression?
        var second: BoundExpression?
        var rest = call.arguments[...]
        let known = AggregateFunction(rawValue: function)
        if known == .histogram { throw AggregateBinder.mixedHistogram(call) }
        if let first = rest.first, known?.takesColumn ?? true {
            if case .literal(.string(let text), let at) = first {
                throw QueryError(
                    .wrongArguments, at: at, en: "\(function) takes a column, and a text in quotes is none",
                    vi: "\(function) cần một cột, chuỗi trong ngoặc kép không phải là cột",
                    hint: Bilingual(
                        vi: "bỏ dấu ngoặc: \(function)(\(text))", en: "without quotes: \(function)(\(text))"))
            }
            argument = try expressions.bind(first)
            // A field that no row has had yet may turn out to be a condition.
            if known?.inputTypes == [.bool], case .constant(_, nil)? = argument { argument = .constant(.bool, nil) }
            rest = rest.dropFirst()
        }
        if let known, known.takesPair {
            guard let written = rest.popFirst() else {
                throw AggregateBinder.error(for: .wrongCall(usage: known.usage), call)
            }
            let bound = try expressions.bind(written)
            guard known.inputTypes.contains(bound.type) else {
                var error = AggregateBinder.error(for: .unfitType(bound.type, accepted: known.inputTypes), call)
                error.at = written.at
                throw error
            }
            second = .cast(bound, .float)
        }
        var parameters: [AggregateParameter] = []
        for parameter in rest { parameters.append(try bindParameter(parameter, call)) }
        var filter: BoundExpression?
        if let written = call.filter { filter = try expressions.bindCondition(written) }
        let result = try checked(call, argument, parameters)
        return AggregateCall(
            function: function, argument: argument, second: second, filter: filter, parameters: parameters,
            resultType: result, at: call.at)
    }

    private func bindParameter(
        _ parameter: Expression, _ call: Expression.Call
    ) throws(QueryError) -> AggregateParameter {
        switch parameter {
        case .name(nil, let word): return .word(word.text)
        case .literal(.int(let value), _): return .number(Double(value))
        case .literal(.float(let value), _): return .number(value)
        case .literal(.duration, _):
            if case .constant(.duration, let bits?) = try expressions.bind(parameter) {
                return .duration(Int64(bitPattern: bits))
            }
            fallthrough
        default:
            if let function = AggregateFunction(rawValue: call.function.text), function.modifiers.isEmpty {
                throw AggregateBinder.error(for: .wrongCall(usage: function.usage), call)
            }
            throw QueryError(
                .wrongArguments, at: parameter.at, en: "\(call.function.text) takes a number or a word here",
                vi: "\(call.function.text) cần một số hoặc một từ ở đây",
                hint: Bilingual(
                    vi: "ví dụ: quantile(speed, 0.9, exact)", en: "for example: quantile(speed, 0.9, exact)"))
        }
    }

    private func checked(
        _ call: Expression.Call, _ argument: BoundExpression?, _ parameters: [AggregateParameter]
    ) throws(QueryError) -> ColumnType {
        guard let function = AggregateFunction(rawValue: call.function.text) else {
            throw expressions.unknownFunction(call.function)
        }
        do {
            return try function.resultType(of: argument?.type, parameters: parameters)
        } catch {
            throw AggregateBinder.error(for: error, call)
        }
    }

    /// `histogram` gives rows, so no other aggregate can stand beside it.
    static func mixedHistogram(_ call: Expression.Call) -> QueryError {
        QueryError(
            .misplaced, at: call.at, en: "histogram gives a row for each bucket and stands alone in its stage",
            vi: "histogram cho mỗi khoảng một dòng nên phải đứng một mình",
            hint: Bilingual(vi: "viết: | histogram(speed, 10)", en: "write: | histogram(speed, 10)"))
    }

    /// What is wrong with a call, with its place and the mend.
    static func error(for mistake: AggregateMistake, _ call: Expression.Call) -> QueryError {
        let name = call.function.text
        switch mistake {
        case .unknownFunction, .missingArgument:
            return QueryError(
                .wrongArguments, at: call.at, en: "\(name) needs a column", vi: "\(name) cần một cột",
                hint: Bilingual(vi: "viết: \(name)(speed)", en: "write: \(name)(speed)"))
        case .unfitType(let type, let accepted):
            let list = accepted.filter { $0 != .tag }.map(\.rawValue).joined(separator: ", ")
            return QueryError(
                .typeMismatch, at: call.arguments.first?.at ?? call.at,
                en: "\(name) does not work on \(type.rawValue)",
                vi: "\(name) không tính được trên kiểu \(type.rawValue)",
                hint: Bilingual(vi: "kiểu dùng được: \(list)", en: "it takes: \(list)"))
        case .missingShare:
            return QueryError(
                .wrongArguments, at: call.at, en: "\(name) needs a share between 0 and 1",
                vi: "\(name) cần một tỷ lệ từ 0 đến 1",
                hint: Bilingual(vi: "viết: quantile(speed, 0.9)", en: "write: quantile(speed, 0.9)"))
        case .badShare(let share):
            return QueryError(
                .wrongArguments, at: call.at,
                en: "a share lies between 0 and 1, \(NumberText.shortest(share)) does not",
                vi: "tỷ lệ phải từ 0 đến 1, \(NumberText.shortest(share)) nằm ngoài",
                hint: Bilingual(vi: "viết: quantile(speed, 0.9)", en: "write: quantile(speed, 0.9)"))
        case .wrongCall(let usage):
            return QueryError(
                .wrongArguments, at: call.at, en: "\(name) has other arguments", vi: "\(name) có tham số khác",
                hint: Bilingual(vi: "viết: \(usage)", en: "write: \(usage)"))
        case .unexpectedParameter(let index, let allowed):
            let at = index + 1 < call.arguments.count ? call.arguments[index + 1].at : call.at
            let words = allowed.joined(separator: ", ")
            return QueryError(
                .wrongArguments, at: at, en: "\(name) does not take this", vi: "\(name) không nhận tham số này",
                hint: allowed.isEmpty
                    ? nil : Bilingual(vi: "có thể viết: \(words)", en: "it may be: \(words)"))
        }
    }
}

/// Names inside an item once its aggregates are finished: the groups, and the calls themselves.
private final class FinishedScope: Scope {
    let groups: [Aggregation.Group]
    let firstColumn: Int
    var calls: [Expression.Call: BoundExpression] = [:]

    init(groups: [Aggregation.Group], firstColumn: Int) {
        self.groups = groups
        self.firstColumn = firstColumn
    }

    var isSource: Bool { false }
    var title: Bilingual { Bilingual(vi: "phép tổng hợp này", en: "this aggregation") }
    var names: [String] { groups.map(\.name) }

    func resolve(_ name: String, qualifier: String?) -> BoundExpression? {
        if qualifier == FinishedScope.callQualifier, let number = Int(name), number < order.count {
            return calls[order[number]]
        }
        guard qualifier == nil, let index = groups.firstIndex(where: { $0.name == name }) else { return nil }
        return .column(firstColumn + index, groups[index].value.type)
    }

    /// A qualifier that no text can hold: names with it stand for calls.
    private static let callQualifier = "\u{0}call"
    private var order: [Expression.Call] = []

    /// The expression with every aggregate call replaced by a name that this scope resolves to the call's column.
    func replacingCalls(_ expression: Expression) -> Expression {
        switch expression {
        case .literal, .name, .star: return expression
        case .call(var call):
            if calls[call] != nil {
                order.append(call)
                return .name(
                    qualifier: Name(FinishedScope.callQualifier, at: call.at),
                    Name(String(order.count - 1), at: call.at))
            }
            call.arguments = call.arguments.map(replacingCalls)
            return .call(call)
        case .unary(let operation, let operand, let at): return .unary(operation, replacingCalls(operand), at)
        case .binary(let operation, let left, let right, let at):
            return .binary(operation, replacingCalls(left), replacingCalls(right), at)
        case .isIn(let operand, let choices, let at):
            return .isIn(replacingCalls(operand), choices.map(replacingCalls), at)
        case .isBetween(let operand, let low, let high, let at):
            return .isBetween(replacingCalls(operand), replacingCalls(low), replacingCalls(high), at)
        case .isNull(let operand, let negated, let at):
            return .isNull(replacingCalls(operand), negated: negated, at)
        }
    }
}
