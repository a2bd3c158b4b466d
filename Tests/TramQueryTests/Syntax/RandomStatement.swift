import TramColumnar
import TramQuery
import TramTesting

/// Random trees that a text can stand for: names with odd letters, all stages, every kind of literal.
struct RandomStatement {
    var generator: SeededGenerator
    private let nowhere = SourceRange(0, 0)

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
    }

    private mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &generator) == 0 }

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &generator)]
    }

    mutating func name() -> Name {
        let words = [
            "speed", "way", "độ_ẩm", "top", "by", "now", "a b", "`", "x``y", "1st", "_", "every", "not", "là 'gì'",
            "温度", "null",
            "let", "show", "explain", "count", "tag", "all", "rows", "when", "in", "nhiệt_độ2",
        ]
        return Name(pick(words), at: nowhere)
    }

    mutating func names() -> [Name] { (0..<Int.random(in: 1...3, using: &generator)).map { _ in name() } }

    mutating func duration() -> Duration {
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: Duration(months: Int64.random(in: 1...40, using: &generator))
        case 1: Duration(days: Int64.random(in: 0...400, using: &generator))
        case 2: Duration(nanoseconds: Int64.random(in: 0...Int64.max, using: &generator))
        case 3: Duration(nanoseconds: Int64.random(in: 1...100, using: &generator) * 60_000_000_000)
        default:
            Duration(
                months: Int64.random(in: 0...Int64.max, using: &generator),
                days: Int64.random(in: 0...Int64.max, using: &generator),
                nanoseconds: Int64.random(in: 0...1_000_000, using: &generator))
        }
    }

    private mutating func timeOfDay() -> Int64 {
        let unit = pick([1, 1_000_000, 1_000_000_000, 60_000_000_000] as [Int64])
        return Int64.random(in: 0..<86_400_000_000_000 / unit, using: &generator) * unit
    }

    private mutating func date() -> CivilDate {
        CivilDate(daysSince1970: Int.random(in: -200_000...200_000, using: &generator))
    }

    mutating func instant(inExpression: Bool = false) -> InstantExpression {
        switch Int.random(in: 0..<(inExpression ? 6 : 7), using: &generator) {
        case 0: .now
        case 1: .today
        case 2: .yesterday
        case 3: .timeOfDay(timeOfDay())
        case 4: .at(date(), timeOfDay: nil, offsetSeconds: nil)
        case 5:
            .at(
                date(), timeOfDay: timeOfDay(),
                offsetSeconds: chance(2) ? nil : Int.random(in: -1439...1439, using: &generator) * 60)
        default: .ago(duration())
        }
    }

    private mutating func text() -> String {
        pick(["QL51", "", "it's", "say \"x\"", "\"'", "Phú An", "a\nb", "\\d+", "# no comment", "`", "Ha\u{0300}"])
    }

    private mutating func literal() -> Literal {
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: return .null
        case 1: return .bool(chance(2))
        case 2: return .int(pick([0, 1, -1, .max, .min, 42]))
        case 3:
            let value = Double(bitPattern: generator.next())
            return .float(value.isFinite ? value : 1.5)
        case 4: return .float(pick([0.0, -0.5, 1e300, 0.1, 3]))
        case 5: return .string(text())
        case 6: return .duration(duration())
        default: return .instant(instant(inExpression: true))
        }
    }

    mutating func expression(_ depth: Int = 4) -> Expression {
        guard depth > 0 else {
            return chance(2) ? .literal(literal(), nowhere) : .name(qualifier: chance(4) ? name() : nil, name())
        }
        switch Int.random(in: 0..<9, using: &generator) {
        case 0: return expression(0)
        case 1: return call(depth)
        case 2: return .unary(chance(2) ? .not : .minus, expression(depth - 1), nowhere)
        case 3:
            let list = (0..<Int.random(in: 1...3, using: &generator)).map { _ in expression(depth - 1) }
            return .isIn(expression(depth - 1), list, nowhere)
        case 4: return .isBetween(expression(depth - 1), expression(depth - 1), expression(depth - 1), nowhere)
        case 5: return .isNull(expression(depth - 1), negated: chance(2), nowhere)
        default:
            let operation = pick(
                [
                    .or, .and, .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .matches, .notMatches,
                    .add,
                    .subtract, .multiply, .divide, .remainder,
                ] as [BinaryOperator])
            return .binary(operation, expression(depth - 1), expression(depth - 1), nowhere)
        }
    }

    private mutating func call(_ depth: Int) -> Expression {
        var arguments = (0..<Int.random(in: 0...3, using: &generator)).map { _ in expression(depth - 1) }
        if chance(5) { arguments = [.star(nowhere)] }
        return .call(
            Expression.Call(
                function: name(), arguments: arguments, filter: chance(4) ? expression(depth - 1) : nil, at: nowhere))
    }

    private mutating func optionalDuration() -> Duration? { chance(3) ? duration() : nil }

    private mutating func fill() -> FillExpression {
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: .null
        case 1: FillExpression.none
        case 2: .previous
        case 3: .linear
        case 4: .constant(Double(Int.random(in: -5...5, using: &generator)), isInteger: true)
        default: .constant(Double(Int.random(in: -9...9, using: &generator)) / 4, isInteger: false)
        }
    }

    private mutating func aggregate() -> AggregateStage {
        var stage = AggregateStage(
            items: (0..<Int.random(in: 1...3, using: &generator)).map { _ in
                AggregateStage.Item(name: chance(2) ? name() : nil, value: expression(3))
            })
        if chance(2) { stage.by = names() }
        if chance(2) {
            let kind: WindowExpression.Kind =
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: .everyRows(Int.random(in: 1...1000, using: &generator))
                case 1: .session(duration())
                case 2: .runs(expression(2))
                default: .every(duration(), over: optionalDuration(), origin: chance(3) ? instant() : nil)
                }
            stage.window = WindowExpression(kind: kind, at: nowhere)
        }
        if chance(3) { stage.fill = fill() }
        stage.late = optionalDuration()
        stage.versus = optionalDuration()
        return stage
    }

    private mutating func alert() -> AlertStage {
        AlertStage(
            name: chance(2) ? text() : nil, when: expression(3), hold: optionalDuration(), keep: optionalDuration(),
            clear: chance(2) ? expression(2) : nil, severity: chance(2) ? text() : nil,
            noData: chance(2) ? pick(AlertStage.NoData.allCases) : nil, escalate: chance(2) ? text() : nil)
    }

    private mutating func stage(_ depth: Int) -> Stage {
        let kind: Stage.Kind
        switch Int.random(in: 0..<17, using: &generator) {
        case 0: kind = .filter(expression())
        case 1:
            kind = .set((0..<2).map { _ in Assignment(name: name(), value: expression(3)) })
        case 2: kind = .select(names())
        case 3: kind = .drop(names())
        case 4: kind = .sort(names().map { SortKey(name: $0, descending: chance(2)) })
        case 5:
            kind = .top(
                count: Int.random(in: 1...Int.max, using: &generator), largest: chance(2),
                column: chance(2) ? name() : nil,
                by: chance(2) ? names() : [])
        case 6: kind = .limit(Int.random(in: 0...100, using: &generator))
        case 7 where depth > 0:
            kind = .join(
                pipe(depth - 1), keepsUnmatched: chance(2), on: chance(2) ? names() : [], within: optionalDuration())
        case 8: kind = .stale(duration(), by: chance(2) ? names() : [])
        case 9: kind = .fill(fill())
        case 10: kind = .unpivot(chance(2) ? names() : [])
        case 11: kind = .zone(text())
        case 12: kind = .emit(every: optionalDuration())
        case 13: kind = .alert(alert())
        case 14: kind = .tree(chance(2) ? .row : .at(instant()))
        default: kind = .aggregate(aggregate())
        }
        return Stage(kind: kind, at: nowhere)
    }

    private mutating func range() -> RangeExpression.Kind {
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: return .all
        case 1: return .last(duration())
        case 2: return .word(pick(RangeExpression.Word.allCases))
        case 3:
            let date = date()
            return .day(year: date.year, month: date.month, day: date.day)
        case 4:
            return .month(
                year: Int.random(in: 0...9999, using: &generator), month: Int.random(in: 1...12, using: &generator))
        default:
            // Only one end, so that no random pair stands the wrong way round.
            return chance(2) ? .between(instant(), chance(2) ? .now : nil) : .between(nil, instant())
        }
    }

    mutating func pipe(_ depth: Int) -> Pipe {
        var source: Source
        switch Int.random(in: 0..<6, using: &generator) {
        case 0 where depth > 0: source = Source(kind: .pipe(pipe(depth - 1)))
        case 1:
            source = Source(
                kind: .show(Show(subject: pick(Show.Subject.allCases), measurement: chance(2) ? name() : nil)))
            if chance(2) { source.filter = expression(2) }
            return Pipe(source: source, stages: [])
        default: source = Source(kind: .names(names()))
        }
        if chance(2) {
            source.range = RangeExpression(kind: range(), at: nowhere)
            source.warm = optionalDuration()
        }
        if chance(3) { source.filter = expression(3) }
        return Pipe(source: source, stages: (0..<Int.random(in: 0...4, using: &generator)).map { _ in stage(depth) })
    }

    mutating func statement() -> Statement {
        Statement(
            bindings: (0..<Int.random(in: 0...2, using: &generator)).map { _ in
                Statement.Binding(name: name(), pipe: pipe(1))
            }, isExplain: chance(3), pipe: pipe(2))
    }
}
