import Testing
import TramColumnar
import TramQuery
import TramTesting

@Suite struct RangeResolverTests {
    /// A Thursday evening in Ha Noi.
    private let now = "2026-11-19T18:30:00+07:00"

    private func instant(_ text: String) throws -> Int64 {
        try #require(Timestamp(rfc3339: text)).nanoseconds
    }

    private func resolve(_ range: String, zone: TimeZoneRules = .hoChiMinh, now: String? = nil) throws -> TimeRange {
        let expression = try #require(try QueryParser.parse("t[\(range)]").pipe.source.range)
        return try RangeResolver.resolve(expression, now: instant(now ?? self.now), zone: zone)
    }

    @Test(arguments: [
        ("1h", "2026-11-19T17:30:00+07:00", "2026-11-19T18:30:00+07:00"),
        ("1d", "2026-11-18T18:30:00+07:00", "2026-11-19T18:30:00+07:00"),
        ("1mo", "2026-10-19T18:30:00+07:00", "2026-11-19T18:30:00+07:00"),
        ("today", "2026-11-19T00:00:00+07:00", "2026-11-20T00:00:00+07:00"),
        ("yesterday", "2026-11-18T00:00:00+07:00", "2026-11-19T00:00:00+07:00"),
        ("thisweek", "2026-11-16T00:00:00+07:00", "2026-11-23T00:00:00+07:00"),
        ("lastweek", "2026-11-09T00:00:00+07:00", "2026-11-16T00:00:00+07:00"),
        ("thismonth", "2026-11-01T00:00:00+07:00", "2026-12-01T00:00:00+07:00"),
        ("lastmonth", "2026-10-01T00:00:00+07:00", "2026-11-01T00:00:00+07:00"),
        ("thisquarter", "2026-10-01T00:00:00+07:00", "2027-01-01T00:00:00+07:00"),
        ("lastquarter", "2026-07-01T00:00:00+07:00", "2026-10-01T00:00:00+07:00"),
        ("thisyear", "2026-01-01T00:00:00+07:00", "2027-01-01T00:00:00+07:00"),
        ("lastyear", "2025-01-01T00:00:00+07:00", "2026-01-01T00:00:00+07:00"),
        ("2026-02-28", "2026-02-28T00:00:00+07:00", "2026-03-01T00:00:00+07:00"),
        ("2026-12", "2026-12-01T00:00:00+07:00", "2027-01-01T00:00:00+07:00"),
        ("-2d..-1d", "2026-11-17T18:30:00+07:00", "2026-11-18T18:30:00+07:00"),
        ("06:00..09:00", "2026-11-19T06:00:00+07:00", "2026-11-19T09:00:00+07:00"),
        ("2026-11-19T10:00Z..now", "2026-11-19T10:00:00Z", "2026-11-19T11:30:00Z"),
        ("2026-11-18..2026-11-19", "2026-11-18T00:00:00+07:00", "2026-11-19T00:00:00+07:00"),
        ("yesterday..today", "2026-11-18T00:00:00+07:00", "2026-11-19T00:00:00+07:00"),
    ])
    func `a range is half-open and local`(range: String, start: String, end: String) throws {
        #expect(try resolve(range) == TimeRange(start: instant(start), end: instant(end)))
    }

    @Test func `an open end is for ever`() throws {
        #expect(try resolve("all") == .all)
        #expect(try resolve("..") == .all)
        #expect(try resolve("..now") == TimeRange(start: .min, end: instant(now)))
        #expect(try resolve("today..").end == .max)
    }

    @Test func `months are taken off the calendar and clamped to the month's length`() throws {
        let march = "2026-03-31T12:00:00+07:00"
        #expect(try resolve("1mo", now: march).start == instant("2026-02-28T12:00:00+07:00"))
        #expect(try resolve("1y1mo1d", now: march).start == instant("2025-02-27T12:00:00+07:00"))
    }

    @Test func `a day back is a local day, whatever the clock did`() throws {
        let zone = try TimeZoneRules(
            name: "Test", tzif: timeZoneFile(transitions: [], offsets: [3600], footer: "CET-1CEST,M3.5.0,M10.5.0/3"))
        let range = try resolve("1d", zone: zone, now: "2026-03-29T12:00:00+02:00")
        #expect(range == TimeRange(start: try instant("2026-03-28T12:00:00+01:00"), end: range.end))
        let exact = try resolve("24h", zone: zone, now: "2026-03-29T12:00:00+02:00")
        #expect(exact.start == (try instant("2026-03-28T11:00:00+01:00")))
    }

    @Test func `a range that ends before it starts is refused`() throws {
        let error = #expect(throws: QueryError.self) { try resolve("now..today") }
        #expect(error?.code == .badRange && error?.at != nil)
        #expect(throws: QueryError.self) { try resolve("2027-01-01..now") }
        #expect(try resolve("now..now").isEmpty)
    }

    @Test func `everything saturates and nothing traps`() throws {
        #expect(try resolve("0001-01-01..9999-12-31") == .all)
        #expect(try resolve("9223372036854775807mo").start == .min)
        #expect(try resolve("9223372036854775807d").start == .min)
        #expect(try resolve("0000-01").start == .min)
        var random = RandomStatement(seed: 9)
        var generator = SeededGenerator(seed: 9)
        let zones: [TimeZoneRules] = [.utc, .hoChiMinh, try installedZone("Pacific/Apia") ?? .utc]
        for _ in 0..<20_000 {
            let now = Int64.random(in: .min ... .max, using: &generator)
            for zone in zones {
                _ = RangeResolver.resolve(random.instant(), now: now, zone: zone)
                _ = RangeResolver.subtract(random.duration(), from: now, zone: zone)
            }
        }
        for word in RangeExpression.Word.allCases {
            for now in [Int64.min, .max] {
                for zone in zones {
                    let range = RangeExpression(kind: .word(word), at: SourceRange(0, 0))
                    _ = try? RangeResolver.resolve(range, now: now, zone: zone)
                }
            }
        }
    }
}
