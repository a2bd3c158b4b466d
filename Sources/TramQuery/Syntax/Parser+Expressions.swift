import TramColumnar

extension Parser {
    /// A whole expression: an or-chain.
    mutating func expression() throws(QueryError) -> Expression {
        let outer = operators
        operators = 0
        let result = try disjunction()
        operators = outer
        return result
    }

    private mutating func disjunction() throws(QueryError) -> Expression {
        var left = try conjunction()
        while isAt(word: "or") {
            try takeOperator()
            let right = try conjunction()
            left = .binary(.or, left, right, left.at.joined(right.at))
        }
        return left
    }

    private mutating func conjunction() throws(QueryError) -> Expression {
        var left = try negation()
        while isAt(word: "and") {
            try takeOperator()
            let right = try negation()
            left = .binary(.and, left, right, left.at.joined(right.at))
        }
        return left
    }

    private mutating func negation() throws(QueryError) -> Expression {
        guard isAt(word: "not") else { return try comparison() }
        let start = current.at
        return try nested { (parser) throws(QueryError) in
            parser.advance()
            let operand = try parser.negation()
            return .unary(.not, operand, start.joined(operand.at))
        }
    }

    /// At most one comparison: chains such as `a < b < c` mean something else in every language, so they mean nothing
    /// here.
    private mutating func comparison() throws(QueryError) -> Expression {
        let left = try sum()
        let result: Expression
        if let comparison = comparisonOperator {
            try takeOperator()
            let right = try sum()
            result = .binary(comparison, left, right, left.at.joined(right.at))
        } else if isAt(word: "in") {
            try takeOperator()
            let opening = current
            guard take(.openParenthesis) else {
                throw unexpected(en: "a list in parentheses: in (7, 8)", vi: "danh sách trong ngoặc tròn: in (7, 8)")
            }
            var values = [try sum()]
            while take(.comma) { values.append(try sum()) }
            try close(.closeParenthesis, opening: opening)
            result = .isIn(left, values, left.at.joined(previous.at))
        } else if isAt(word: "between") {
            try takeOperator()
            let low = try sum()
            guard take(word: "and") else {
                throw unexpected(en: "and: between 1 and 5", vi: "and: between 1 and 5")
            }
            let high = try sum()
            result = .isBetween(left, low, high, left.at.joined(high.at))
        } else if isAt(word: "is") {
            try takeOperator()
            let negated = take(word: "not")
            guard take(word: "null") else {
                throw unexpected(en: "null: is null, is not null", vi: "null: is null, is not null")
            }
            result = .isNull(left, negated: negated, left.at.joined(previous.at))
        } else {
            if isAt(word: "not"), case .name(let word, isQuoted: false) = next.kind, ["in", "between"].contains(word) {
                throw failure(
                    en: "not stands before the whole comparison", vi: "not phải đứng trước cả phép so sánh",
                    hint: Bilingual(vi: "Viết: not way \(word) (…)", en: "Write: not way \(word) (…)"))
            }
            return left
        }
        if comparisonOperator != nil {
            throw failure(
                en: "comparisons do not chain", vi: "không so sánh nối tiếp được",
                hint: Bilingual(vi: "Viết: a < b and b < c", en: "Write: a < b and b < c"))
        }
        return result
    }

    private var comparisonOperator: BinaryOperator? {
        guard case .symbol(let symbol) = current.kind else { return nil }
        switch symbol {
        case .equal: return .equal
        case .notEqual: return .notEqual
        case .less: return .less
        case .lessOrEqual: return .lessOrEqual
        case .greater: return .greater
        case .greaterOrEqual: return .greaterOrEqual
        case .matches: return .matches
        case .notMatches: return .notMatches
        default: return nil
        }
    }

    private mutating func sum() throws(QueryError) -> Expression {
        var left = try product()
        while isAt(.plus) || isAt(.minus) {
            let operation: BinaryOperator = isAt(.plus) ? .add : .subtract
            try takeOperator()
            let right = try product()
            left = .binary(operation, left, right, left.at.joined(right.at))
        }
        return left
    }

    private mutating func product() throws(QueryError) -> Expression {
        var left = try operand()
        while isAt(.star) || isAt(.slash) || isAt(.percent) {
            let operation: BinaryOperator = isAt(.star) ? .multiply : isAt(.slash) ? .divide : .remainder
            try takeOperator()
            let right = try operand()
            left = .binary(operation, left, right, left.at.joined(right.at))
        }
        return left
    }

    private mutating func takeOperator() throws(QueryError) {
        operators += 1
        guard operators <= QueryParser.mostOperators else {
            throw failure(
                .tooDeep, en: "an expression has more than \(QueryParser.mostOperators) operators",
                vi: "biểu thức có hơn \(QueryParser.mostOperators) phép toán",
                hint: Bilingual(vi: "Để so với nhiều giá trị: way in (…)", en: "For many values: way in (…)"))
        }
        advance()
    }

