/// Picks how the doubles of a column become integers, and writes it.
///
/// 1. Decimals first: the caller's hint, else the scale of the series' last column, else the cheapest scale of the
///    column. Values that came from text pass at once and without exceptions.
/// 2. When they pass as products too, they are marked so: the product decodes faster.
/// 3. Long decimals may be fractions; few denominators are tried on a sample, the best by their size.
/// 4. Where many values are no decimals, `NearDecimal` is tried beside them.
/// 5. What is not decimal at all is taken as near decimals when those are short, else goes to the bits, the split and
///    ALP, and the smallest is kept.
struct FloatChooser {
    private let preference: CodecPreference
    private static let pause: UInt8 = 7
    /// 2^3 and 3^2, the first numbers, minutes and hours, and multiples of many.
    private static let denominators: [UInt16] = [3, 6, 7, 9, 12, 24, 36, 60, 72, 360, 504, 2520, 5040, 55_440]
    /// Of a decimal that is written as product: 10^-14 is an unusually exact double.
    private static let productExponent = 14

    /// What was written, for the column's entry.
    struct Outcome {
        var codec: Codec
        var exceptionCount: Int
        /// The exact sum of finite values in units of 10^-scale; nil when a value is no decimal.
        var decimalSum: (sum: Int128, scale: Int)?
        /// Every row has a mantissa at a common scale.
        var hasMantissas = false
    }

    private struct Candidate {
        var scaling: DecimalScaling
        var integers: [Int64]
        var exceptions: FloatExceptions

        /// The most that a value has, unless it is no decimal.
        var digits: Int { max(scaling.scale ?? 0, exceptions.scale ?? 0) }
    }

    init(_ preference: CodecPreference) {
        self.preference = preference
    }

    /// Appends the tag's fields and the values.
    ///
    /// - Parameters:
    ///   - bits: 1...1,024 doubles; behind them, up to a multiple of eight, there are copies of one of them.
    ///   - hint: fraction digits of the texts that the values came from, when the caller knows.
    func encode(
        _ bits: UnsafeBufferPointer<UInt64>, hint: Int?, _ state: inout ColumnState, to bytes: inout [UInt8]
    ) -> Outcome {
        var candidate = unsafe decimals(bits, hint: hint, &state)
        let isLong = candidate.map { $0.digits >= 5 } ?? true
        if isLong, let fraction = unsafe fractions(bits, candidate, &state) { candidate = fraction }
        guard let candidate else { return unsafe encodeOthers(bits, &state, to: &bytes) }
        // Exceptions that are no decimals are dear; sixteen in 1,024 make one bit a value.
        let strays = candidate.exceptions.scale == nil ? candidate.exceptions.rows.count : 0
        guard strays * 64 > bits.count, let near = unsafe near(bits, &state) else {
            return unsafe write(candidate, bits, &state, to: &bytes)
        }
        var written: [UInt8] = []
        let outcome = unsafe write(candidate, bits, &state, to: &written)
        if near.count < written.count {
            bytes += near
            return Outcome(codec: .near, exceptionCount: 0, decimalSum: nil)
        }
        state.columnsWithoutNear = FloatChooser.pause
        bytes += written
        return outcome
    }

    /// The column as decimals and steps; nil when that is not worth it.
    private func near(_ bits: UnsafeBufferPointer<UInt64>, _ state: inout ColumnState) -> [UInt8]? {
        if state.columnsWithoutNear > 0 {
            state.columnsWithoutNear -= 1
            return nil
        }
        guard let scale = unsafe NearDecimal.scale(bits) else {
            state.columnsWithoutNear = FloatChooser.pause
            return nil
        }
        var bytes: [UInt8] = []
        let split = unsafe NearDecimal.split(bits, scale: scale)
        NearDecimal.encode(split, preference, &state.integers, to: &bytes)
        return bytes
    }

    // MARK: Decimals

