/// What a series' last columns tell about its next one.
struct IntegerCodecState: Equatable, Sendable {
    /// Columns until a dictionary of ranks is tried again: it costs more than all other tries together.
    var columnsWithoutRanks: UInt8 = 0
    /// What won last, when it was one of the two that cost little to try.
    var transform: IntegerCodec.Transform?
    /// Its bits for 64 values.
    var bits = 0
    /// Columns for which only `transform` is tried, while it stays as small.
    var settledColumns: UInt8 = 0
}

/// Picks the transform that makes a sequence smallest, by computed size, and writes it.
///
/// 1. One value, and one step from value to value, need no bits per row; both end at the first row that differs.
/// 2. The greatest common divisor of the distances is taken out when it is above 1.
/// 3. Sizes are computed from profiles (`SequenceProfile`), not by encoding. Differences, and differences of
///    differences, are profiled only when they are not larger than what they are made of.
/// 4. A transform that needs the rows before has to save 3 % over plain, which gives a value without them.
/// 5. What won twice is taken for seven more columns without trying others, as long as it does not get a quarter
///    longer; not where size is all that counts.
struct IntegerChooser {
    private let preference: CodecPreference
    private let isTime: Bool
    private static let ranksPause: UInt8 = 15
    private static let settledPause: UInt8 = 7

    private enum Choice {
        case plain(PackedIntegers.Plan)
        case delta([Int64], PackedIntegers.Plan)
        case deltaOfDelta(first: Int64, [Int64], PackedIntegers.Plan)
        case line(FittedLine, [Int64], PackedIntegers.Plan)
        case runs([Int64], PackedIntegers.Plan, [Int64], PackedIntegers.Plan)
        case ranks(RankDictionary, [Int64], PackedIntegers.Plan, PackedIntegers.Plan)
        case rankDeltas(RankDictionary, [Int64], PackedIntegers.Plan, [Int64], PackedIntegers.Plan)
    }

    init(_ preference: CodecPreference, isTime: Bool = false) {
        self.preference = preference
        self.isTime = isTime
    }

    /// Appends 1...1,024 values in the form of `IntegerCodec`.
    func encode(_ values: UnsafeBufferPointer<Int64>, _ state: inout IntegerCodecState, to bytes: inout [UInt8]) {
        precondition(
            values.count > 0 && values.count <= PackedIntegers.maximumCount, "a sequence holds 1...1,024 values")
        let first = unsafe values[0]
        let step = unsafe values.count > 1 ? values[1] &- first : 0
        if unsafe IntegerChooser.isStride(values, step) {
            bytes.append(tag(step == 0 ? .constant : .stride))
            bytes.appendSignedVarint(first)
            if step != 0 { bytes.appendSignedVarint(step) }
            return
        }
        guard let (origin, divisor) = unsafe IntegerChooser.divisor(values) else {
            return unsafe encodeUndivided(values, divided: false, &state, to: &bytes)
        }
        var quotients = [Int64](repeating: 0, count: values.count)
        for row in 0..<values.count { unsafe quotients[row] = (values[row] - origin) / divisor }
        unsafe quotients.withUnsafeBufferPointer { quotients in
            let start = bytes.count
            bytes.append(0)
            bytes.appendSignedVarint(origin)
            bytes.appendVarint(UInt64(divisor))
            let tagPlace = bytes.count
            unsafe encodeUndivided(quotients, divided: true, &state, to: &bytes)
            bytes[start] = bytes[tagPlace]
            bytes.remove(at: tagPlace)
        }
    }

    private func tag(_ transform: IntegerCodec.Transform) -> UInt8 { transform.rawValue }

    private static func isStride(_ values: UnsafeBufferPointer<Int64>, _ step: Int64) -> Bool {
        for row in 1..<max(1, values.count) where unsafe values[row] &- values[row - 1] != step { return false }
        return true
    }

    /// The smallest value and the greatest common divisor of all distances, when it is above 1.
    private static func divisor(_ values: UnsafeBufferPointer<Int64>) -> (origin: Int64, divisor: Int64)? {
        let first = unsafe values[0]
        var divisor: UInt64 = 0
        var origin = first
        for row in 1..<values.count {
            let value = unsafe values[row]
            let (distance, overflow) = value.subtractingReportingOverflow(first)
            if overflow { return nil }
            origin = min(origin, value)
            if divisor != 0, distance.magnitude % divisor == 0 { continue }
            divisor = commonDivisor(divisor, distance.magnitude)
            if divisor == 1 { return nil }
        }
        // Distances from the smallest may be twice as long as those from the first.
        for row in 0..<values.count where unsafe values[row].subtractingReportingOverflow(origin).overflow {
            return nil
        }
        guard let divisor = Int64(exactly: divisor), divisor > 1 else { return nil }
        return (origin, divisor)
    }

