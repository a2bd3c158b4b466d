import TramColumnar

/// An instant on the clock and calendar of a zone.
struct LocalTime {
    var date: CivilDate
    /// 0..<86,400 s, in nanoseconds.
    var nanosecondOfDay: Int64

    init(instant: Int64, zone: TimeZoneRules) {
        (date, nanosecondOfDay) = zone.local(at: instant)
    }

    var secondOfDay: Int { Int(nanosecondOfDay / 1_000_000_000) }

    /// 1 is Monday, 7 Sunday.
    var weekday: Int {
        // 1970-01-01 was a Thursday.
        let day = (date.daysSince1970 + 3) % 7
        return (day < 0 ? day + 7 : day) + 1
    }

    /// `2026-11-21`.
    var dateText: String {
        func padded(_ value: Int, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))"
    }
}
