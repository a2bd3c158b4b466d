import Testing
import TramColumnar
import TramQuery
import TramTesting

/// Pipes put together at random: each has an answer that the order of arrival does not change, or an error.
@Suite struct PipeFuzzTests {
    private static let sources = [
        "m", "m[all]", "m[1h]", "m[30m] warm 10m", "m[..-5m]", "m[-40m..]", "m, o", "o[20m] warm 1mo", "(m | limit 9)",
        "m where n > 3", "(m | sum(n) by a every 5m)[20m] warm 10m", "m[-10m..-10m]", "m where a = \"none\"",
    ]
    private static let stages = [
        "where n > 2", "set x = n * 2", "set y = hour() + n, z = \"t\"", "select time, a, n", "select n", "drop b",
        "sort -n", "sort time, n", "top 3 n", "bottom 2 n by a", "limit 5", "limit 0", "count()", "count() by a",
        "sum(n), count() by a, b every 5m", "mean(n) by a every 5m over 12m", "n = sum(n) by a every 7m fill prev",
        "n = count() every 10m fill 0 vs 10m", "sum(n) by a vs 20m", "n = max(n) by b every 1h vs 1mo",
        "n = max(n), d = duration() by a session 3m", "n = count(), d = duration() by a runs s",
        "n = count(), t = max(time) runs n > 4", "n = first(n) by b every 3 rows", "fill prev", "fill 1", "fill linear",
        "join (o | select time, a, n) on a", "left (o | select time, a, n) on a within 4m",
        "join (m | n = count() by a every 5m)", "left (m | n = max(n) by a)", "join (m | count() every 5m) on time",
        "left (o | n = count() runs s) within 1h", "unpivot", "unpivot n | count() by field", "stale 5m by a",
        "mean(*) by a", "tz \"UTC\"", "where not partial", "select time, partial", "set partial = 1",
    ]

    @Test(arguments: 0..<400)
    func `a pipe of any stages is answered`(_ seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let minute: Int64 = 60_000_000_000
        var taken: Set<String> = []
        var rows: [TestRow] = []
        for _ in 0..<Int.random(in: 1...60, using: &generator) {
            let measurement = Bool.random(using: &generator) ? "m" : "o"
            let tags = [
                "a": "a\(Int.random(in: 0...2, using: &generator))",
                "b": "b\(Int.random(in: 0...1, using: &generator))",
            ]
            .filter { _ in Int.random(in: 0...7, using: &generator) > 0 }
            let time = Int64.random(in: 0...60, using: &generator) * minute
            guard taken.insert("\(measurement) \(tags.sorted { $0.key < $1.key }) \(time)").inserted else { continue }
            var fields: [String: Cell] = ["n": .int(Int64.random(in: -2...9, using: &generator))]
            if Bool.random(using: &generator) {
                fields["s"] = .text(["on", "off"].randomElement(using: &generator) ?? "")
            }
            rows.append(TestRow(measurement: measurement, time: time, tags: tags, fields: fields))
        }
        for measurement in ["m", "o"] {
            rows.append(
                TestRow(
                    measurement: measurement, time: 61 * minute, tags: ["a": "a0", "b": "b0"],
                    fields: ["n": .int(1), "s": .text("on")]))
        }
        for _ in 0..<5 {
            var query = PipeFuzzTests.sources.randomElement(using: &generator) ?? "m"
            for _ in 0..<Int.random(in: 1...5, using: &generator) {
                query += " | " + (PipeFuzzTests.stages.randomElement(using: &generator) ?? "limit 1")
            }
            func answer(_ rows: [TestRow]) -> [String] {
                do {
                    return try MemorySource(rows).lines(query, now: 61 * minute + 1, limits: QueryLimits(rows: 5000))
                } catch {
                    return [error.code.rawValue, "\(error.place(in: query)?.column ?? 0)"]
                }
            }
            #expect(answer(rows) == answer(rows.shuffled(using: &generator)), "\(query)")
        }
    }

    @Test(arguments: [
        "m | count() session 5m", "m | count() every 3 rows", "m | count() runs s", "m | count() every 1m vs 7d",
        "m[all] warm 1h | count() every 1m", "m | count() by a every 1m | join (m | count() by a every 1m)",
    ])
    func `a standing query has no place for what looks back or needs all rows`(_ query: String) {
        let source = MemorySource([TestRow(time: 0, tags: ["a": "1"], fields: ["n": .int(1), "s": .text("on")])])
        let context = QueryContext(now: 0, zone: .hoChiMinh, zones: BuiltInZones())
        var code: QueryError.Code?
        do {
            _ = try StandingPlan(
                query, schemas: ["m": source.schema(of: "m") ?? Schema(measurement: "m")], strings: source.strings,
                context: context)
        } catch { code = error.code }
        #expect(code == .notAvailable || code == .misplaced, "\(query)")
    }
}
