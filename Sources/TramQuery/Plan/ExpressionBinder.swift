import TramColumnar

/// Turns an expression as it was written into one over columns with known types.
struct ExpressionBinder {
    let scope: any Scope
    let pool: TextPool
    let context: QueryContext
    let zone: TimeZoneRules
    /// Which rows running functions run along; nil where they have no place.
    var running: RunningPlace?

    func bind(_ expression: Expression) throws(QueryError) -> BoundExpression {
        switch expression {
        case .literal(let literal, let at):
            return try bindLiteral(literal, at: at)
        case .name(let qualifier, let name):
            return try bindName(qualifier, name)
        case .star(let at):
            throw QueryError(
                .misplaced, at: at, en: "* stands only inside an aggregate: mean(*)",
                vi: "* chỉ dùng bên trong hàm tổng hợp: mean(*)")
        case .call(let call):
            return try bindCall(call)
        case .unary(.not, let operand, _):
            return .not(try bindCondition(operand))
        case .unary(.minus, let operand, let at):
            let bound = try bind(operand)
            if case .constant(.int, let bits?) = bound, Int64(bitPattern: bits) != .min {
                return .constant(.int, UInt64(bitPattern: -Int64(bitPattern: bits)))
            }
            let number = try number(bound, operand.at)
            return .negate(number.type == .uint ? .cast(number, .int) : number, at)
        case .binary(let operation, let left, let right, let at):
            return try bindBinary(operation, left, right, at)
        case .isIn(let operand, let choices, let at):
            var result: BoundExpression?
            for choice in choices {
                let test = try bindBinary(.equal, operand, choice, at)
                result = result.map { .or($0, test) } ?? test
            }
            return result ?? .constant(.bool, 0)
        case .isBetween(let operand, let low, let high, let at):
            return .and(
                try bindBinary(.greaterOrEqual, operand, low, at), try bindBinary(.lessOrEqual, operand, high, at))
        case .isNull(let operand, let negated, _):
            return .isNull(try bind(operand), negated: negated)
        }
    }

    /// An expression that must be true or false.
    func bindCondition(_ expression: Expression) throws(QueryError) -> BoundExpression {
        let bound = try bind(expression)
        if bound.type == .bool { return bound }
        if case .constant(_, nil) = bound { return .constant(.bool, nil) }
        throw QueryError(
            .typeMismatch, at: expression.at, en: "a condition is needed here, this is of type \(bound.type.rawValue)",
            vi: "cần một điều kiện đúng/sai, biểu thức này có kiểu \(bound.type.rawValue)",
            hint: Bilingual(vi: "ví dụ: speed < 20", en: "for example: speed < 20"))
    }

    // MARK: - Names and literals

    private func bindLiteral(_ literal: Literal, at: SourceRange) throws(QueryError) -> BoundExpression {
        switch literal {
        case .null: .constant(.float, nil)
        case .bool(let value): .constant(.bool, value ? 1 : 0)
        case .int(let value): .constant(.int, UInt64(bitPattern: value))
        case .float(let value): .constant(.float, value.bitPattern)
        case .string(let text): .constant(.string, pool.code(text))
        case .duration(let duration):
            if let nanoseconds = duration.fixedNanoseconds {
                .constant(.duration, UInt64(bitPattern: nanoseconds))
            } else {
                throw QueryError(
                    .badDuration, at: at,
                    en: "months have no fixed length, so they cannot be compared or computed with",
                    vi: "tháng không có độ dài cố định nên không so sánh hay tính toán được",
                    hint: Bilingual(vi: "dùng ngày: 30d", en: "use days: 30d"))
            }
        case .instant(let instant):
            .constant(
                .time,
                UInt64(bitPattern: RangeResolver.resolve(instant, now: context.now, zone: zone)))
        }
    }

    private func bindName(_ qualifier: Name?, _ name: Name) throws(QueryError) -> BoundExpression {
        if let bound = scope.resolve(name.text, qualifier: qualifier?.text) { return bound }
        throw unknown(name, qualifier: qualifier)
    }

