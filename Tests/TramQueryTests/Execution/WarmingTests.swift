import Testing
import TramColumnar
import TramQuery

/// `[range] warm 12h`: what is read before the range, and what is given out.
@Suite struct WarmingTests {
    private static let minute: Int64 = 60_000_000_000

    /// A row a minute, from 07:00 to 07:19 of UTC+7; n is the minute.
    private let minutes = MemorySource(
        (0..<20).map {
            TestRow(time: $0 * WarmingTests.minute, tags: ["st": $0 % 2 == 0 ? "a" : "b"], fields: ["n": .int($0)])
        })

    private static let range = "[1970-01-01T07:10..1970-01-01T07:13]"

    /// Every text gives what it gives without `warm`, however many stages look at its rows.
    @Test(arguments: [
        "| select time, n", "| select n", "| drop time", "| set x = n * 2 | select x", "where st = \"a\"",
        "| where n > 10", "| sort -n", "| sort -n | limit 1", "| limit 2", "| top 1 n", "| bottom 1 n by st",
        "| count()", "| count() by st", "| sum(n), first(n) by st every 1m", "| sum(n) every 1m | set x = sum + 1",
        "| sum(n) every 1m | where sum > 10 | set x = sum | sort -x", "| sum(n) every 1m | drop time",
        "| sum(n) every 1m | select sum", "| sum(n) every 1m | max(sum), count()", "| sum(n) every 1m | limit 2",
        "| sum(n) every 1m fill 0", "| sum(n) by st every 1m | fill 0", "| set x = n | where x > 0 | sum(x) every 1m",
        "| count() session 5m", "| count() every 2 rows", "| count() runs st", "| unpivot | count() by field",
        "| sum(n) every 1m vs 2m", "| sum(n) by st vs 2m", "| sum(n) every 1m | unpivot",
        "| sum(n) by st every 1m | join (m | count() by st) on st", "| sum(n) every 1m | sum(sum) every 2m",
    ])
    func `rows and windows before the range are not given out`(_ query: String) throws {
        let plain = try minutes.lines("m" + WarmingTests.range + query)
        #expect(plain.count > 1)
        for warm in ["1m", "7m", "12h", "1mo"] {
            let answer = try minutes.lines("m" + WarmingTests.range + " warm \(warm) " + query)
            #expect(answer == plain, "warm \(warm): \(answer)")
        }
    }

    @Test(arguments: [
        // The window 07:08 reaches into the range, but begins before it.
        ("| sum(n) every 4m | select sum", ["sum", "12"], ["sum", "21", "12"]),
        // Values before the range are carried into it.
        (
            "where n < 10 or n = 11 | sum(n) every 1m fill prev | select sum", ["sum", "9", "11", "11"],
            ["sum", "-", "11", "11"]
        ),
        (
            "where n < 10 or n = 11 | sum(n) every 1m | fill prev | select sum", ["sum", "9", "11", "11"],
            ["sum", "-", "11", "11"]
        ),
    ])
    func `what is read before the range is there for those who look back`(
        _ query: String, _ warm: [String], _ plain: [String]
    ) throws {
        #expect(try minutes.lines("m" + WarmingTests.range + " warm 2m " + query) == warm)
        #expect(try minutes.lines("m" + WarmingTests.range + query) == plain)
    }

    @Test func `a table is warmed as stored rows are`() throws {
        let table = "let a = m | sum(n) every 1m; a" + WarmingTests.range
        #expect(try minutes.lines(table + " warm 2m | set x = sum | select x") == ["x", "10", "11", "12"])
        #expect(try minutes.lines(table + " warm 2m | max(sum), count()") == ["max count", "12 3"])
        #expect(try minutes.lines("m[all] warm 1h | count()") == ["count", "20"])
        #expect(try minutes.lines("m[..1970-01-01T07:05] warm 1h | count()") == ["count", "5"])
    }

    @Test func `running functions look back before the range`() throws {
        func both(_ query: String) throws -> [[String]] {
            [
                try minutes.lines("m" + WarmingTests.range + " warm 2m " + query),
                try minutes.lines("m" + WarmingTests.range + query),
            ]
        }
        // Along windows, along the rows of each series, and along rows into an aggregation.
        #expect(
            try both("| sum(n) every 1m | set d = diff(sum) | where d > 0 | select d")
                == [["d", "1", "1", "1"], ["d", "1", "1"]])
        #expect(try both("| set d = diff(n) | select d") == [["d", "2", "2", "2"], ["d", "-", "-", "2"]])
        #expect(try both("| set d = diff(n) | sum(d)") == [["sum", "6"], ["sum", "2"]])
    }

    @Test func `windows that rows cut have every aggregate`() throws {
        // n > 15 from the 16th minute to the last row, the 18th; the session lasts from the first to the last row.
        #expect(
            try minutes.lines(
                "m where st = \"a\" | t = duration(n > 15), d = duration(), corr(n, n), increase(n) session 5m | drop time"
            )
                == ["t d corr increase", "2m 18m 1 18"])
    }
}
