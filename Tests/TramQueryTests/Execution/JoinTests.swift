import Testing
import TramColumnar
import TramQuery
import TramTesting

/// `join` and `left`.
@Suite struct JoinTests {
    private static let minute: Int64 = 60_000_000_000

    private static func row(
        _ measurement: String, _ minute: Int64, _ tags: [String: String], _ fields: [String: Cell]
    ) -> TestRow {
        TestRow(measurement: measurement, time: minute * JoinTests.minute, tags: tags, fields: fields)
    }

    /// Two rooms; room 2's fan stands, and room 3 has a fan alone.
    private let rooms = MemorySource([
        row("temp", 0, ["room": "1"], ["v": .float(31)]), row("temp", 1, ["room": "2"], ["v": .float(35)]),
        row("temp", 6, ["room": "1"], ["v": .float(29)]), row("temp", 7, ["room": "2"], ["v": .float(36)]),
        row("fan", 2, ["room": "1"], ["run": .int(1)]), row("fan", 3, ["room": "2"], ["run": .int(0)]),
        row("fan", 8, ["room": "1"], ["run": .int(1)]), row("fan", 9, ["room": "3"], ["run": .int(1)]),
    ])

    /// Cars pass camera A, then B.
    private let plates = MemorySource(
        [
            (0, "A", "29A"), (2, "A", "30B"), (5, "A", "31C"), (7, "B", "29A"), (9, "B", "30B"), (12, "B", "29A"),
            (20, "A", "29A"), (50, "B", "29A"), (51, "A", "30B"), (51, "B", "30B"),
        ].map { row("plate", $0, ["cam": $1], ["number": .text($2)]) })

    @Test(arguments: [
        (
            "temp | mean(v) by room every 5m | join (fan | max(run) by room every 5m) on room | where mean > 30 and max = 1",
            ["time room mean max", "1970-01-01T00:00:00Z 1 31 1"]
        ),
        // Without `on`: the groups that both sides have.
        (
            "temp | mean(v) by room every 5m | join (fan | max(run) by room every 5m) | select room, mean, max",
            ["room mean max", "1 31 1", "1 29 1", "2 35 0"]
        ),
        (
            "temp | mean(v) by room every 5m | left (fan | max(run) by room every 5m) | select room, mean, max",
            ["room mean max", "1 31 1", "1 29 1", "2 35 0", "2 36 -"]
        ),
        ("temp | mean(v) by room | join (fan | max(run) by room)", ["room mean max", "1 30 1", "2 35.5 0"]),
        ("fan | max(run) by room | left (temp | mean(v) by room)", ["room max mean", "1 1 30", "2 0 35.5", "3 1 -"]),
        // Names that are taken get a number; both spellings of an aggregate stay apart.
        (
            "temp | max(v) by room | join (fan | max(run) by room) | join (fan | max(run) by room)",
            ["room max max_2 max_3", "1 31 1 1", "2 36 0 0"]
        ),
        (
            "temp | max(v) by room | join (fan | max(run) by room) | set both = max_v + max_run | select both",
            ["both", "32", "36"]
        ),
        // One group on each side: windows match by time alone; else it has to be said.
        (
            "temp | mean(v) every 5m | join (fan | sum(run) every 5m)",
            ["time mean sum", "1970-01-01T00:00:00Z 33 1", "1970-01-01T00:05:00Z 32.5 2"]
        ),
        (
            "temp | mean(v) by room every 5m | join (fan | sum(run) every 5m) on time | select room, mean, sum",
            ["room mean sum", "1 31 1", "1 29 2", "2 35 1", "2 36 2"]
        ),
        // Windows beside a side without windows.
        (
            "temp | mean(v) by room every 5m | join (fan | max(run) by room) | select room, mean, max",
            ["room mean max", "1 31 1", "1 29 1", "2 35 0", "2 36 0"]
        ),
        // Stored rows: each match is a row.
        (
            "temp | select time, room, v | join (fan | select time, room, run) on room",
            [
                "time room v time_2 run", "1970-01-01T00:00:00Z 1 31 1970-01-01T00:02:00Z 1",
                "1970-01-01T00:00:00Z 1 31 1970-01-01T00:08:00Z 1", "1970-01-01T00:01:00Z 2 35 1970-01-01T00:03:00Z 0",
                "1970-01-01T00:06:00Z 1 29 1970-01-01T00:02:00Z 1", "1970-01-01T00:06:00Z 1 29 1970-01-01T00:08:00Z 1",
                "1970-01-01T00:07:00Z 2 36 1970-01-01T00:03:00Z 0",
            ]
        ),
        // The nearest window that is not earlier.
        (
            "temp | mean(v) by room every 1m | join (fan | max(run) by room every 1m) within 3m | drop time",
            [
                "room mean gap time_2 max", "1 31 2m 1970-01-01T00:02:00Z 1", "1 29 2m 1970-01-01T00:08:00Z 1",
                "2 35 2m 1970-01-01T00:03:00Z 0",
            ]
        ),
        // Twice the same `let`, and a stage behind.
        (
            "let f = fan | max(run) by room; temp | mean(v) by room | join (f) | left (f) | sort -mean | limit 1",
            ["room mean max max_2", "2 35.5 0 0"]
        ),
    ])
    func `rows of two pipes stand side by side`(_ query: String, _ expected: [String]) throws {
        let answer = try rooms.lines(query)
        #expect(answer == expected, "\(query): \(answer)")
    }

