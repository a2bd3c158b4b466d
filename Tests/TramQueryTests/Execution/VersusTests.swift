import Testing
import TramColumnar
import TramQuery
import TramTesting

/// `vs 7d`: the same aggregation so long before.
@Suite struct VersusTests {
    private static let hour: Int64 = 3_600_000_000_000
    private static let day = 24 * hour

    /// Day 0 (1970-01-01, local midnight of UTC+7) and day 7; way `b` only then, way `c` only now.
    private let weeks: MemorySource = {
        func row(_ day: Int64, _ hour: Int64, _ way: String, _ speed: Double?) -> TestRow {
            var fields: [String: Cell] = ["n": .int(hour), "s": .text(way)]
            if let speed { fields["speed"] = .float(speed) }
            return TestRow(
                time: day * VersusTests.day + (hour - 7) * VersusTests.hour, tags: ["way": way], fields: fields)
        }
        return MemorySource([
            row(0, 0, "a", 40), row(0, 1, "a", 0), row(0, 2, "a", 10), row(0, 2, "b", 5),
            row(7, 0, "a", 50), row(7, 1, "a", 30), row(7, 2, "a", nil), row(7, 3, "a", 7), row(7, 0, "c", 1),
        ])
    }()

    private static let range = "m[1970-01-08]"

    @Test(arguments: [
        // Nothing then (b has no row now), 0 then, nothing now, no window then.
        (
            "| mean(speed) by way every 1h vs 7d",
            [
                "time way mean mean_vs mean_pct", "1970-01-07T17:00:00Z a 50 40 25", "1970-01-07T18:00:00Z a 30 0 -",
                "1970-01-07T19:00:00Z a - 10 -", "1970-01-07T20:00:00Z a 7 - -", "1970-01-07T17:00:00Z c 1 - -",
            ]
        ),
        ("| max(speed) by way vs 7d", ["way max max_vs max_pct", "a 50 40 25", "c 1 - -"]),
        ("| count(), x = max(n) vs 7d", ["count count_vs count_pct x x_vs x_pct", "5 4 25 3 2 50"]),
        ("| max(speed) vs 1w", ["max max_vs max_pct", "50 40 25"]),
        ("| max(speed) vs 168h", ["max max_vs max_pct", "50 40 25"]),
        // No percents of texts; both spellings of a name work later.
        (
            "where way = \"a\" | last(s), max(speed) vs 7d | select last, last_vs, max_speed_pct",
            ["last last_vs max_pct", "a a 25"]
        ),
        ("| count() by way every 1h vs 7d | where count_pct is null | count()", ["count", "2"]),
        // The same aggregation: its windows are filled at both times.
        (
            "where way = \"a\" | sum(n) every 6h fill 0 vs 7d | drop time",
            ["sum sum_vs sum_pct", "6 3 100", "0 0 -", "0 0 -", "0 0 -"]
        ),
        (
            "where way = \"a\" | sum(n) every 6h vs 7d | fill 0 | drop time",
            ["sum sum_vs sum_pct", "6 3 100", "0 0 -", "0 0 -", "0 0 -"]
        ),
        // Seven hours before there is nothing; six days and 23 hours before, the hour after.
        (
            "where way = \"a\" | sum(n) every 1h vs 6d23h | select sum, sum_vs",
            ["sum sum_vs", "0 1", "1 2", "2 -", "3 -"]
        ),
    ])
    func `each output has its value then and the change`(_ query: String, _ expected: [String]) throws {
        let answer = try weeks.lines(VersusTests.range + " " + query)
        #expect(answer == expected, "\(query): \(answer)")
    }

    @Test func `the age of a row is told from the now of that time`() throws {
        // Now is three hours into day 7: the last 90 minutes hold hours 2 and 3.
        let now = 7 * VersusTests.day - 4 * VersusTests.hour + 1
        let answer = try weeks.lines(
            "m[today] where way = \"a\" | n = count() where (age() < 90m) vs 7d", now: now)
        #expect(answer == ["n n_vs n_pct", "2 1 100"])
    }