    /// The error for a name that the scope does not have.
    func unknown(_ name: Name, qualifier: Name? = nil) -> QueryError {
        let levels = ["central", "province", "district", "commune", "ward"]
        if context.units == nil, qualifier?.text == "station" || levels.contains(name.text) {
            return QueryError(
                .unknownColumn, at: name.at, en: "no catalogue of units and stations is loaded for \"\(name.text)\"",
                vi: "chưa nạp danh mục đơn vị và trạm nên chưa biết \"\(name.text)\"",
                hint: Bilingual(
                    vi: "Thêm --catalogue FILE; trên máy chủ: catalogue: trong tệp cấu hình",
                    en: "Add --catalogue FILE; for a server catalogue: in its configuration"))
        }
        let near = Suggestions.closest(to: name.text, among: scope.names)
        let title = scope.title
        let list = scope.names.sorted().prefix(12).joined(separator: ", ")
        let hint =
            near.first.map {
                Bilingual(
                    vi: "Có phải ý bạn là \"\($0)\"? Có: \(list)", en: "Did you mean \"\($0)\"? There are: \(list)")
            } ?? Bilingual(vi: "Có: \(list)", en: "There are: \(list)")
        if qualifier?.text == "station" {
            return QueryError(
                .unknownColumn, at: name.at, en: "the stations file has no column \"\(name.text)\"",
                vi: "danh mục trạm không có cột \"\(name.text)\"",
                hint: Bilingual(
                    vi: "kiểm tra danh mục (--catalogue) và thẻ của trạm",
                    en: "check the catalogue (--catalogue) and the station's tag"))
        }
        return scope.isSource
            ? QueryError(
                .unknownField, at: name.at, en: "\(title.en) has no field or tag \"\(name.text)\"",
                vi: "\(title.vi) không có trường hay thẻ \"\(name.text)\"", hint: hint)
            : QueryError(
                .unknownColumn, at: name.at, en: "there is no column \"\(name.text)\" here",
                vi: "ở bước này không có cột \"\(name.text)\"", hint: hint)
    }

    // MARK: - Operators

    private func bindBinary(
        _ operation: BinaryOperator, _ left: Expression, _ right: Expression, _ at: SourceRange
    ) throws(QueryError) -> BoundExpression {
        switch operation {
        case .and: return .and(try bindCondition(left), try bindCondition(right))
        case .or: return .or(try bindCondition(left), try bindCondition(right))
        case .matches, .notMatches: return try bindMatch(left, right, negated: operation == .notMatches)
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual:
            return try bindComparison(operation, left, right, at)
        case .add, .subtract, .multiply, .divide, .remainder:
            return try bindArithmetic(operation, try bind(left), try bind(right), left, right, at)
        }
    }

    private func bindMatch(
        _ left: Expression, _ right: Expression, negated: Bool
    ) throws(QueryError) -> BoundExpression {
        guard case .literal(.string(let text), let at) = right else {
            throw QueryError(
                .typeMismatch, at: right.at, en: "a pattern is a text in quotes",
                vi: "mẫu tìm phải là chuỗi trong ngoặc kép",
                hint: Bilingual(vi: "ví dụ: way ~ \"^QL\"", en: "for example: way ~ \"^QL\""))
        }
        let operand = try bind(left)
        guard operand.type == .tag || operand.type == .string else {
            throw QueryError(
                .typeMismatch, at: left.at, en: "only text can be matched, this is of type \(operand.type.rawValue)",
                vi: "chỉ so mẫu được với chuỗi, đây là kiểu \(operand.type.rawValue)",
                hint: Bilingual(vi: "đổi ra chuỗi: string(…)", en: "make it a text: string(…)"))
        }
        do {
            return .matches(operand, try Pattern(text), negated: negated)
        } catch {
            var placed = error
            placed.at = at
            throw placed
        }
    }

