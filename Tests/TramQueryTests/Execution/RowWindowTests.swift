import Testing
import TramColumnar
import TramQuery
import TramTesting

/// `session`, `runs` and `every … rows`.
@Suite struct RowWindowTests {
    private static let minute: Int64 = 60_000_000_000

    /// Two lamps at one crossing; `a` and `b` report in turn, `b` also once without a state.
    private let signal = MemorySource(
        [
            (0, "a", "red"), (1, "b", "red"), (2, "a", "green"), (4, "b", nil), (5, "a", "green"), (7, "b", "red"),
            (30, "a", "red"), (31, "a", "green"),
        ].map { (minute: Int64, lamp: String, state: String?) in
            var fields: [String: Cell] = ["n": .int(minute), "ok": .bool(minute > 1 && minute < 30)]
            if let state { fields["state"] = .text(state) }
            return TestRow(time: minute * RowWindowTests.minute, tags: ["lamp": lamp], fields: fields)
        })

    @Test(arguments: [
        (
            "m | count(), duration(), sum(n) session 10m",
            ["time count duration sum", "1970-01-01T00:00:00Z 6 7m 19", "1970-01-01T00:30:00Z 2 1m 61"]
        ),
        // Exactly the gap is no break, more is one.
        ("m | count() session 23m", ["time count", "1970-01-01T00:00:00Z 8"]),
        ("m | count() session 22m59s | select count", ["count", "6", "2"]),
        (
            "m | count(), duration() by lamp session 10m | drop time",
            ["lamp count duration", "a 3 5m", "a 2 1m", "b 3 6m"]
        ),
        ("m where lamp = \"none\" | count() session 10m", ["time count"]),
        // Series of a group are merged in time order: red (a, b), green (a, a), red (b, a), green.
        (
            "m | count(), duration() runs state",
            [
                "time state count duration", "1970-01-01T00:00:00Z red 2 2m", "1970-01-01T00:02:00Z green 2 5m",
                "1970-01-01T00:07:00Z red 2 24m", "1970-01-01T00:31:00Z green 1 0s",
            ]
        ),
        (
            "m | d = duration() by lamp runs state | drop time",
            ["lamp state d", "a red 2m", "a green 28m", "a red 1m", "a green 0s", "b red 6m"]
        ),
        // Where the value is a group already, it is not given twice.
        ("m | d = duration(), count() by state runs state | drop time", ["state d count", "green 29m 3", "red 30m 4"]),
        // A condition: its true stretches, up to the first row that says false.
        (
            "m | count(), duration() runs n between 2 and 7",
            ["time value count duration", "1970-01-01T00:02:00Z true 4 28m"]
        ),
        (
            "m | count(), duration() by lamp runs ok | drop time",
            ["lamp ok count duration", "a true 2 28m", "b true 2 3m"]
        ),
        ("m | count() runs state = \"green\" | select value, count", ["value count", "true 2", "true 1"]),
        ("m | n = count(), sum(n) every 3 rows | select n, sum", ["n sum", "3 3", "3 16", "2 61"]),
        (
            "m | count(), count(state), max(n) where (lamp = \"b\") every 6 rows | drop time",
            ["count count_state max", "6 5 7", "2 2 -"]
        ),
    ])
    func `rows cut their own windows`(_ query: String, _ expected: [String]) throws {

        let answer = try signal.lines(query)
        #expect(answer == expected, "\(query): \(answer)")
    }