    private static func commonDivisor(_ first: UInt64, _ second: UInt64) -> UInt64 {
        var (larger, smaller) = (first, second)
        while smaller != 0 { (larger, smaller) = (smaller, larger % smaller) }
        return larger
    }

    private func encodeUndivided(
        _ values: UnsafeBufferPointer<Int64>, divided: Bool, _ state: inout IntegerCodecState, to bytes: inout [UInt8]
    ) {
        let choice = unsafe choose(values, &state)
        let start = bytes.count
        unsafe write(choice, values, to: &bytes)
        if divided { bytes[start] |= IntegerCodec.dividedFlag }
    }

    private func choose(_ values: UnsafeBufferPointer<Int64>, _ state: inout IntegerCodecState) -> Choice {
        if preference == .size || isTime { return unsafe search(values, &state).choice }
        if state.settledColumns > 0 {
            state.settledColumns -= 1
            if let choice = unsafe settled(values, state) { return choice }
        }
        let before = state.transform
        let (choice, bits) = unsafe search(values, &state)
        switch choice {
        case .plain: state.transform = .plain
        case .delta: state.transform = .delta
        default: state.transform = nil
        }
        state.bits = bits * 64 / values.count
        state.settledColumns = before != nil && before == state.transform ? IntegerChooser.settledPause : 0
        return choice
    }

    /// What the state says; nil when it is no longer as small.
    private func settled(_ values: UnsafeBufferPointer<Int64>, _ state: IntegerCodecState) -> Choice? {
        let limit = (state.bits + state.bits / 4) * values.count / 64
        switch state.transform {
        case .plain:
            let plan = unsafe PackedIntegers.plan(values, preference)
            return plan.bitCount <= limit ? .plain(plan) : nil
        case .delta where values.count > 1:
            var deltas = [Int64](repeating: 0, count: values.count - 1)
            for row in deltas.indices { unsafe deltas[row] = values[row + 1] &- values[row] }
            let plan = plan(deltas)
            return plan.bitCount <= limit ? .delta(deltas, plan) : nil
        default: return nil
        }
    }

    /// The smallest of all, and its bits.
    private func search(
        _ values: UnsafeBufferPointer<Int64>, _ state: inout IntegerCodecState
    ) -> (choice: Choice, bits: Int) {
        let plain = unsafe PackedIntegers.plan(values, preference)
        // In the unit of one percent of a bit: what is not plain has to save 3 %.
        var best = plain.bitCount * 97
        var choice = Choice.plain(plain)
        func consider(_ bits: Int, _ other: @autoclosure () -> Choice) {
            guard bits * 100 < best else { return }
            best = bits * 100
            choice = other()
        }
        let shape = unsafe SequenceShape(values)
        if shape.runs <= values.count / 4 {
            let (lengths, starts) = unsafe RunLength.runs(values)
            let lengthPlan = plan(lengths)
            let startPlan = plan(starts)
            consider(lengthPlan.bitCount + startPlan.bitCount + 24, .runs(lengths, lengthPlan, starts, startPlan))
        }
        if shape.favoursDeltas {
            let deltas = shape.deltas
            let deltaPlan = plan(deltas)
            consider(deltaPlan.bitCount + 16, .delta(deltas, deltaPlan))
            if shape.favoursSecondDeltas {
                let second = IntegerChooser.deltas(deltas)
                let secondPlan = plan(second)
                consider(secondPlan.bitCount + 24, .deltaOfDelta(first: deltas[0], second, secondPlan))
            }
        }
        if isTime, let line = unsafe FittedLine.fitted(values) {
            var rests = [Int64](repeating: 0, count: values.count)
            for row in 0..<values.count { unsafe rests[row] = values[row] &- line[row] }
            // Only in one width: then a time is found without decoding.
            let linePlan = unsafe rests.withUnsafeBufferPointer { unsafe PackedIntegers.plan($0, .speed) }
            if linePlan.bitCount * 100 < best + best / 20 {
                best = min(best, linePlan.bitCount * 100)
                choice = .line(line, rests, linePlan)
            }
        }
        if state.columnsWithoutRanks > 0 {
            state.columnsWithoutRanks -= 1
        } else if values.count >= 64, plain.bitCount > 3 * values.count {
            let before = best
            unsafe considerRanks(values, favoursDeltas: shape.favoursDeltas) { consider($0, $1) }
            if best == before { state.columnsWithoutRanks = IntegerChooser.ranksPause }
        }
        return (choice, best / 100)
    }

