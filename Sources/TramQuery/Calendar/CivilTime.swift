import TramColumnar

/// A date and a time of day on the local clock: where calendar lengths are added.
struct CivilTime {
    var date: CivilDate
    var nanosecondOfDay: Int64

    init(date: CivilDate, nanosecondOfDay: Int64) {
        self.date = date
        self.nanosecondOfDay = nanosecondOfDay
    }

    init(at instant: Int64, in zone: TimeZoneRules) {
        (date, nanosecondOfDay) = zone.local(at: instant)
    }

    /// The same time of day so many months and then days later; a day that the month lacks becomes its last.
    ///
    /// Counts are cut where every result lies outside Int64 nanoseconds anyway, so nothing overflows.
    func adding(months: Int64, days: Int64) -> CivilTime {
        var date = date
        if months != 0 {
            let index = Int64(date.year) * 12 + Int64(date.month - 1) + min(max(months, -60_000), 60_000)
            let (year, month) = Timestamp.floorDivide(index, 12)
            date.year = Int(year)
            date.month = Int(month) + 1
            date.day = min(date.day, CivilDate.daysInMonth(year: date.year, month: date.month))
        }
        if days != 0 {
            date = CivilDate(daysSince1970: date.daysSince1970 + Int(min(max(days, -2_000_000), 2_000_000)))
        }
        return CivilTime(date: date, nanosecondOfDay: nanosecondOfDay)
    }

    /// The instant, saturating at the ends of Int64.
    func instant(in zone: TimeZoneRules) -> Int64 {
        zone.instant(of: date, nanosecondOfDay: nanosecondOfDay) ?? (date.year < 1970 ? .min : .max)
    }
}

extension Int64 {
    /// The sum, or the end of the range on its side.
    func saturatingAdd(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }

    /// The difference, or the end of the range on its side.
    func saturatingSubtract(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other < 0 ? .max : .min) : difference
    }
}