    private func bindComparison(
        _ operation: BinaryOperator, _ left: Expression, _ right: Expression, _ at: SourceRange
    ) throws(QueryError) -> BoundExpression {
        let first = try bind(left)
        let second: BoundExpression
        if case .name(nil, let name) = right, first.type.isText, scope.resolve(name.text, qualifier: nil) == nil {
            // `way = QL51`: the text lacks its quotes.
            throw QueryError(
                .unknownColumn, at: name.at, en: "\(scope.title.en) has no column \(name.text)",
                vi: "\(scope.title.vi) không có cột \(name.text)",
                hint: Bilingual(
                    vi: "Chuỗi cần dấu ngoặc kép: \(operation.rawValue) \"\(name.text)\"",
                    en: "Text needs quotes: \(operation.rawValue) \"\(name.text)\""))
        } else {
            second = try bind(right)
        }
        try refuseUnitName(first, right)
        try refuseUnitName(second, left)
        let (one, two) = try unified(first, second, left, right, verb: operation.rawValue, at: at)
        return .comparison(operation, one, two)
    }

    /// `commune = "Ngô Quyền"`: a level is its units' codes, and a text that is no code would match nothing, silently.
    private func refuseUnitName(_ value: BoundExpression, _ other: Expression) throws(QueryError) {
        guard case .unit(_, _, let level, isName: false) = value, case .literal(.string(let text), let at) = other,
            let units = context.units, !units.hasUnit(code: text)
        else { return }
        throw QueryError(
            .unknownUnit, at: at, en: "the catalogue has no unit with code \"\(text)\"; \(level) is a code",
            vi: "danh mục không có đơn vị mã \"\(text)\"; \(level) là mã đơn vị",
            hint: Bilingual(
                vi: "so tên thì viết: \(level)_name = \"\(text)\"; tìm mã: tram units list \"\(text)\"",
                en: "to compare names write: \(level)_name = \"\(text)\"; to find a code: tram units list \"\(text)\""))
    }

    /// Both operands in one type, for comparing and choosing.
    private func unified(
        _ first: BoundExpression, _ second: BoundExpression, _ left: Expression, _ right: Expression, verb: String,
        at: SourceRange
    ) throws(QueryError) -> (BoundExpression, BoundExpression) {
        if case .constant(_, nil) = first { return (.constant(second.type, nil), second) }
        if case .constant(_, nil) = second { return (first, .constant(first.type, nil)) }
        if first.type == second.type || (first.type.isText && second.type.isText) { return (first, second) }
        if first.type.isNumber && second.type.isNumber {
            // A whole literal takes the other side's type, so that 64-bit values are compared exactly.
            if let literal = unsignedLiteral(first), second.type == .uint { return (literal, second) }
            if let literal = unsignedLiteral(second), first.type == .uint { return (first, literal) }
            return (.cast(first, .float), .cast(second, .float))
        }
        // A text that is an instant may be compared with a time.
        if first.type == .time, let instant = instantLiteral(right) { return (first, instant) }
        if second.type == .time, let instant = instantLiteral(left) { return (instant, second) }
        let hint: Bilingual?
        if first.type.isText, second.type.isNumber, case .literal = right {
            let written = Value(bits: constantBits(second), type: second.type, pool: pool).plainText
            hint = Bilingual(
                vi: "thẻ và chuỗi cần ngoặc kép: \"\(written)\"", en: "tags are text and need quotes: \"\(written)\"")
        } else if (first.type == .time) != (second.type == .time) {
            hint = Bilingual(
                vi: "viết thời điểm không có ngoặc kép: time > 2026-11-19T18:00",
                en: "write a point in time without quotes: time > 2026-11-19T18:00")
        } else if second.type == .duration && first.type.isNumber {
            hint = Bilingual(
                vi: "cột này là số, không phải khoảng thời gian", en: "this column is a number, not a length of time")
        } else {
            hint = nil
        }
        throw QueryError(
            .typeMismatch, at: at,
            en: "\(first.type.rawValue) and \(second.type.rawValue) cannot be compared with \(verb)",
            vi: "không so sánh được \(first.type.rawValue) với \(second.type.rawValue) bằng \(verb)", hint: hint)
    }

    private func constantBits(_ expression: BoundExpression) -> UInt64? {
        if case .constant(_, let bits) = expression { bits } else { nil }
    }

    private func unsignedLiteral(_ expression: BoundExpression) -> BoundExpression? {
        guard case .constant(.int, let bits?) = expression, Int64(bitPattern: bits) >= 0 else { return nil }
        return .constant(.uint, bits)
    }

