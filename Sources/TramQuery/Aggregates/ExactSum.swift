import TramColumnar

/// What is made of a sum at the end.
enum SumResult: Sendable {
    case sum
    /// The sum, rounded once, divided by the number of values.
    case mean
}

/// Sums of floats by slot: the exact sums of the decimals that the floats stand for, rounded once.
///
/// 1. A float that stands for a short decimal (`DecimalReading`) is added as an integer, at a scale that all slots
///    share. The scale only rises; the slots are then multiplied by a power of ten.
/// 2. Runs go 32 values at a time through a kernel at the scale that the last values needed (`hint`).
/// 3. Floats that stand for no short decimal, and integers too long for 128 bits, go to a `Superaccumulator` which
///    the slot gets when it first needs one. Nothing is rounded there either.
///
/// So the result depends on the values alone: any order and any tree of merges gives the same bits.
struct ExactSums {
    private var sums: [Int128] = []
    private(set) var counts: [Int64] = []
    /// Number of the slot's accumulator in `rests`, -1 for none. Empty until the first slot needs one.
    private var restNumbers: [Int32] = []
    private var rests: [Superaccumulator] = []
    /// `sums` are in units of 10^-scale.
    private var scale = 0
    /// 0...scale.
    private var hint = 0

    var byteCount: Int { counts.count * 24 + restNumbers.count * 4 + rests.count * Superaccumulator.wordCount * 8 }

    mutating func grow(to count: Int) {
        sums.extend(to: count, with: 0)
        counts.extend(to: count, with: 0)
        if !restNumbers.isEmpty { restNumbers.extend(to: count, with: -1) }
    }

    mutating func addRun(_ bits: Span<UInt64>, to slot: Int) {
        unsafe bits.withUnsafeBufferPointer { bits in
            var start = 0
            while start < bits.count {
                let part = unsafe UnsafeBufferPointer(rebasing: bits[start..<min(bits.count, start + 2048)])
                let (sum, taken) = unsafe DecimalReading.sumMantissas(part, scale: hint)
                addMantissa(sum, scale: hint, to: slot)
                counts[slot] += Int64(taken)
                start += taken
                if taken < part.count {
                    let end = min(start + DecimalReading.chunk, bits.count)
                    unsafe addOneByOne(UnsafeBufferPointer(rebasing: bits[start..<end]), to: slot)
                    start = end
                }
            }
        }
    }

    /// Values that the kernel could not take, and what they say about the scale of the next ones.
    private mutating func addOneByOne(_ bits: UnsafeBufferPointer<UInt64>, to slot: Int) {
        var needed = -1
        var fitting: Int64 = 0
        var sum: Int64 = 0
        let power = DecimalReading.power(hint)
        let scale = hint
        for row in 0..<bits.count {
            let value = unsafe Double(bitPattern: bits[row])
            if let mantissa = DecimalReading.mantissa(value, power: power) {
                fitting += 1
                sum += mantissa
            } else {
                needed = max(needed, add(value, to: slot))
            }
        }
        counts[slot] += fitting
        addMantissa(sum, scale: scale, to: slot)
        // A stray value must not move the hint to where the others do not fit; when none fits here, it can only get
        // better.
        if needed >= 0 {
            let allFit = unsafe DecimalReading.allFit(bits, scale: needed)
            if allFit || fitting == 0 { hint = needed }
        }
    }

    mutating func addRows(_ bits: Span<UInt64>, slots: Span<Int32>) {
        var power = DecimalReading.power(hint)
        for row in bits.indices where slots[row] >= 0 {
            let slot = Int(slots[row])
            let value = Double(bitPattern: bits[row])
            if let mantissa = DecimalReading.mantissa(value, power: power) {
                counts[slot] += 1
                addMantissa(mantissa, scale: hint, to: slot)
                continue
            }
            let needed = add(value, to: slot)
            if needed >= 0, needed != hint {
                hint = needed
                power = DecimalReading.power(hint)
            }
        }
    }

    /// Adds `count` values by their exact sum in units of 10^-sumScale.
    mutating func add(_ sum: Int128, scale sumScale: Int, count: Int, to slot: Int) {
        add(Part(sum: sum, scale: sumScale, count: Int64(count), rest: nil), to: slot)
    }

