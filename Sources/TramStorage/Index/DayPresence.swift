public import TramColumnar

/// Which series have rows on which day, so that a question about some days passes over the series that are silent then:
/// in a store whose senders come and go, nearly all of them.
///
/// A day is one of UTC. What is noted stays, so a set may name a series whose rows of the day were replaced or removed,
/// and never lacks one that has any. A value; a copy shares memory until one of the two changes.
///
/// A day of a million series costs 128 KiB, one of few series two bytes for each.
public struct DayPresence: Sendable {
    private static let dayNanoseconds: Int64 = 86_400_000_000_000

    /// Numbers of the days since 1970, rising.
    private var days: [Int64] = []
    /// Parallel to `days`.
    private var sets: [SeriesSet] = []
    /// Series with a run of rows that is too long to be told by the day: they may have rows at any time.
    private var always = SeriesSet()
    private static let longestRunDays: Int64 = 400
    /// Where in `days` the last note went.
    private var latest = 0

    public init() {}

    /// The day that an instant lies in, from its first nanosecond to its last; the first and the last day that can be
    /// told are cut to the instants that can be stored.
    public static func day(of instant: Int64) -> ClosedRange<Int64> {
        let number = number(of: instant)
        let (start, isEarly) = number.multipliedReportingOverflow(by: dayNanoseconds)
        let (next, isLate) = (number + 1).multipliedReportingOverflow(by: dayNanoseconds)
        return (isEarly ? .min + 1 : start)...(isLate ? .max : next - 1)
    }

    private static func number(of instant: Int64) -> Int64 {
        instant >= 0 ? instant / dayNanoseconds : (instant + 1) / dayNanoseconds - 1
    }

    /// Notes that a series has a row at this instant, nanoseconds UTC. O(1) on the day of the last note, else O(log)
    /// and, for a new day, O(days).
    public mutating func note(_ series: SeriesID, at instant: Int64) {
        note(series, onDay: DayPresence.number(of: instant))
    }

    /// Notes that a series has rows at the first and at the last of these instants, and may have some on any day
    /// between. O(days).
    public mutating func note(_ series: SeriesID, from oldest: Int64, through newest: Int64) {
        guard oldest <= newest else { return }
        let (first, last) = (DayPresence.number(of: oldest), DayPresence.number(of: newest))
        if last - first >= DayPresence.longestRunDays {
            always.insert(series)
        } else {
            for day in first...last { note(series, onDay: day) }
        }
    }

    /// Notes that a series has rows at these instants, which rise. O(rows), a comparison each.
    public mutating func note(_ series: SeriesID, rising timestamps: [Int64]) {
        var end: Int64?
        for instant in timestamps where end.map({ instant > $0 }) ?? true {
            note(series, at: instant)
            end = DayPresence.day(of: instant).upperBound
        }
    }

    private mutating func note(_ series: SeriesID, onDay day: Int64) {
        if latest >= days.count || days[latest] != day {
            latest = place(of: day)
            if latest == days.count || days[latest] != day {
                days.insert(day, at: latest)
                sets.insert(SeriesSet(), at: latest)
            }
        }
        sets[latest].insert(series)
    }

    /// Whether a series may have rows in `range`: false means that it has none. O(log + days of the range).
    public func contains(_ series: SeriesID, in range: TimeRange) -> Bool {
        !range.isEmpty && (always.contains(series) || places(in: range).contains { sets[$0].contains(series) })
    }

    /// The series that may have rows in `range`; all others have none. O(1) for one day, else O(days · series / 64).
    public func series(in range: TimeRange) -> SeriesSet {
        let places = places(in: range)
        guard !range.isEmpty else { return SeriesSet() }
        var found = places.first.map { sets[$0] } ?? SeriesSet()
        for place in places.dropFirst() { found.formUnion(sets[place]) }
        found.formUnion(always)
        return found
    }

    /// Forgets the days that end at or before an instant: their rows are gone.
    public mutating func removeDays(before instant: Int64) {
        let count = place(of: DayPresence.number(of: instant))
        days.removeFirst(count)
        sets.removeFirst(count)
        latest = 0
    }

    /// How many days have rows.
    public var dayCount: Int { days.count }

    /// Bytes of memory, about.
    public var byteCount: Int { sets.reduce(always.byteCount) { $0 + 24 + $1.byteCount } }

    private func places(in range: TimeRange) -> Range<Int> {
        guard !range.isEmpty else { return 0..<0 }
        return place(of: DayPresence.number(of: range.start))..<place(of: DayPresence.number(of: range.end - 1) + 1)
    }

    private func place(of day: Int64) -> Int {
        var low = 0
        var high = days.count
        while low < high {
            let middle = (low + high) / 2
            if days[middle] < day { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
