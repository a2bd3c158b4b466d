/// Numbers as results, events and messages write them.
public enum NumberText {
    /// The shortest text that reads back equal: `18.4`, `18`, `1e16`, `5e-324`; valid JSON. `value` is finite.
    public static func shortest(_ value: Double) -> String {
        let text = value.description
        if text.hasSuffix(".0") { return String(text.dropLast(2)) }
        guard let mark = text.firstIndex(of: "e") else { return text }
        let exponent = text[text.index(after: mark)...]
        let isNegative = exponent.hasPrefix("-")
        let digits = exponent.drop { $0 == "-" || $0 == "+" }.drop { $0 == "0" }
        return "\(text[..<mark])e\(isNegative ? "-" : "")\(digits)"
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
