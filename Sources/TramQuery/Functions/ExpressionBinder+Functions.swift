import TramColumnar

/// Calls that are more than a scalar of one row: running functions, places, `expected`.
extension ExpressionBinder {
    /// Names that `bindSpecial` knows besides those of running functions.
    static let specialNames = ["within", "distance", "expected"]

    /// The bound call; nil when it is for others.
    func bindSpecial(_ call: Expression.Call) throws(QueryError) -> BoundExpression? {
        let name = call.function.text
        let running = RunningFunction(rawValue: name)
        guard running != nil || ExpressionBinder.specialNames.contains(name) else { return nil }
        if name == "expected", self.running == nil { return nil }
        if let filter = call.filter {
            throw QueryError(
                .misplaced, at: filter.at, en: "only aggregates take a where of their own",
                vi: "chỉ hàm tổng hợp mới có where riêng",
                hint: Bilingual(vi: "lọc trước: | where …", en: "filter before: | where …"))
        }
        if let running { return try bindRunning(running, call) }
        switch name {
        case "within": return try bindWithin(call)
        case "distance": return try bindDistance(call)
        default: return try bindExpected(call)
        }
    }

    // MARK: - Running functions

    private func bindRunning(
        _ function: RunningFunction, _ call: Expression.Call
    ) throws(QueryError) -> BoundExpression {
        guard let place = running else { throw misplacedRunning(function, call) }
        guard function.argumentCounts.contains(call.arguments.count), let first = call.arguments.first else {
            throw wrongArguments(call, function.usage)
        }
        if function.isAcross { try checkAcross(function, place, call) }
        if function == .deriv && place.rows == .table && !place.isTimed {
            throw QueryError(
                .misplaced, at: call.at, en: "rows have no time here", vi: "ở bước này các dòng không có thời gian",
                hint: Bilingual(
                    vi: "thêm cửa sổ: every 1h", en: "add a window to the aggregation: every 1h"))
        }
        let value = try bind(first)
        let operand = try runningOperand(function, value, first.at)
        var operands = [operand]
        let constants = try runningConstants(function, call, &operands)
        let type: ColumnType =
            switch function {
            case .diff: operand.type == .uint ? .int : operand.type == .time ? .duration : operand.type
            case .cumsum, .lag: operand.type
            case .rank, .cross: .int
            case .changed: .bool
            default: .float
            }
        let result = BoundExpression.computed(
            RunningCall(
                function: function, operands: operands, constants: constants, type: type, place: place, at: call.at))
        // Means and medians of lengths of time are lengths of time.
        switch function {
        case .movingMean, .movingMedian, .ewma, .forecast:
            return value.type == .duration ? .cast(result, .duration) : result
        default: return result
        }
    }

    /// The value in the type that the function computes with.
    private func runningOperand(
        _ function: RunningFunction, _ value: BoundExpression, _ at: SourceRange
    ) throws(QueryError) -> BoundExpression {
        let accepted: [ColumnType]
        switch function {
        case .lag, .changed: return value
        case .rank: accepted = [.float, .int, .uint, .duration, .time]
        case .diff: accepted = [.float, .int, .uint, .duration, .time]
        case .cumsum: accepted = [.float, .int, .uint, .duration]
        case .deriv, .cross: accepted = [.float, .int, .uint]
        default: accepted = [.float, .int, .uint, .duration]
        }
        guard accepted.contains(value.type) else {
            let list = accepted.map(\.rawValue).joined(separator: ", ")
            throw QueryError(
                .typeMismatch, at: at, en: "\(function.rawValue) does not work on \(value.type.rawValue)",
                vi: "\(function.rawValue) không tính được trên kiểu \(value.type.rawValue)",
                hint: Bilingual(vi: "kiểu dùng được: \(list)", en: "it takes: \(list)"))
        }
        switch function {
        case .rank, .diff, .cumsum: return value
        default: return value.type == .float ? value : .cast(value, .float)
        }
    }

    private func runningConstants(
        _ function: RunningFunction, _ call: Expression.Call, _ operands: inout [BoundExpression]
    ) throws(QueryError) -> RunningCall.Constants {
        var constants = RunningCall.Constants()
        let arguments = call.arguments
        switch function {
        case .diff, .cumsum, .rank, .share, .changed: break
        case .deriv:
            if arguments.count > 1 { constants.unit = try positiveDuration(arguments[1], call, function.usage) }
        case .lag:
            if arguments.count > 1 { constants.count = try rows(arguments[1], 1, call, function.usage) }
        case .movingMean, .movingMedian: constants.count = try rows(arguments[1], 1, call, function.usage)
        case .zscore, .madZ: constants.count = try rows(arguments[1], 3, call, function.usage)
        case .ewma:
            let weight = try constant(arguments[1]).flatMap(number)
            guard let weight, weight > 0, weight <= 1 else {
                throw wrongArgument(
                    arguments[1].at, function.usage, en: "the weight of ewma is a number above 0 and at most 1",
                    vi: "hệ số của ewma là số lớn hơn 0 và không quá 1")
            }
            constants.weight = weight
        case .cross:
            let level = try bind(arguments[1])
            guard level.type.isNumber else {
                throw wrongArgument(
                    arguments[1].at, function.usage, en: "the level of cross is a number",
                    vi: "ngưỡng của cross là một số")
            }
            operands.append(level.type == .float ? level : .cast(level, .float))
        case .forecast:
            constants.count = try rows(arguments[1], 1, call, function.usage)
            if arguments.count > 2 { constants.season = try rows(arguments[2], 0, call, function.usage) }
            if constants.season == 1 {
                throw wrongArgument(
                    arguments[2].at, function.usage, en: "a season has at least 2 rows, 0 is none",
                    vi: "một mùa có ít nhất 2 dòng, 0 là không có mùa")
            }
        }
        return constants
    }

