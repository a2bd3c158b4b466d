import TramColumnar

/// One call of a running function, bound to the rows that it runs along.
struct RunningCall: RowFunction {
    /// The constants of the call.
    struct Constants {
        /// How many rows: 1...`RunningFunction.mostRows`.
        var count = 1
        /// Of `forecast`: rows of a season, 0 for none.
        var season = 0
        /// Of `deriv`: nanoseconds.
        var unit: Int64 = 1_000_000_000
        /// Of `ewma`.
        var weight = 1.0
    }

    let function: RunningFunction
    /// The value, and the level of `cross`.
    let operands: [BoundExpression]
    let constants: Constants
    let type: ColumnType
    let place: RunningPlace
    let at: SourceRange

    var readsTime: Bool { true }

    func evaluate(
        _ operands: [BlockColumn], _ block: RowBlock, _ context: EvaluationContext
    ) throws(QueryError) -> BlockColumn {
        guard let value = operands.first else { return .constant(type, nil) }
        if function.isAcross { return across(value, block) }
        let rows = Operands(value: value, level: operands.count > 1 ? operands[1] : nil)
        return switch place.rows {
        case .stored: try alongStored(rows, block, context.running)
        case .table where place.isStanding: try alongStanding(rows, block, context.running)
        case .table: try alongTable(rows, block)
        }
    }

    private struct Operands {
        let value: BlockColumn
        let level: BlockColumn?
        let kind: ValueKind

        init(value: BlockColumn, level: BlockColumn?) {
            self.value = value
            self.level = level
            kind = ValueKind(value.type)
        }

        /// The value of a row; nil for null and for what is no number.
        func bits(_ row: Int) -> UInt64? { value.value(row).flatMap(kind.canonical) }
    }

    func makeState() -> any RunningState {
        let kind = ValueKind(operands[0].type)
        return switch function {
        case .diff: DifferenceState(kind: kind, at: at)
        case .deriv: DerivativeState(unit: constants.unit)
        case .cumsum: TotalState(type: operands[0].type, at: at)
        case .lag: LagState(count: constants.count)
        case .movingMean: MovingMeanState(count: constants.count)
        case .movingMedian: MovingMedianState(count: constants.count)
        case .ewma: WeightedMeanState(weight: constants.weight)
        case .changed, .rank, .share: ChangedState()
        case .cross: CrossingState()
        case .zscore: DeviationState(count: constants.count, isRobust: false)
        case .madZ: DeviationState(count: constants.count, isRobust: true)
        case .forecast: ForecastState(steps: constants.count, season: constants.season)
        }
    }

    /// Numbers that one state may hold.
    private var weight: Int {
        switch function {
        case .lag, .movingMean: constants.count
        case .movingMedian, .zscore, .madZ: constants.count * 2
        case .forecast: 16 + constants.season * 14
        default: 1
        }
    }

    // MARK: - Along rows

    /// Rows of series, each series in time order, a block at a time.
    private func alongStored(
        _ operands: Operands, _ block: RowBlock, _ running: RunningStates
    ) throws(QueryError) -> BlockColumn {
        let keys = place.keys.map { block.columns[$0] }
        var result = Column(type: type)
        if case .one(let series) = block.series, keys.allSatisfy(\.isConstant) {
            let key = RunningStates.Key(call: at.start, series: series, values: keys.map { $0.value(0) })
            var held = try running.take(key, self, weight: weight)
            for row in 0..<block.count { result.append(try step(&held, operands, row, block.timestamps[row])) }
            running.put(held, key)
            return BlockColumn(result)
        }
        let series = block.seriesArray()
        for row in 0..<block.count {
            let key = RunningStates.Key(call: at.start, series: series[row], values: keys.map { $0.value(row) })
            var held = try running.take(key, self, weight: weight)
            result.append(try step(&held, operands, row, block.timestamps[row]))
            running.put(held, key)
        }
        return BlockColumn(result)
    }

    /// Rows of closed windows as they come: each group goes on where its window before left it.
    private func alongStanding(
        _ operands: Operands, _ block: RowBlock, _ running: RunningStates
    ) throws(QueryError) -> BlockColumn {
        let keys = place.keys.map { block.columns[$0] }
        var result = Column(type: type)
        for row in 0..<block.count {
            let key = RunningStates.Key(call: at.start, series: 0, values: keys.map { $0.value(row) })
            var held = try running.take(key, self, weight: weight)
            result.append(try step(&held, operands, row, block.timestamps[row]))
            running.put(held, key)
        }
        return BlockColumn(result)
    }

    /// One row of a group whose earlier rows may have been seen already.
    private func step(
        _ held: inout RunningStates.Held, _ operands: Operands, _ row: Int, _ time: Int64
    ) throws(QueryError) -> UInt64? {
        // A row that comes after a later one of its group is out of the running.
        if let last = held.time, time < last { return nil }
        if place.isStanding {
            // A window that is given out again replaces what it said before.
            if held.time == time, let before = held.before { held.state = before }
            held.before = held.state
        }
        held.time = time
        guard let bits = operands.bits(row) else { return nil }
        return try held.state.next(bits, level: operands.level?.value(row), time: time)
    }

