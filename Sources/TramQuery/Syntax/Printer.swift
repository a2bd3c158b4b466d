import TramColumnar

/// `Statement` to text: one spelling for everything that means the same.
///
/// `QueryParser.parse(QueryPrinter.print(s))` is `s` again but for the places, for every `s` that came from a text.
/// Used for stored definitions, for cache keys and in `explain`.
public enum QueryPrinter {
    public static func print(_ statement: Statement) -> String {
        var text = ""
        for binding in statement.bindings {
            text += "let \(quoted(binding.name.text)) = \(print(binding.pipe)); "
        }
        if statement.isExplain { text += "explain " }
        return text + print(statement.pipe)
    }

    public static func print(_ pipe: Pipe) -> String {
        ([print(pipe.source)] + pipe.stages.map(print)).joined(separator: " | ")
    }

    public static func print(_ expression: Expression) -> String {
        print(expression, atLeast: .or)
    }

    /// Months as years and months, days as days, the rest from hours down; zero is `0s`.
    public static func print(_ duration: Duration) -> String {
        var text = ""
        func append(_ count: Int64, _ unit: String) {
            if count != 0 { text += "\(count)\(unit)" }
        }
        append(duration.months / 12, "y")
        append(duration.months % 12, "mo")
        append(duration.days, "d")
        var rest = duration.nanoseconds
        for (unit, length) in [
            ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1000),
            ("ns", 1),
        ] as [(String, Int64)] {
            append(rest / length, unit)
            rest %= length
        }
        return text.isEmpty ? "0s" : text
    }

    public static func print(_ instant: InstantExpression) -> String {
        switch instant {
        case .now: return "now"
        case .today: return "today"
        case .yesterday: return "yesterday"
        case .ago(let duration): return "-\(print(duration))"
        case .timeOfDay(let nanoseconds): return time(nanoseconds)
        case .at(let date, let timeOfDay, let offset):
            var text = day(date.year, date.month, date.day)
            if let timeOfDay { text += "T\(time(timeOfDay))" }
            guard let offset else { return text }
            if offset == 0 { return text + "Z" }
            let minutes = abs(offset) / 60
            let sign = offset < 0 ? "-" : "+"
            return text + sign + Lexer.padded(minutes / 60, 2) + ":" + Lexer.padded(minutes % 60, 2)
        }
    }

    /// The name, in backquotes unless it is a plain word that is no keyword.
    public static func quoted(_ name: String) -> String {
        let scalars = name.unicodeScalars
        if let first = scalars.first, Lexer.isNameStart(first), scalars.allSatisfy(Lexer.isNamePart),
            !Keyword.reserved.contains(name)
        {
            return name
        }
        return doubling("`", in: name)
    }

    /// The text in double quotes, or in single ones when it holds only double ones.
    public static func quoted(text: String) -> String {
        doubling(text.contains("\"") && !text.contains("'") ? "'" : "\"", in: text)
    }

    private static func doubling(_ quote: Unicode.Scalar, in text: String) -> String {
        var result = String.UnicodeScalarView()
        result.append(quote)
        for scalar in text.unicodeScalars {
            result.append(scalar)
            if scalar == quote { result.append(quote) }
        }
        result.append(quote)
        return String(result)
    }

    private static func list(_ names: [Name]) -> String {
        names.map { quoted($0.text) }.joined(separator: ", ")
    }

    // MARK: Sources

    private static func print(_ source: Source) -> String {
        var text: String
        switch source.kind {
        case .names(let names): text = list(names)
        case .pipe(let pipe): text = "(\(print(pipe)))"
        case .show(let show):
            text = "show \(show.subject.rawValue)"
            if let measurement = show.measurement { text += " \(quoted(measurement.text))" }
        }
        if let range = source.range { text += "[\(print(range))]" }
        if let warm = source.warm { text += " warm \(print(warm))" }
        if let filter = source.filter { text += " where \(print(filter))" }
        return text
    }

    static func print(_ range: RangeExpression) -> String {
        switch range.kind {
        case .all: "all"
        case .last(let duration): print(duration)
        case .word(let word): word.rawValue
        case .day(let year, let month, let day): self.day(year, month, day)
        case .month(let year, let month): "\(Lexer.padded(year, 4))-\(Lexer.padded(month, 2))"
        case .between(let start, let end): "\(start.map(print) ?? "")..\(end.map(print) ?? "")"
        }
    }

    private static func day(_ year: Int, _ month: Int, _ day: Int) -> String {
        "\(Lexer.padded(year, 4))-\(Lexer.padded(month, 2))-\(Lexer.padded(day, 2))"
    }

    private static func time(_ nanoseconds: Int64) -> String {
        let seconds = Int(nanoseconds / 1_000_000_000)
        let fraction = Int(nanoseconds % 1_000_000_000)
        var text = "\(Lexer.padded(seconds / 3600, 2)):\(Lexer.padded(seconds / 60 % 60, 2))"
        if seconds % 60 != 0 || fraction != 0 { text += ":\(Lexer.padded(seconds % 60, 2))" }
        if fraction != 0 {
            var digits = Lexer.padded(fraction, 9)
            while digits.hasSuffix("0") { digits.removeLast() }
            text += ".\(digits)"
        }
        return text
    }

    // MARK: Stages

    static func print(_ stage: Stage) -> String {
        switch stage.kind {
        case .aggregate(let stage): return print(stage)
        case .filter(let condition): return "where \(print(condition))"
        case .set(let assignments):
            let parts = assignments.map { "\(quoted($0.name.text)) = \(print($0.value))" }
            return "set \(parts.joined(separator: ", "))"
        case .select(let names): return "select \(list(names))"
        case .drop(let names): return "drop \(list(names))"
        case .sort(let keys):
            return "sort \(keys.map { ($0.descending ? "-" : "") + quoted($0.name.text) }.joined(separator: ", "))"
        case .top(let count, let largest, let column, let by):
            var text = "\(largest ? "top" : "bottom") \(count)"
            if let column { text += " \(quoted(column.text))" }
            return text + clause("by", by)
        case .limit(let count): return "limit \(count)"
        case .join(let pipe, let keepsUnmatched, let on, let within):
            return "\(keepsUnmatched ? "left" : "join") (\(print(pipe)))" + clause("on", on) + clause("within", within)
        case .stale(let silence, let by): return "stale \(print(silence))" + clause("by", by)
        case .fill(let fill): return "fill \(print(fill))"
        case .unpivot(let names): return names.isEmpty ? "unpivot" : "unpivot \(list(names))"
        case .zone(let name): return "tz \(quoted(text: name))"
        case .tree(let time): return "tree \(print(time))"
        case .emit(let every): return every.map { "emit every \(print($0))" } ?? "emit on close"
        case .alert(let alert): return print(alert)
        }
    }

    static func print(_ time: TreeTime) -> String {
        switch time {
        case .row: "row"
        case .at(let instant): print(instant)
        }
    }

    private static func clause(_ word: String, _ names: [Name]) -> String {
        names.isEmpty ? "" : " \(word) \(list(names))"
    }

    private static func clause(_ word: String, _ duration: Duration?) -> String {
        duration.map { " \(word) \(print($0))" } ?? ""
    }

    private static func print(_ fill: FillExpression) -> String {
        switch fill {
        case .null: "null"
        case .none: "none"
        case .previous: "prev"
        case .linear: "linear"
        case .constant(let value, let isInteger):
            isInteger ? Int64(exactly: value).map { "\($0)" } ?? "\(value)" : "\(value)"
        }
    }

    private static func print(_ stage: AggregateStage) -> String {
        var items: [String] = []
        for (index, item) in stage.items.enumerated() {
            let value = print(item.value)
            if let name = item.name {
                items.append("\(quoted(name.text)) = \(value)")
            } else {
                items.append(needsParentheses(item.value, isFirst: index == 0) ? "(\(value))" : value)
            }
        }
        var text = items.joined(separator: ", ") + clause("by", stage.by)
        switch stage.window?.kind {
        case .every(let every, let over, let origin):
            text += clause("every", every) + clause("over", over)
            if let origin { text += " origin \(print(origin))" }
        case .everyRows(let count): text += " every \(count) rows"
        case .session(let gap): text += clause("session", gap)
        case .runs(let value): text += " runs \(print(value))"
        case nil: break
        }
        if let fill = stage.fill { text += " fill \(print(fill))" }
        return text + clause("late", stage.late) + clause("vs", stage.versus)
    }

    /// Whether an unnamed item would be read as a named one (`a = b`) or, first in its stage, as a misspelt stage
    /// (`a`).
    private static func needsParentheses(_ expression: Expression, isFirst: Bool) -> Bool {
        var leftmost = expression
        var isAlone = true
        while true {
            switch leftmost {
            case .binary(.equal, .name(nil, _), _, _): return true
            // Words as well: `null = x` would name a column so.
            case .binary(.equal, .literal(let literal, _), _, _) where isWord(literal): return true
            case .binary(_, let left, _, _):
                leftmost = left
                isAlone = false
            case .name(nil, _): return isFirst && isAlone
            default: return false
            }
        }
    }

    private static func isWord(_ literal: Literal) -> Bool {
        switch literal {
        case .null, .bool, .instant(.now), .instant(.today), .instant(.yesterday): true
        default: false
        }
    }

    private static func print(_ alert: AlertStage) -> String {
        var text = "alert"
        if let name = alert.name { text += " \(quoted(text: name))" }
        text += " when \(print(alert.when))" + clause("for", alert.hold) + clause("keep", alert.keep)
        if let clear = alert.clear { text += " clear \(print(clear))" }
        if let severity = alert.severity { text += " severity \(quoted(text: severity))" }
        if let noData = alert.noData { text += " nodata \(noData.rawValue)" }
        if let escalate = alert.escalate { text += " escalate \(quoted(text: escalate))" }
        return text
    }

    // MARK: Expressions

    /// How tightly an expression holds together; the loosest first.
    private enum Tightness: Int {
        case or, and, not, comparison, sum, product, minus, primary

        var tighter: Tightness { Tightness(rawValue: rawValue + 1) ?? .primary }
    }

    private static func tightness(of expression: Expression) -> Tightness {
        switch expression {
        case .binary(let operation, _, _, _):
            switch operation {
            case .or: .or
            case .and: .and
            case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .matches, .notMatches: .comparison
            case .add, .subtract: .sum
            case .multiply, .divide, .remainder: .product
            }
        case .isIn, .isBetween, .isNull: .comparison
        case .unary(.not, _, _): .not
        case .unary(.minus, _, _): .minus
        case .literal, .name, .call, .star: .primary
        }
    }

    private static func print(_ expression: Expression, atLeast lowest: Tightness) -> String {
        let own = tightness(of: expression)
        let text = bare(expression, own)
        return own.rawValue < lowest.rawValue ? "(\(text))" : text
    }

    private static func bare(_ expression: Expression, _ own: Tightness) -> String {
        switch expression {
        case .literal(let literal, _): return print(literal)
        case .name(let qualifier, let name):
            return (qualifier.map { quoted($0.text) + "." } ?? "") + quoted(name.text)
        case .star: return "*"
        case .call(let call):
            let arguments = call.arguments.map { print($0) }.joined(separator: ", ")
            let filter = call.filter.map { " where (\(print($0)))" } ?? ""
            return "\(quoted(call.function.text))(\(arguments))\(filter)"
        case .unary(.not, let operand, _): return "not \(print(operand, atLeast: .not))"
        case .unary(.minus, let operand, _):
            // A minus right before a number would become part of it.
            if case .literal(.int(let value), _) = operand, value >= 0 { return "-(\(value))" }
            if case .literal(.float(let value), _) = operand, value.sign == .plus { return "-(\(value))" }
            return "-\(print(operand, atLeast: .minus))"
        case .binary(let operation, let left, let right, _):
            // Chains lean to the left; both sides of a comparison are sums.
            let leftLowest = own == .comparison ? own.tighter : own
            return "\(print(left, atLeast: leftLowest)) \(operation.rawValue) \(print(right, atLeast: own.tighter))"
        case .isIn(let value, let list, _):
            return
                "\(print(value, atLeast: .sum)) in (\(list.map { print($0, atLeast: .sum) }.joined(separator: ", ")))"
        case .isBetween(let value, let low, let high, _):
            return
                "\(print(value, atLeast: .sum)) between \(print(low, atLeast: .sum)) and \(print(high, atLeast: .sum))"
        case .isNull(let value, let negated, _):
            return "\(print(value, atLeast: .sum)) is \(negated ? "not " : "")null"
        }
    }

    private static func print(_ literal: Literal) -> String {
        switch literal {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .int(let value): "\(value)"
        case .float(let value): "\(value)"
        case .string(let text): quoted(text: text)
        case .duration(let duration): print(duration)
        case .instant(let instant): print(instant)
        }
    }
}
