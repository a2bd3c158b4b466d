import TramColumnar

/// The windows of `every … over … origin …`: where each starts and ends.
///
/// The grid of starts, in the session's zone:
///
/// 1. Months (mo, q, y): the first of the month, counted from January 1970.
/// 2. Weeks (and other multiples of seven days): Monday, counted from the week of 1970-01-01.
/// 3. Days: local midnight, counted from 1970-01-01. A day may have 23 or 25 hours.
/// 4. Exact lengths that divide 24 h: from every local midnight on; in a day that the clock makes shorter or longer,
///    the last window ends at the next midnight.
/// 5. Other exact lengths: multiples from 1970-01-01 00:00 local time.
///
/// `origin` moves the zero of 1, 2, 3 and 5 to that instant and its local time of day; it turns 4 into 5.
/// In a zone with one offset 2 to 5 are plain arithmetic: `isFixed`, and then every answer is a division and a
/// multiplication. All answers saturate at the ends of Int64.
public struct WindowGrid: Hashable, Sendable {
    private enum Steps: Hashable, Sendable {
        /// Starts are `phase + n * width`; 0 <= phase < width.
        case fixed(width: Int64, phase: Int64)
        /// Starts are the civil time `origin` moved by n times so many months or days.
        case civil(origin: Origin, months: Int64, days: Int64)
        /// Starts are multiples of `width` from each local midnight.
        case withinDays(width: Int64)
    }

    private struct Origin: Hashable, Sendable {
        var date: CivilDate
        var nanosecondOfDay: Int64
    }

    private let steps: Steps
    private let zone: TimeZoneRules
    private let over: Duration?

    /// The most windows that one instant may lie in.
    public static let mostOverlaps: Int64 = 100_000
    private static let nanosecondsPerDay: Int64 = 86_400_000_000_000

    /// - Parameters:
    ///   - origin: an instant that is a start.
    ///   - place: what to blame in the query's text.
    /// - Throws: `query.bad_duration` for lengths that are zero, negative, longer than a century, or a mixture of
    ///   months with anything else; `query.window_limit` when more than `mostOverlaps` windows would overlap.
    public init(
        every: Duration, over: Duration? = nil, origin: Int64? = nil, zone: TimeZoneRules, at place: SourceRange? = nil
    ) throws(QueryError) {
        try WindowGrid.check(every, place)
        if let over { try WindowGrid.check(over, place) }
        self.zone = zone
        self.over = over
        if let over, WindowGrid.roughNanoseconds(over) / WindowGrid.roughNanoseconds(every) > WindowGrid.mostOverlaps {
            throw QueryError(
                .windowLimit, at: place, en: "more than \(WindowGrid.mostOverlaps) windows would overlap",
                vi: "có hơn \(WindowGrid.mostOverlaps) cửa sổ chồng lên nhau",
                hint: Bilingual(
                    vi: "Chọn every dài hơn hoặc over ngắn hơn", en: "Take a longer every or a shorter over"))
        }
        let epoch = CivilDate(year: 1970, month: 1, day: 1)
        let zero = origin.map { instant in
            let local = zone.local(at: instant)
            return Origin(date: local.date, nanosecondOfDay: local.nanosecondOfDay)
        }
        if every.months > 0 {
            steps = .civil(
                origin: zero ?? Origin(date: epoch, nanosecondOfDay: 0), months: every.months, days: 0)
            return
        }
        // Checked above to be at most a century, so it fits.
        let width = every.fixedNanoseconds ?? .max
        let isWholeDays = every.nanoseconds == 0
        let isWeeks = isWholeDays && every.days % 7 == 0
        let monday = CivilDate(year: 1969, month: 12, day: 29)
        let start = zero ?? Origin(date: isWeeks ? monday : epoch, nanosecondOfDay: 0)
        if zone.fixedOffsetSeconds == nil {
            if isWholeDays {
                steps = .civil(origin: start, months: 0, days: every.days)
                return
            }
            if origin == nil, WindowGrid.nanosecondsPerDay % width == 0 {
                steps = .withinDays(width: width)
                return
            }
        }
        let instant =
            origin ?? CivilTime(date: start.date, nanosecondOfDay: start.nanosecondOfDay).instant(in: zone)
        steps = .fixed(width: width, phase: Timestamp.floorDivide(instant, width).remainder)
    }

