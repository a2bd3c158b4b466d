import TramColumnar
import TramQuery

/// Numbers as people read them: `1,234.5` in English, `1.234,5` in Vietnamese.
struct NumberForm {
    var language: Language
    /// Digits after the point at most; nil: all.
    var decimals: Int?

    var point: Character { language == .vi ? "," : "." }
    private var separator: Character { language == .vi ? "." : "," }

    /// The digits in threes. `digits` is a whole number in plain digits, with or without a sign.
    func grouped(_ digits: some StringProtocol) -> String {
        let sign = digits.hasPrefix("-") ? "-" : ""
        let figures = digits.dropFirst(sign.count)
        var text = sign
        for (index, figure) in figures.enumerated() {
            if index > 0, (figures.count - index) % 3 == 0 { text.append(separator) }
            text.append(figure)
        }
        return text
    }

    /// Rounded to `decimals`, without zeros at the end.
    ///
    /// A number that is not zero keeps a figure that is none, so that nothing small is shown as nothing: 0.004 with two
    /// decimals is 0.004. What the shortest text writes with an exponent (from 1e16 on and under 1e-4) has one here
    /// too, and
    /// `decimals` counts behind the point of its mantissa.
    func text(_ value: Double) -> String {
        if value == 0 { return "0" }
        let shortest = NumberText.shortest(value)
        guard value.isFinite else { return shortest }
        if let mark = shortest.firstIndex(of: "e") {
            return scientific(mantissa: shortest[..<mark], exponent: shortest[shortest.index(after: mark)...])
        }
        guard let point = shortest.firstIndex(of: ".") else { return grouped(shortest) }
        let fraction = shortest[shortest.index(after: point)...]
        guard let decimals, decimals < fraction.count else {
            return grouped(shortest[..<point]) + String(self.point) + fraction
        }
        let isFraction = value.magnitude < 1
        let needed = isFraction ? fraction.prefix { $0 == "0" }.count + 1 : 0
        return localized(NumberText.fixed(value, digits: max(decimals, needed)))
    }

    private func scientific(mantissa: Substring, exponent: Substring) -> String {
        guard let decimals, let value = Double(String(mantissa)), var power = Int(exponent) else {
            return localized(String(mantissa)) + "e" + exponent
        }
        let digits = max(decimals, 0)
        var rounded = NumberText.fixed(value, digits: digits)
        if rounded.hasPrefix("10") || rounded.hasPrefix("-10") {
            rounded = NumberText.fixed(value < 0 ? -1 : 1, digits: digits)
            power += 1
        }
        return localized(rounded) + "e\(power)"
    }

    /// A text with a decimal point, or none, in the language's marks and without zeros at its end.
    private func localized(_ plain: String) -> String {
        guard let point = plain.firstIndex(of: ".") else { return grouped(plain) }
        var fraction = plain[plain.index(after: point)...]
        while fraction.last == "0" { fraction.removeLast() }
        let whole = grouped(plain[..<point])
        return fraction.isEmpty ? whole : whole + String(self.point) + fraction
    }
}