    private func instantLiteral(_ expression: Expression) -> BoundExpression? {
        guard case .literal(.string(let text), _) = expression, let instant = Timestamp(rfc3339: text) else {
            return nil
        }
        return .constant(.time, UInt64(bitPattern: instant.nanoseconds))
    }

    private func bindArithmetic(
        _ operation: BinaryOperator, _ first: BoundExpression, _ second: BoundExpression, _ left: Expression,
        _ right: Expression, _ at: SourceRange
    ) throws(QueryError) -> BoundExpression {
        switch (first.type, second.type, operation) {
        case (.time, .time, .subtract): return .arithmetic(.subtract, first, second, .duration, at)
        case (.time, .duration, .add), (.time, .duration, .subtract):
            return .arithmetic(operation, first, second, .time, at)
        case (.duration, .time, .add): return .arithmetic(.add, second, first, .time, at)
        case (.duration, .duration, .add), (.duration, .duration, .subtract):
            return .arithmetic(operation, first, second, .duration, at)
        case (.duration, .duration, .divide): return .arithmetic(.divide, first, second, .float, at)
        case (.duration, let type, .multiply) where type == .int:
            return .arithmetic(.multiply, first, second, .duration, at)
        case (let type, .duration, .multiply) where type == .int:
            return .arithmetic(.multiply, second, first, .duration, at)
        case (.duration, let type, .multiply) where type.isNumber, (.duration, let type, .divide) where type.isNumber:
            let scaled = BoundExpression.arithmetic(
                operation, .cast(first, .float), .cast(second, .float), .float, at)
            return .cast(scaled, .duration)
        default: break
        }
        var one = try number(first, left.at)
        var two = try number(second, right.at)
        if let literal = unsignedLiteral(one), two.type == .uint { one = literal }
        if let literal = unsignedLiteral(two), one.type == .uint { two = literal }
        if one.type != two.type {
            one = .cast(one, .float)
            two = .cast(two, .float)
        }
        return .arithmetic(operation, one, two, operation == .divide ? .float : one.type, at)
    }

    private func number(_ expression: BoundExpression, _ at: SourceRange) throws(QueryError) -> BoundExpression {
        if expression.type.isNumber { return expression }
        throw QueryError(
            .typeMismatch, at: at, en: "a number is needed here, this is of type \(expression.type.rawValue)",
            vi: "chỗ này cần số, đây là kiểu \(expression.type.rawValue)",
            hint: expression.type.isText
                ? Bilingual(vi: "đổi ra số: float(…)", en: "make it a number: float(…)") : nil)
    }

    // MARK: - Calls

    private func bindCall(_ call: Expression.Call) throws(QueryError) -> BoundExpression {
        let name = call.function.text
        if name == "if" { return try bindIf(call) }
        if name == "coalesce" { return try bindCoalesce(call) }
        if name == "under" { return try bindUnder(call) }
        if let special = try bindSpecial(call) { return special }
        guard let function = ScalarFunction(rawValue: name) else { throw unknownFunction(call.function) }
        if let filter = call.filter {
            throw QueryError(
                .misplaced, at: filter.at, en: "only aggregates take a where of their own",
                vi: "chỉ hàm tổng hợp mới có where riêng")
        }
        var arguments: [BoundExpression] = []
        for argument in call.arguments { arguments.append(try bind(argument)) }
        return try bindFunction(function, arguments, call)
    }

    /// Functions of the language that this version does not compute.
    private static let laterFunctions: Set<String> = [
        "anomaly", "is_anomaly", "vn_aqi", "vn_aqi_day",
    ]