    private static func check(_ duration: Duration, _ place: SourceRange?) throws(QueryError) {
        let written = Bilingual(vi: "độ dài cửa sổ", en: "the length of a window")
        guard duration.months >= 0, duration.days >= 0, duration.nanoseconds >= 0, duration != Duration() else {
            throw QueryError(
                .badDuration, at: place, en: "\(written.en) must be more than zero", vi: "\(written.vi) phải lớn hơn 0")
        }
        guard duration.months == 0 || (duration.days == 0 && duration.nanoseconds == 0) else {
            throw QueryError(
                .badDuration, at: place, en: "\(written.en) mixes months with days or hours",
                vi: "\(written.vi) trộn tháng với ngày hoặc giờ",
                hint: Bilingual(vi: "Ví dụ: 1mo, 30d, 12h", en: "For example: 1mo, 30d, 12h"))
        }
        guard duration.months <= 1200, duration.days <= 36_525,
            duration.fixedNanoseconds.map({ $0 <= 36_525 * nanosecondsPerDay }) ?? (duration.months > 0)
        else {
            throw QueryError(
                .badDuration, at: place, en: "\(written.en) is more than a hundred years",
                vi: "\(written.vi) dài hơn một trăm năm")
        }
    }

    /// With months of 30 days; only lengths that passed `check`.
    private static func roughNanoseconds(_ duration: Duration) -> Int64 {
        duration.fixedNanoseconds ?? duration.months * 30 * nanosecondsPerDay
    }

    // MARK: Plain arithmetic

    /// Whether starts are `fixedPhase + n * fixedWidth`.
    public var isFixed: Bool {
        if case .fixed = steps { return true }
        return false
    }

    /// Nanoseconds from one start to the next; 0 unless `isFixed`.
    public var fixedWidth: Int64 {
        if case .fixed(let width, _) = steps { return width }
        return 0
    }

    /// The longest time from one start to the next, nanoseconds: a month of 31 days, a day of 26 hours.
    public var longestStep: Int64 {
        switch steps {
        case .fixed(let width, _), .withinDays(let width): width
        // At most a century each, as `check` has found.
        case .civil(_, let months, let days):
            months * 31 * WindowGrid.nanosecondsPerDay + days * (WindowGrid.nanosecondsPerDay / 24 * 26)
        }
    }

    /// 0..<fixedWidth; 0 unless `isFixed`.
    public var fixedPhase: Int64 {
        if case .fixed(_, let phase) = steps { return phase }
        return 0
    }

    /// Whether windows overlap or leave gaps, because an `over` was given.
    public var isHopping: Bool { over != nil }

    /// Nanoseconds from a window's start to its end when every window has the same; nil else.
    public var fixedSpan: Int64? {
        guard let over else { return isFixed ? fixedWidth : nil }
        guard over.months == 0, over.days == 0 || zone.fixedOffsetSeconds != nil else { return nil }
        return over.fixedNanoseconds
    }

    // MARK: The grid

    /// The latest start that is not after `instant`; Int64.min when that lies below it.
    public func start(containing instant: Int64) -> Int64 {
        switch steps {
        case .fixed(let width, let phase):
            return instant.saturatingSubtract(WindowGrid.distance(instant, width, phase))
        case .civil(let origin, let months, let days):
            return civilStart(step(notAfter: instant, origin, months, days), origin, months, days)
        case .withinDays(let width):
            let midnight = midnight(notAfter: instant)
            return midnight + (instant - midnight) / width * width
        }
    }