    /// Adds values that are decimals at one scale.
    mutating func addRun(_ mantissas: Span<Int64>, scale runScale: Int, to slot: Int) {
        raiseScale(to: runScale)
        let sum = IntegerRuns.sum(mantissas)
        counts[slot] += Int64(mantissas.count)
        let (aligned, overflow) = sum.multipliedReportingOverflow(by: Int128(PowerOfTen.integer(scale - runScale)))
        if overflow {
            rests[restNumber(of: slot)].add(sum, scale: runScale)
        } else {
            add(aligned, to: slot)
        }
    }

    /// As `addRun` for every run.
    mutating func addRuns(_ mantissas: [Int64], scale runScale: Int, _ runs: [SlotRun]) {
        raiseScale(to: runScale)
        let factor = Int128(PowerOfTen.integer(scale - runScale))
        let isScaled = factor != 1
        let values = mantissas.span
        for run in runs {
            let sum = IntegerRuns.sum(values.extracting(run.rows))
            counts[run.slot] += Int64(run.rows.count)
            guard isScaled else {
                add(sum, to: run.slot)
                continue
            }
            let (aligned, overflow) = sum.multipliedReportingOverflow(by: factor)
            if overflow {
                rests[restNumber(of: run.slot)].add(sum, scale: runScale)
            } else {
                add(aligned, to: run.slot)
            }
        }
    }

    /// Adds one value of any kind and returns the scale of its decimal, -1 when it has none or needs none.
    private mutating func add(_ value: Double, to slot: Int) -> Int {
        switch DecimalReading.meaning(of: value) {
        case .nothing:
            return -1
        case .binary:
            counts[slot] += 1
            rests[restNumber(of: slot)].add(value)
            return -1
        case .decimal(let mantissa, let valueScale):
            counts[slot] += 1
            raiseScale(to: valueScale)
            addMantissa(mantissa, scale: valueScale, to: slot)
            return mantissa == 0 || mantissa.magnitude >= 1 << 51 ? -1 : valueScale
        }
    }

    /// Adds one value; what is no number is left out.
    mutating func addValue(_ value: Double, to slot: Int) { _ = add(value, to: slot) }

    /// Adds the product of a value and a whole number: exactly where the value stands for a short decimal, else rounded
    /// once. What is no number is left out.
    mutating func addProduct(_ value: Double, times factor: Int64, to slot: Int) {
        switch DecimalReading.meaning(of: value) {
        case .nothing: return
        case .binary:
            counts[slot] += 1
            // Beyond all floats: so is the sum then, which whoever rounds it is told.
            let limit = Double.greatestFiniteMagnitude
            rests[restNumber(of: slot)].add(min(max(value * Double(factor), -limit), limit))
        case .decimal(let mantissa, let valueScale):
            counts[slot] += 1
            raiseScale(to: valueScale)
            // Twice 63 bits fit.
            let product = Int128(mantissa) * Int128(factor)
            let (aligned, overflow) = product.multipliedReportingOverflow(
                by: Int128(PowerOfTen.integer(scale - valueScale)))
            if overflow {
                rests[restNumber(of: slot)].add(product, scale: valueScale)
            } else {
                add(aligned, to: slot)
            }
        }
    }

    @inline(__always)
    private mutating func addMantissa(_ mantissa: Int64, scale mantissaScale: Int, to slot: Int) {
        // 63 bits times 10^15: at most 113 bits.
        let aligned =
            mantissaScale == scale
            ? Int128(mantissa) : Int128(mantissa) * Int128(PowerOfTen.integer(scale - mantissaScale))
        add(aligned, to: slot)
    }

    @inline(__always)
    private mutating func add(_ aligned: Int128, to slot: Int) {
        let (sum, overflow) = sums[slot].addingReportingOverflow(aligned)
        if overflow {
            spill(slot)
            sums[slot] = aligned
        } else {
            sums[slot] = sum
        }
    }

    private mutating func raiseScale(to needed: Int) {
        guard needed > scale else { return }
        let factor = Int128(PowerOfTen.integer(needed - scale))
        for slot in sums.indices where sums[slot] != 0 {
            let (product, overflow) = sums[slot].multipliedReportingOverflow(by: factor)
            if overflow {
                spill(slot)
            } else {
                sums[slot] = product
            }
        }
        scale = needed
    }

