public import TramColumnar

/// What a range or a point in time, as written, means at a given "now" in a given zone.
///
/// Everything saturates at the ends of Int64: a range that reaches beyond what a timestamp can hold holds what there
/// is.
public enum RangeResolver {
    /// - Throws: `query.bad_range` when the range ends before it starts.
    public static func resolve(
        _ range: RangeExpression, now: Int64, zone: TimeZoneRules
    ) throws(QueryError) -> TimeRange {
        let start: Int64
        let end: Int64
        switch range.kind {
        case .all: return .all
        case .last(let duration):
            start = subtract(duration, from: now, zone: zone)
            end = now
        case .word(let word):
            let (first, next) = days(of: word, today: zone.local(at: now).date)
            start = midnight(first, zone)
            end = midnight(next, zone)
        case .day(let year, let month, let day):
            let date = CivilDate(year: year, month: month, day: day)
            start = midnight(date, zone)
            end = midnight(CivilTime(date: date, nanosecondOfDay: 0).adding(months: 0, days: 1).date, zone)
        case .month(let year, let month):
            let date = CivilDate(year: year, month: month, day: 1)
            start = midnight(date, zone)
            end = midnight(CivilTime(date: date, nanosecondOfDay: 0).adding(months: 1, days: 0).date, zone)
        case .between(let from, let until):
            start = from.map { resolve($0, now: now, zone: zone) } ?? .min
            if case .at(let date, _, let offset)? = from, case .timeOfDay(let time)? = until {
                // `[2026-11-19T18:00..19:00]`: the end is a time of the day that the start names.
                end = resolve(.at(date, timeOfDay: time, offsetSeconds: offset), now: now, zone: zone)
            } else {
                end = until.map { resolve($0, now: now, zone: zone) } ?? .max
            }
        }
        guard start <= end else {
            throw QueryError(
                .badRange, at: range.at, en: "the range ends before it starts",
                vi: "khoảng thời gian kết thúc trước khi bắt đầu",
                hint: Bilingual(
                    vi: "Nó đi từ \(Timestamp(nanoseconds: start).rfc3339) đến \(Timestamp(nanoseconds: end).rfc3339)",
                    en:
                        "It goes from \(Timestamp(nanoseconds: start).rfc3339) to \(Timestamp(nanoseconds: end).rfc3339)"
                ))
        }
        return TimeRange(start: start, end: end)
    }

    public static func resolve(_ instant: InstantExpression, now: Int64, zone: TimeZoneRules) -> Int64 {
        switch instant {
        case .now: return now
        case .today: return midnight(zone.local(at: now).date, zone)
        case .yesterday:
            return CivilTime(date: zone.local(at: now).date, nanosecondOfDay: 0).adding(months: 0, days: -1)
                .instant(in: zone)
        case .ago(let duration): return subtract(duration, from: now, zone: zone)
        case .timeOfDay(let nanoseconds):
            return CivilTime(date: zone.local(at: now).date, nanosecondOfDay: nanoseconds).instant(in: zone)
        case .at(let date, let timeOfDay, let offset):
            let local = CivilTime(date: date, nanosecondOfDay: timeOfDay ?? 0)
            guard let offset else { return local.instant(in: zone) }
            return local.instant(in: .fixed(offsetSeconds: offset, name: ""))
        }
    }

    /// `instant - duration`: months on the local calendar, then days on it, then the exact rest.
    public static func subtract(_ duration: Duration, from instant: Int64, zone: TimeZoneRules) -> Int64 {
        var result = instant
        if duration.months != 0 || duration.days != 0 {
            result = CivilTime(at: instant, in: zone).adding(
                months: Int64(0).saturatingSubtract(duration.months), days: Int64(0).saturatingSubtract(duration.days)
            ).instant(in: zone)
        }
        return result.saturatingSubtract(duration.nanoseconds)
    }

    private static func midnight(_ date: CivilDate, _ zone: TimeZoneRules) -> Int64 {
        CivilTime(date: date, nanosecondOfDay: 0).instant(in: zone)
    }

    /// The first day of the stretch that a word names and the first day after it.
    private static func days(of word: RangeExpression.Word, today: CivilDate) -> (CivilDate, CivilDate) {
        func moved(_ date: CivilDate, months: Int64 = 0, days: Int64 = 0) -> CivilDate {
            CivilTime(date: date, nanosecondOfDay: 0).adding(months: months, days: days).date
        }
        // 1970-01-01 was a Thursday, three days after Monday.
        let sinceMonday = ((today.daysSince1970 + 3) % 7 + 7) % 7
        let monday = moved(today, days: -Int64(sinceMonday))
        let month = CivilDate(year: today.year, month: today.month, day: 1)
        let quarter = CivilDate(year: today.year, month: (today.month - 1) / 3 * 3 + 1, day: 1)
        let year = CivilDate(year: today.year, month: 1, day: 1)
        return switch word {
        case .today: (today, moved(today, days: 1))
        case .yesterday: (moved(today, days: -1), today)
        case .thisweek: (monday, moved(monday, days: 7))
        case .lastweek: (moved(monday, days: -7), monday)
        case .thismonth: (month, moved(month, months: 1))
        case .lastmonth: (moved(month, months: -1), month)
        case .thisquarter: (quarter, moved(quarter, months: 3))
        case .lastquarter: (moved(quarter, months: -3), quarter)
        case .thisyear: (year, moved(year, months: 12))
        case .lastyear: (moved(year, months: -12), year)
        }
    }
}
