import Testing
import TramColumnar
import TramQuery

/// The chapter "Meaning" of the language, a sentence at a time.
@Suite struct MeaningTests {
    private static let minute: Int64 = 60_000_000_000

    /// Four rows, a minute apart, of two stations; `x` is absent in one, `s` in two.
    private let small = MemorySource([
        TestRow(
            time: 0, tags: ["st": "a"],
            fields: ["x": .float(2), "i": .int(.max), "u": .uint(.max), "s": .text("QL1"), "ok": .bool(true)]),
        TestRow(time: minute, tags: ["st": "b"], fields: ["x": .float(0), "i": .int(-7), "u": .uint(3)]),
        TestRow(time: 2 * minute, tags: ["st": "a"], fields: ["i": .int(2), "ok": .bool(false)]),
        TestRow(time: 3 * minute, fields: ["x": .float(-1.5), "i": .int(0), "s": .text("Đường 2")]),
    ])

    @Test(arguments: [
        // Nulls.
        ("m | count(), count(x), count(s)", ["count count_x count_s", "4 3 2"]),
        ("m where st = \"none\" | count(), sum(x), mean(x), count(x)", ["count sum mean count_x", "0 - - 0"]),
        ("m where x > 0 or x <= 0 | count()", ["count", "3"]),
        ("m where x != 2 | count()", ["count", "2"]),
        ("m where not (x = 2) | count()", ["count", "2"]),
        ("m where x = null | count()", ["count", "0"]),
        ("m where x is null | count()", ["count", "1"]),
        ("m where x is not null and st is null | count()", ["count", "1"]),
        ("m where x > 100 and x = null | count()", ["count", "0"]),
        ("m where i > 0 or x = null | count()", ["count", "2"]),
        ("m where x in (2, null) | count()", ["count", "1"]),
        ("m where not (x in (2, null)) | count()", ["count", "0"]),
        ("m where x between -2 and 0 | count()", ["count", "2"]),
        ("m where not (x between -2 and 0) | count()", ["count", "1"]),
        ("m | set y = 1 / x, z = 5 % i | select y, z | limit 2", ["y z", "0.5 5", "- 5"]),
        ("m where i = 0 | set y = i / i, z = 1 / (i * 2), w = x + null | select y, z, w", ["y z w", "- - -"]),
        ("m where i = -7 | set y = i / 2 | select y", ["y", "-3.5"]),
        // Numbers at their ends.
        ("m where u = 3 or u > 9223372036854775807 | count()", ["count", "2"]),
        ("m where u > -1 | count()", ["count", "2"]),
        ("m where i = 9223372036854775807 | count()", ["count", "1"]),
        ("m | max(u), min(i), max(i)", ["max_u min max_i", "18446744073709551615 -7 9223372036854775807"]),
        ("m where i < 9 | sum(i), sum(u)", ["sum_i sum_u", "-5 3"]),
        // Choosing.
        ("m | set k = if(x > 0, \"up\", \"down\") | select k", ["k", "up", "down", "down", "down"]),
        ("m | set k = coalesce(null, s, \"?\") | select k", ["k", "QL1", "?", "?", "Đường 2"]),
        ("m | set k = coalesce(x, i, 0) | select k", ["k", "2", "0", "2", "-1.5"]),
        ("m | set k = coalesce(1, x) | select k | limit 1", ["k", "1"]),
        ("m | set k = if(ok, 1, 2.5) | select k", ["k", "1", "2.5", "2.5", "2.5"]),
        // Text.
        ("m where s ~ \"^QL\" | count()", ["count", "1"]),
        ("m where s !~ \"^QL\" | count()", ["count", "1"]),
        (
            "m where contains(s, \"ờng\") and starts(s, \"Đ\") | set l = lower(s), u = upper(s) | select l, u",
            ["l u", "đường 2 ĐƯỜNG 2"]
        ),
        (
            "m where s is not null | set c = concat(s, \"/\", i) | select c",
            ["c", "QL1/9223372036854775807", "Đường 2/0"]
        ),
        ("m | set n = float(string(x)), t = int(time) | select n, t | limit 2", ["n t", "2 0", "0 60000000000"]),
        // Time in the local zone: 1970-01-01T07:00 of Ho Chi Minh City.
        (
            "m | set h = hour(), w = weekday(), d = date(), t = time_of_day() | select h, w, d, t | limit 1",
            ["h w d t", "7 4 1970-01-01 7h"]
        ),
        ("m | tz \"UTC\" | set h = hour() | select h | limit 1", ["h", "0"]),
        ("m where time >= \"1970-01-01T00:02:00Z\" | count()", ["count", "2"]),
        ("m where time >= 1970-01-01T07:02:00 | count()", ["count", "2"]),
        ("m | set d = time - 1970-01-01T07:00:00 | select d | limit 2", ["d", "0s", "1m"]),
        // Names of columns.
        ("m | mean(x)", ["mean", "0.16666666666666666"]),
        ("m | mean(x) | set y = mean_x * 6 | select y", ["y", "1"]),
        ("m | min(x), min(i) | select min_i, min_x", ["min_i min_x", "-7 -1.5"]),
        ("m | low = min(x), min(i)", ["low min", "-1.5 -7"]),
        ("m where i < 5 | sum(*)", ["sum_i sum_u sum_x", "-5 3 -1.5"]),
        ("m | count() by st", ["st count", "a 2", "b 1", "- 1"]),
        ("m | rise = last(i) - first(x)", ["rise", "-2"]),
        ("m | n = count() by s", ["s n", "QL1 1", "Đường 2 1", "- 2"]),
        // Order, top and limit.
        ("m | select st, x | sort -x", ["st x", "a 2", "b 0", "- -1.5", "a -"]),
        ("m | select st, x | sort x", ["st x", "- -1.5", "b 0", "a 2", "a -"]),
        ("m | select st, x | top 9 x", ["st x", "a 2", "b 0", "- -1.5"]),
        ("m | select st, i | bottom 1 i by st", ["st i", "a 2", "b -7", "- 0"]),
        ("m | limit 0", ["time st i ok s u x"]),
        ("m | count() by st | top 2", ["st count", "a 2", "b 1"]),
        ("m | mean(x) by st | sort -mean_x | limit 1", ["st mean", "a 2"]),
        // Selecting.
        ("m | select time | limit 1", ["time", "1970-01-01T00:00:00Z"]),
        ("m | select x | set x = 1 | limit 1", ["x", "1"]),
        ("m | drop i, ok, s, u, time | limit 1", ["st x", "a 2"]),
        // Windows and fill.
        (
            "m[1970-01-01T07:01:00..1970-01-01T07:05:00] | count() every 2m | where partial",
            ["time count", "1970-01-01T00:00:00Z 1"]
        ),
        ("m | count(x) every 1m fill 9 | sort -time | limit 1", ["time count", "1970-01-01T00:03:00Z 1"]),
        (
            "m where st = \"a\" | first(i) every 1m fill prev | select first",
            ["first", "9223372036854775807", "9223372036854775807", "2"]
        ),
        (
            "m where st = \"a\" or st is null | sum(x), last(s) every 1m fill 0 | select sum, last",
            ["sum last", "2 QL1", "0 -", "- -", "-1.5 Đường 2"]
        ),
        (
            "m where x != 0 | mean(x) every 1m fill linear | select mean",
            [
                "mean", "2", "0.8333333333333335",
                "-0.33333333333333304", "-1.5",
            ]
        ),
        ("m[1970-01-01T07:10:00..1970-01-01T07:12:00] | count() every 1m fill 0 | select count", ["count", "0", "0"]),
        ("m[1970-01-01T07:10:00..1970-01-01T07:12:00] | count() every 1m fill 0 by st", ["time st count"]),
        ("m[..1970-01-01T07:02:00] | count() every 1m fill 0 | select count", ["count", "1", "1"]),
        ("m[1970-01-01T07:02:00..] | count() every 1m fill 0 | select count", ["count", "1", "1"]),
        // Pipes in pipes.
        ("let a = m | count() every 1m; a | max(count), count()", ["max count", "1 4"]),
        ("let a = m | count() every 1m; a[1970-01-01T07:01:00..1970-01-01T07:03:00] | count()", ["count", "2"]),
        (
            "(m | mean(x) every 1m) where mean is not null | sum(mean) every 2m",
            ["time sum", "1970-01-01T00:00:00Z 2", "1970-01-01T00:02:00Z -1.5"]
        ),
        (
            "(m) | count() every 1mo over 2mo",
            ["time count", "1969-11-30T17:00:00Z 4", "1969-12-31T17:00:00Z 4"]
        ),
        // Unpivot.
        ("m | drop s, ok, u | unpivot | count(value) by field", ["field count", "i 4", "x 3"]),
        ("m | select x, i | max(*)", ["max_i max_x", "9223372036854775807 2"]),
        (
            "m | unpivot x, i | count(), sum(value) by field",
            ["field count sum", "i 4 9.223372036854776e18", "x 3 0.5"]
        ),
        ("m | unpivot | count(value) by field", ["field count", "i 4", "ok 2", "s 2", "u 2", "x 3"]),
        (
            "m | unpivot | max(value) by field",
            ["field max", "i 9223372036854775807", "ok true", "s Đường 2", "u 3", "x 2"]
        ),
    ])
    func `a question has the answer that the language gives`(_ query: String, _ expected: [String]) throws {
        let answer = try small.lines(query)
        #expect(answer == expected, "\(query): \(answer)")
    }