    /// Rows of a whole table: each group in time order, wherever its rows stand.
    private func alongTable(_ operands: Operands, _ block: RowBlock) throws(QueryError) -> BlockColumn {
        let keys = place.keys.map { block.columns[$0] }
        var numbers: [[UInt64?]: Int] = [:]
        var groups: [Int] = []
        groups.reserveCapacity(block.count)
        for row in 0..<block.count {
            let key = keys.map { $0.value(row) }
            if let known = numbers[key] {
                groups.append(known)
            } else {
                groups.append(numbers.count)
                numbers[key] = numbers.count
            }
        }
        let times = place.isTimed ? block.timestamps : []
        let order = (0..<block.count).sorted { left, right in
            if groups[left] != groups[right] { return groups[left] < groups[right] }
            if place.isTimed, times[left] != times[right] { return times[left] < times[right] }
            return left < right
        }
        var bits = [UInt64](repeating: 0, count: block.count)
        var presence = Bitmap(repeating: true, count: block.count)
        var state = makeState()
        var group = -1
        for row in order {
            if groups[row] != group {
                group = groups[row]
                state = makeState()
            }
            let time = block.timestamps[row]
            if let value = operands.bits(row),
                let result = try state.next(value, level: operands.level?.value(row), time: time)
            {
                bits[row] = result
            } else {
                presence[row] = false
            }
        }
        return BlockColumn(
            type: type, isConstant: false, bits: bits, presence: presence.isAllSet ? nil : presence)
    }

    // MARK: - Across rows

    /// `rank` and `share`: rows of one time are looked at together, or all rows where there are no times.
    private func across(_ value: BlockColumn, _ block: RowBlock) -> BlockColumn {
        let operands = Operands(value: value, level: nil)
        var rowsByTime: [Int64: [Int]] = [:]
        for row in 0..<block.count where operands.bits(row) != nil {
            rowsByTime[place.isTimed ? block.timestamps[row] : 0, default: []].append(row)
        }
        var bits = [UInt64](repeating: 0, count: block.count)
        var presence = Bitmap(repeating: false, count: block.count)
        for rows in rowsByTime.values {
            if function == .rank {
                rank(rows, operands, &bits, &presence)
            } else {
                share(rows, operands, &bits, &presence)
            }
        }
        return BlockColumn(
            type: type, isConstant: false, bits: bits, presence: presence.isAllSet ? nil : presence)
    }

    private func rank(_ rows: [Int], _ operands: Operands, _ bits: inout [UInt64], _ presence: inout Bitmap) {
        func key(_ row: Int) -> Int64 { operands.kind.orderKey(operands.bits(row) ?? 0) }
        var rank = 0
        var before: Int64?
        for (place, row) in rows.sorted(by: { key($0) < key($1) }).enumerated() {
            // Equal values share a rank, and the next one counts them all: 1, 2, 2, 4.
            if before != key(row) { rank = place + 1 }
            before = key(row)
            bits[row] = UInt64(rank)
            presence[row] = true
        }
    }

    private func share(_ rows: [Int], _ operands: Operands, _ bits: inout [UInt64], _ presence: inout Bitmap) {
        var sums = ExactSums()
        sums.grow(to: 1)
        for row in rows { sums.addValue(Double(bitPattern: operands.bits(row) ?? 0), to: 0) }
        let total = sums.rounded(0)
        for row in rows {
            let part = Double(bitPattern: operands.bits(row) ?? 0) / total
            guard let share = ExpressionEvaluator.finite(part) else { continue }
            bits[row] = share
            presence[row] = true
        }
    }
}

/// The rows that running functions run along.
struct RunningPlace {
    enum Rows {
        /// Rows as they are stored: per series, a block at a time.
        case stored
        case table
    }

    var rows: Rows
    /// Columns that tell groups apart, besides the series.
    var keys: [Int]
    /// Whether the rows of a table have times.
    var isTimed: Bool
    /// Whether a table's rows are rows of aggregation, which can be ranked against each other.
    var isAggregated: Bool
    /// Whether rows come for ever.
    var isStanding: Bool
    /// The windows of the aggregation that made the table's rows, for `expected`.
    var windows: ExpectedPeriods.Windows?
}

/// States of running functions between blocks: one for each call and series or group. Not safe for several threads.
final class RunningStates {
    struct Key: Hashable {
        /// Where the call stands in the text: it has the same place when a standing query is bound again.
        var call: Int
        var series: UInt32
        var values: [UInt64?]
    }

    struct Held {
        var state: any RunningState
        /// Time of the last row.
        var time: Int64?
        /// The state before that row, held by standing queries.
        var before: (any RunningState)?
    }

    /// Numbers that all states of a query may hold together: half a gigabyte.
    static let mostNumbers = 64_000_000

    private var held: [Key: Held] = [:]
    private var numbers = 0

    /// The state of a key, a new one when there is none; to be put back.
    ///
    /// - Throws: `memoryLimit` when the states of all series could grow too large.
    func take(_ key: Key, _ call: RunningCall, weight: Int) throws(QueryError) -> Held {
        // Taken out while it is used, so that its arrays have one owner and are not copied.
        if let found = held.removeValue(forKey: key) { return found }
        numbers += weight
        if numbers > RunningStates.mostNumbers {
            throw QueryError(
                .memoryLimit, at: call.at,
                en: "\(call.function.rawValue) would remember too many rows of too many series",
                vi: "\(call.function.rawValue) phải nhớ quá nhiều dòng của quá nhiều chuỗi",
                hint: Bilingual(
                    vi: "bớt số dòng n hoặc lọc bớt trạm", en: "take fewer rows n or fewer stations"))
        }
        return Held(state: call.makeState())
    }

    func put(_ state: Held, _ key: Key) { held[key] = state }
}
