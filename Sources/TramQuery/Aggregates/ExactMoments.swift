/// Counts, sums and sums of squares by slot, none of them rounded.
///
/// As in `ExactSums` a float that stands for a short decimal counts as this decimal, at a scale that all slots share;
/// the squares have twice the scale. What is too long for 128 bits, and floats that are no short decimals, go to wide
/// numbers, which a slot gets when it first needs them. So what a slot holds depends on its values alone.
struct ExactMoments {
    private(set) var counts: [Int64] = []
    private var sums: [Int128] = []
    private var squares: [UInt128] = []
    /// Number of the slot's wide numbers in `rests`, -1 for none. Empty until the first slot needs some.
    private var restNumbers: [Int32] = []
    private var rests: [Rest] = []
    /// `sums` are in units of 10^-scale, `squares` of its square.
    private var scale = 0
    /// The scale that the last values needed, 0...scale.
    private var hint = 0

    struct Rest: Equatable {
        var sum = Superaccumulator()
        /// Squares of decimals, in units of 10^-30.
        var decimals = WideNumber()
        /// Squares of other floats, in units of 2^-2148.
        var binaries = WideNumber()

        mutating func add(_ other: Rest) {
            sum.add(other.sum)
            decimals.add(other.decimals)
            binaries.add(other.binaries)
        }
    }

    var byteCount: Int { counts.count * 40 + restNumbers.count * 4 + rests.count * 1000 }

    mutating func grow(to count: Int) {
        counts.extend(to: count, with: 0)
        sums.extend(to: count, with: 0)
        squares.extend(to: count, with: 0)
        if !restNumbers.isEmpty { restNumbers.extend(to: count, with: -1) }
    }

    // MARK: - Floats

