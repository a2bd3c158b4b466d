import TramColumnar

/// What is made of a sum at the end.
enum SumResult: Sendable {
    case sum
    /// The sum, rounded once, divided by the number of values.
    case mean
}

/// Sums and means of floats: the exact sum of the decimals that the floats stand for, rounded once.
///
/// 1. A float that stands for a short decimal (`DecimalReading`) is added as an integer, at a scale that all slots share.
///    The scale only rises; the slots are then multiplied by a power of ten.
/// 2. Runs go 32 values at a time through a kernel at the scale that the last values needed (`hint`).
/// 3. Floats that stand for no short decimal, and integers too long for 128 bits, go to a `Superaccumulator` which
///    the slot gets when it first needs one. Nothing is rounded there either.
///
/// So the result depends on the values alone: any order and any tree of merges gives the same bits.
final class FloatSumStates: PresentStates {
    let resultType: ColumnType = .float
    private let result: SumResult
    private var sums: [Int128] = []
    private var counts: [Int64] = []
    /// Number of the slot's accumulator in `rests`, -1 for none. Empty until the first slot needs one.
    private var restNumbers: [Int32] = []
    private var rests: [Superaccumulator] = []
    /// `sums` are in units of 10^-scale.
    private var scale = 0
    /// 0...scale.
    private var hint = 0

    init(_ result: SumResult) {
        self.result = result
    }

    var slotCount: Int { counts.count }
    var byteCount: Int { counts.count * 24 + restNumbers.count * 4 + rests.count * Superaccumulator.wordCount * 8 }

    func grow(to count: Int) {
        sums.extend(to: count, with: 0)
        counts.extend(to: count, with: 0)
        if !restNumbers.isEmpty { restNumbers.extend(to: count, with: -1) }
    }

    func addRun(_ bits: Span<UInt64>, timestamps: Span<Int64>, series: UInt32, to slot: Int) {
        unsafe bits.withUnsafeBufferPointer { bits in
            var start = 0
            while start < bits.count {
                let part = unsafe UnsafeBufferPointer(rebasing: bits[start..<min(bits.count, start + 2048)])
                let (sum, taken) = unsafe DecimalReading.sumMantissas(part, scale: hint)
                addMantissa(sum, scale: hint, to: slot)
                counts[slot] += Int64(taken)
                start += taken
                let end = min(start + 32, bits.count)
                if taken < part.count {
                    unsafe addOneByOne(UnsafeBufferPointer(rebasing: bits[start..<end]), to: slot)
                    start = end
                }
            }
        }
    }

    /// Values that the kernel could not take, and what they say about the scale of the next ones.
    private func addOneByOne(_ bits: UnsafeBufferPointer<UInt64>, to slot: Int) {
        var needed = -1
        var fitsAny = false
        let power = DecimalReading.power(hint)
        for row in 0..<bits.count {
            let value = unsafe Double(bitPattern: bits[row])
            if let mantissa = DecimalReading.mantissa(value, power: power) {
                counts[slot] += 1
                addMantissa(mantissa, scale: hint, to: slot)
                fitsAny = true
                continue
            }
            needed = max(needed, add(value, to: slot))
        }
        // More places are always needed by somebody; fewer only when the hint served nobody, or it would swing to and fro.
        if needed > hint || needed >= 0 && !fitsAny { hint = needed }
    }

