import Testing
import TramColumnar
import TramQuery

/// What "The query language" says, where no other test says it.
@Suite struct LanguageGuideTests {
    private static let source = MemorySource(
        (0..<6).map { (index: Int) -> TestRow in
            let way = index % 2 == 0 ? "a" : "b"
            let fields: [String: Cell] = [
                "speed": .float(Double(index)), "n": .int(Int64(index)), "way": .int(7),
            ]
            return TestRow(
                measurement: "traffic", time: Int64(index) * 60_000_000_000, tags: ["way": way, "top": "t"],
                fields: fields)
        })

    private static let answers: [(String, [String])] = [
        // A let does not hide a measurement from its own text.
        ("let traffic = traffic where speed > 3; traffic | mean(speed)", ["mean", "4.5"]),
        // A word of the language in backquotes is a name; a bare name is the tag, field.x the field.
        ("traffic | count() by `top`", ["top count", "t 6"]),
        ("traffic | max(field.way), distinct(tag.way)", ["max distinct", "7 2"]),
        // Clauses in any order, and both names of a single call.
        (
            "traffic | max(speed) fill none every 3m by way | where max_speed = max and max > 2 | select way, max",
            ["way max", "a 4", "b 5"]
        ),
        ("traffic | count(), count(n)", ["count count_n", "6 6"]),
        ("traffic | m = max(*) | select m_n, m_speed", ["m_n m_speed", "5 5"]),
        // Nothing: counts are 0, the one group without by has its row, other groups have none.
        ("traffic where speed > 9 | count(), distinct(n), sum(n)", ["count distinct sum", "0 0 -"]),
        ("traffic where speed > 9 | count() by way", ["way count"]),
        // int / int is a float; % keeps the type; x / 0 is null.
        ("traffic where n = 5 | set a = n / 2, b = n % 3, c = n / 0 | select a, b, c", ["a b c", "2.5 2 -"]),
        ("traffic where n = 5 | set a = 1h * 2, b = 1h / 30m, c = time - time | select a, b, c", ["a b c", "2h 2 0s"]),
        // A text of the form of RFC 3339 beside a time.
        ("traffic where time >= \"1970-01-01T00:05:00Z\" | count()", ["count", "1"]),
        ("traffic where not way in (\"a\") and speed between 1 and 3 | count()", ["count", "2"]),
        ("traffic | count() | limit 0", ["count"]),
        // `late` outside of standing queries changes nothing.
        ("traffic | count() late 5m", ["count", "6"]),
        ("traffic | unpivot speed, n | count(value) by field", ["field count", "n 6", "speed 6"]),
    ]

    @Test(arguments: answers)
    func `what the guide says`(_ query: String, _ expected: [String]) throws {
        let answer = try Self.source.lines(query)
        #expect(answer == expected, "\(query): \(answer)")
    }

    @Test(arguments: [
        ("traffic where 1 < n < 3", "query.syntax"), ("traffic where time > -1h", "query.type_mismatch"),
        ("traffic where n > 1mo", "query.bad_duration"), ("traffic | count() every 1mo2d", "query.bad_duration"),
        ("traffic | count() every 5m session 2m", "query.syntax"), ("traffic | emit on close", "query.misplaced"),
        ("traffic | set s = anomaly(n)", "query.not_available"), ("traffic | set time = time", "query.duplicate_name"),
        ("traffic | count() every 1m fill 0.5", "query.type_mismatch"),
        ("traffic | set s = n ~ \"5\"", "query.type_mismatch"),
        ("traffic where speed = \"5\"", "query.type_mismatch"),
    ])
    func `what the guide says is refused`(_ query: String, _ code: String) throws {
        do {
            let answer = try Self.source.lines(query)
            Issue.record("\(query): \(answer)")
        } catch {
            #expect(error.code.rawValue == code, "\(query)")
        }
    }
}