    private func decimals(
        _ bits: UnsafeBufferPointer<UInt64>, hint: Int?, _ state: inout ColumnState
    ) -> Candidate? {
        let hinted = hint.map { min(max(0, $0), DecimalFloat.maximumScale) }
        let last = state.scale.map(Int.init)
        for known in [hinted, last == hinted ? nil : last] {
            guard let known, let candidate = unsafe convert(bits, .quotient(scale: known), exceptionsUpTo: 0) else {
                continue
            }
            let shortened = shortened(candidate, known)
            state.scale = shortened.scaling.scale.map(UInt8.init)
            return shortened
        }
        // A few strays do not make it worth looking for another scale.
        if let last, let candidate = unsafe convert(bits, .quotient(scale: last), exceptionsUpTo: bits.count / 50) {
            return candidate
        }
        guard let scale = DecimalFloat.cheapestScale(unsafe DecimalFloat.scales(bits)) else { return nil }
        state.scale = UInt8(scale)
        return unsafe convert(bits, .quotient(scale: scale), exceptionsUpTo: bits.count)
    }

    /// Takes off zeros that all values end with, so that the state does not stay with a scale that was needed once.
    private func shortened(_ candidate: Candidate, _ scale: Int) -> Candidate {
        var candidate = candidate
        var scale = scale
        while scale > 0, candidate.integers.allSatisfy({ $0 % 10 == 0 }) {
            for row in candidate.integers.indices { candidate.integers[row] /= 10 }
            scale -= 1
        }
        candidate.scaling = .quotient(scale: scale)
        return candidate
    }

    /// Nil when more rows do not come back than may be.
    private func convert(
        _ bits: UnsafeBufferPointer<UInt64>, _ scaling: DecimalScaling, exceptionsUpTo limit: Int
    ) -> Candidate? {
        let constants = scaling.constants
        var isExact = false
        var integers = unsafe [Int64](unsafeUninitializedCapacity: (bits.count + 7) & ~7) { buffer, count in
            count = bits.count
            guard let source = bits.baseAddress, let target = buffer.baseAddress else { return }
            unsafe isExact = FloatKernels.encode(source, count: count, constants, into: target)
        }
        if isExact { return Candidate(scaling: scaling, integers: integers, exceptions: .none) }
        if limit == 0 { return nil }
        var rows: [Int] = []
        var last: Int64?
        for row in 0..<bits.count {
            if let integer = constants.encode(unsafe Double(bitPattern: bits[row])) {
                integers[row] = integer
                last = integer
            } else {
                rows.append(row)
                if rows.count > limit { return nil }
                // The value before: then it costs no difference, and no width.
                integers[row] = last ?? 0
            }
        }
        if let first = rows.first, first == 0 {
            // No value before: the one behind.
            let next = integers.indices.first { row in !rows.contains(row) }
            guard let next else { return nil }
            for row in 0..<next { integers[row] = integers[next] }
        }
        return Candidate(scaling: scaling, integers: integers, exceptions: unsafe FloatExceptions(rows, of: bits))
    }

    // MARK: Fractions

    private func fractions(
        _ bits: UnsafeBufferPointer<UInt64>, _ decimals: Candidate?, _ state: inout ColumnState
    ) -> Candidate? {
        if state.columnsWithoutFractions > 0 {
            state.columnsWithoutFractions -= 1
            return nil
        }
        guard let scale = unsafe sampledScale(bits) else {
            state.columnsWithoutFractions = FloatChooser.pause
            return nil
        }
        if let known = state.denominator {
            // While it leaves few exceptions there is no better.
            let scaling = DecimalScaling.fraction(scale: scale, denominator: Int(known))
            if let candidate = unsafe convert(bits, scaling, exceptionsUpTo: bits.count / 32) { return candidate }
        }
        var best: (candidate: Candidate, bits: Int)?
        let limit = decimals.map(size) ?? bits.count * 56
        for denominator in unsafe denominators(bits, scale: scale) {
            let scaling = DecimalScaling.fraction(scale: scale, denominator: Int(denominator))
            guard let candidate = unsafe convert(bits, scaling, exceptionsUpTo: bits.count / 2) else { continue }
            let size = size(candidate)
            if size < best?.bits ?? (limit - limit / 10) {
                best = (candidate, size)
                state.denominator = denominator
            }
        }
        if best == nil {
            state.denominator = nil
            state.columnsWithoutFractions = FloatChooser.pause
        }
        return best?.candidate
    }

    /// Bits of exceptions and integers.
    private func size(_ candidate: Candidate) -> Int {
        var bytes: [UInt8] = []
        candidate.exceptions.encode(preference, to: &bytes)
        var state = IntegerCodecState()
        unsafe candidate.integers.withUnsafeBufferPointer {
            unsafe IntegerChooser(preference).encode($0, &state, to: &bytes)
        }
        return bytes.count * 8
    }

