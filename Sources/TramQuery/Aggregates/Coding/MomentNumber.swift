/// Count, sum and sum of squares in the one form that they have when they are written, and the variance of them.
///
///     bytes    field
///     varint   number of values
///     ...      sum, an `ExactNumber`
///     1        scale of the squares: 0...30 decimal places, the fewest that will do
///     1        number of bytes that follow
///     ...      sum of the squares of all short decimals * 10^scale, lowest byte first, the last byte not zero
///     1        number of 64-bit words that follow after the next byte; if it is 0, nothing follows
///     1        number of the lowest word that is not zero
///     8 each   sum of the squares of all other floats in units of 2^-2148, lowest word first, the last not zero
struct MomentNumber: Equatable {
    private static let mostScale = 30
    private static let mostWords = 6
    private static let mostBinaryWords = 68

    var count: Int64
    var sum: ExactNumber
    /// In units of 10^-scale.
    var squares: WideNumber
    var scale: Int
    var binaries: WideNumber

    /// Brings `squares` / 10^`scale` into the form with the fewest places.
    init(count: Int64, sum: ExactNumber, squares: WideNumber, scale: Int, binaries: WideNumber) {
        self.count = count
        self.sum = sum
        self.squares = squares
        self.scale = scale
        self.binaries = binaries
        guard var narrow = squares.narrow else {
            self.squares.stripZeros(scale: &self.scale)
            return
        }
        if narrow == 0 { self.scale = 0 }
        while self.scale > 0, narrow & 1 == 0 {
            if let word = UInt64(exactly: narrow) {
                let (quotient, rest) = word.quotientAndRemainder(dividingBy: 10)
                if rest != 0 { break }
                narrow = UInt128(quotient)
            } else {
                let (quotient, rest) = narrow.quotientAndRemainder(dividingBy: 10)
                if rest != 0 { break }
                narrow = quotient
            }
            self.scale -= 1
        }
        self.squares = WideNumber(narrow)
    }

    /// Whether wide numbers are in the range that serialised ones may have, beyond what 2^62 values can give.
    static func isInRange(_ rest: ExactMoments.Rest) -> Bool {
        rest.sum.isInRange && rest.decimals.length <= mostWords && rest.binaries.length <= mostBinaryWords
    }

    /// Sum and squares in units of 10^-scale and its square, when all of it is a matter of short decimals and fits.
    var aligned: (sum: Int128, squares: UInt128, scale: Int)? {
        guard binaries.isZero, case .decimal(let mantissa, let sumScale) = sum, let narrow = squares.narrow else {
            return nil
        }
        let common = max(sumScale, (scale + 1) / 2)
        let (sum, isSumLong) = mantissa.multipliedReportingOverflow(by: Int128(PowerOfTen.integer(common - sumScale)))
        let places = 2 * common - scale
        let half = min(places, 15)
        let (partial, isPartialLong) = narrow.multipliedReportingOverflow(by: UInt128(PowerOfTen.integer(half)))
        let (squares, areSquaresLong) = partial.multipliedReportingOverflow(
            by: UInt128(PowerOfTen.integer(places - half)))
        return isSumLong || isPartialLong || areSquaresLong ? nil : (sum, squares, common)
    }

    /// (n Q - S^2) / (n (n - 1)): the difference exact, then a few roundings. Nil below two values, infinite beyond
    /// all floats. Depends on the values alone.
    var variance: Double? {
        guard count >= 2 else { return nil }
        let pairs = Double(count) * Double(count - 1)
        if let (sum, squares, common) = aligned {
            let power = DecimalReading.power(common)
            let product = squares.multipliedFullWidth(by: UInt128(count))
            let square = sum.magnitude.multipliedFullWidth(by: sum.magnitude)
            let (low, borrow) = product.low.subtractingReportingOverflow(square.low)
            let (partial, first) = product.high.subtractingReportingOverflow(square.high)
            let (high, second) = partial.subtractingReportingOverflow(borrow ? 1 : 0)
            // Never negative, unless the state was made up.
            if first || second { return 0 }
            if high == 0, low < 1 << 53 {
                return Double(UInt64(truncatingIfNeeded: low)) / pairs / power / power
            }
            let words = [low, high].flatMap { [UInt64(truncatingIfNeeded: $0), UInt64(truncatingIfNeeded: $0 >> 64)] }
            let (bits, exponent) = WideNumber(words: words).window
            return Double(sign: .plus, exponent: exponent, significand: Double(bits)) / pairs / power / power
        }
        // All in units of 10^-30 * 2^-2148, the square of those of the sum.
        var total = binaries
        total.multiply(byPowerOfTen: Self.mostScale)
        var decimals = squares
        decimals.multiply(byPowerOfTen: Self.mostScale - scale)
        for (index, word) in decimals.words.enumerated() {
            total.add(UInt128(word), shift: 2 * Superaccumulator.unitExponent + index * 64)
        }
        total.multiply(by: UInt64(count))
        let size = WideNumber(words: sum.long.magnitude.words)
        let (bits, exponent) = (total - size * size).window
        let scaled = Double(bits) / pairs / 1e15 / 1e15
        return Double(sign: .plus, exponent: exponent - 2 * Superaccumulator.unitExponent, significand: scaled)
    }

    func append(to bytes: inout [UInt8]) {
        bytes.appendVarint(UInt64(count))
        sum.append(to: &bytes)
        bytes.append(UInt8(truncatingIfNeeded: scale))
        let place = bytes.count
        bytes.append(0)
        for word in squares.words { bytes.appendWord(word) }
        while bytes.count > place + 1, bytes[bytes.count - 1] == 0 { bytes.removeLast() }
        bytes[place] = UInt8(truncatingIfNeeded: bytes.count - place - 1)
        guard let first = binaries.words.firstIndex(where: { $0 != 0 }) else {
            bytes.append(0)
            return
        }
        bytes.append(UInt8(truncatingIfNeeded: binaries.length - first))
        bytes.append(UInt8(truncatingIfNeeded: first))
        for word in binaries.words[first..<binaries.length] { bytes.appendWord(word) }
    }

    init(_ reader: inout StateReader) throws(PartialStateError) {
        let count = try reader.count()
        let sum = try ExactNumber(&reader)
        let start = reader.offset
        let scale = Int(try reader.byte())
        let byteCount = Int(try reader.byte())
        guard scale <= Self.mostScale, byteCount <= Self.mostWords * 8 else { throw .malformed(at: start) }
        var words = [UInt64](repeating: 0, count: Self.mostWords)
        for index in 0..<byteCount {
            let byte = try reader.byte()
            words[index / 8] |= UInt64(byte) << UInt64(index % 8 * 8)
            guard byte != 0 || index < byteCount - 1 else { throw .malformed(at: start) }
        }
        let binaryStart = reader.offset
        let length = Int(try reader.byte())
        var binaries: [UInt64] = []
        if length > 0 {
            let first = Int(try reader.byte())
            guard first + length <= Self.mostBinaryWords else { throw .malformed(at: binaryStart) }
            binaries = [UInt64](repeating: 0, count: first)
            for _ in 0..<length { binaries.append(try reader.word()) }
            guard binaries[first] != 0, binaries[first + length - 1] != 0 else { throw .malformed(at: binaryStart) }
        }
        let squares = WideNumber(words: words)
        self.init(count: count, sum: sum, squares: squares, scale: scale, binaries: WideNumber(words: binaries))
        var whole = squares
        whole.multiply(byPowerOfTen: Self.mostScale - scale)
        guard self.scale == scale, whole.length <= Self.mostWords else { throw .malformed(at: start) }
    }
}
