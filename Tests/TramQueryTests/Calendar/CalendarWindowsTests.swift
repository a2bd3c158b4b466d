import Testing
import TramColumnar
import TramQuery
import TramTesting

@Suite struct CalendarWindowsTests {
    private static let hour: Int64 = 3_600_000_000_000
    private static let day: Int64 = 24 * hour

    private static let berlin: TimeZoneRules? = try? TimeZoneRules(
        name: "Test", tzif: timeZoneFile(transitions: [], offsets: [3600], footer: "CET-1CEST,M3.5.0,M10.5.0/3"))

    private func grid(
        _ every: String, over: String? = nil, origin: Int64? = nil, zone: TimeZoneRules = .hoChiMinh
    ) throws -> WindowGrid {
        var length: Duration?
        if let over { length = try QueryParser.parseDuration(over) }
        return try WindowGrid(every: QueryParser.parseDuration(every), over: length, origin: origin, zone: zone)
    }

    private func instant(_ text: String) throws -> Int64 {
        try #require(Timestamp(rfc3339: text)).nanoseconds
    }

    private func text(_ instant: Int64) -> String { Timestamp(nanoseconds: instant).rfc3339 }

    @Test(arguments: [
        ("15m", "2026-11-19T18:22:00+07:00", "2026-11-19T18:15:00+07:00", "2026-11-19T18:30:00+07:00"),
        ("1d", "2026-11-19T18:22:00+07:00", "2026-11-19T00:00:00+07:00", "2026-11-20T00:00:00+07:00"),
        ("24h", "2026-11-19T18:22:00+07:00", "2026-11-19T00:00:00+07:00", "2026-11-20T00:00:00+07:00"),
        // 2026-11-19 is a Thursday, and the 20,776th day after 1970-01-01.
        ("1w", "2026-11-19T18:22:00+07:00", "2026-11-16T00:00:00+07:00", "2026-11-23T00:00:00+07:00"),
        ("2d", "2026-11-19T18:22:00+07:00", "2026-11-19T00:00:00+07:00", "2026-11-21T00:00:00+07:00"),
        ("7h", "1970-01-01T06:59:00+07:00", "1970-01-01T00:00:00+07:00", "1970-01-01T07:00:00+07:00"),
        ("1mo", "2026-11-19T18:22:00+07:00", "2026-11-01T00:00:00+07:00", "2026-12-01T00:00:00+07:00"),
        ("1q", "2026-11-19T18:22:00+07:00", "2026-10-01T00:00:00+07:00", "2027-01-01T00:00:00+07:00"),
        ("1y", "2026-11-19T18:22:00+07:00", "2026-01-01T00:00:00+07:00", "2027-01-01T00:00:00+07:00"),
    ])
    func `a window begins where the calendar says`(every: String, at: String, start: String, end: String) throws {
        let grid = try grid(every)
        let found = grid.start(containing: try instant(at))
        #expect(text(found) == text(try instant(start)))
        #expect(text(grid.end(ofWindowStarting: found)) == text(try instant(end)))
        #expect(grid.previous(before: grid.next(after: found)) == found)
        #expect(grid.isFixed == !["1mo", "1q", "1y"].contains(every))
    }

    @Test func `an origin moves the grid`() throws {
        let origin = try instant("2026-11-19T06:30:00+07:00")
        let shifts = try grid("8h", origin: origin)
        #expect(text(shifts.start(containing: try instant("2026-11-19T06:29:00+07:00"))) == "2026-11-18T15:30:00Z")
        let closing = try grid("1mo", origin: try instant("2026-01-31T00:00:00+07:00"))
        #expect(text(closing.start(containing: try instant("2026-03-05T00:00:00+07:00"))) == "2026-02-27T17:00:00Z")
        #expect(text(closing.next(after: try instant("2026-02-28T00:00:00+07:00"))) == "2026-03-30T17:00:00Z")
    }

    @Test func `days with a change of the clock have 23 and 25 hours`() throws {
        let zone = try #require(CalendarWindowsTests.berlin)
        let days = try grid("1d", zone: zone)
        let spring = try instant("2026-03-29T00:00:00+01:00")
        #expect(days.start(containing: spring + 5 * CalendarWindowsTests.hour) == spring)
        #expect(days.next(after: spring) - spring == 23 * CalendarWindowsTests.hour)
        let autumn = try instant("2026-10-25T00:00:00+02:00")
        #expect(days.next(after: autumn) - autumn == 25 * CalendarWindowsTests.hour)
        let hours = try grid("1h", zone: zone)
        var starts = 0
        var start = autumn
        while start < days.next(after: autumn) {
            starts += 1
            start = hours.next(after: start)
        }
        #expect(starts == 25)
        // Six hours from midnight, again and again; the odd hour at the end is a window of its own.
        let quarters = try grid("6h", zone: zone)
        let last = quarters.start(containing: days.next(after: autumn) - 1)
        #expect(quarters.next(after: last) - last == CalendarWindowsTests.hour)
    }

