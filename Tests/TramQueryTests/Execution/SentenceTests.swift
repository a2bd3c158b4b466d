import Testing
import TramColumnar
import TramQuery

/// Sentences of the language about ranges, windows, `fill`, `let`, `tz` and names that meet.
@Suite struct SentenceTests {
    private static let minute: Int64 = 60_000_000_000
    private static let hour = 60 * minute

    /// A row an hour from 1970-01-01T07:00 at UTC+7, for two days; `st` is a tag and a field.
    private let hours = MemorySource(
        (0..<48).map {
            TestRow(
                time: $0 * SentenceTests.hour, tags: ["st": $0 % 2 == 0 ? "even" : "odd"],
                fields: ["n": .int($0), "st": .text($0 < 24 ? "first" : "second")])
        })

    private func lines(_ query: String) throws -> [String] { try hours.lines(query, now: 30 * SentenceTests.hour) }

    /// Now is 13:00 of the second of January.
    @Test(arguments: [
        ("[all]", 48), ("[2h]", 2), ("[1d]", 24), ("[today]", 24), ("[yesterday]", 17), ("[thisweek]", 48),
        ("[lastweek]", 0), ("[thismonth]", 48), ("[lastyear]", 0), ("[1970-01-01]", 17), ("[1970-01]", 48),
        ("[-2h..-1h]", 1), ("[-2h..]", 20), ("[..-2h]", 28), ("[..]", 48), ("[06:00..09:00]", 3),
        ("[1970-01-01T23:00..]", 32), ("[1970-01-01T22:00..23:30]", 2), ("[1970-01-01T00:00:00.5Z..now]", 29),
        ("[yesterday..today]", 17), ("[1970-01-01T09:00..1970-01-01T09:00]", 0), ("[1mo]", 30),
    ])
    func `a range has its rows, the end excluded`(_ range: String, _ count: Int) throws {
        #expect(try lines("m\(range) | count()") == ["count", "\(count)"])
        #expect(try lines("let a = m; a\(range) | count()") == ["count", "\(count)"])
        #expect(try lines("(m)\(range) | limit 100 | count()") == ["count", "\(count)"])
    }

    @Test(arguments: [
        // Windows that reach over the range's ends hold only rows of the range, and say so.
        (
            "m[08:30..11:30] | count() every 1h over 2h | select time, count, partial",
            [
                "time count partial", "1970-01-02T01:00:00Z 1 true", "1970-01-02T02:00:00Z 2 false",
                "1970-01-02T03:00:00Z 2 true", "1970-01-02T04:00:00Z 1 true",
            ]
        ),
        ("m[08:30..11:30] | count() every 1h over 2h | where not partial", ["time count", "1970-01-02T02:00:00Z 2"]),
        (
            "m[08:30..11:30] | count() every 1h | drop count",
            ["time", "1970-01-02T02:00:00Z", "1970-01-02T03:00:00Z", "1970-01-02T04:00:00Z"]
        ),
        // A second aggregation knows the range too.
        (
            "m[08:30..13:30] | count() every 1h | sum(count) every 2h | select sum, partial",
            ["sum partial", "1 true", "2 false", "2 true"]
        ),
        ("m[-2h..] where n = 30 | count() every 1h | sum(count) every 12h fill 0 | select sum", ["sum", "0", "1"]),
        // fill, as a clause and as a stage.
        (
            "m[08:00..13:00] where n != 27 | sum(n) every 1h fill prev | select sum",
            ["sum", "25", "26", "26", "28", "29"]
        ),
        (
            "m[08:00..13:00] where n != 25 | sum(n) every 1h | fill prev | select sum",
            ["sum", "-", "26", "27", "28", "29"]
        ),
        (
            "let a = m[08:00..13:00] where n != 27 | sum(n) every 1h; a | fill linear | select sum",
            ["sum", "25", "26", "27", "28", "29"]
        ),
        ("m[08:00..10:00] where n = 0 | count(), sum(n) every 1h fill null | drop time", ["count sum", "- -", "- -"]),
        // tz governs the whole text, wherever it stands.
        ("m[yesterday] | tz \"UTC\" | count()", ["count", "24"]),
        ("(m | tz \"UTC\") | count() every 1d | drop time", ["count", "24", "24"]),
        ("let a = m | tz \"UTC\"; m | count() every 1d | drop time", ["count", "24", "24"]),
        (
            "m | count() every 1d | join (m | count() every 1d | tz \"UTC\") | drop time",
            ["count count_2", "24 24", "24 24"]
        ),
        // A let may be used several times, and let may use let.
        (
            "let a = m | n = sum(n) by st; let b = a | where n > 560; b | join (a) on st | left (b) on st",
            ["st n n_2 n_3", "odd 576 576 576"]
        ),
        ("((m | n = count() by st)) where n > 1 | (n)", []),
        ("((m | n = count() by st)) where n > 1 | sum(n)", ["sum", "48"]),
        // The bare name is the tag; field.x and tag.x say which.
        ("m | count() by st", ["st count", "even 24", "odd 24"]),
        ("m | count() where (field.st = \"first\"), odd = count() where (tag.st = \"odd\")", ["count odd", "24 24"]),
        (
            "m | set f = field.st | count() by st, f",
            ["st f count", "even first 12", "even second 12", "odd first 12", "odd second 12"]
        ),
        ("m | limit 30 | where field.st = \"second\" and tag.st = \"odd\" | select n", ["n", "25", "27", "29"]),
        ("m | mode(*)", ["mode_n mode_st", "0 first"]),
        ("m | mean(*)", ["mean_n", "23.5"]),
        ("m | mean(*), max(*) by st", ["st mean_n max_n max_st", "even 23 46 second", "odd 24 47 second"]),
        // The largest first, the smallest first, and of each group.
        ("m | top 2 n | select n", ["n", "47", "46"]),
        ("m | bottom 2 n | select n", ["n", "0", "1"]),
        ("m | top 2 n by st | select st, n", ["st n", "even 46", "even 44", "odd 47", "odd 45"]),
        ("m | bottom 1 n by st | select st, n", ["st n", "even 0", "odd 1"]),
    ])
    func `a sentence of the language holds`(_ query: String, _ expected: [String]) throws {
        guard !expected.isEmpty else {
            #expect(throws: QueryError.self) { try lines(query) }
            return
        }
        let answer = try lines(query)
        #expect(answer == expected, "\(query): \(answer)")
    }

    @Test func `newest values and silence look at all time when no range is given`() throws {
        func answer(_ query: String) throws -> [String] {
            let context = QueryContext(now: 60 * SentenceTests.hour, zone: .hoChiMinh, zones: BuiltInZones())
            for text in ["even", "odd", "first", "second"] { _ = hours.strings.code(text) }
            let result = try QueryRunner.run(query, source: hours, context: context)
            return (0..<result.rowCount).map { row in
                result.columns.indices.map { result.value(row: row, column: $0).plainText }.joined(separator: " ")
            }
        }
        // The newest row is 13 hours old.
        #expect(try answer("m | count()") == ["0"])
        #expect(try answer("m | last(n) by st") == ["even 46", "odd 47"])
        #expect(try answer("m where tag.st = \"odd\" | set x = n + 1 | newest = last(x), last(n)") == ["48 47"])
        #expect(try answer("m | last(n), count() by st") == [])
        #expect(try answer("m | last(n) every 1h") == [])
        #expect(try answer("m[1h] | last(n) by st") == [])
        #expect(try answer("m | stale 13h by st") == ["even 1970-01-02T22:00:00Z 14h"])
        #expect(try answer("m[14h] | stale 30m by st").count == 2)
    }
}
