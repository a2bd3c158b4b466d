import TramColumnar

/// The rule at the end of a time zone file, for years that its table does not reach: a POSIX TZ string such as
/// `CET-1CEST,M3.5.0,M10.5.0/3` (RFC 9636, section 3.3.1, with hours of -167...167).
struct SummerTimeRule: Hashable, Sendable {
    /// When in a year the clock is changed.
    enum Day: Hashable, Sendable {
        /// `J60`: 1...365, 29 February is never counted.
        case julian(Int)
        /// `59`: 0...365, 29 February is counted.
        case zeroBased(Int)
        /// `M3.5.0`: month, week 1...5 where 5 is the last, weekday with Sunday 0.
        case weekday(month: Int, week: Int, weekday: Int)
    }

    struct Change: Hashable, Sendable {
        var day: Day
        /// Seconds after local midnight, by the clock before the change.
        var time: Int
    }

    /// Seconds east of UTC.
    let standardOffset: Int
    let summerOffset: Int
    /// Start and end of summer time; nil where there is none.
    private let changes: [Change]

    func offset(atSecond second: Int64) -> Int {
        guard changes.count == 2 else { return standardOffset }
        let local = Timestamp.floorDivide(second &+ Int64(standardOffset), 86_400).quotient
        let year = CivilDate(daysSince1970: Int(local)).year
        let start = changes[0].second(in: year) - Int64(standardOffset)
        let end = changes[1].second(in: year) - Int64(summerOffset)
        // South of the equator summer lasts over New Year, and the end comes first.
        let isSummer = start < end ? second >= start && second < end : !(second >= end && second < start)
        return isSummer ? summerOffset : standardOffset
    }

    /// - Returns: nil when the text is no such rule.
    init?(posix text: [UInt8]) {
        var reader = PosixReader(bytes: text)
        guard reader.name(), let west = reader.time(hours: 24) else { return nil }
        standardOffset = -west
        if reader.isAtEnd {
            summerOffset = standardOffset
            changes = []
            return
        }
        guard reader.name() else { return nil }
        if reader.isAt(",") {
            summerOffset = standardOffset + 3600
        } else {
            guard let west = reader.time(hours: 24) else { return nil }
            summerOffset = -west
        }
        var changes: [Change] = []
        for _ in 0..<2 {
            guard reader.take(","), let day = reader.day() else { return nil }
            var time = 2 * 3600
            if reader.take("/") {
                guard let written = reader.time(hours: 167) else { return nil }
                time = written
            }
            changes.append(Change(day: day, time: time))
        }
        guard reader.isAtEnd else { return nil }
        self.changes = changes
    }
}

extension SummerTimeRule.Change {
    /// Seconds since 1970 by the local clock.
    func second(in year: Int) -> Int64 {
        let first = CivilDate(year: year, month: 1, day: 1).daysSince1970
        let days: Int
        switch day {
        case .julian(let number):
            let isLeap = CivilDate.daysInMonth(year: year, month: 2) == 29
            days = first + number - 1 + (isLeap && number >= 60 ? 1 : 0)
        case .zeroBased(let number): days = first + number
        case .weekday(let month, let week, let weekday):
            let monthStart = CivilDate(year: year, month: month, day: 1).daysSince1970
            // 1970-01-01 was a Thursday, 4 when Sunday is 0.
            let startWeekday = ((monthStart + 4) % 7 + 7) % 7
            var day = (weekday - startWeekday + 7) % 7 + 7 * (week - 1)
            while day >= CivilDate.daysInMonth(year: year, month: month) { day -= 7 }
            days = monthStart + day
        }
        return Int64(days) * 86_400 + Int64(time)
    }
}

private struct PosixReader {
    let bytes: [UInt8]
    var position = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { position == bytes.count }

    func isAt(_ character: Unicode.Scalar) -> Bool {
        position < bytes.count && bytes[position] == UInt8(ascii: character)
    }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard isAt(character) else { return false }
        position += 1
        return true
    }

    /// `CET` or `<+07>`.
    mutating func name() -> Bool {
        if take("<") {
            while position < bytes.count, !isAt(">") { position += 1 }
            return take(">")
        }
        let start = position
        while position < bytes.count, Lexer.isASCIILetter(Unicode.Scalar(bytes[position])) { position += 1 }
        return position - start >= 3
    }

    /// Up to three digits.
    mutating func number() -> Int? {
        let start = position
        var value = 0
        while position < bytes.count, position - start < 3, Lexer.isDigit(Unicode.Scalar(bytes[position])) {
            value = value * 10 + Int(bytes[position] - UInt8(ascii: "0"))
            position += 1
        }
        return position > start ? value : nil
    }

    /// `[+-]hh[:mm[:ss]]` in seconds.
    mutating func time(hours limit: Int) -> Int? {
        let sign = take("-") ? -1 : 1
        if sign == 1 { _ = take("+") }
        guard let hours = number(), hours <= limit else { return nil }
        var seconds = hours * 3600
        if take(":") {
            guard let minutes = number(), minutes < 60 else { return nil }
            seconds += minutes * 60
            if take(":") {
                guard let rest = number(), rest < 60 else { return nil }
                seconds += rest
            }
        }
        return sign * seconds
    }

    mutating func day() -> SummerTimeRule.Day? {
        if take("J") {
            guard let number = number(), (1...365).contains(number) else { return nil }
            return .julian(number)
        }
        if take("M") {
            guard let month = number(), (1...12).contains(month), take("."), let week = number(),
                (1...5).contains(week), take("."), let weekday = number(), weekday < 7
            else { return nil }
            return .weekday(month: month, week: week, weekday: weekday)
        }
        guard let number = number(), number < 366 else { return nil }
        return .zeroBased(number)
    }
}