    func addRows(_ bits: Span<UInt64>, slots: Span<Int32>, timestamps: Span<Int64>, series: Span<UInt32>) {
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

    /// Adds one value of any kind and returns the scale of its decimal, -1 when it has none or needs none.
    private func add(_ value: Double, to slot: Int) -> Int {
        switch DecimalReading.meaning(of: value) {
        case .nothing:
            return -1
        case .binary:
            counts[slot] += 1
            withRest(of: slot) { $0.add(value) }
            return -1
        case .decimal(let mantissa, let valueScale):
            counts[slot] += 1
            raiseScale(to: valueScale)
            addMantissa(mantissa, scale: valueScale, to: slot)
            return mantissa == 0 || mantissa.magnitude >= 1 << 51 ? -1 : valueScale
        }
    }

    @inline(__always)
    private func addMantissa(_ mantissa: Int64, scale mantissaScale: Int, to slot: Int) {
        // 63 bits times 10^15: at most 113 bits.
        let aligned =
            mantissaScale == scale
            ? Int128(mantissa) : Int128(mantissa) * Int128(PowerOfTen.integer(scale - mantissaScale))
        add(aligned, to: slot)
    }

    @inline(__always)
    private func add(_ aligned: Int128, to slot: Int) {
        let (sum, overflow) = sums[slot].addingReportingOverflow(aligned)
        if overflow {
            spill(slot)
            sums[slot] = aligned
        } else {
            sums[slot] = sum
        }
    }

    private func raiseScale(to needed: Int) {
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
    private func spill(_ slot: Int) {
        let sum = sums[slot]
        withRest(of: slot) { $0.add(sum, scale: scale) }
        sums[slot] = 0
    }

    private func withRest(of slot: Int, _ change: (inout Superaccumulator) -> Void) {
        restNumbers.extend(to: counts.count, with: -1)
        if restNumbers[slot] < 0 {
            restNumbers[slot] = Int32(rests.count)
            rests.append(Superaccumulator())
        }
        change(&rests[Int(restNumbers[slot])])
    }

    private func rest(of slot: Int) -> Superaccumulator? {
        guard !restNumbers.isEmpty, restNumbers[slot] >= 0 else { return nil }
        return rests[Int(restNumbers[slot])]
    }

    func absorb(_ other: FloatSumStates, slot otherSlot: Int, into slot: Int) {
        // Read before anything changes: `other` may be this very object.
        let rest = other.rest(of: otherSlot)
        raiseScale(to: other.scale)
        let factor = Int128(PowerOfTen.integer(scale - other.scale))
        let sum = other.sums[otherSlot]
        let (aligned, overflow) = sum.multipliedReportingOverflow(by: factor)
        if overflow {
            withRest(of: slot) { $0.add(sum, scale: other.scale) }
        } else {
            add(aligned, to: slot)
        }
        counts[slot] += other.counts[otherSlot]
        if let rest { withRest(of: slot) { $0.add(rest) } }
    }

    func reset(slot: Int) {
        sums[slot] = 0
        counts[slot] = 0
        if !restNumbers.isEmpty, restNumbers[slot] >= 0 { rests[Int(restNumbers[slot])] = Superaccumulator() }
    }

    func finish(slot: Int) throws(QueryError) -> UInt64? {
        let count = counts[slot]
        guard count > 0 else { return nil }
        var sum: Double
        if var rest = rest(of: slot) {
            rest.add(sums[slot], scale: scale)
            sum = rest.rounded
        } else {
            sum = PowerOfTen.quotient(sums[slot], scale: scale)
        }
        if result == .mean { sum /= Double(count) }
        return try resultBits(sum, as: .float)
    }
}

/// Sums and means of integers, exact in 128 bits.
///
/// A sum has the type of its input and is an error when it does not fit; the mean of a duration is a duration, of
/// other integers a float: the sum rounded to a float, divided by the count.
final class IntegerSumStates: PresentStates {
    let resultType: ColumnType
    private let result: SumResult
    private let isUnsigned: Bool
    private var sums: [Int128] = []
    private var counts: [Int64] = []

    init(_ result: SumResult, inputType: ColumnType) {
        self.result = result
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
        for row in bits.indices where slots[row] >= 0 {
            let slot = Int(slots[row])
            sums[slot] += isUnsigned ? Int128(bits[row]) : Int128(Int64(bitPattern: bits[row]))
            counts[slot] += 1
        }
    }

    func absorb(_ other: IntegerSumStates, slot otherSlot: Int, into slot: Int) {
        sums[slot] += other.sums[otherSlot]
        counts[slot] += other.counts[otherSlot]
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
