/// Numbers as results, events and messages write them.
public enum NumberText {
    /// The shortest text that reads back equal: `18.4`, `18`, `1e16`, `5e-324`; valid JSON. `value` is finite.
    public static func shortest(_ value: Double) -> String {
        var bytes: [UInt8] = []
        append(value, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends `shortest(value)`.
    public static func append(_ value: Double, to bytes: inout [UInt8]) {
        // A decimal of up to 15 digits is the only one of so few digits that reads back equal.
        if value.magnitude >= 1e-4, value.magnitude < 0x1p51,
            case .decimal(let mantissa, let scale) = DecimalReading.meaning(of: value)
        {
            append(mantissa, scale: scale, to: &bytes)
            return
        }
        let start = bytes.count
        bytes.append(contentsOf: value.description.utf8)
        if bytes.count - start > 2, bytes[bytes.count - 1] == UInt8(ascii: "0"),
            bytes[bytes.count - 2] == UInt8(ascii: ".")
        {
            bytes.removeLast(2)
            return
        }
        guard let mark = bytes[start...].firstIndex(of: UInt8(ascii: "e")) else { return }
        // No plus, and no zeros before the exponent.
        let exponent = bytes[(mark + 1)...].filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "+") }
        let isNegative = bytes[mark + 1] == UInt8(ascii: "-")
        bytes.removeSubrange((mark + 1)...)
        if isNegative { bytes.append(UInt8(ascii: "-")) }
        bytes.append(contentsOf: exponent.drop { $0 == UInt8(ascii: "0") })
    }

    /// Appends a whole number.
    public static func append(_ value: Int64, to bytes: inout [UInt8]) {
        append(value, scale: 0, to: &bytes)
    }

    /// Appends mantissa / 10^scale, which has no zeros at its end behind the point.
    private static func append(_ mantissa: Int64, scale: Int, to bytes: inout [UInt8]) {
        if mantissa < 0 { bytes.append(UInt8(ascii: "-")) }
        var digits = InlineArray<20, UInt8>(repeating: UInt8(ascii: "0"))
        var rest = mantissa.magnitude
        var count = 0
        repeat {
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            digits[count] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit)
            count += 1
            rest = quotient
        } while rest > 0
        // Zeros before the first digit of a fraction.
        if count <= scale { count = scale + 1 }
        for place in stride(from: count - 1, through: 0, by: -1) {
            bytes.append(digits[place])
            if place == scale && scale > 0 { bytes.append(UInt8(ascii: ".")) }
        }
    }

    /// `value` with so many digits after the point, rounded half away from zero as a reader of its shortest text would:
    /// 1.115 to two digits is 1.12, though the nearest double lies below. `value` is finite.
    public static func fixed(_ value: Double, digits: Int) -> String {
        var (figures, point) = decimal(value.magnitude)
        // Figures that stay: those before the point and `digits` after it.
        let kept = point + digits
        var carry = kept >= 0 && kept < figures.count && figures[kept] >= 5
        if kept < figures.count {
            figures.removeLast(figures.count - max(kept, 0))
        } else {
            figures.append(contentsOf: repeatElement(0, count: kept - figures.count))
        }
        var index = figures.count - 1
        while carry, index >= 0 {
            figures[index] = figures[index] == 9 ? 0 : figures[index] + 1
            carry = figures[index] == 0
            index -= 1
        }
        if carry {
            figures.insert(1, at: 0)
            point += 1
        }
        // From here on the last `digits` figures are the fraction; a small number lacks the zeros before it.
        let missing = digits + 1 - figures.count
        if missing > 0 { figures.insert(contentsOf: repeatElement(0, count: missing), at: 0) }
        let split = figures.count - digits
        var text = value < 0 && figures.contains { $0 != 0 } ? "-" : ""
        text += figures[..<split].map(String.init).joined()
        if digits > 0 { text += "." + figures[split...].map(String.init).joined() }
        return text
    }

    /// The figures of the shortest text of `value`, and how many of them stand before the point (negative: zeros
    /// between).
    private static func decimal(_ value: Double) -> (figures: [UInt8], point: Int) {
        let text = shortest(value)
        let parts = text.split(separator: "e")
        var figures: [UInt8] = []
        var point: Int?
        for byte in (parts.first ?? "0").utf8 {
            if byte == UInt8(ascii: ".") { point = figures.count } else { figures.append(byte - UInt8(ascii: "0")) }
        }
        let exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        var position = (point ?? figures.count) + exponent
        while figures.count > 1, figures[0] == 0 {
            figures.removeFirst()
            position -= 1
        }
        return (figures, position)
    }
}