    func unknownFunction(_ name: Name) -> QueryError {
        if AggregateFunction.names.contains(name.text) {
            return QueryError(
                .misplaced, at: name.at, en: "\(name.text) is an aggregate and stands in a stage of its own",
                vi: "\(name.text) là hàm tổng hợp, phải đứng ở một bước riêng",
                hint: Bilingual(vi: "viết: | \(name.text)(…)", en: "write: | \(name.text)(…)"))
        }
        if ExpressionBinder.laterFunctions.contains(name.text) {
            return QueryError(
                .notAvailable, at: name.at, en: "\(name.text) is not available in this version",
                vi: "phiên bản này chưa có \(name.text)")
        }
        if let known = Suggestions.function(for: name.text) {
            return QueryError(
                .unknownFunction, at: name.at, en: "there is no function \"\(name.text)\"",
                vi: "không có hàm \"\(name.text)\"",
                hint: Bilingual(vi: "Ở đây gọi là: \(known)", en: "Here it is called: \(known)"))
        }
        if let hint = Suggestions.foreignWord(name.text) {
            return QueryError(
                .unknownFunction, at: name.at, en: "there is no function \"\(name.text)\"",
                vi: "không có hàm \"\(name.text)\"", hint: hint)
        }
        let all =
            ScalarFunction.allCases.map(\.rawValue) + AggregateFunction.names + ["if", "coalesce", "under"]
            + RunningFunction.names + ExpressionBinder.specialNames
        let near = Suggestions.closest(to: name.text, among: all)
        return QueryError(
            .unknownFunction, at: name.at, en: "there is no function \"\(name.text)\"",
            vi: "không có hàm \"\(name.text)\"",
            hint: near.first.map {
                Bilingual(vi: "Có phải ý bạn là \"\($0)\"?", en: "Did you mean \"\($0)\"?")
            })
    }

    private func bindIf(_ call: Expression.Call) throws(QueryError) -> BoundExpression {
        guard call.arguments.count == 3 else { throw wrongCount(call, "if(condition, a, b)", "if(điều kiện, a, b)") }
        let test = try bindCondition(call.arguments[0])
        let yes = try bind(call.arguments[1])
        let no = try bind(call.arguments[2])
        let (one, two) = try unified(yes, no, call.arguments[1], call.arguments[2], verb: "if", at: call.at)
        return .condition(test, one, two, one.type)
    }

    private func bindCoalesce(_ call: Expression.Call) throws(QueryError) -> BoundExpression {
        guard call.arguments.count >= 2 else { throw wrongCount(call, "coalesce(a, b, …)", "coalesce(a, b, …)") }
        var operands = [try bind(call.arguments[0])]
        for argument in call.arguments.dropFirst() {
            let next = try bind(argument)
            if case .constant(_, nil) = next { continue }
            if operands.count == 1, case .constant(_, nil) = operands[0] {
                operands = [next]
                continue
            }
            let (one, two) = try unified(operands[0], next, call.arguments[0], argument, verb: "coalesce", at: call.at)
            // All operands so far have one type.
            if operands.count == 1 {
                operands[0] = one
            } else if one.type != operands[0].type {
                operands = operands.map { .cast($0, one.type) }
            }
            operands.append(two)
        }
        return .coalesce(operands, operands[0].type)
    }

    private func bindUnder(_ call: Expression.Call) throws(QueryError) -> BoundExpression {
        guard call.arguments.count == 1, case .literal(.string(let code), let at) = call.arguments[0] else {
            throw wrongCount(call, "under(\"31\")", "under(\"31\")")
        }
        guard let units = context.units else {
            throw QueryError(
                .unknownUnit, at: at, en: "no catalogue of units is loaded", vi: "chưa nạp danh mục đơn vị",
                hint: Bilingual(
                    vi: "Thêm --catalogue FILE; trên máy chủ: catalogue: trong tệp cấu hình",
                    en: "Add --catalogue FILE; for a server catalogue: in its configuration"))
        }
        guard units.hasUnit(code: code) else {
            throw QueryError(
                .unknownUnit, at: at, en: "the catalogue has no unit with code \"\(code)\"",
                vi: "danh mục không có đơn vị mã \"\(code)\"",
                hint: Bilingual(vi: "mã là chuỗi, giữ số 0 ở đầu", en: "codes are text and keep leading zeros"))
        }
        for tag in units.stationTags {
            if let station = scope.resolve(tag, qualifier: nil) { return .under(station, tag: tag, code: code) }
        }
        throw QueryError(
            .unknownUnit, at: call.at, en: "no column here names a station of the catalogue",
            vi: "ở đây không có cột nào là trạm trong danh mục")
    }

    private func wrongCount(_ call: Expression.Call, _ en: String, _ vi: String) -> QueryError {
        QueryError(
            .wrongArguments, at: call.at, en: "\(call.function.text) has other arguments",
            vi: "\(call.function.text) có tham số khác", hint: Bilingual(vi: "viết: \(vi)", en: "write: \(en)"))
    }