    /// `rank` and `share` compare the rows of an aggregation.
    private func checkAcross(
        _ function: RunningFunction, _ place: RunningPlace, _ call: Expression.Call
    ) throws(QueryError) {
        let name = function.rawValue
        if place.rows == .stored || !place.isAggregated {
            throw QueryError(
                .misplaced, at: call.at, en: "\(name) compares rows of an aggregation, these are stored rows",
                vi: "\(name) so các dòng đã tổng hợp, đây là bản ghi gốc",
                hint: Bilingual(
                    vi: "tổng hợp trước: | n = count() by ward | set r = \(name)(n)",
                    en: "aggregate first: | n = count() by ward | set r = \(name)(n)"))
        }
        if place.isStanding {
            throw QueryError(
                .misplaced, at: call.at, en: "\(name) needs all groups of a window, a standing query has one at a time",
                vi: "\(name) cần mọi nhóm của một cửa sổ, truy vấn thường trực chỉ có từng nhóm",
                hint: Bilingual(
                    vi: "dùng trong truy vấn thường", en: "use it in a query that is asked once"))
        }
    }

    /// The error for a running function outside of `set` and `where`.
    private func misplacedRunning(_ function: RunningFunction, _ call: Expression.Call) -> QueryError {
        let name = function.rawValue
        return QueryError(
            .misplaced, at: call.function.at, en: "\(name) runs along rows and stands in set or where",
            vi: "\(name) tính dọc theo các dòng, phải đứng trong set hoặc where",
            hint: Bilingual(
                vi: "viết: | set x = \(function.usage)", en: "write: | set x = \(function.usage)"))
    }

    private func bindExpected(_ call: Expression.Call) throws(QueryError) -> BoundExpression {
        guard call.arguments.count == 1 else { throw wrongArguments(call, "expected(1m)") }
        let period = try positiveDuration(call.arguments[0], call, "expected(1m)")
        guard let windows = running?.windows else {
            throw QueryError(
                .misplaced, at: call.at, en: "expected follows an aggregation, whose windows it counts",
                vi: "expected đứng sau phép tổng hợp để biết cửa sổ",
                hint: Bilingual(
                    vi: "viết: | n = count() by station | set pct = 100 * n / expected(1m)",
                    en: "write: | n = count() by station | set pct = 100 * n / expected(1m)"))
        }
        var time: BoundExpression?
        if windows.grid != nil {
            time = scope.resolve("time", qualifier: nil)
            guard let time, time.type == .time else {
                throw QueryError(
                    .misplaced, at: call.at, en: "expected needs the column time to know the row's window",
                    vi: "expected cần cột time để biết cửa sổ của dòng",
                    hint: Bilingual(
                        vi: "đặt set trước select và drop", en: "put set before select and drop"))
            }
        }
        return .computed(ExpectedPeriods(windows: windows, period: period, time: time))
    }

    // MARK: - Places

    private func bindWithin(_ call: Expression.Call) throws(QueryError) -> BoundExpression {
        let usage = "within(lat, lon, \"10.77,106.70,500m\")"
        guard call.arguments.count == 3, case .literal(.string(let text), let at) = call.arguments[2] else {
            throw wrongArguments(call, usage)
        }
        guard let area = Area(text) else {
            throw QueryError(
                .wrongArguments, at: at, en: "this is not an area", vi: "đây không phải một vùng",
                hint: Bilingual(
                    vi: "hình tròn: \"10.77,106.70,500m\"; đa giác: \"10.7 106.6, 10.8 106.6, 10.8 106.7\"",
                    en: "a circle: \"10.77,106.70,500m\"; a polygon: \"10.7 106.6, 10.8 106.6, 10.8 106.7\""))
        }
        return .computed(AreaTest(area: area, operands: try degrees(call.arguments[0..<2])))
    }

    private func bindDistance(_ call: Expression.Call) throws(QueryError) -> BoundExpression {
        guard call.arguments.count == 4 else { throw wrongArguments(call, "distance(lat, lon, 10.77, 106.70)") }
        return .computed(Distance(operands: try degrees(call.arguments[...])))
    }

