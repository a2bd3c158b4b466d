import Glibc

/// A slow exact sum to compare with: every digit of every number in a long row of decimal digits.
///
/// A float that Swift prints with a mantissa below 2^51 and up to 15 places is taken as printed, any other with all
/// the digits of its binary value.
struct DecimalLedger {
    private static let fractionDigits = 1100
    private static let wholeDigits = 340
    /// Highest digit first; each may be any integer until `total`.
    private var digits = [Int64](repeating: 0, count: wholeDigits + fractionDigits)

    mutating func add(_ value: Double) {
        let printed = Self.decimal("\(value)")
        let isShort =
            printed.mantissa.count <= 16 && printed.places <= 15
            && (Int64(String(printed.mantissa)) ?? .max) < 1 << 51
        add(isShort ? printed : Self.decimal(Self.allDigits(value)))
    }

    mutating func add(text: String) { add(Self.decimal(text)) }

    /// The total rounded to the nearest float by the C library.
    var total: Double {
        var digits = digits
        let isNegative = Self.carry(&digits) < 0
        if isNegative {
            digits = self.digits.map { -$0 }
            _ = Self.carry(&digits)
        }
        let text = digits.map { String($0) }
        let number = text[..<Self.wholeDigits].joined() + "." + text[Self.wholeDigits...].joined()
        return unsafe strtod((isNegative ? "-" : "") + number, nil)
    }

    /// Brings every digit into 0...9; what is carried out of the highest is -1 for a negative number.
    private static func carry(_ digits: inout [Int64]) -> Int64 {
        var carry: Int64 = 0
        for index in digits.indices.reversed() {
            let sum = digits[index] + carry
            let digit = (sum % 10 + 10) % 10
            digits[index] = digit
            carry = (sum - digit) / 10
        }
        return carry
    }

    private mutating func add(_ number: (isNegative: Bool, mantissa: Substring, places: Int)) {
        var place = Self.wholeDigits - 1 + number.places
        for digit in number.mantissa.utf8.reversed() {
            let value = Int64(digit) - 48
            if value != 0 { digits[place] += number.isNegative ? -value : value }
            place -= 1
        }
    }

    private static func decimal(_ text: String) -> (isNegative: Bool, mantissa: Substring, places: Int) {
        let isNegative = text.hasPrefix("-")
        let parts = text.drop { $0 == "-" }.split(separator: "e")
        let halves = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        let exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        let fraction = halves.count > 1 ? halves[1] : ""
        var mantissa = (String(halves[0]) + String(fraction)).drop { $0 == "0" }
        var places = fraction.count - exponent
        while places > 0, mantissa.last == "0" {
            mantissa.removeLast()
            places -= 1
        }
        while places < 0 {
            mantissa.append("0")
            places += 1
        }
        return (isNegative, mantissa, mantissa.isEmpty ? 0 : places)
    }

    private static func allDigits(_ value: Double) -> String {
        var bytes = [CChar](repeating: 0, count: 1500)
        let length = unsafe withVaList([value]) { arguments in
            unsafe vsnprintf(&bytes, bytes.count, "%.1080f", arguments)
        }
        return String(decoding: bytes.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