    /// The number of digits that most long decimals of a sample have: to which the fractions were rounded. Nil when it
    /// has none.
    private func sampledScale(_ bits: UnsafeBufferPointer<UInt64>) -> Int? {
        var counts = [Int](repeating: 0, count: DecimalFloat.maximumScale + 1)
        for row in stride(from: 0, to: bits.count, by: max(1, bits.count / 64)) {
            if let decimal = DecimalFloat.decimal(unsafe Double(bitPattern: bits[row])) { counts[decimal.scale] += 1 }
        }
        let scale = counts.indices.dropFirst(5).max { (counts[$0], $0) < (counts[$1], $1) }
        return scale.flatMap { counts[$0] > 0 ? $0 : nil }
    }

    /// Up to three of the list, cheapest first.
    private func denominators(_ bits: UnsafeBufferPointer<UInt64>, scale: Int) -> [UInt16] {
        var costs: [(denominator: UInt16, cost: Int)] = []
        for denominator in FloatChooser.denominators {
            guard let misses = unsafe misses(bits, scale: scale, denominator, upTo: bits.count / 2) else { continue }
            // An exception is some forty bits; a bit more for every row is mostly taken back by a dictionary.
            costs.append((denominator, misses * 80 + bits.count * UInt64(denominator).bitLength))
        }
        costs.sort { $0.cost < $1.cost }
        return costs.prefix(3).map(\.denominator)
    }

    /// How many rows are no fraction of this denominator; nil when more than `limit`.
    private func misses(
        _ bits: UnsafeBufferPointer<UInt64>, scale: Int, _ denominator: UInt16, upTo limit: Int
    ) -> Int? {
        let constants = DecimalScaling.fraction(scale: scale, denominator: Int(denominator)).constants
        var misses = 0
        for row in 0..<bits.count where constants.encode(unsafe Double(bitPattern: bits[row])) == nil {
            misses += 1
            if misses > limit { return nil }
        }
        return misses
    }

    // MARK: Writing

    private func write(
        _ candidate: Candidate, _ bits: UnsafeBufferPointer<UInt64>, _ state: inout ColumnState, to bytes: inout [UInt8]
    ) -> Outcome {
        var outcome = Outcome(codec: .quotient, exceptionCount: candidate.exceptions.rows.count, decimalSum: nil)
        switch candidate.scaling {
        case .quotient(let scale):
            if let product = unsafe product(candidate, scale, bits) {
                outcome.codec = .product
                bytes.append(UInt8(product.exponent))
                bytes.append(UInt8(product.factor))
                bytes.append(1)
            } else {
                bytes.append(UInt8(scale))
            }
        case .product(let exponent, let factor):
            outcome.codec = .product
            bytes.append(UInt8(exponent))
            bytes.append(UInt8(factor))
            bytes.append(0)
        case .fraction(let scale, let denominator):
            outcome.codec = .fraction
            bytes.append(UInt8(scale))
            bytes.appendVarint(UInt64(denominator))
        }
        candidate.exceptions.encode(preference, to: &bytes)
        unsafe candidate.integers.withUnsafeBufferPointer {
            unsafe IntegerChooser(preference).encode($0, &state.integers, to: &bytes)
        }
        outcome.decimalSum = unsafe decimalSum(candidate, bits)
        outcome.hasMantissas =
            outcome.decimalSum != nil && (candidate.exceptions.rows.isEmpty || candidate.exceptions.scale != nil)
            && hasOneScale(candidate)
        return outcome
    }

    /// Whether all values are integers of 64 bits in the scale of the finest of them.
    private func hasOneScale(_ candidate: Candidate) -> Bool {
        guard let scale = candidate.scaling.scale, let other = candidate.exceptions.scale else { return true }
        func fits(_ values: some Sequence<Int64>, _ factor: Int64) -> Bool {
            factor == 1 || values.allSatisfy { !$0.multipliedReportingOverflow(by: factor).overflow }
        }
        let constants = candidate.scaling.constants
        let common = max(scale, other)
        let factor = DecimalFloat.integerPowers[common - scale]
        let isFraction = constants.expression == .fraction
        let integers = candidate.integers.lazy.map {
            isFraction ? DecimalScaling.mantissa($0, constants) ?? .max : $0
        }
        return fits(integers, factor)
            && fits(candidate.exceptions.values, DecimalFloat.integerPowers[common - other])
    }