    /// A primary, or a minus and an operand. A minus right before a number is part of the number.
    private mutating func operand() throws(QueryError) -> Expression {
        guard isAt(.minus) else { return try primary() }
        let start = current.at
        switch next.kind {
        case .integer(let value):
            advance()
            let place = start.joined(current.at)
            advance()
            // Through the bit pattern: 9223372036854775808 fits only with its minus.
            if value <= UInt64(Int64.max) + 1 { return .literal(.int(0 &- Int64(bitPattern: value)), place) }
            return .literal(.float(-Double(value)), place)
        case .float(let value):
            advance()
            let place = start.joined(current.at)
            advance()
            return .literal(.float(-value), place)
        default:
            return try nested { (parser) throws(QueryError) in
                parser.advance()
                let operand = try parser.operand()
                return .unary(.minus, operand, start.joined(operand.at))
            }
        }
    }

    private mutating func primary() throws(QueryError) -> Expression {
        let token = current
        switch token.kind {
        case .integer(let value):
            advance()
            return .literal(Int64(exactly: value).map { .int($0) } ?? .float(Double(value)), token.at)
        case .float(let value):
            advance()
            return .literal(.float(value), token.at)
        case .string(let text):
            advance()
            return .literal(.string(text), token.at)
        case .duration(let duration):
            advance()
            return .literal(.duration(duration), token.at)
        case .instant(let instant):
            advance()
            if case .at(_, timeOfDay: nil, offsetSeconds: _) = instant, case .instant(.timeOfDay) = current.kind {
                throw QueryError(
                    .badInstant, at: token.at.joined(current.at), en: "date and time are joined by T",
                    vi: "ngày và giờ nối với nhau bằng chữ T",
                    hint: Bilingual(vi: "Ví dụ: 2026-11-19T18:00", en: "For example: 2026-11-19T18:00"))
            }
            return .literal(.instant(instant), token.at)
        case .symbol(.openParenthesis):
            return try nested { (parser) throws(QueryError) in
                parser.advance()
                let inner = try parser.disjunction()
                try parser.close(.closeParenthesis, opening: token)
                return inner
            }
        case .name(let word, isQuoted: false) where Keyword.expressionWords.contains(word):
            return try wordLiteral(word)
        case .name:
            return try nameOrCall()
        default:
            throw unexpected(en: "a value: a name, a number, a text", vi: "một giá trị: tên, số hoặc chuỗi")
        }
    }

    private mutating func wordLiteral(_ word: String) throws(QueryError) -> Expression {
        let place = current.at
        let literal: Literal
        switch word {
        case "true": literal = .bool(true)
        case "false": literal = .bool(false)
        case "null": literal = .null
        case "now": literal = .instant(.now)
        case "today": literal = .instant(.today)
        case "yesterday": literal = .instant(.yesterday)
        default: throw unexpected(en: "a value: a name, a number, a text", vi: "một giá trị: tên, số hoặc chuỗi")
        }
        if next.kind == .symbol(.openParenthesis) {
            if word == "now" { throw nowIsNoFunction(at: place) }
            throw failure(
                en: "\(word) is a word, not a function", vi: "\(word) là một từ, không phải là hàm")
        }
        advance()
        return .literal(literal, place)
    }

    /// `name [ "." name ] | name "(" [ expr { "," expr } ] ")" [ "where" "(" expr ")" ]`
    private mutating func nameOrCall() throws(QueryError) -> Expression {
        let first = try name(en: "a name", vi: "một tên")
        if take(.dot) {
            let second = try name(en: "a name after the dot", vi: "một tên sau dấu chấm")
            if isAt(.openParenthesis) {
                throw failure(
                    at: first.at.joined(second.at), en: "functions have plain names",
                    vi: "tên hàm không có dấu chấm",
                    hint: Bilingual(vi: "Viết: \(second.text)(…)", en: "Write: \(second.text)(…)"))
            }
            return .name(qualifier: first, second)
        }
        guard isAt(.openParenthesis) else { return .name(qualifier: nil, first) }
        let opening = current
        return try nested { (parser) throws(QueryError) in
            parser.advance()
            var arguments: [Expression] = []
            if !parser.isAt(.closeParenthesis) {
                repeat { arguments.append(try parser.argument()) } while parser.take(.comma)
            }
            try parser.close(.closeParenthesis, opening: opening)
            var call = Expression.Call(
                function: first, arguments: arguments, at: first.at.joined(parser.previous.at))
            if parser.take(word: "where") {
                call.filter = try parser.callFilter(of: first)
                call.at = call.at.joined(parser.previous.at)
            }
            return .call(call)
        }
    }

    private mutating func argument() throws(QueryError) -> Expression {
        if isAt(.star) {
            switch next.kind {
            case .symbol(.closeParenthesis), .symbol(.comma):
                let place = current.at
                advance()
                return .star(place)
            default: break
            }
        }
        return try disjunction()
    }

    private mutating func callFilter(of function: Name) throws(QueryError) -> Expression {
        let opening = current
        guard take(.openParenthesis) else {
            throw failure(
                at: isAtEnd ? nil : previous.at, en: "the condition of one call stands in parentheses",
                vi: "điều kiện của một hàm phải đặt trong ngoặc tròn",
                hint: Bilingual(
                    vi: "Viết: \(function.text)(…) where (…). Để lọc kết quả: | where …",
                    en: "Write: \(function.text)(…) where (…). To filter the result: | where …"))
        }
        let filter = try disjunction()
        try close(.closeParenthesis, opening: opening)
        return filter
    }
}