    /// Moves a slot's integer, in units of the present scale, to its accumulator.
    private mutating func spill(_ slot: Int) {
        rests[restNumber(of: slot)].add(sums[slot], scale: scale)
        sums[slot] = 0
    }

    /// The number of the slot's accumulator, which is made if there is none.
    private mutating func restNumber(of slot: Int) -> Int {
        if restNumbers.isEmpty { restNumbers.extend(to: counts.count, with: -1) }
        if restNumbers[slot] < 0 {
            restNumbers[slot] = Int32(rests.count)
            rests.append(Superaccumulator())
        }
        return Int(restNumbers[slot])
    }

    private func rest(of slot: Int) -> Superaccumulator? {
        guard !restNumbers.isEmpty, restNumbers[slot] >= 0 else { return nil }
        return rests[Int(restNumbers[slot])]
    }

    /// Whether a slot has needed an accumulator.
    func isLong(_ slot: Int) -> Bool { !restNumbers.isEmpty && restNumbers[slot] >= 0 }

    /// What a slot holds, to be added elsewhere.
    struct Part {
        fileprivate var sum: Int128
        fileprivate var scale: Int
        fileprivate var count: Int64
        fileprivate var rest: Superaccumulator?
    }

    func part(_ slot: Int) -> Part {
        Part(sum: sums[slot], scale: scale, count: counts[slot], rest: rest(of: slot))
    }

    /// Adds what a slot of other sums holds when both are integers of one scale, which they nearly always are.
    ///
    /// - Returns: false when they are not; nothing was added then.
    mutating func addPlainly(
        _ other: borrowing ExactSums, slot otherSlot: Int, to slot: Int
    ) throws(QueryError) -> Bool {
        guard scale == other.scale, other.restNumbers.isEmpty else { return false }
        let count = try PartialState.total(counts[slot], other.counts[otherSlot])
        add(other.sums[otherSlot], to: slot)
        counts[slot] = count
        return true
    }

    mutating func add(_ part: Part, to slot: Int) {
        raiseScale(to: part.scale)
        let factor = Int128(PowerOfTen.integer(scale - part.scale))
        let (aligned, overflow) = part.sum.multipliedReportingOverflow(by: factor)
        if overflow {
            rests[restNumber(of: slot)].add(part.sum, scale: part.scale)
        } else {
            add(aligned, to: slot)
        }
        counts[slot] += part.count
        if let rest = part.rest { rests[restNumber(of: slot)].add(rest) }
    }

    /// The part that a slot would be after `add`, checked for what made-up states may do.
    func checkAdding(_ part: Part, to slot: Int) throws(QueryError) {
        _ = try PartialState.total(counts[slot], part.count)
        guard var rest = part.rest, let own = self.rest(of: slot) else { return }
        rest.add(own)
        if !rest.isInRange { throw .aggregateOverflow }
    }

    /// The sum of a slot in the form that depends on nothing but its values.
    func number(_ slot: Int) -> ExactNumber {
        guard var rest = rest(of: slot) else { return ExactNumber(sums[slot], scale: scale) }
        rest.add(sums[slot], scale: scale)
        return ExactNumber(rest)
    }

    /// Gives an empty slot the sum of `count` values.
    mutating func set(_ slot: Int, to number: ExactNumber, count: Int64) {
        switch number {
        case .decimal(let sum, let scale):
            add(Part(sum: sum, scale: scale, count: count, rest: nil), to: slot)
        case .long(let rest):
            add(Part(sum: 0, scale: 0, count: count, rest: rest), to: slot)
        }
    }

    mutating func reset(_ slot: Int) {
        sums[slot] = 0
        counts[slot] = 0
        if !restNumbers.isEmpty, restNumbers[slot] >= 0 { rests[Int(restNumbers[slot])] = Superaccumulator() }
    }

    /// The sum rounded once, infinite when it is beyond all floats.
    func rounded(_ slot: Int) -> Double {
        guard var rest = rest(of: slot) else { return PowerOfTen.quotient(sums[slot], scale: scale) }
        rest.add(sums[slot], scale: scale)
        return rest.rounded
    }
}

/// `sum` and `mean` of floats, by `ExactSums`.
final class FloatSumStates: PresentStates {
    let resultType: ColumnType = .float
    private let result: SumResult
    private var sums = ExactSums()