    private func bindFunction(
        _ function: ScalarFunction, _ arguments: [BoundExpression], _ call: Expression.Call
    ) throws(QueryError) -> BoundExpression {
        func need(_ counts: ClosedRange<Int>, _ usage: String) throws(QueryError) {
            if !counts.contains(arguments.count) { throw wrongCount(call, usage, usage) }
        }
        func floats() throws(QueryError) -> [BoundExpression] {
            var result: [BoundExpression] = []
            for (argument, written) in zip(arguments, call.arguments) {
                result.append(.cast(try number(argument, written.at), .float))
            }
            return result
        }
        func texts() throws(QueryError) -> [BoundExpression] {
            for (argument, written) in zip(arguments, call.arguments) where !argument.type.isText {
                throw QueryError(
                    .typeMismatch, at: written.at,
                    en: "a text is needed here, this is of type \(argument.type.rawValue)",
                    vi: "chỗ này cần chuỗi, đây là kiểu \(argument.type.rawValue)",
                    hint: Bilingual(vi: "đổi ra chuỗi: string(…)", en: "make it a text: string(…)"))
            }
            return arguments
        }
        let at = call.at
        switch function {
        case .abs:
            try need(1...1, "abs(x)")
            if arguments[0].type == .duration { return .function(.abs, arguments, .duration, at) }
            let operand = try number(arguments[0], call.arguments[0].at)
            return .function(.abs, [operand], operand.type, at)
        case .round, .floor, .ceil:
            try need(1...2, "\(function.rawValue)(x)")
            let operand = try number(arguments[0], call.arguments[0].at)
            if arguments.count == 2 && arguments[1].type != .int {
                throw wrongCount(call, "round(x, 2)", "round(x, 2)")
            }
            return .function(function, [operand] + arguments.dropFirst(), operand.type, at)
        case .sqrt, .log, .log10, .log2, .exp:
            try need(1...1, "\(function.rawValue)(x)")
            return .function(function, try floats(), .float, at)
        case .pow:
            try need(2...2, "pow(x, y)")
            return .function(function, try floats(), .float, at)
        case .clamp:
            try need(3...3, "clamp(x, low, high)")
            return .function(function, try floats(), .float, at)
        case .lower, .upper:
            try need(1...1, "\(function.rawValue)(text)")
            return .function(function, try texts(), .string, at)
        case .contains, .starts:
            try need(2...2, "\(function.rawValue)(text, part)")
            return .function(function, try texts(), .bool, at)
        case .concat:
            try need(2...16, "concat(a, b)")
            return .function(function, arguments.map { $0.type.isText ? $0 : .cast($0, .string) }, .string, at)
        case .float, .int, .string:
            try need(1...1, "\(function.rawValue)(x)")
            return .cast(arguments[0], function == .float ? .float : function == .int ? .int : .string)
        case .hour, .minute, .weekday, .day, .month, .year, .date, .timeOfDay, .age:
            try need(0...1, "\(function.rawValue)()")
            var instants = arguments
            if let argument = arguments.first, argument.type != .time {
                throw QueryError(
                    .typeMismatch, at: call.arguments[0].at,
                    en: "a time is needed here, this is of type \(argument.type.rawValue)",
                    vi: "chỗ này cần thời điểm, đây là kiểu \(argument.type.rawValue)")
            }
            // Rows of a table have their time in a column.
            if arguments.isEmpty, let time = scope.resolve("time", qualifier: nil) {
                instants = [time]
            } else if arguments.isEmpty {
                throw QueryError(
                    .misplaced, at: at, en: "rows have no time here", vi: "ở bước này các dòng không có thời gian",
                    hint: Bilingual(
                        vi: "thêm cửa sổ: every 1h", en: "add a window to the aggregation: every 1h"))
            }
            let type: ColumnType =
                function == .date ? .string : function == .timeOfDay || function == .age ? .duration : .int
            return .function(function, instants, type, at)
        }
    }
}

extension ColumnType {
    var isNumber: Bool { self == .float || self == .int || self == .uint }
    var isText: Bool { self == .string || self == .tag }
}
