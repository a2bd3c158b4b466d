import Glibc
package import TramColumnar

/// What evaluation needs besides the rows.
package struct EvaluationContext {
    package var pool: TextPool
    package var zone: TimeZoneRules
    package var now: Int64
    package var units: (any UnitResolver)?
    /// From the oldest row of the measurements that are read to the newest; nil when there is none or it is not known.
    package var extent: TimeRange?
    /// Whether windows close as time goes on, so that there is no now to look back from.
    package var isStanding = false
    /// What running functions remember from one block to the next.
    var running = RunningStates()
    /// Told of what is held, and asked whether to go on; without limits for standing queries, which have their own.
    package var watch: QueryGuard

    package init(
        pool: TextPool, zone: TimeZoneRules, now: Int64, units: (any UnitResolver)?, watch: QueryGuard? = nil
    ) {
        self.watch = watch ?? QueryGuard(limits: .none, pool: pool)
        self.pool = pool
        self.zone = zone
        self.now = now
        self.units = units
    }

    /// What the query says of time.
    var clock: QueryClock {
        let now = isStanding ? Int64.max : now
        let extent = extent
        return QueryClock(now: { now }, extent: { extent })
    }
}

/// Evaluates a bound expression over the rows of a block, a column at a time.
///
/// Null in, null out, but for `is null`, `coalesce`, and the `and`/`or` that one side decides. A result that is no
/// finite number is null; an integer result that does not fit throws `query.overflow`.
package struct ExpressionEvaluator {
    package let context: EvaluationContext

    package init(_ context: EvaluationContext) {
        self.context = context
    }

    package func evaluate(_ expression: BoundExpression, _ block: RowBlock) throws(QueryError) -> BlockColumn {
        let count = block.count
        switch expression {
        case .constant(let type, let bits):
            return .constant(type, bits)
        case .column(let index, _):
            return block.columns[index]
        case .cast(let operand, let type):
            return try cast(try evaluate(operand, block), to: type, count: count, at: nil)
        case .arithmetic(let operation, let left, let right, let type, let at):
            return try Arithmetic.apply(
                operation, try evaluate(left, block), try evaluate(right, block), type: type, count: count, at: at)
        case .comparison(let operation, let left, let right):
            return Comparison.apply(
                operation, try evaluate(left, block), try evaluate(right, block), count: count, pool: context.pool)
        case .and(let left, let right):
            return connect(try evaluate(left, block), try evaluate(right, block), count: count, decides: false)
        case .or(let left, let right):
            return connect(try evaluate(left, block), try evaluate(right, block), count: count, decides: true)
        case .not(let operand):
            return Lanes.map(try evaluate(operand, block), to: .bool, count: count) { $0 ^ 1 }
        case .negate(let operand, let at):
            return try negate(try evaluate(operand, block), count: count, at: at)
        case .isNull(let operand, let negated):
            return isNull(try evaluate(operand, block), negated: negated, count: count)
        case .matches(let operand, let pattern, let negated):
            return matches(try evaluate(operand, block), pattern, negated: negated, count: count)
        case .condition(let test, let yes, let no, let type):
            return choose(
                try evaluate(test, block), try evaluate(yes, block), try evaluate(no, block), type: type, count: count)
        case .coalesce(let operands, let type):
            var result = BlockColumn.constant(type, nil)
            for operand in operands.reversed() {
                result = firstPresent(try evaluate(operand, block), result, type: type, count: count)
            }
            return result
        case .function(let function, let operands, let type, let at):
            var arguments: [BlockColumn] = []
            for operand in operands { arguments.append(try evaluate(operand, block)) }
            return try call(function, arguments, type: type, block: block, at: at)
        case .stationValue(let station, let tag, let column, let type):
            return stationValue(try evaluate(station, block), tag: tag, column: column, type: type, count: count)
        case .unit(let station, let tag, let level, let isName):
            return unit(try evaluate(station, block), tag: tag, level: level, isName: isName, block: block)
        case .unitValue(let code, let name, let column):
            return unitValue(
                try evaluate(code, block),
                name: try name.map { (name) throws(QueryError) in try evaluate(name, block) },
                column: column, block: block)
        case .under(let station, let tag, let code):
            return byPlace(station: try evaluate(station, block), type: .bool, block: block) {
                units, station, instant in
                units.isUnder(code: code, stationTag: tag, station: station, at: instant) ? 1 : 0
            }
        case .computed(let function):
            var operands: [BlockColumn] = []
            for operand in function.operands { operands.append(try evaluate(operand, block)) }
            return try function.evaluate(operands, block, context)
        }
    }

    /// The rows for which `condition` is true; nil when it is true for all.
    package func selection(_ condition: BoundExpression, _ block: RowBlock) throws(QueryError) -> [Int]? {
        let result = try evaluate(condition, block)
        if result.isConstant { return result.value(0) == 1 ? nil : [] }
        var rows: [Int] = []
        rows.reserveCapacity(block.count)
        if let presence = result.presence {
            for row in 0..<block.count where result.bits[row] == 1 && presence[row] { rows.append(row) }
        } else {
            for row in 0..<block.count where result.bits[row] == 1 { rows.append(row) }
        }
        return rows.count == block.count ? nil : rows
    }

    /// `and` and `or` of three values: `decides` on one side settles the row even when the other is null.
    private func connect(_ left: BlockColumn, _ right: BlockColumn, count: Int, decides: Bool) -> BlockColumn {
        let decisive: UInt64 = decides ? 1 : 0
        if left.presence == nil && right.presence == nil {
            return Lanes.zip(left, right, to: .bool, count: count) { decides ? $0 | $1 : $0 & $1 }
        }
        var bits: [UInt64] = []
        var presence = Bitmap(repeating: true, count: count)
        for row in 0..<count {
            let first = left.value(row)
            let second = right.value(row)
            if first == decisive || second == decisive {
                bits.append(decisive)
            } else if first == nil || second == nil {
                bits.append(0)
                presence[row] = false
            } else {
                bits.append(decisive ^ 1)
            }
        }
        return BlockColumn(type: .bool, isConstant: false, bits: bits, presence: presence)
    }

    private func negate(_ operand: BlockColumn, count: Int, at: SourceRange) throws(QueryError) -> BlockColumn {
        switch operand.type {
        case .float:
            return Lanes.map(operand, to: .float, count: count) { $0 ^ (1 << 63) }
        default:
            return try Arithmetic.apply(
                .subtract, .constant(operand.type, 0), operand, type: operand.type, count: count, at: at)
        }
    }

    private func isNull(_ operand: BlockColumn, negated: Bool, count: Int) -> BlockColumn {
        guard operand.presence != nil else { return .constant(.bool, negated ? 1 : 0) }
        if operand.isConstant { return .constant(.bool, negated ? 0 : 1) }
        var bits: [UInt64] = []
        bits.reserveCapacity(count)
        for row in 0..<count { bits.append((operand.value(row) == nil) != negated ? 1 : 0) }
        return BlockColumn(type: .bool, isConstant: false, bits: bits, presence: nil)
    }

    private func matches(_ operand: BlockColumn, _ pattern: Pattern, negated: Bool, count: Int) -> BlockColumn {
        var known: [UInt64: UInt64] = [:]
        return Lanes.map(operand, to: .bool, count: count) { code in
            if let answer = known[code] { return answer }
            let answer: UInt64 = pattern.matches(context.pool.text(code)) != negated ? 1 : 0
            known[code] = answer
            return answer
        }
    }

    private func choose(
        _ test: BlockColumn, _ yes: BlockColumn, _ no: BlockColumn, type: ColumnType, count: Int
    ) -> BlockColumn {
        if test.isConstant {
            var chosen = test.value(0) == 1 ? yes : no
            chosen.type = type
            return chosen
        }
        var column = Column(type: type)
        column.bits.reserveCapacity(count)
        var presence = Bitmap(repeating: true, count: count)
        var isWhole = true
        for row in 0..<count {
            // A null condition is not true, as in `where`.
            if let value = test.value(row) == 1 ? yes.value(row) : no.value(row) {
                column.bits.append(value)
            } else {
                column.bits.append(0)
                presence[row] = false
                isWhole = false
            }
        }
        column.presence = isWhole ? nil : presence
        return BlockColumn(column)
    }

    private func firstPresent(_ first: BlockColumn, _ second: BlockColumn, type: ColumnType, count: Int) -> BlockColumn
    {
        if first.presence == nil { return first }
        if first.isConstant { return second }
        var column = Column(type: type)
        var presence = Bitmap(repeating: true, count: count)
        for row in 0..<count {
            if let value = first.value(row) ?? second.value(row) {
                column.bits.append(value)
            } else {
                column.bits.append(0)
                presence[row] = false
            }
        }
        column.presence = presence.isAllSet ? nil : presence
        return BlockColumn(column)
    }

    private func stationValue(
        _ station: BlockColumn, tag: String, column: String, type: ColumnType, count: Int
    ) -> BlockColumn {
        var known: [UInt64: UInt64?] = [:]
        return Lanes.mapPartial(station, to: type, count: count) { code in
            if let value = known[code] { return value }
            let text = context.units?.stationValue(column, stationTag: tag, station: context.pool.text(code))
            let value = text.flatMap { type == .float ? Double($0)?.bitPattern : context.pool.code($0) }
            known[code] = value
            return value
        }
    }

    private func unit(
        _ station: BlockColumn, tag: String, level: String, isName: Bool, block: RowBlock
    ) -> BlockColumn {
        byPlace(station: station, type: .tag, block: block) { units, station, instant in
            units.unit(level: level, stationTag: tag, station: station, at: instant).map {
                context.pool.code(isName ? $0.name : $0.code)
            }
        }
    }

    private func unitValue(
        _ code: BlockColumn, name: BlockColumn?, column: String, block: RowBlock
    ) -> BlockColumn {
        guard let name else {
            return byPlace(station: code, type: .tag, block: block) { units, code, instant in
                units.unitValue(column, code: code, name: nil, at: instant).map(context.pool.code)
            }
        }
        var result = Column(type: .tag)
        var presence = Bitmap(repeating: true, count: block.count)
        for row in 0..<block.count {
            let value = code.value(row).flatMap { code in
                context.units?.unitValue(
                    column, code: context.pool.text(code), name: name.value(row).map(context.pool.text),
                    at: block.timestamps[row])
            }
            result.bits.append(value.map(context.pool.code) ?? 0)
            if value == nil { presence[row] = false }
        }
        result.presence = presence.isAllSet ? nil : presence
        return BlockColumn(result)
    }

    /// What the catalogue says of a station at the row's time. Asked once for each station and stretch of time in which
    /// the catalogue does not change.
    private func byPlace(
        station: BlockColumn, type: ColumnType, block: RowBlock,
        _ lookUp: (any UnitResolver, String, Int64) -> UInt64?
    ) -> BlockColumn {
        guard let units = context.units, let first = block.timestamps.min(), let last = block.timestamps.max() else {
            return .constant(type, nil)
        }
        let changes = units.changes(in: TimeRange(start: first, end: last == .max ? last : last + 1))
        if changes.isEmpty {
            var known: [UInt64: UInt64?] = [:]
            return Lanes.mapPartial(station, to: type, count: block.count) { code in
                if let value = known[code] { return value }
                let value = lookUp(units, context.pool.text(code), first)
                known[code] = value
                return value
            }
        }
        var column = Column(type: type)
        var presence = Bitmap(repeating: true, count: block.count)
        for row in 0..<block.count {
            let value = station.value(row).flatMap { lookUp(units, context.pool.text($0), block.timestamps[row]) }
            column.bits.append(value ?? 0)
            if value == nil { presence[row] = false }
        }
        column.presence = presence.isAllSet ? nil : presence
        return BlockColumn(column)
    }

    // MARK: - Casts and functions

    private func cast(
        _ operand: BlockColumn, to type: ColumnType, count: Int, at: SourceRange?
    ) throws(QueryError) -> BlockColumn {
        switch (operand.type, type) {
        case (let from, let to) where from == to:
            return operand
        case (.tag, .string), (.string, .tag):
            var result = operand
            result.type = type
            return result
        case (.int, .float), (.duration, .float), (.time, .float):
            return Lanes.map(operand, to: .float, count: count) { Double(Int64(bitPattern: $0)).bitPattern }
        case (.uint, .float):
            return Lanes.map(operand, to: .float, count: count) { Double($0).bitPattern }
        case (.bool, .float):
            return Lanes.map(operand, to: .float, count: count) { Double($0).bitPattern }
        // Times and durations as whole nanoseconds.
        case (.bool, .int), (.bool, .uint), (.time, .int), (.duration, .int):
            var result = operand
            result.type = type
            return result
        case (.float, .int), (.float, .duration):
            // Towards zero; what does not fit is null.
            return Lanes.mapPartial(operand, to: type, count: count) {
                Int64(exactly: Double(bitPattern: $0).rounded(.towardZero)).map(UInt64.init(bitPattern:))
            }
        case (.float, .uint):
            return Lanes.mapPartial(operand, to: .uint, count: count) {
                UInt64(exactly: Double(bitPattern: $0).rounded(.towardZero))
            }
        case (.uint, .int), (.int, .uint):
            return Lanes.mapPartial(operand, to: type, count: count) { $0 > UInt64(Int64.max) ? nil : $0 }
        case (.string, .float), (.tag, .float):
            return Lanes.mapPartial(operand, to: .float, count: count) {
                Double(context.pool.text($0)).flatMap { $0.isFinite ? $0.bitPattern : nil }
            }
        case (.string, .int), (.tag, .int):
            return Lanes.mapPartial(operand, to: .int, count: count) {
                Int64(context.pool.text($0)).map(UInt64.init(bitPattern:))
            }
        case (_, .string), (_, .tag):
            let from = operand.type
            return Lanes.map(operand, to: type, count: count) {
                context.pool.code(Value(bits: $0, type: from, pool: context.pool).plainText)
            }
        default:
            return .constant(type, nil)
        }
    }

    private func call(
        _ function: ScalarFunction, _ arguments: [BlockColumn], type: ColumnType, block: RowBlock, at: SourceRange
    ) throws(QueryError) -> BlockColumn {
        let count = block.count
        switch function {
        case .abs:
            if type == .float { return Lanes.map(arguments[0], to: .float, count: count) { $0 & ~(1 << 63) } }
            if type == .uint { return arguments[0] }
            return Lanes.mapPartial(arguments[0], to: type, count: count) { $0.isMinimum ? nil : $0.signedMagnitude }
        case .round, .floor, .ceil:
            if type != .float { return arguments[0] }
            let digits = arguments.count > 1 ? arguments[1] : .constant(.int, 0)
            let rule: FloatingPointRoundingRule =
                function == .floor ? .down : function == .ceil ? .up : .toNearestOrAwayFromZero
            return Lanes.zipPartial(arguments[0], digits, to: .float, count: count) {
                ExpressionEvaluator.rounded(Double(bitPattern: $0), digits: Int64(bitPattern: $1), rule)
            }
        case .sqrt: return real(arguments[0], count: count) { Glibc.sqrt($0) }
        case .log: return real(arguments[0], count: count) { Glibc.log($0) }
        case .log10: return real(arguments[0], count: count) { Glibc.log10($0) }
        case .log2: return real(arguments[0], count: count) { Glibc.log2($0) }
        case .exp: return real(arguments[0], count: count) { Glibc.exp($0) }
        case .pow:
            return Lanes.zipPartial(arguments[0], arguments[1], to: .float, count: count) {
                ExpressionEvaluator.finite(Glibc.pow(Double(bitPattern: $0), Double(bitPattern: $1)))
            }
        case .clamp:
            let raised = Lanes.zip(arguments[0], arguments[1], to: type, count: count) {
                Comparison.isOrdered($0, $1, type) ? $1 : $0
            }
            return Lanes.zip(raised, arguments[2], to: type, count: count) {
                Comparison.isOrdered($1, $0, type) ? $1 : $0
            }
        case .lower: return text(arguments[0], count: count) { $0.lowercased() }
        case .upper: return text(arguments[0], count: count) { $0.uppercased() }
        case .contains:
            return Lanes.zip(arguments[0], arguments[1], to: .bool, count: count) {
                ExpressionEvaluator.contains(context.pool.text($0), context.pool.text($1)) ? 1 : 0
            }
        case .starts:
            return Lanes.zip(arguments[0], arguments[1], to: .bool, count: count) {
                context.pool.text($0).utf8.starts(with: context.pool.text($1).utf8) ? 1 : 0
            }
        case .concat:
            var result = arguments[0]
            for argument in arguments.dropFirst() {
                result = Lanes.zip(result, argument, to: .string, count: count) {
                    context.pool.code(context.pool.text($0) + context.pool.text($1))
                }
                if context.pool.isExhausted { throw context.watch.outOfMemory(at) }
            }
            return result
        case .float, .int, .string:
            return try cast(arguments[0], to: type, count: count, at: at)
        case .hour: return local(arguments, block) { UInt64($0.secondOfDay / 3600) }
        case .minute: return local(arguments, block) { UInt64($0.secondOfDay / 60 % 60) }
        case .weekday: return local(arguments, block) { UInt64(bitPattern: Int64($0.weekday)) }
        case .day: return local(arguments, block) { UInt64($0.date.day) }
        case .month: return local(arguments, block) { UInt64($0.date.month) }
        case .year: return local(arguments, block) { UInt64(bitPattern: Int64($0.date.year)) }
        case .date:
            var result = local(arguments, block) { context.pool.code($0.dateText) }
            result.type = .string
            return result
        case .timeOfDay:
            var result = local(arguments, block) { UInt64(bitPattern: $0.nanosecondOfDay) }
            result.type = .duration
            return result
        case .age:
            let now = context.now
            return Lanes.map(instants(arguments, block), to: .duration, count: count) {
                UInt64(bitPattern: now.subtractingReportingOverflow(Int64(bitPattern: $0)).partialValue)
            }
        }
    }

    /// The instants that a time function looks at: its argument, else the rows' times.
    private func instants(_ arguments: [BlockColumn], _ block: RowBlock) -> BlockColumn {
        if let argument = arguments.first { return argument }
        return BlockColumn(
            type: .time, isConstant: false, bits: block.timestamps.map(UInt64.init(bitPattern:)), presence: nil)
    }

    private func local(
        _ arguments: [BlockColumn], _ block: RowBlock, _ part: (LocalTime) -> UInt64
    ) -> BlockColumn {
        Lanes.map(instants(arguments, block), to: .int, count: block.count) {
            part(LocalTime(instant: Int64(bitPattern: $0), zone: context.zone))
        }
    }

    private func real(_ operand: BlockColumn, count: Int, _ function: (Double) -> Double) -> BlockColumn {
        Lanes.mapPartial(operand, to: .float, count: count) {
            ExpressionEvaluator.finite(function(Double(bitPattern: $0)))
        }
    }

    private func text(_ operand: BlockColumn, count: Int, _ function: (String) -> String) -> BlockColumn {
        Lanes.map(operand, to: .string, count: count) { context.pool.code(function(context.pool.text($0))) }
    }

    static func finite(_ value: Double) -> UInt64? {
        value.isFinite ? value.bitPattern : nil
    }

    static func rounded(_ value: Double, digits: Int64, _ rule: FloatingPointRoundingRule) -> UInt64? {
        guard digits != 0 else { return value.rounded(rule).bitPattern }
        guard digits > -300, digits < 300 else { return value.bitPattern }
        let scale = Glibc.pow(10, Double(digits.magnitude))
        // Divided, not multiplied by a fraction: 10^-2 is no double, 10^2 is.
        let result = digits > 0 ? (value * scale).rounded(rule) / scale : (value / scale).rounded(rule) * scale
        return result.isFinite ? result.bitPattern : value.bitPattern
    }

    static func contains(_ text: String, _ part: String) -> Bool {
        let haystack = Array(text.utf8)
        let needle = Array(part.utf8)
        guard needle.count <= haystack.count else { return false }
        return (0...(haystack.count - needle.count)).contains { haystack[$0..<$0 + needle.count].elementsEqual(needle) }
    }
}

extension UInt64 {
    fileprivate var isMinimum: Bool { self == UInt64(bitPattern: .min) }
    fileprivate var signedMagnitude: UInt64 { UInt64(Int64(bitPattern: self).magnitude) }
}