    private func considerRanks(
        _ values: UnsafeBufferPointer<Int64>, favoursDeltas: Bool, _ consider: (Int, Choice) -> Void
    ) {
        guard let dictionary = unsafe RankDictionary(values, limit: values.count / 2) else { return }
        let steps = dictionary.steps
        let stepPlan = plan(steps)
        let rankPlan = plan(dictionary.ranks)
        let header = stepPlan.bitCount + 8 * (2 + varintByteCount(ZigZag.unsigned(dictionary.values[0])))
        consider(header + rankPlan.bitCount, .ranks(dictionary, steps, stepPlan, rankPlan))
        guard favoursDeltas else { return }
        let deltas = IntegerChooser.deltas(dictionary.ranks)
        let deltaPlan = plan(deltas)
        consider(header + deltaPlan.bitCount + 16, .rankDeltas(dictionary, steps, stepPlan, deltas, deltaPlan))
    }

    private func plan(_ values: [Int64]) -> PackedIntegers.Plan {
        unsafe values.withUnsafeBufferPointer { unsafe PackedIntegers.plan($0, preference) }
    }

    static func deltas(_ values: [Int64]) -> [Int64] {
        unsafe [Int64](unsafeUninitializedCapacity: values.count - 1) { buffer, count in
            count = values.count - 1
            for row in 0..<count { unsafe buffer[row] = values[row + 1] &- values[row] }
        }
    }

    private func write(_ choice: Choice, _ values: UnsafeBufferPointer<Int64>, to bytes: inout [UInt8]) {
        func pack(_ values: [Int64], _ plan: PackedIntegers.Plan) {
            unsafe values.withUnsafeBufferPointer { unsafe PackedIntegers.encode($0, plan, to: &bytes) }
        }
        switch choice {
        case .plain(let plan):
            bytes.append(tag(.plain))
            unsafe PackedIntegers.encode(values, plan, to: &bytes)
        case .delta(let deltas, let plan):
            bytes.append(tag(.delta))
            unsafe bytes.appendSignedVarint(values[0])
            pack(deltas, plan)
        case .deltaOfDelta(let first, let second, let plan):
            bytes.append(tag(.deltaOfDelta))
            unsafe bytes.appendSignedVarint(values[0])
            bytes.appendSignedVarint(first)
            pack(second, plan)
        case .line(let line, let rests, let plan):
            bytes.append(tag(.line))
            bytes.appendSignedVarint(line.first)
            bytes.appendSignedVarint(line.slope)
            pack(rests, plan)
        case .runs(let lengths, let lengthPlan, let starts, let startPlan):
            bytes.append(tag(.runs))
            bytes.appendVarint(UInt64(lengths.count))
            pack(lengths, lengthPlan)
            pack(starts, startPlan)
        case .ranks(let dictionary, let steps, let stepPlan, let rankPlan):
            bytes.append(tag(.ranks))
            bytes.appendVarint(UInt64(dictionary.values.count))
            bytes.appendSignedVarint(dictionary.values[0])
            pack(steps, stepPlan)
            pack(dictionary.ranks, rankPlan)
        case .rankDeltas(let dictionary, let steps, let stepPlan, let deltas, let plan):
            bytes.append(tag(.rankDeltas))
            bytes.appendVarint(UInt64(dictionary.values.count))
            bytes.appendSignedVarint(dictionary.values[0])
            pack(steps, stepPlan)
            bytes.appendSignedVarint(dictionary.ranks[0])
            pack(deltas, plan)
        }
    }
}

/// Differences of a sequence, and whether they are worth a closer look.
private struct SequenceShape {
    /// Runs of equal values.
    private(set) var runs = 1
    private(set) var deltas: [Int64]
    /// Sums of magnitudes, as doubles so that nothing overflows.
    private var spread = 0.0
    private var change = 0.0
    private var curvature = 0.0

    init(_ values: UnsafeBufferPointer<Int64>) {
        deltas = [Int64](repeating: 0, count: max(0, values.count - 1))
        let middle = unsafe values[values.count / 2]
        var last: Int64 = 0
        for row in deltas.indices {
            let value = unsafe values[row]
            let delta = unsafe values[row + 1] &- value
            deltas[row] = delta
            if delta != 0 { runs += 1 }
            spread += Double(value &- middle).magnitude
            change += Double(delta).magnitude
            if row > 0 { curvature += Double(delta &- last).magnitude }
            last = delta
        }
    }

    var favoursDeltas: Bool { !deltas.isEmpty && change < 2 * spread }
    var favoursSecondDeltas: Bool { deltas.count > 1 && curvature < change }
}