    @Test func `a tag that an aggregate has given is a value, by which nothing is joined`() throws {
        let query = "temp | last(room) every 5m | join (fan | last(room), max(run) every 5m)"
        #expect(
            try rooms.lines(query) == [
                "time last last_2 max", "1970-01-01T00:00:00Z 2 2 1", "1970-01-01T00:05:00Z 2 3 1",
            ])
    }

    @Test func `within takes the nearest later row of the same number`() throws {
        let pair = "plate where cam = \"A\" | join (plate where cam = \"B\") on number within 30m"
        #expect(
            try plates.lines(pair) == [
                "time cam number gap time_2 cam_2",
                "1970-01-01T00:00:00Z A 29A 7m 1970-01-01T00:07:00Z B",
                "1970-01-01T00:02:00Z A 30B 7m 1970-01-01T00:09:00Z B",
                "1970-01-01T00:20:00Z A 29A 30m 1970-01-01T00:50:00Z B",
                "1970-01-01T00:51:00Z A 30B 0s 1970-01-01T00:51:00Z B",
            ])
        #expect(
            try plates.lines(pair + " | median(gap, exact) every 15m | select median") == ["median", "7m", "30m", "0s"])
        let all = "plate where cam = \"A\" | left (plate where cam = \"B\") on number within 29m | select number, gap"
        #expect(try plates.lines(all) == ["number gap", "29A 7m", "30B 7m", "31C -", "29A -", "30B 0s"])
    }

    @Test func `null equals nothing, and the rows of a result are bounded`() throws {
        let source = MemorySource([
            JoinTests.row("a", 0, [:], ["n": .int(1), "x": .float(0)]),
            JoinTests.row("a", 1, ["k": "1"], ["n": .int(2), "x": .float(-0.0)]),
            JoinTests.row("b", 0, [:], ["n": .int(3), "x": .float(0)]),
            JoinTests.row("b", 1, ["k": "1"], ["n": .int(4)]),
        ])
        #expect(try source.lines("a | sum(n) by k | left (b | sum(n) by k)") == ["k sum sum_2", "1 2 4", "- 1 -"])
        #expect(
            try source.lines("a | select n, x | join (b | select n, x) on x | select n, n_2") == [
                "n n_2", "1 3", "2 3",
            ])
        func code(_ query: String, rows: Int) -> QueryError.Code? {
            do { _ = try source.lines(query, limits: QueryLimits(rows: rows)) } catch { return error.code }
            return nil
        }
        #expect(code("a | set z = 1 | join (b | set z = 1) on z", rows: 3) == .rowLimit)
        #expect(code("a | set z = 1 | join (b | set z = 1) on z", rows: 4) == nil)
        var deep = "let p0 = a | select k; "
        for number in 1...20 { deep += "let p\(number) = p\(number - 1) | join (p\(number - 1)) on k; " }
        #expect(code(deep + "p20", rows: 100) == .tooDeep)
        #expect(code("let p = a | join (p) on k; p", rows: 100) == .unknownMeasurement)
    }

    private struct ModelRow {
        var time: Int64
        var key: String
        var n: Int64
    }

    @Test(arguments: 0..<80)
    func `matches are those of a model that tries every pair`(_ seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        var rows: [TestRow] = []
        var sides: [String: [ModelRow]] = ["a": [], "b": []]
        var taken: Set<String> = []
        for _ in 0..<Int.random(in: 2...60, using: &generator) {
            let side = Bool.random(using: &generator) ? "a" : "b"
            let time = Int64.random(in: 0...60, using: &generator)
            guard taken.insert(side + "\(time)").inserted else { continue }
            let model = ModelRow(
                time: time, key: "k\(Int.random(in: 0...3, using: &generator))",
                n: Int64.random(in: 0...99, using: &generator))
            sides[side]?.append(model)
            rows.append(
                TestRow(
                    measurement: side, time: time * 1_000_000_000, tags: ["k": model.key], fields: ["n": .int(model.n)])
            )
        }
        for side in ["a", "b"] {
            sides[side]?.append(ModelRow(time: 61, key: "k9", n: 1))
            rows.append(
                TestRow(measurement: side, time: 61_000_000_000, tags: ["k": "k9"], fields: ["n": .int(1)]))
        }
        let keepsUnmatched = Bool.random(using: &generator)
        let within = Bool.random(using: &generator) ? Int64.random(in: 0...20, using: &generator) : nil
        let right = (sides["b"] ?? []).sorted { $0.time < $1.time }
        var expected: [String] = []
        for row in (sides["a"] ?? []).sorted(by: { $0.time < $1.time }) {
            var matches = right.filter { $0.key == row.key }
            if let within {
                matches = Array(matches.filter { $0.time >= row.time && $0.time - row.time <= within }.prefix(1))
            }
            let start = "\(row.time) \(row.key) \(row.n)"
            for match in matches {
                let gap = within == nil ? "" : " \(match.time - row.time)"
                expected.append("\(start)\(gap) \(match.time) \(match.n)")
            }
            if matches.isEmpty && keepsUnmatched { expected.append(start + (within == nil ? "" : " -") + " - -") }
        }
        var query = "a | set t = int(time) / 1000000000 | select time, t, k, n"
        query +=
            " | \(keepsUnmatched ? "left" : "join") (b | set t = int(time) / 1000000000 | select time, t, k, n) on k"
        if let within { query += " within \(within)s | set gap = gap / 1s" }
        query += " | select t, k, n\(within == nil ? "" : ", gap"), t_2, n_2"
        #expect(Array(try MemorySource(rows).lines(query).dropFirst()) == expected, "\(query)")
    }
}