    init(_ result: SumResult) {
        self.result = result
    }

    var slotCount: Int { sums.counts.count }
    var byteCount: Int { sums.byteCount }

    func grow(to count: Int) { sums.grow(to: count) }

    func addRun(_ bits: Span<UInt64>, timestamps: Span<Int64>, series: UInt32, to slot: Int) {
        sums.addRun(bits, to: slot)
    }

    var needsTimes: Bool { false }

    var takesSummaries: Bool { true }

    func add(
        _ summary: ColumnSummary?, rows: Int, first: Int64, last: Int64, series: UInt32, to slot: Int
    ) -> Bool {
        guard let summary, summary.type == .float else { return false }
        if summary.count == 0 { return true }
        guard let sum = summary.sum, !summary.hasNonFinite else { return false }
        sums.add(sum.units, scale: sum.scale, count: summary.count, to: slot)
        return true
    }

    func add(mantissas: Span<Int64>, scale: Int, timestamps: Span<Int64>, series: UInt32, to slot: Int) -> Bool {
        sums.addRun(mantissas, scale: scale, to: slot)
        return true
    }

    func add(mantissas: [Int64], scale: Int, timestamps: [Int64], series: UInt32, runs: [SlotRun]) -> Bool {
        var own = ExactSums()
        swap(&own, &sums)
        own.addRuns(mantissas, scale: scale, runs)
        swap(&own, &sums)
        return true
    }

    func addRows(_ bits: Span<UInt64>, slots: Span<Int32>, timestamps: Span<Int64>, series: Span<UInt32>) {
        sums.addRows(bits, slots: slots)
    }

    func absorb(_ other: FloatSumStates, slot otherSlot: Int, into slot: Int) throws(QueryError) {
        if other !== self, try sums.addPlainly(other.sums, slot: otherSlot, to: slot) { return }
        let part = other.sums.part(otherSlot)
        try sums.checkAdding(part, to: slot)
        sums.add(part, to: slot)
    }

    func reset(slot: Int) { sums.reset(slot) }

    func finish(slot: Int) throws(QueryError) -> UInt64? {
        let count = sums.counts[slot]
        guard count > 0 else { return nil }
        let sum = sums.rounded(slot)
        return try resultBits(result == .mean ? sum / Double(count) : sum, as: .float)
    }

    var stateKind: PartialState.Kind { result == .mean ? .mean : .sum }

    func encodeBody(slot: Int, to bytes: inout [UInt8]) {
        guard sums.counts[slot] > 0 else { return }
        bytes.append(PartialState.typeCode(.float))
        if result == .mean { bytes.appendVarint(UInt64(sums.counts[slot])) }
        sums.number(slot).append(to: &bytes)
    }

    func decodeBody(into slot: Int, from reader: inout StateReader) throws(PartialStateError) {
        try reader.type(.float)
        // A sum asks only whether there was a value.
        let count = result == .mean ? try reader.count() : 1
        sums.set(slot, to: try ExactNumber(&reader), count: count)
    }
}

/// Sums and means of integers, exact in 128 bits.
///
/// A sum has the type of its input and is an error when it does not fit; the mean of a duration is a duration, of
/// other integers a float: the sum rounded to a float, divided by the count.
final class IntegerSumStates: PresentStates {
    let resultType: ColumnType
    private let result: SumResult
    private let inputType: ColumnType
    private let isUnsigned: Bool
    private var sums: [Int128] = []
    private var counts: [Int64] = []

    init(_ result: SumResult, inputType: ColumnType) {
        self.result = result
        self.inputType = inputType
        isUnsigned = inputType == .uint
        resultType = result == .sum || inputType == .duration ? inputType : .float
    }

    var slotCount: Int { counts.count }
    var byteCount: Int { counts.count * 24 }

    func grow(to count: Int) {
        sums.extend(to: count, with: 0)
        counts.extend(to: count, with: 0)
    }

    // 2^63 values of 64 bits fit 128 bits, so these additions cannot overflow.

    var needsTimes: Bool { false }

    var takesSummaries: Bool { true }