    private func product(
        _ candidate: Candidate, _ scale: Int, _ bits: UnsafeBufferPointer<UInt64>
    ) -> (exponent: Int, factor: Int)? {
        // Whole numbers need no operation at all.
        guard scale > 0, scale <= FloatChooser.productExponent, candidate.exceptions.rows.isEmpty else { return nil }
        let pair = (exponent: FloatChooser.productExponent, factor: FloatChooser.productExponent - scale)
        let constants = DecimalScaling.product(exponent: pair.exponent, factor: pair.factor).constants
        let isExact = unsafe candidate.integers.withUnsafeBufferPointer { integers in
            guard let integers = integers.baseAddress, let source = bits.baseAddress else { return false }
            return unsafe FloatKernels.verify(integers, source, count: bits.count, constants)
        }
        return isExact ? pair : nil
    }

    private func decimalSum(
        _ candidate: Candidate, _ bits: UnsafeBufferPointer<UInt64>
    ) -> (sum: Int128, scale: Int)? {
        guard let scale = candidate.scaling.scale, scale <= DecimalFloat.maximumScale else { return nil }
        let exceptions = candidate.exceptions
        let sumScale = max(scale, exceptions.scale ?? scale)
        var sum: Int64 = 0
        let constants = candidate.scaling.constants
        if constants.expression == .fraction {
            for integer in candidate.integers {
                guard let mantissa = DecimalScaling.mantissa(integer, constants) else { return nil }
                sum &+= mantissa
            }
            for row in exceptions.rows { sum &-= DecimalScaling.mantissa(candidate.integers[row], constants) ?? 0 }
        } else {
            // Below 2^51 each, 1,024 of them.
            for integer in candidate.integers { sum &+= integer }
            for row in exceptions.rows { sum &-= candidate.integers[row] }
        }
        var total = Int128(sum) * Int128(DecimalFloat.integerPowers[sumScale - scale])
        if let exceptionScale = exceptions.scale {
            let factor = Int128(DecimalFloat.integerPowers[sumScale - exceptionScale])
            for value in exceptions.values { total += Int128(value) * factor }
        } else {
            for bits in exceptions.values {
                let value = Double(bitPattern: UInt64(bitPattern: bits))
                if value.isFinite, value != 0 { return nil }
            }
        }
        return (total, sumScale)
    }

    // MARK: Other floats

    private func encodeOthers(
        _ bits: UnsafeBufferPointer<UInt64>, _ state: inout ColumnState, to bytes: inout [UInt8]
    ) -> Outcome {
        if let near = unsafe near(bits, &state), near.count < 5 * bits.count {
            bytes += near
            return Outcome(codec: .near, exceptionCount: 0, decimalSum: nil)
        }
        var smallest: [UInt8] = []
        var outcome = Outcome(codec: .floatBits, exceptionCount: 0, decimalSum: nil)
        unsafe bits.withMemoryRebound(to: Int64.self) { integers in
            unsafe IntegerChooser(preference).encode(integers, &state.integers, to: &smallest)
        }
        var split: [UInt8] = []
        let exceptions = unsafe SplitFloat.encode(bits, to: &split)
        if split.count < smallest.count {
            smallest = split
            outcome = Outcome(codec: .split, exceptionCount: exceptions, decimalSum: nil)
        }
        if let candidate = unsafe products(bits, &state) {
            var products: [UInt8] = []
            let written = unsafe write(candidate, bits, &state, to: &products)
            if products.count < smallest.count {
                smallest = products
                outcome = written
            }
        }
        bytes += smallest
        return outcome
    }

    private func products(_ bits: UnsafeBufferPointer<UInt64>, _ state: inout ColumnState) -> Candidate? {
        if state.columnsWithoutPairs > 0 {
            state.columnsWithoutPairs -= 1
            return nil
        }
        if state.pairs.isEmpty { state.pairs = unsafe ALPSearch.pairs(bits) }
        guard let pair = unsafe ALPSearch.best(of: state.pairs, bits),
            let candidate = unsafe convert(bits, pair.scaling, exceptionsUpTo: bits.count / 2)
        else {
            state.pairs = []
            state.columnsWithoutPairs = FloatChooser.pause
            return nil
        }
        // What the pairs were found for has changed.
        if candidate.exceptions.rows.count * 20 > bits.count { state.pairs = [] }
        return candidate
    }
}