    @Test func `measurements that disagree on a type agree on float`() throws {
        let source = MemorySource([
            TestRow(measurement: "a", time: 1, tags: ["t": "1"], fields: ["v": .int(3), "only": .bool(true)]),
            TestRow(measurement: "b", time: 1, tags: ["t": "1"], fields: ["v": .float(0.5)]),
            TestRow(measurement: "c", time: 2, tags: ["t": "2"], fields: ["v": .text("x")]),
        ])
        #expect(try source.lines("a, b | sum(v), count(only)") == ["sum count", "3.5 1"])
        #expect(try source.lines("a, b | sum(v) by measurement") == ["measurement sum", "a 3", "b 0.5"])
        #expect(try source.lines("a, c | count(v), sum(v)") == ["count sum", "1 3"])
    }

    @Test func `a month of a zone with summer time has its own midnights`() throws {
        let hour = 60 * MeaningTests.minute
        // Europe/Berlin turns its clocks forward on 2026-03-29: that day has 23 hours.
        let start: Int64 = 1_774_652_400_000_000_000
        let source = MemorySource((0..<71).map { TestRow(time: start + Int64($0) * hour, fields: ["v": .int(1)]) })
        let berlin = try TimeZoneRules(
            name: "Test", tzif: timeZoneFile(transitions: [], offsets: [3600], footer: "CET-1CEST,M3.5.0,M10.5.0/3"))
        #expect(
            try source.lines("m | count() every 1d", zone: berlin) == [
                "time count", "2026-03-27T23:00:00Z 24", "2026-03-28T23:00:00Z 23", "2026-03-29T22:00:00Z 24",
            ])
    }

    /// The clocks of Europe/Berlin go forward on 2026-03-29 and back on 2026-10-25; a row an hour around both.
    @Test(arguments: [
        // 01:00Z is 03:00 in spring: the first window of six hours has five.
        (
            "m[2026-03-29] | count() every 6h",
            ["2026-03-28T23:00:00Z 6", "2026-03-29T05:00:00Z 6", "2026-03-29T11:00:00Z 6", "2026-03-29T17:00:00Z 5"]
        ),
        (
            "m[2026-10-25] | count() every 12h",
            ["2026-10-24T22:00:00Z 12", "2026-10-25T10:00:00Z 12", "2026-10-25T22:00:00Z 1"]
        ),
        ("m[2026-10-25] | count() every 1d", ["2026-10-24T22:00:00Z 25"]),
        ("m[2026-03-29] | count() every 1d", ["2026-03-28T23:00:00Z 23"]),
        // Monday to Monday: a week of 167 hours, and one of 169.
        ("m[2026-03-23..2026-03-30] | count() every 1w", ["2026-03-22T23:00:00Z 167"]),
        ("m[2026-10-19..2026-10-26] | count() every 1w", ["2026-10-18T22:00:00Z 169"]),
        // Shifts that begin at 06:00 do so on the day of the change too: 23 hours from Saturday's.
        (
            "m[2026-03-28T06:00..2026-03-30T06:00] | count() every 1d origin 2026-03-01T06:00",
            ["2026-03-28T05:00:00Z 23", "2026-03-29T04:00:00Z 24"]
        ),
        (
            "m[2026-10-24T06:00..2026-10-26T06:00] | count() every 1d origin 2026-03-01T06:00",
            ["2026-10-24T04:00:00Z 25", "2026-10-25T05:00:00Z 24"]
        ),
        // Two local days that start every day: 47 hours as soon as the change is inside.
        (
            "m[2026-03-27..2026-03-31] | count() every 1d over 2d | where not partial",
            ["2026-03-26T23:00:00Z 48", "2026-03-27T23:00:00Z 47", "2026-03-28T23:00:00Z 47"]
        ),
        // Both: two days from 06:00, every day; then six hours of exact length from an origin, whatever the wall says.
        (
            "m[2026-03-27T06:00..2026-03-31T06:00] | count() every 1d over 2d origin 2026-03-01T06:00 | where not partial",
            ["2026-03-27T05:00:00Z 47", "2026-03-28T05:00:00Z 47", "2026-03-29T04:00:00Z 48"]
        ),
        (
            "m[2026-03-28T18:00..2026-03-29T19:00] | count() every 6h origin 2026-03-28T00:00",
            ["2026-03-28T17:00:00Z 6", "2026-03-28T23:00:00Z 6", "2026-03-29T05:00:00Z 6", "2026-03-29T11:00:00Z 6"]
        ),
        // Two hours of the clock on the wall that start every hour; no hour is counted from twice.
        (
            "m[2026-03-29T00:00..2026-03-29T05:00] | count() every 1h over 2h | where not partial",
            ["2026-03-28T23:00:00Z 2", "2026-03-29T00:00:00Z 2", "2026-03-29T01:00:00Z 2"]
        ),
        // A month has an hour less or more.
        ("m[2026-03] | count() every 1mo", ["2026-02-28T23:00:00Z 743"]),
        ("m[2026-10] | count() every 1mo", ["2026-09-30T22:00:00Z 745"]),
    ])
    func `windows of a zone with summer time begin with its own hours`(_ query: String, _ expected: [String]) throws {
        let hour = 60 * MeaningTests.minute
        let start = try #require(Timestamp(rfc3339: "2026-02-15T00:00:00Z")).nanoseconds
        let source = MemorySource((0..<6600).map { TestRow(time: start + $0 * hour, fields: ["v": .int(1)]) })
        let berlin = try TimeZoneRules(
            name: "Test", tzif: timeZoneFile(transitions: [], offsets: [3600], footer: "CET-1CEST,M3.5.0,M10.5.0/3"))
        #expect(Array(try source.lines(query, zone: berlin).dropFirst()) == expected)
    }

    /// UTC+7 has no summer time: every day has 24 hours, every window begins on the hour of the wall's clock.
    @Test(arguments: [
        ("m[2026-03-29] | count() every 6h", ["28T17", "28T23", "29T05", "29T11"], 6),
        ("m[2026-10-24..2026-10-27] | count() every 1d", ["23T17", "24T17", "25T17"], 24),
        ("m[2026-03-23..2026-04-06] | count() every 1w", ["22T17", "29T17"], 168),
        (
            "m[2026-03-27..2026-03-30] | count() every 1d origin 2026-03-01T06:00 | where not partial",
            ["26T23", "27T23"], 24
        ),
        ("m[2026-03-27..2026-03-31] | count() every 1d over 2d | where not partial", ["26T17", "27T17", "28T17"], 48),
    ])
    func `windows at UTC+7 hold no surprises`(_ query: String, _ starts: [String], _ count: Int) throws {
        let hour = 60 * MeaningTests.minute
        let start = try #require(Timestamp(rfc3339: "2026-02-15T00:00:00Z")).nanoseconds
        let source = MemorySource((0..<6600).map { TestRow(time: start + $0 * hour, fields: ["v": .int(1)]) })
        let month = query.contains("2026-10") ? "10" : "03"
        #expect(
            Array(try source.lines(query).dropFirst()) == starts.map { "2026-\(month)-\($0):00:00Z \(count)" })
    }

    @Test func `silence is told by group, and limits stop a query`() throws {
        let answer = try small.lines("m | stale 90s by st", now: 3 * MeaningTests.minute)
        #expect(answer == ["st time age", "b 1970-01-01T00:01:00Z 2m"])
        func code(_ query: String, _ limits: QueryLimits) -> QueryError.Code? {
            do { _ = try small.lines(query, limits: limits) } catch { return error.code }
            return nil
        }
        #expect(code("m", QueryLimits(rows: 3)) == .rowLimit)
        #expect(code("m | count() every 1m", QueryLimits(rows: 3)) == .rowLimit)
        #expect(code("m[1970-01-01] | count() every 1m", QueryLimits(windows: 1000)) == .windowLimit)
        #expect(code("m | count() every 1m", QueryLimits(windows: 3)) == .windowLimit)
        #expect(code("m | count() every 1m fill 0", QueryLimits(windows: 4)) == nil)
    }
}