    func add(
        _ summary: ColumnSummary?, rows: Int, first: Int64, last: Int64, series: UInt32, to slot: Int
    ) -> Bool {
        guard let summary, summary.type == (isUnsigned ? .uint : .int) else { return false }
        if summary.count == 0 { return true }
        guard let sum = summary.sum, sum.scale == 0 else { return false }
        sums[slot] += sum.units
        counts[slot] += Int64(summary.count)
        return true
    }

    func add(mantissas: Span<Int64>, scale: Int, timestamps: Span<Int64>, series: UInt32, to slot: Int) -> Bool {
        guard scale == 0, !isUnsigned else { return false }
        sums[slot] += IntegerRuns.sum(mantissas)
        counts[slot] += Int64(mantissas.count)
        return true
    }

    func add(mantissas: [Int64], scale: Int, timestamps: [Int64], series: UInt32, runs: [SlotRun]) -> Bool {
        guard scale == 0, !isUnsigned else { return false }
        withOwn(&sums) { sums in
            withOwn(&counts) { counts in
                let values = mantissas.span
                for run in runs {
                    sums[run.slot] += IntegerRuns.sum(values.extracting(run.rows))
                    counts[run.slot] += Int64(run.rows.count)
                }
            }
        }
        return true
    }

    func addRun(_ bits: Span<UInt64>, timestamps: Span<Int64>, series: UInt32, to slot: Int) {
        var sum: Int128 = 0
        if isUnsigned {
            for row in bits.indices { sum &+= Int128(bits[row]) }
        } else {
            for row in bits.indices { sum &+= Int128(Int64(bitPattern: bits[row])) }
        }
        sums[slot] += sum
        counts[slot] += Int64(bits.count)
    }

    func addRows(_ bits: Span<UInt64>, slots: Span<Int32>, timestamps: Span<Int64>, series: Span<UInt32>) {
        let isUnsigned = isUnsigned
        withOwn(&sums) { sums in
            withOwn(&counts) { counts in
                for row in bits.indices where slots[row] >= 0 {
                    let slot = Int(slots[row])
                    sums[slot] += isUnsigned ? Int128(bits[row]) : Int128(Int64(bitPattern: bits[row]))
                    counts[slot] += 1
                }
            }
        }
    }

    func absorb(_ other: IntegerSumStates, slot otherSlot: Int, into slot: Int) throws(QueryError) {
        let count = try PartialState.total(counts[slot], other.counts[otherSlot])
        // Neither is much above 2^126.
        let (sum, overflow) = sums[slot].addingReportingOverflow(other.sums[otherSlot])
        guard !overflow, sum.magnitude <= Self.largestSum else { throw .aggregateOverflow }
        sums[slot] = sum
        counts[slot] = count
    }

    /// What 2^62 values of 64 bits can give.
    private static let largestSum: UInt128 = 1 << 126

    var stateKind: PartialState.Kind { result == .mean ? .mean : .sum }

    func encodeBody(slot: Int, to bytes: inout [UInt8]) {
        guard counts[slot] > 0 else { return }
        bytes.append(PartialState.typeCode(inputType))
        if result == .mean { bytes.appendVarint(UInt64(counts[slot])) }
        ExactNumber.decimal(sums[slot], scale: 0).append(to: &bytes)
    }

    func decodeBody(into slot: Int, from reader: inout StateReader) throws(PartialStateError) {
        try reader.type(inputType)
        let count = result == .mean ? try reader.count() : 1
        let start = reader.offset
        guard case .decimal(let sum, scale: 0) = try ExactNumber(&reader), sum.magnitude <= Self.largestSum,
            sum >= 0 || !isUnsigned
        else { throw .malformed(at: start) }
        sums[slot] = sum
        counts[slot] = count
    }

    func reset(slot: Int) {
        sums[slot] = 0
        counts[slot] = 0
    }

    func finish(slot: Int) throws(QueryError) -> UInt64? {
        let sum = sums[slot]
        guard counts[slot] > 0 else { return nil }
        switch result {
        case .mean:
            return try resultBits(PowerOfTen.quotient(sum, scale: 0) / Double(counts[slot]), as: resultType)
        case .sum where isUnsigned:
            guard let exact = UInt64(exactly: sum) else { throw .aggregateOverflow }
            return exact
        case .sum:
            guard let exact = Int64(exactly: sum) else { throw .aggregateOverflow }
            return UInt64(bitPattern: exact)
        }
    }
}