    /// The first start after `start`: where a tumbling window ends. Int64.max when that lies above it.
    public func next(after start: Int64) -> Int64 {
        switch steps {
        case .fixed(let width, let phase):
            return start.saturatingAdd(width - WindowGrid.distance(start, width, phase))
        case .civil(let origin, let months, let days):
            var step = step(notAfter: start, origin, months, days) + 1
            var found = civilStart(step, origin, months, days)
            // A day that a zone left out (Samoa, 2011-12-30) starts when the next one does.
            while found <= start, found < .max {
                step += 1
                found = civilStart(step, origin, months, days)
            }
            return found
        case .withinDays(let width):
            let midnight = midnight(notAfter: start)
            let following = midnight.saturatingAdd(((start - midnight) / width + 1) * width)
            return min(following, midnightGrid.next(after: midnight))
        }
    }

    /// The last start before `start`; Int64.min when that lies below it.
    public func previous(before start: Int64) -> Int64 {
        start == .min ? .min : self.start(containing: start - 1)
    }

    /// Where the window that starts there ends: `over` later, or at the next start.
    public func end(ofWindowStarting start: Int64) -> Int64 {
        guard let over else { return next(after: start) }
        if let fixedSpan { return start.saturatingAdd(fixedSpan) }
        let civil = CivilTime(at: start, in: zone).adding(months: over.months, days: over.days)
        // A day that a zone left out could end a window where it starts.
        return max(civil.instant(in: zone).saturatingAdd(over.nanoseconds), start.saturatingAdd(1))
    }

    /// The starts of all windows that hold `instant`, ascending; empty where `over` leaves gaps.
    public func starts(containing instant: Int64) -> [Int64] {
        var start = start(containing: instant)
        guard over != nil else { return [start] }
        var starts: [Int64] = []
        while end(ofWindowStarting: start) > instant {
            starts.append(start)
            let earlier = previous(before: start)
            if earlier == start { break }
            start = earlier
        }
        return starts.reversed()
    }

    /// How far `instant` lies after the latest start, 0..<width.
    private static func distance(_ instant: Int64, _ width: Int64, _ phase: Int64) -> Int64 {
        let remainder = instant % width
        let distance = (remainder < 0 ? remainder + width : remainder) - phase
        return distance < 0 ? distance + width : distance
    }

    /// Start number `step`, saturating. Not falling as `step` rises.
    private func civilStart(_ step: Int64, _ origin: Origin, _ months: Int64, _ days: Int64) -> Int64 {
        CivilTime(date: origin.date, nanosecondOfDay: origin.nanosecondOfDay)
            .adding(months: step * months, days: step * days).instant(in: zone)
    }

    /// The number of the latest start not after `instant`: guessed from the local date, then corrected.
    private func step(notAfter instant: Int64, _ origin: Origin, _ months: Int64, _ days: Int64) -> Int64 {
        let date = zone.local(at: instant).date
        var step: Int64
        if months > 0 {
            let apart = Int64(date.year - origin.date.year) * 12 + Int64(date.month - origin.date.month)
            step = Timestamp.floorDivide(apart, months).quotient
        } else {
            step = Timestamp.floorDivide(Int64(date.daysSince1970 - origin.date.daysSince1970), days).quotient
        }
        // Start 0, the origin, is inside Int64, so below it the search ends where starts saturate at Int64.min.
        while civilStart(step, origin, months, days) > instant { step -= 1 }
        while true {
            let following = civilStart(step + 1, origin, months, days)
            if following > instant || following == .max { return step }
            step += 1
        }
    }

    /// The grid of local midnights.
    private var midnightGrid: WindowGrid {
        WindowGrid(
            steps: .civil(
                origin: Origin(date: CivilDate(year: 1970, month: 1, day: 1), nanosecondOfDay: 0), months: 0, days: 1),
            zone: zone, over: nil)
    }

    private init(steps: Steps, zone: TimeZoneRules, over: Duration?) {
        self.steps = steps
        self.zone = zone
        self.over = over
    }

    private func midnight(notAfter instant: Int64) -> Int64 {
        midnightGrid.start(containing: instant)
    }
}