    private func degrees(_ arguments: ArraySlice<Expression>) throws(QueryError) -> [BoundExpression] {
        var operands: [BoundExpression] = []
        for argument in arguments {
            let bound = try bind(argument)
            guard bound.type.isNumber else {
                throw QueryError(
                    .typeMismatch, at: argument.at, en: "degrees are numbers, this is of type \(bound.type.rawValue)",
                    vi: "toạ độ phải là số, đây là kiểu \(bound.type.rawValue)",
                    hint: Bilingual(vi: "đổi ra số: float(…)", en: "make it a number: float(…)"))
            }
            operands.append(bound.type == .float ? bound : .cast(bound, .float))
        }
        return operands
    }

    // MARK: - Constant arguments

    private func wrongArguments(_ call: Expression.Call, _ usage: String) -> QueryError {
        QueryError(
            .wrongArguments, at: call.at, en: "\(call.function.text) has other arguments",
            vi: "\(call.function.text) có tham số khác", hint: Bilingual(vi: "viết: \(usage)", en: "write: \(usage)"))
    }

    private func wrongArgument(_ at: SourceRange, _ usage: String, en: String, vi: String) -> QueryError {
        QueryError(
            .wrongArguments, at: at, en: en, vi: vi, hint: Bilingual(vi: "ví dụ: \(usage)", en: "for example: \(usage)")
        )
    }

    private func constant(_ expression: Expression) throws(QueryError) -> (type: ColumnType, bits: UInt64)? {
        guard case .constant(let type, let bits?) = try bind(expression) else { return nil }
        return (type, bits)
    }

    private func number(_ constant: (type: ColumnType, bits: UInt64)) -> Double? {
        constant.type.isNumber ? ValueKind(constant.type).double(constant.bits) : nil
    }

    /// A number of rows.
    private func rows(
        _ expression: Expression, _ fewest: Int64, _ call: Expression.Call, _ usage: String
    ) throws(QueryError) -> Int {
        guard let (type, bits) = try constant(expression), type == .int, Int64(bitPattern: bits) >= fewest,
            Int64(bitPattern: bits) <= RunningFunction.mostRows
        else {
            let most = RunningFunction.mostRows
            throw wrongArgument(
                expression.at, usage, en: "\(call.function.text) takes a whole number from \(fewest) to \(most) here",
                vi: "\(call.function.text) cần một số nguyên từ \(fewest) đến \(most) ở đây")
        }
        return Int(truncatingIfNeeded: Int64(bitPattern: bits))
    }

    private func positiveDuration(
        _ expression: Expression, _ call: Expression.Call, _ usage: String
    ) throws(QueryError) -> Int64 {
        guard let (type, bits) = try constant(expression), type == .duration, Int64(bitPattern: bits) > 0 else {
            throw wrongArgument(
                expression.at, usage, en: "\(call.function.text) takes a length of time here",
                vi: "\(call.function.text) cần một khoảng thời gian ở đây")
        }
        return Int64(bitPattern: bits)
    }
}

extension Expression {
    /// Whether a running function is called in it.
    var hasRunningCall: Bool {
        switch self {
        case .literal, .name, .star: false
        case .call(let call):
            RunningFunction(rawValue: call.function.text) != nil || call.arguments.contains(where: \.hasRunningCall)
        case .unary(_, let operand, _), .isNull(let operand, _, _): operand.hasRunningCall
        case .binary(_, let left, let right, _): left.hasRunningCall || right.hasRunningCall
        case .isIn(let operand, let choices, _):
            operand.hasRunningCall || choices.contains(where: \.hasRunningCall)
        case .isBetween(let operand, let low, let high, _):
            operand.hasRunningCall || low.hasRunningCall || high.hasRunningCall
        }
    }
}

extension Binder {
    /// Running functions over the rows of a scan, at its present step.
    func storedRows(_ scan: Scan) -> RunningPlace {
        var keys: [Int] = []
        for case .unpivot(let unpivot) in scan.steps { keys.append(unpivot.nameColumn) }
        return RunningPlace(
            rows: .stored, keys: keys, isTimed: true, isAggregated: false, isStanding: isStanding, windows: nil)
    }

    /// Running functions over the rows of a table.
    func tableRows(_ scope: TableScope, _ plan: Plan) -> RunningPlace {
        let columns = scope.columns
        let time = columns.first { $0.name == "time" && $0.type == .time }
        let aggregation = Binder.lastAggregation(of: plan)
        return RunningPlace(
            rows: .table, keys: columns.indices.filter { columns[$0].role == .key },
            isTimed: time?.role == .windowTime || time?.role == .rowTime,
            isAggregated: !columns.contains { $0.role == .rowTime || $0.role == .key } || aggregation != nil,
            isStanding: isStanding,
            windows: aggregation.map { ExpectedPeriods.Windows(grid: $0.grid, range: $0.range) })
    }

    /// The aggregation whose rows the plan's steps work on.
    private static func lastAggregation(of plan: Plan) -> Aggregation? {
        for case .aggregate(let aggregation, _) in plan.steps.reversed() { return aggregation }
        switch plan.root {
        case .aggregate(_, let aggregation): return aggregation
        case .table(let inner): return lastAggregation(of: inner)
        case .scan, .stale, .show: return nil
        }
    }
}