    @Test func `a row lies in every window that holds it`() throws {
        let grid = try grid("5m", over: "30m")
        let start = try instant("2026-11-19T18:00:00+07:00")
        let found = grid.starts(containing: start)
        #expect(found.count == 6)
        #expect(found.last == start)
        #expect(found.allSatisfy { $0 <= start && grid.end(ofWindowStarting: $0) > start })
        let months = try self.grid("1d", over: "1mo")
        #expect(months.starts(containing: start).count == 31)
        let sparse = try self.grid("1h", over: "10m")
        #expect(sparse.starts(containing: start + CalendarWindowsTests.hour / 2).isEmpty)
    }

    @Test(arguments: ["0s", "1mo1d", "1y1ns", "101y", "40000d", "9000000h"])
    func `absurd widths are refused`(every: String) throws {
        #expect(throws: QueryError.self) { try grid(every) }
    }

    @Test func `negative widths and countless overlaps are refused`() throws {
        #expect(throws: QueryError.self) { try WindowGrid(every: Duration(nanoseconds: -1), zone: .utc) }
        #expect(throws: QueryError.self) { try WindowGrid(every: Duration(days: -1), zone: .utc) }
        #expect(throws: QueryError.self) { try WindowGrid(every: Duration(days: .max, nanoseconds: .max), zone: .utc) }
        let error = #expect(throws: QueryError.self) { try grid("1ns", over: "1y") }
        #expect(error?.code == .windowLimit)
    }

    /// Every kind of grid in zones with one offset, with summer time, and with stranger habits.
    @Test(arguments: [
        "1ns", "15m", "1h", "6h", "7h", "24h", "36h", "1d", "2d", "3d", "1w", "2w", "1mo", "2mo", "5mo", "1q", "1y",
        "100y",
    ])
    func `windows lie side by side from one end of time to the other`(every: String) throws {
        var zones: [TimeZoneRules] = [.utc, .hoChiMinh, .fixed(offsetSeconds: -12_601, name: "odd")]
        zones.append(try #require(CalendarWindowsTests.berlin))
        for name in ["America/Sao_Paulo", "Pacific/Apia", "Australia/Lord_Howe"] {
            if let zone = try installedZone(name) { zones.append(zone) }
        }
        var generator = SeededGenerator(seed: 21)
        for zone in zones {
            for origin in [nil, Int64.random(in: -1_000_000_000...1_800_000_000, using: &generator) * 1_000_000_000] {
                let grid = try grid(every, origin: origin, zone: zone)
                var instants = (0..<150).map { _ in Int64.random(in: .min ... .max, using: &generator) }
                instants += [.min, .min + 1, -1, 0, 1, .max - 1, .max]
                // Samoa left out a day; Germany changes its clock.
                instants += [1_325_239_200_000_000_000, 1_325_239_199_999_999_999, 1_774_746_000_000_000_000]
                if let origin { instants += [origin, origin - 1] }
                for instant in instants {
                    let start = grid.start(containing: instant)
                    let next = grid.next(after: start)
                    try #require(start <= instant, "\(zone.name) \(instant)")
                    try #require(instant < next || next == .max, "\(zone.name) \(instant)")
                    try #require(grid.next(after: instant) == next, "\(zone.name) \(instant)")
                    if next < .max {
                        try #require(grid.start(containing: next) == next, "\(zone.name) \(instant)")
                        try #require(grid.start(containing: next - 1) == start, "\(zone.name) \(instant)")
                        try #require(grid.previous(before: next) == start, "\(zone.name) \(instant)")
                    }
                    if start > .min { try #require(grid.start(containing: start) == start) }
                    if grid.isFixed, start > .min, next < .max {
                        try #require(next - start == grid.fixedWidth)
                        try #require((Int128(start) - Int128(grid.fixedPhase)) % Int128(grid.fixedWidth) == 0)
                    }
                    if let origin { #expect(grid.start(containing: origin) == origin) }
                }
            }
        }
    }

    @Test func `calendar windows agree with counting days by hand`() throws {
        let weeks = try grid("1w", zone: .utc)
        let months = try grid("1mo", zone: .utc)
        let quarters = try grid("1q", zone: .utc)
        // From Monday 1969-12-29 on, one day after another.
        var date = (year: 1969, month: 12, day: 29)
        var monday: Int64 = 0
        var month: Int64 = 0
        var quarter: Int64 = 0
        for number in 0..<(366 * 80) {
            let instant = Int64(number - 3) * CalendarWindowsTests.day
            if number % 7 == 0 { monday = instant }
            if date.day == 1 {
                month = instant
                if [1, 4, 7, 10].contains(date.month) { quarter = instant }
            }
            let noon = instant + 12 * CalendarWindowsTests.hour
            try #require(weeks.start(containing: noon) == monday)
            if number >= 3 {
                try #require(months.start(containing: noon) == month)
                try #require(quarters.start(containing: noon) == quarter)
            }
            let isLeap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0)
            let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            date.day += 1
            if date.day > lengths[date.month - 1] {
                date.day = 1
                date.month += 1
                if date.month > 12 {
                    date.month = 1
                    date.year += 1
                }
            }
        }
    }
}
