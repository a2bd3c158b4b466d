import TramColumnar

/// Lengths of time as people read them: `1 h 5 m`, `2 d 3 h`, `12.5 s`, `250 ms`.
///
/// From a minute on whole seconds are shown, from a day on whole minutes; below, three figures behind the point. A
/// length that is not zero is never shown as nothing.
struct DurationForm {
    private static let second: Int64 = 1_000_000_000

    let language: Language

    func text(_ nanoseconds: Int64) -> String {
        if nanoseconds < 0 { return "-" + magnitude(nanoseconds.magnitude) }
        return magnitude(nanoseconds.magnitude)
    }

    private func magnitude(_ length: UInt64) -> String {
        let second = UInt64(DurationForm.second)
        if length == 0 { return "0 s" }
        if length < 60 * second {
            let units: [(UInt64, String)] = [(second, "s"), (1_000_000, "ms"), (1000, "µs"), (1, "ns")]
            let unit = units.first { length >= $0.0 } ?? (1, "ns")
            return decimal(length, unit.0) + " " + unit.1
        }
        // What is left of the last unit falls away; `explain` and CSV have it.
        var rest = length / second
        var parts: [String] = []
        for (size, name) in [(86_400, "d"), (3600, "h"), (60, "m"), (1, "s")] as [(UInt64, String)] {
            let count = rest / size
            rest %= size
            if name == "s", length >= 86_400 * second { break }
            if count > 0 { parts.append("\(NumberForm(language: language).grouped(String(count))) \(name)") }
        }
        return parts.joined(separator: " ")
    }

    /// With three digits behind the point, without zeros at the end.
    private func decimal(_ length: UInt64, _ unit: UInt64) -> String {
        let fraction = unit == 1 ? 0 : length % unit * 1000 / unit
        guard fraction > 0 else { return String(length / unit) }
        var digits = String(1000 + fraction).dropFirst()
        while digits.last == "0" { digits.removeLast() }
        return "\(length / unit)\(NumberForm(language: language).point)\(digits)"
    }
}
