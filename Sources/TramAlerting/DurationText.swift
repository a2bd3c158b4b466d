public import TramQuery

/// Durations as rules and configuration write them: `30m`, `1h30m`, `400d`, `10y`.
public enum DurationText {
    /// The duration that `text` writes, one word of digits and units; nil when it is anything else or does not fit.
    public static func parse(_ text: String) -> Duration? {
        var duration = Duration()
        var rest = Substring(text).utf8
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
            guard let count = Int64(Substring(digits)) else { return nil }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z") }
            rest = rest.dropFirst(unit.count)
            guard add(count, of: String(Substring(unit)), to: &duration) else { return nil }
        }
        return duration
    }

    /// The nanoseconds that `text` writes; nil for calendar lengths (`1mo`, `1y`) as well.
    public static func nanoseconds(_ text: String) -> Int64? {
        parse(text)?.fixedNanoseconds
    }

    private static func add(_ count: Int64, of unit: String, to duration: inout Duration) -> Bool {
        switch unit {
        case "ns": add(count, times: 1, to: &duration.nanoseconds)
        case "us": add(count, times: 1000, to: &duration.nanoseconds)
        case "ms": add(count, times: 1_000_000, to: &duration.nanoseconds)
        case "s": add(count, times: 1_000_000_000, to: &duration.nanoseconds)
        case "m": add(count, times: 60_000_000_000, to: &duration.nanoseconds)
        case "h": add(count, times: 3_600_000_000_000, to: &duration.nanoseconds)
        case "d": add(count, times: 1, to: &duration.days)
        case "w": add(count, times: 7, to: &duration.days)
        case "mo": add(count, times: 1, to: &duration.months)
        case "q": add(count, times: 3, to: &duration.months)
        case "y": add(count, times: 12, to: &duration.months)
        default: false
        }
    }

    private static func add(_ count: Int64, times factor: Int64, to total: inout Int64) -> Bool {
        let (product, overflow) = count.multipliedReportingOverflow(by: factor)
        let (sum, overflowSum) = total.addingReportingOverflow(product)
        guard !overflow, !overflowSum else { return false }
        total = sum
        return true
    }

    /// The shortest text of exact units, days the longest: `30m`, `1d2h`, `-5s`.
    public static func text(nanoseconds: Int64) -> String {
        guard nanoseconds != 0 else { return "0s" }
        var rest = nanoseconds.magnitude
        var text = nanoseconds < 0 ? "-" : ""
        let units: [(UInt64, String)] = [
            (86_400_000_000_000, "d"), (3_600_000_000_000, "h"), (60_000_000_000, "m"), (1_000_000_000, "s"),
            (1_000_000, "ms"), (1000, "us"), (1, "ns"),
        ]
        for (length, unit) in units where rest >= length {
            text += "\(rest / length)\(unit)"
            rest %= length
        }
        return text
    }
}
