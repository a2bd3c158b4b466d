/// An exact sum in the one form that it has when it is written.
///
///     bytes    field
///     1        scale: 0...15 decimal places, the fewest that will do, or 255
///     varint   zigzag of sum * 10^scale, in 128 bits
///
/// What does not fit there, sums of floats that stand for no short decimal above all, is a whole number of
/// 10^-15 * 2^-1074 in two's complement:
///
///     bytes    field
///     1        255
///     1        number of the lowest 64-bit word that is not zero
///     1        number of words that follow
///     8 each   words, lowest first; those above the last repeat its sign
enum ExactNumber: Equatable {
    case decimal(Int128, scale: Int)
    /// Has no decimal of 128 bits.
    case long(Superaccumulator)

    static let longMark: UInt8 = 255

    /// `mantissa` / 10^`scale` with the fewest places.
    init(_ mantissa: Int128, scale: Int) {
        var mantissa = mantissa
        var scale = mantissa == 0 ? 0 : scale
        while scale > 0, mantissa & 1 == 0 {
            if let narrow = Int64(exactly: mantissa) {
                let (quotient, rest) = narrow.quotientAndRemainder(dividingBy: 10)
                if rest != 0 { break }
                mantissa = Int128(quotient)
            } else {
                let (quotient, rest) = mantissa.quotientAndRemainder(dividingBy: 10)
                if rest != 0 { break }
                mantissa = quotient
            }
            scale -= 1
        }
        self = .decimal(mantissa, scale: scale)
    }

    init(_ sum: Superaccumulator) {
        if let decimal = sum.decimal {
            self = .decimal(decimal.mantissa, scale: decimal.scale)
        } else {
            self = .long(sum)
        }
    }

    /// The sum in the units of the long form.
    var long: Superaccumulator {
        switch self {
        case .long(let sum): return sum
        case .decimal(let mantissa, let scale):
            var sum = Superaccumulator()
            sum.add(mantissa, scale: scale)
            return sum
        }
    }

    func append(to bytes: inout [UInt8]) {
        switch self {
        case .decimal(let mantissa, let scale):
            bytes.append(UInt8(truncatingIfNeeded: scale))
            bytes.appendZigzag(mantissa)
        case .long(let sum):
            bytes.append(Self.longMark)
            sum.append(to: &bytes)
        }
    }

    init(_ reader: inout StateReader) throws(PartialStateError) {
        let start = reader.offset
        let scale = try reader.byte()
        if scale == Self.longMark {
            self = ExactNumber(try Superaccumulator(&reader))
            guard case .long = self else { throw .malformed(at: start) }
            return
        }
        guard scale <= UInt8(DecimalReading.maximumScale) else { throw .malformed(at: start) }
        let mantissa = try reader.wideZigzag()
        self = ExactNumber(mantissa, scale: Int(scale))
        guard self == .decimal(mantissa, scale: Int(scale)) else { throw .malformed(at: start) }
    }
}

extension Superaccumulator {
    /// The sum as a decimal in lowest terms, when it is one of 128 bits.
    var decimal: (mantissa: Int128, scale: Int)? {
        // A whole number of 10^-15: nothing in the lowest 1,074 bits.
        let whole = Self.unitExponent / 64
        let bits = UInt64(Self.unitExponent % 64)
        guard words[..<whole].allSatisfy({ $0 == 0 }), words[whole] & (1 << bits - 1) == 0 else { return nil }
        let (isNegative, magnitude) = magnitude
        var shifted = WideNumber()
        // 10^15 times 2^127 has 177 bits.
        guard magnitude[(whole + 4)...].allSatisfy({ $0 == 0 }) else { return nil }
        for index in 0..<3 {
            shifted.words.append(magnitude[whole + index] >> bits | magnitude[whole + index + 1] << (64 - bits))
        }
        guard magnitude[whole + 3] >> bits == 0 else { return nil }
        var scale = DecimalReading.maximumScale
        shifted.stripZeros(scale: &scale)
        guard let narrow = shifted.narrow else { return nil }
        if isNegative {
            guard narrow <= 1 << 127 else { return nil }
            return (Int128(truncatingIfNeeded: 0 &- narrow), scale)
        }
        guard let mantissa = Int128(exactly: narrow) else { return nil }
        return (mantissa, scale)
    }

    /// Whether the sum is in the range that a serialised one may have, far beyond what 2^62 floats can give.
    var isInRange: Bool {
        let top = Int64(bitPattern: words[Self.wordCount - 1])
        return top <= 1 << 60 && top >= -(1 << 60)
    }

    func append(to bytes: inout [UInt8]) {
        let first = words.firstIndex { $0 != 0 } ?? 0
        var last = Self.wordCount - 1
        while last > first, words[last] == (words[last - 1] >> 63 == 0 ? 0 : .max) { last -= 1 }
        bytes.append(UInt8(truncatingIfNeeded: first))
        bytes.append(UInt8(truncatingIfNeeded: last - first + 1))
        for word in words[first...last] { bytes.appendWord(word) }
    }

    init(_ reader: inout StateReader) throws(PartialStateError) {
        self.init()
        let start = reader.offset
        let first = Int(try reader.byte())
        let count = Int(try reader.byte())
        guard count > 0, first + count <= Self.wordCount else { throw .malformed(at: start) }
        for index in first..<(first + count) { words[index] = try reader.word() }
        let last = first + count - 1
        let sign: UInt64 = words[last] >> 63 == 0 ? 0 : .max
        guard words[first] != 0, count == 1 || words[last] != (words[last - 1] >> 63 == 0 ? 0 : .max) else {
            throw .malformed(at: start)
        }
        for index in (last + 1)..<max(last + 1, Self.wordCount) { words[index] = sign }
        guard isInRange else { throw .malformed(at: start) }
    }
}