    @Test func `windows of a table are cut in its order of time`() throws {
        let table = "m | n = count() by lamp every 5m | sort n | "
        #expect(
            try signal.lines(table + "sum(n), duration() session 10m")
                == ["time sum duration", "1970-01-01T00:00:00Z 6 5m", "1970-01-01T00:30:00Z 2 0s"])
        #expect(
            try signal.lines(table + "count(), duration() by lamp runs n | drop time")
                == ["lamp n count duration", "a 2 1 5m", "a 1 1 25m", "a 2 1 0s", "b 2 1 5m", "b 1 1 0s"])
        #expect(try signal.lines(table + "sum(n) every 2 rows | select sum") == ["sum", "4", "2", "2"])
    }

    @Test func `windows that the range may have cut say so`() throws {
        let from = "m[1970-01-01T07:05:00..1970-01-01T07:31:00]"
        #expect(
            try signal.lines(from + " | count() runs state | select state, count, partial")
                == ["state count partial", "green 1 true", "red 2 true"])
        #expect(
            try signal.lines(from + " | count() session 6m | select count, partial")
                == ["count partial", "2 true", "1 true"])
        #expect(try signal.lines("m | count() session 6m | select partial") == ["partial", "false", "false"])
        #expect(try signal.lines("m | count() every 5 rows | select partial") == ["partial", "false", "true"])
    }

    @Test func `what is held is bounded`() {
        func code(_ query: String, _ limits: QueryLimits) -> QueryError.Code? {
            do { _ = try signal.lines(query, limits: limits) } catch { return error.code }
            return nil
        }
        #expect(code("m | sum(n) session 1m", QueryLimits(states: 3)) == .memoryLimit)
        #expect(code("m | sum(n) session 1m", QueryLimits(states: 9)) == nil)
        #expect(code("m | sum(n) every 1 rows", QueryLimits(rows: 7)) == .rowLimit)
        #expect(code("m | sum(n) every 1 rows", QueryLimits(windows: 7)) == .windowLimit)
    }

    // MARK: - Against a model

    /// A window of the model: rows in time order, and where it ends.
    private struct ModelWindow {
        var rows: [TestRow]
        var end: Int64
    }

    @Test(arguments: 0..<120)
    func `windows are those of a model that looks at one row after another`(_ seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        var rows: [TestRow] = []
        var taken: Set<String> = []
        for _ in 0..<Int.random(in: 0...80, using: &generator) {
            // No two rows of one time, so that the model needs no rule for these.
            let time = Int64.random(in: -500...500, using: &generator)
            guard taken.insert("\(time)").inserted else { continue }
            let tags = [
                "way": "w\(Int.random(in: 0...1, using: &generator))",
                "cam": "c\(Int.random(in: 0...2, using: &generator))",
            ]
            var fields: [String: Cell] = ["n": .int(Int64.random(in: 0...9, using: &generator))]
            if Int.random(in: 0...3, using: &generator) > 0 {
                fields["s"] = .text(["on", "off", "idle"].randomElement(using: &generator) ?? "on")
            }
            rows.append(TestRow(time: time * 1_000_000_000, tags: tags, fields: fields))
        }
        rows.append(
            TestRow(time: 501_000_000_000, tags: ["way": "w0", "cam": "c0"], fields: ["n": .int(1), "s": .text("on")]))
        let kind = Int.random(in: 0...3, using: &generator)
        let gap = Int64.random(in: 1...40, using: &generator)
        let count = Int.random(in: 1...7, using: &generator)
        let clause = ["session \(gap)s", "every \(count) rows", "runs s", "runs s = \"on\""][kind]
        let isGrouped = Bool.random(using: &generator)

        var expected: [String] = []
        let byWay = Dictionary(grouping: rows) { isGrouped ? $0.tags["way"] ?? "" : "" }
        for (way, all) in byWay.sorted(by: { $0.key < $1.key }) {
            let sorted = all.sorted { $0.time < $1.time }
            let windows: [ModelWindow]
            switch kind {
            case 0: windows = sessions(sorted, gap * 1_000_000_000)
            case 1: windows = counted(sorted, count)
            default: windows = runs(sorted, onlyOn: kind == 3)
            }
            for window in windows {
                let ns = window.rows.map { row -> Int64 in
                    if case .int(let n)? = row.fields["n"] { n } else { 0 }
                }
                var words = [Timestamp(nanoseconds: window.rows[0].time).rfc3339]
                if isGrouped { words.append(way) }
                if kind == 2, case .text(let state)? = window.rows[0].fields["s"] { words.append(state) }
                if kind == 3 { words.append("true") }
                words += ["\(ns.count)", "\(ns.reduce(0, +))", "\(ns.first ?? 0)", "\(ns.last ?? 0)"]
                words.append(Value.duration(window.end - window.rows[0].time).plainText)
                expected.append(words.joined(separator: " "))
            }
        }
        let query =
            "m | count(), sum(n), first(n), last(n), duration()\(isGrouped ? " by way" : "") \(clause)"
        let answer = try MemorySource(rows).lines(query)
        #expect(Array(answer.dropFirst()) == expected, "\(query)")
        #expect(try MemorySource(rows.shuffled(using: &generator)).lines(query) == answer, "\(query)")
    }

    private func sessions(_ rows: [TestRow], _ gap: Int64) -> [ModelWindow] {
        rows.reduce(into: []) { windows, row in
            if let last = windows.last?.rows.last, row.time - last.time <= gap {
                windows[windows.count - 1].rows.append(row)
                windows[windows.count - 1].end = row.time
            } else {
                windows.append(ModelWindow(rows: [row], end: row.time))
            }
        }
    }

    private func counted(_ rows: [TestRow], _ count: Int) -> [ModelWindow] {
        rows.reduce(into: []) { windows, row in
            if let last = windows.last, last.rows.count < count {
                windows[windows.count - 1].rows.append(row)
                windows[windows.count - 1].end = row.time
            } else {
                windows.append(ModelWindow(rows: [row], end: row.time))
            }
        }
    }

    /// Stretches of one state, each up to the first row of the next; then those of "on" alone, if asked.
    private func runs(_ rows: [TestRow], onlyOn: Bool) -> [ModelWindow] {
        let known = rows.filter { $0.fields["s"] != nil }
        func state(_ row: TestRow) -> Cell? { onlyOn ? .bool(row.fields["s"] == .text("on")) : row.fields["s"] }
        var windows: [ModelWindow] = []
        for (index, row) in known.enumerated() {
            if index > 0, state(known[index - 1]) == state(row) {
                windows[windows.count - 1].rows.append(row)
            } else {
                windows.append(ModelWindow(rows: [row], end: row.time))
            }
            windows[windows.count - 1].end = index + 1 < known.count ? known[index + 1].time : row.time
        }
        return windows.filter { !onlyOn || $0.rows[0].fields["s"] == .text("on") }
    }
}
