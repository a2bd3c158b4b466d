/// A decimal number as it stands in the text: `mantissa` × 10^`exponent`, and where it ends.
struct DecimalText {
    /// The first 19 significant digits.
    var mantissa: UInt64 = 0
    var exponent = 0
    /// All digits before and after the point, leading zeros too; 0 when the text is no number.
    var digitCount = 0
    /// Digits were left out of `mantissa`.
    var isTruncated = false
    var isNegative = false
    /// Digits only, after an optional minus: an integer when the suffix says so.
    var isWhole = true
    /// Bytes read.
    var length = 0
}

/// Decimal text to the nearest double and to exact integers, without an allocation.
///
/// 1. Read up to 19 significant digits into a 64-bit mantissa and count the decimal exponent.
/// 2. A mantissa up to 2^53 with an exponent in -22...22 needs one exact multiplication or division by a power of ten
///    (Clinger, "How to read floating point numbers accurately", PLDI 1990, doi:10.1145/93542.93557).
/// 3. Otherwise one or two 64×64 products with a 128-bit power of five decide (Lemire, "Number parsing at a gigabyte
/// per
///    second", Software: Practice and Experience 51(8), 2021, doi:10.1002/spe.2984; without the fallback for 19 digits,
///    as Mushtak and Lemire, "Fast number parsing without fallback", 2023, doi:10.1002/spe.3198, show).
/// 4. With more than 19 digits, step 3 runs for the mantissa and its successor; when the two differ, the standard
///    library's exact conversion decides. That is rare: the 20th digit has to matter.
enum NumberParser {
    /// 10^0 ... 10^22: the powers of ten that a double holds exactly.
    static let exactPowers: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]

    /// Reads `["-"] ( digits [ "." [ digits ] ] | "." digits ) [ ("e"|"E") [ "+"|"-" ] digits ]` and stops at the first
    /// byte that does not belong to it. Reads no byte past that one.
    static func scan(_ text: UnsafePointer<UInt8>) -> DecimalText {
        var decimal = DecimalText()
        var cursor = unsafe text
        if unsafe cursor.pointee == UInt8(ascii: "-") {
            decimal.isNegative = true
            unsafe cursor += 1
        }
        var significant = 0
        unsafe digits(&cursor, &decimal, &significant, afterPoint: false)
        if unsafe cursor.pointee == UInt8(ascii: ".") {
            decimal.isWhole = false
            unsafe cursor += 1
            unsafe digits(&cursor, &decimal, &significant, afterPoint: true)
        }
        guard decimal.digitCount > 0 else { return decimal }
        if unsafe cursor.pointee | 0x20 == UInt8(ascii: "e"), unsafe exponent(&cursor, &decimal) {
            decimal.isWhole = false
        }
        decimal.length = unsafe cursor - text
        return decimal
    }

    @inline(__always)
    private static func digits(
        _ cursor: inout UnsafePointer<UInt8>, _ decimal: inout DecimalText, _ significant: inout Int, afterPoint: Bool
    ) {
        while true {
            let digit = unsafe cursor.pointee &- UInt8(ascii: "0")
            guard digit < 10 else { return }
            decimal.digitCount &+= 1
            unsafe cursor += 1
            if significant < 19 {
                decimal.mantissa = decimal.mantissa &* 10 &+ UInt64(digit)
                if decimal.mantissa != 0 { significant &+= 1 }
                if afterPoint { decimal.exponent &-= 1 }
            } else {
                if digit != 0 { decimal.isTruncated = true }
                if !afterPoint { decimal.exponent &+= 1 }
            }
        }
    }

    /// Reads the exponent; false, with nothing read, when no digit follows.
    private static func exponent(_ cursor: inout UnsafePointer<UInt8>, _ decimal: inout DecimalText) -> Bool {
        var ahead = unsafe cursor + 1
        var isNegative = false
        if unsafe ahead.pointee == UInt8(ascii: "-") || ahead.pointee == UInt8(ascii: "+") {
            isNegative = unsafe ahead.pointee == UInt8(ascii: "-")
            unsafe ahead += 1
        }
        guard unsafe ahead.pointee &- UInt8(ascii: "0") < 10 else { return false }
        var value = 0
        while true {
            let digit = unsafe ahead.pointee &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            // The text may be a line long; past this bound the result is 0 or out of range whatever the mantissa's
            // digits.
            if value < 1 << 40 { value = value * 10 + Int(digit) }
            unsafe ahead += 1
        }
        decimal.exponent += isNegative ? -value : value
        unsafe cursor = ahead
        return true
    }

    /// The double nearest to `decimal`, which was read at `text`; infinite when it is too large for one.
    static func double(_ decimal: DecimalText, _ text: UnsafePointer<UInt8>) -> Double {
        let mantissa = decimal.mantissa
        if !decimal.isTruncated, mantissa <= 1 << 53, decimal.exponent >= -22, decimal.exponent <= 22 {
            let power = exactPowers[abs(decimal.exponent)]
            let value = decimal.exponent < 0 ? Double(mantissa) / power : Double(mantissa) * power
            return decimal.isNegative ? -value : value
        }
        var value = nearest(mantissa, decimal.exponent)
        if decimal.isTruncated, value != nearest(mantissa &+ 1, decimal.exponent) {
            let digits = unsafe UnsafeBufferPointer(start: text, count: decimal.length)
            value = Double(unsafe String(decoding: digits, as: UTF8.self))?.magnitude ?? .infinity
        }
        return decimal.isNegative ? -value : value
    }

    /// The double nearest to `mantissa` × 10^`exponent`, ties to even; step 3 above.
    static func nearest(_ mantissa: UInt64, _ exponent: Int) -> Double {
        guard mantissa != 0, exponent >= PowersOfFive.exponents.lowerBound else { return 0 }
        guard exponent <= PowersOfFive.exponents.upperBound else { return .infinity }
        let shift = mantissa.leadingZeroBitCount
        let normalised = mantissa << UInt64(shift)
        let index = 2 * (exponent - PowersOfFive.exponents.lowerBound)
        var product = normalised.multipliedFullWidth(by: PowersOfFive.words[index])
        // 55 bits decide: 53, one to round, one in case the product's highest bit is 0. Only when the others are all
        // ones can the power's second word change them.
        if product.high & 0x1ff == 0x1ff {
            let second = normalised.multipliedFullWidth(by: PowersOfFive.words[index + 1])
            let (low, overflow) = product.low.addingReportingOverflow(second.high)
            product = (overflow ? product.high &+ 1 : product.high, low)
        }
        let upper = Int(product.high >> 63)
        var bits = product.high >> UInt64(upper + 9)
        // floor(log2(10^q)) + 63 by a 16-bit fraction; the bias of the double is 1023.
        var power = ((152_170 + 65_536) * exponent) >> 16
        power += 63 + upper - shift + 1023
        if power <= 0 {
            // Subnormal: shift to the place of the smallest double, then round.
            guard -power + 1 < 64 else { return 0 }
            bits >>= UInt64(-power + 1)
            bits += bits & 1
            bits >>= 1
            return Double(bitPattern: bits)
        }
        // Exactly half way is possible only where 5^q fits in 64 bits; then the even neighbour is right.
        if product.low <= 1, exponent >= -4, exponent <= 23, bits & 3 == 1, bits << UInt64(upper + 9) == product.high {
            bits &= ~1
        }
        bits += bits & 1
        bits >>= 1
        if bits >= 1 << 53 {
            bits = 1 << 52
            power += 1
        }
        guard power < 2047 else { return .infinity }
        return Double(bitPattern: (bits & ~(1 << 52)) | UInt64(power) << 52)
    }

    /// The value of `count` ASCII digits, nil when it needs more than 64 bits. O(count).
    static func unsigned(_ digits: UnsafePointer<UInt8>, _ count: Int) -> UInt64? {
        var value: UInt64 = 0
        for index in 0..<count {
            let (tens, tooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = tens.addingReportingOverflow(UInt64(unsafe digits[index] &- UInt8(ascii: "0")))
            if tooLarge || overflow { return nil }
            value = sum
        }
        return value
    }

    /// `magnitude` with a sign, nil outside `Int64`.
    @inline(__always)
    static func signed(_ magnitude: UInt64, isNegative: Bool) -> Int64? {
        if isNegative { return magnitude <= 1 << 63 ? Int64(bitPattern: 0 &- magnitude) : nil }
        return Int64(exactly: magnitude)
    }
}