    @Test func `months before are those of the calendar`() throws {
        // A row a day, from 2026-01-01 to 2026-04-30 in UTC+7.
        let first = try #require(Timestamp(rfc3339: "2026-01-01T00:00:00+07:00")).nanoseconds
        let source = MemorySource(
            (0..<120).map { TestRow(time: first + $0 * VersusTests.day, fields: ["n": .int($0 + 1)]) })
        #expect(
            try source.lines("m[2026-02-01..2026-05-01] | count() every 1mo vs 1mo") == [
                "time count count_vs count_pct", "2026-01-31T17:00:00Z 28 31 -9.67741935483871",
                "2026-02-28T17:00:00Z 31 28 10.714285714285714", "2026-03-31T17:00:00Z 30 31 -3.225806451612903",
            ])
        // February has no 30th: the last days of March are set beside its last.
        #expect(
            try source.lines("m[2026-03-28..2026-04-02] | sum(n) every 1d vs 1mo | select sum, sum_vs") == [
                "sum sum_vs", "87 59", "88 59", "89 59", "90 59", "91 60",
            ])
        #expect(
            try source.lines("m[2026-03] | count() vs 1mo") == ["count count_vs count_pct", "31 28 10.714285714285714"])
    }

    @Test func `days before are those of the local calendar`() throws {
        let berlin = try TimeZoneRules(
            name: "Test", tzif: timeZoneFile(transitions: [], offsets: [3600], footer: "CET-1CEST,M3.5.0,M10.5.0/3"))
        // A row an hour from Saturday 2026-03-21 on; the clocks go forward on Sunday the 29th.
        let first = try #require(Timestamp(rfc3339: "2026-03-21T00:00:00+01:00")).nanoseconds
        let source = MemorySource(
            (0..<240).map { TestRow(time: first + $0 * VersusTests.hour, fields: ["n": .int($0)]) })
        #expect(
            try source.lines("m[2026-03-28..2026-03-31] | count() every 1d vs 7d", zone: berlin) == [
                "time count count_vs count_pct", "2026-03-27T23:00:00Z 24 24 0",
                "2026-03-28T23:00:00Z 23 24 -4.166666666666667", "2026-03-29T22:00:00Z 24 24 0",
            ])
        // 08:00 of the summer's first day beside 08:00 a week before: an hour less has passed between them.
        #expect(
            try source.lines("m[2026-03-29T08:00..2026-03-29T10:00] | sum(n) every 1h vs 7d", zone: berlin) == [
                "time sum sum_vs sum_pct", "2026-03-29T06:00:00Z 199 32 521.875",
                "2026-03-29T07:00:00Z 200 33 506.06060606060606",
            ])
    }

    @Test(arguments: 0..<60)
    func `windows are set beside those of a model`(_ seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        var sums: [[Int64]: Int64] = [:]
        var rows: [TestRow] = []
        var taken: Set<[Int64]> = []
        let width = ([1, 2, 6, 24].randomElement(using: &generator) ?? 1) * VersusTests.hour
        let shift = ([1, 2, 3, 7, 24, 48].randomElement(using: &generator) ?? 1) * VersusTests.hour
        let start = 40 * VersusTests.hour
        let end = 90 * VersusTests.hour
        // Day windows begin at local midnight, seven hours before that of UTC.
        let phase =
            width == VersusTests.day
            ? 17 * VersusTests.hour
            : width == 6 * VersusTests.hour
                ? 5 * VersusTests.hour : width == 2 * VersusTests.hour ? VersusTests.hour : 0
        for _ in 0..<Int.random(in: 0...200, using: &generator) {
            let way = Int64.random(in: 0...2, using: &generator)
            let time = Int64.random(in: 0...(100 * 60), using: &generator) * 60_000_000_000
            guard taken.insert([way, time]).inserted else { continue }
            let n = Int64.random(in: -3...3, using: &generator)
            rows.append(TestRow(time: time, tags: ["way": "w\(way)"], fields: ["n": .int(n)]))
        }
        rows.append(TestRow(time: start, tags: ["way": "w9"], fields: ["n": .int(1)]))
        func windows(from: Int64, to: Int64, moved: Int64) -> [[Int64]: Int64] {
            var sums: [[Int64]: Int64] = [:]
            for row in rows where row.time >= from && row.time < to {
                guard case .int(let n)? = row.fields["n"], let way = row.tags["way"]?.dropFirst(),
                    let number = Int64(way)
                else { continue }
                let time = row.time + moved
                let rest = ((time - phase) % width + width) % width
                sums[[number, time - rest], default: 0] += n
            }
            return sums
        }
        sums = windows(from: start, to: end, moved: 0)
        let then = windows(from: start - shift, to: end - shift, moved: shift)
        let expected = sums.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { key, sum -> String in
            let past = then[key]
            var percent = "-"
            if let past, past != 0 { percent = Value.float(100 * Double(sum - past) / Double(past) + 0).plainText }
            return
                "\(Timestamp(nanoseconds: key[1]).rfc3339) w\(key[0]) \(sum) \(past.map { "\($0)" } ?? "-") \(percent)"
        }
        let range = "[\(Timestamp(nanoseconds: start).rfc3339)..\(Timestamp(nanoseconds: end).rfc3339)]"
        let query =
            "m\(range) | sum(n) by way every \(width / VersusTests.hour)h vs \(shift / VersusTests.hour)h"
        #expect(Array(try MemorySource(rows).lines(query).dropFirst()) == expected, "\(query)")
    }
}