    mutating func addFloats(_ bits: Span<UInt64>, to slot: Int) {
        unsafe bits.withUnsafeBufferPointer { bits in
            var start = 0
            while start < bits.count {
                let part = unsafe UnsafeBufferPointer(rebasing: bits[start..<min(bits.count, start + 2048)])
                let moments = unsafe DecimalReading.sumMoments(part, scale: hint)
                if moments.taken > 0 { add(moments, scale: hint, to: slot) }
                start += moments.taken
                if moments.taken < part.count {
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
        var fitting = DecimalReading.Moments()
        let power = DecimalReading.power(hint)
        let scale = hint
        for row in 0..<bits.count {
            let value = unsafe Double(bitPattern: bits[row])
            if let mantissa = DecimalReading.mantissa(value, power: power) {
                fitting.taken += 1
                fitting.sum += Int128(mantissa)
                fitting.squares += Self.square(mantissa.magnitude)
            } else {
                needed = max(needed, addAny(value, to: slot))
            }
        }
        if fitting.taken > 0 { add(fitting, scale: scale, to: slot) }
        if needed >= 0 {
            let allFit = unsafe DecimalReading.allFit(bits, scale: needed)
            if allFit || fitting.taken == 0 { hint = needed }
        }
    }

    mutating func addFloat(_ bits: UInt64, to slot: Int) {
        let value = Double(bitPattern: bits)
        if let mantissa = DecimalReading.mantissa(value, power: DecimalReading.power(hint)) {
            add(
                DecimalReading.Moments(taken: 1, sum: Int128(mantissa), squares: Self.square(mantissa.magnitude)),
                scale: hint, to: slot)
            return
        }
        let needed = addAny(value, to: slot)
        if needed >= 0 { hint = needed }
    }

    @inline(__always)
    private static func square(_ magnitude: UInt64) -> UInt128 {
        let (high, low) = magnitude.multipliedFullWidth(by: magnitude)
        return UInt128(high) << 64 | UInt128(low)
    }

    /// Adds one value of any kind and returns the scale of its decimal, -1 when it has none or needs none.
    private mutating func addAny(_ value: Double, to slot: Int) -> Int {
        switch DecimalReading.meaning(of: value) {
        case .nothing:
            return -1
        case .binary:
            let rest = restNumber(of: slot)
            let biased = Int(value.exponentBitPattern)
            let mantissa = biased == 0 ? value.significandBitPattern : value.significandBitPattern | 1 << 52
            rests[rest].sum.add(value)
            rests[rest].binaries.add(Self.square(mantissa), shift: 2 * max(0, biased - 1))
            counts[slot] += 1
            return -1
        case .decimal(let mantissa, let valueScale):
            raiseScale(to: valueScale)
            add(
                DecimalReading.Moments(taken: 1, sum: Int128(mantissa), squares: Self.square(mantissa.magnitude)),
                scale: valueScale, to: slot)
            return mantissa == 0 || mantissa.magnitude >= 1 << 51 ? -1 : valueScale
        }
    }

    // MARK: - Integers

    /// Adds 64-bit integers.
    mutating func addIntegers(_ bits: Span<UInt64>, isUnsigned: Bool, to slot: Int) {
        var start = 0
        while start < bits.count {
            let end = min(bits.count, start + 2048)
            add(Self.moments(bits, start..<end, isUnsigned: isUnsigned), scale: 0, to: slot)
            start = end
        }
    }

    /// Up to 2,048 rows.
    private static func moments(_ bits: Span<UInt64>, _ rows: Range<Int>, isUnsigned: Bool) -> DecimalReading.Moments {
        let origin = Int64(bitPattern: bits[rows.lowerBound])
        // Unsigned numbers from 2^63 are negative as signed ones.
        let foreign: UInt64 = isUnsigned ? 1 << 63 : 0
        if origin.magnitude < 1 << 55, UInt64(bitPattern: origin) & foreign == 0 {
            var sum: Int64 = 0
            var squares: UInt64 = 0
            var farthest: UInt64 = 0
            for row in rows {
                let distance = Int64(bitPattern: bits[row]) &- origin
                farthest |= UInt64(bitPattern: distance ^ distance >> 63) | bits[row] & foreign
                sum &+= distance
                squares &+= UInt64(bitPattern: distance &* distance)
            }
            if farthest < 1 << 26 {
                return DecimalReading.moments(
                    count: rows.count, sum: Int128(sum) + Int128(rows.count) * Int128(origin), squares: squares,
                    origin: origin)
            }
        }
        // Each square is below 2^128, but their sum may not be: the caller's slots can do that one by one.
        var result = DecimalReading.Moments()
        for row in rows {
            let value = isUnsigned ? Int128(bits[row]) : Int128(Int64(bitPattern: bits[row]))
            let (sum, overflow) = result.squares.addingReportingOverflow(
                square(UInt64(truncatingIfNeeded: value.magnitude)))
            result.wideSquares += overflow ? 1 : 0
            result.squares = overflow ? result.squares &+ square(UInt64(truncatingIfNeeded: value.magnitude)) : sum
            result.sum += value
            result.taken += 1
        }
        return result
    }

    mutating func addInteger(_ bits: UInt64, isUnsigned: Bool, to slot: Int) {
        let value = isUnsigned ? Int128(bits) : Int128(Int64(bitPattern: bits))
        let square = Self.square(UInt64(truncatingIfNeeded: value.magnitude))
        add(DecimalReading.Moments(taken: 1, sum: value, squares: square), scale: 0, to: slot)
    }

    // MARK: - Slots

    /// Adds moments at a scale that is not above the shared one.
    private mutating func add(_ moments: DecimalReading.Moments, scale momentScale: Int, to slot: Int) {
        counts[slot] += Int64(moments.taken)
        let factor = PowerOfTen.integer(scale - momentScale)
        let (sum, sumOverflow) = moments.sum.multipliedReportingOverflow(by: Int128(factor))
        let (half, halfOverflow) = moments.squares.multipliedReportingOverflow(by: UInt128(factor))
        let (square, squareOverflow) = half.multipliedReportingOverflow(by: UInt128(factor))
        if sumOverflow || halfOverflow || squareOverflow || moments.wideSquares > 0 {
            addWide(moments, scale: momentScale, to: slot)
            return
        }
        let (newSum, isSumFull) = sums[slot].addingReportingOverflow(sum)
        let (newSquares, areSquaresFull) = squares[slot].addingReportingOverflow(square)
        if isSumFull || areSquaresFull {
            spill(slot)
            sums[slot] = sum
            squares[slot] = square
        } else {
            sums[slot] = newSum
            squares[slot] = newSquares
        }
    }

    private mutating func addWide(_ moments: DecimalReading.Moments, scale momentScale: Int, to slot: Int) {
        let rest = restNumber(of: slot)
        rests[rest].sum.add(moments.sum, scale: momentScale)
        var squares = WideNumber(moments.squares)
        if moments.wideSquares > 0 { squares.words.append(moments.wideSquares) }
        squares.multiply(byPowerOfTen: 30 - 2 * momentScale)
        rests[rest].decimals.add(squares)
    }

    private mutating func raiseScale(to needed: Int) {
        guard needed > scale else { return }
        let factor = PowerOfTen.integer(needed - scale)
        for slot in sums.indices where squares[slot] != 0 {
            let (sum, sumOverflow) = sums[slot].multipliedReportingOverflow(by: Int128(factor))
            let (half, halfOverflow) = squares[slot].multipliedReportingOverflow(by: UInt128(factor))
            let (square, squareOverflow) = half.multipliedReportingOverflow(by: UInt128(factor))
            if sumOverflow || halfOverflow || squareOverflow {
                spill(slot)
            } else {
                sums[slot] = sum
                squares[slot] = square
            }
        }
        scale = needed
    }

    /// Moves a slot's integers to its wide numbers.
    private mutating func spill(_ slot: Int) {
        addWide(DecimalReading.Moments(taken: 0, sum: sums[slot], squares: squares[slot]), scale: scale, to: slot)
        sums[slot] = 0
        squares[slot] = 0
    }

    /// The number of the slot's wide numbers, which are made if there are none.
    private mutating func restNumber(of slot: Int) -> Int {
        if restNumbers.isEmpty { restNumbers.extend(to: counts.count, with: -1) }
        if restNumbers[slot] < 0 {
            restNumbers[slot] = Int32(rests.count)
            rests.append(Rest())
        }
        return Int(restNumbers[slot])
    }

    private func rest(of slot: Int) -> Rest? {
        guard !restNumbers.isEmpty, restNumbers[slot] >= 0 else { return nil }
        return rests[Int(restNumbers[slot])]
    }

    mutating func reset(_ slot: Int) {
        counts[slot] = 0
        sums[slot] = 0
        squares[slot] = 0
        if !restNumbers.isEmpty, restNumbers[slot] >= 0 { rests[Int(restNumbers[slot])] = Rest() }
    }

    /// What a slot holds, to be added elsewhere.
    struct Part {
        fileprivate var moments: DecimalReading.Moments
        fileprivate var scale: Int
        fileprivate var count: Int64
        fileprivate var rest: Rest?
    }

    func part(_ slot: Int) -> Part {
        Part(
            moments: DecimalReading.Moments(taken: 0, sum: sums[slot], squares: squares[slot]), scale: scale,
            count: counts[slot], rest: rest(of: slot))
    }

    mutating func add(_ part: Part, to slot: Int) throws(QueryError) {
        let count = try PartialState.total(counts[slot], part.count)
        if var rest = part.rest {
            if let own = self.rest(of: slot) { rest.add(own) }
            guard MomentNumber.isInRange(rest) else { throw .aggregateOverflow }
            rests[restNumber(of: slot)] = rest
        }
        raiseScale(to: part.scale)
        add(part.moments, scale: part.scale, to: slot)
        counts[slot] = count
    }

    // MARK: - Results

    /// What a slot holds in the form that depends on nothing but its values.
    func number(_ slot: Int) -> MomentNumber {
        guard var rest = rest(of: slot) else {
            return MomentNumber(
                count: counts[slot], sum: ExactNumber(sums[slot], scale: scale), squares: WideNumber(squares[slot]),
                scale: 2 * scale, binaries: WideNumber())
        }
        rest.sum.add(sums[slot], scale: scale)
        var own = WideNumber(squares[slot])
        own.multiply(byPowerOfTen: 30 - 2 * scale)
        rest.decimals.add(own)
        return MomentNumber(
            count: counts[slot], sum: ExactNumber(rest.sum), squares: rest.decimals, scale: 30,
            binaries: rest.binaries)
    }

    /// Gives an empty slot what `number` says.
    mutating func set(_ slot: Int, to number: MomentNumber) {
        if let (sum, squares, numberScale) = number.aligned {
            raiseScale(to: numberScale)
            add(DecimalReading.Moments(taken: 0, sum: sum, squares: squares), scale: numberScale, to: slot)
        } else {
            let rest = restNumber(of: slot)
            var squares = number.squares
            squares.multiply(byPowerOfTen: 30 - number.scale)
            rests[rest] = Rest(sum: number.sum.long, decimals: squares, binaries: number.binaries)
        }
        counts[slot] = number.count
    }
}
