import Testing
import TramColumnar
import TramTesting

@testable import TramQuery

/// Counters, time-weighted values and pauses: by worked numbers, and against models that look at all rows at once.
@Suite struct StepStatesTests {
    private static let minute: Int64 = 60_000_000_000

    /// A meter that is reset once: 10.1, 10.4, 0.2, 0.5; and one that only rises: 100, 101 (from minute 1 and 3).
    private let meters: MemorySource = {
        let first: [(Int64, Double)] = [(0, 10.1), (2, 10.4), (4, 0.2), (6, 0.5)]
        let second: [(Int64, Double)] = [(1, 100), (3, 101)]
        var rows: [TestRow] = []
        for (step, value) in first {
            let fields: [String: Cell] = ["kwh": .float(value), "n": .int(Int64((value * 10).rounded()))]
            rows.append(TestRow(time: step * minute, tags: ["st": "a"], fields: fields))
        }
        for (step, value) in second {
            let fields: [String: Cell] = ["kwh": .float(value), "u": .uint(UInt64(value))]
            rows.append(TestRow(time: step * minute, tags: ["st": "b"], fields: fields))
        }
        return MemorySource(rows)
    }()

    @Test(arguments: [
        ("m | increase(kwh)", ["increase", "1.8"]),
        ("m | increase(kwh) by st", ["st increase", "a 0.8", "b 1"]),
        ("m | increase(n), resets(n), increase(u) by st", ["st increase_n resets increase_u", "a 8 1 -", "b - - 1"]),
        ("m | resets(kwh) by st", ["st resets", "a 1", "b 0"]),
        // Six minutes of a, two of b.
        ("m | rate(kwh, 1m) by st", ["st rate", "a 0.13333333333333333", "b 0.5"]),
        ("m where st = \"b\" | a = rate(kwh, 1h), r = rate(kwh)", ["a r", "30 0.008333333333333333"]),
        // The step belongs to the window of its later row, so windows share out the whole.
        (
            "m where st = \"a\" | increase(kwh) every 3m",
            ["time increase", "1970-01-01T00:00:00Z 0.3", "1970-01-01T00:03:00Z 0.2", "1970-01-01T00:06:00Z 0.3"]
        ),
        (
            "m where st = \"a\" | increase(kwh) every 2m over 4m | select increase",
            ["increase", "-", "0.3", "0.5", "0.5", "0.3"]
        ),
        // Nothing is known of a lone row.
        (
            "m[1970-01-01T07:00:00..1970-01-01T07:01:00] | increase(kwh), rate(kwh), twa(kwh), resets(kwh)",
            ["increase rate twa resets", "- - - 0"]
        ),
        // Where rows are left out, the next one follows the one before them.
        ("m where st = \"a\" | increase(kwh) where (kwh > 0.3)", ["increase", "0.8"]),
        // Rows of a table follow each other by its groups.
        ("m | last(kwh) by st every 1m | increase(last)", ["increase", "1.8"]),
        ("m | unpivot kwh, n | increase(value) by field", ["field increase", "kwh 1.8", "n 8"]),
        // 10.1 and 10.4 and 0.2 hold two minutes each.
        ("m where st = \"a\" | twa(kwh), integral(kwh, 1m)", ["twa integral", "6.9 41.4"]),
        ("m | twa(kwh)", ["twa", "30.175"]),
        // Cut at the windows' borders: [0, 3): 10.1 for two minutes, 10.4 for one.
        (
            "m where st = \"a\" | integral(kwh, 1m) every 3m | select integral", ["integral", "30.6", "10.8", "-"]
        ),
        ("m where st = \"a\" | duration(kwh > 1), uptime(kwh > 1)", ["duration uptime", "4m 0.6666666666666666"]),
        (
            "m where st = \"a\" | duration(kwh > 1) every 3m | select duration", ["duration", "3m", "1m", "0s"]
        ),
        ("m | gaps(1m) by st", ["st gaps", "a 3", "b 1"]),
        ("m | a = gaps(79s), b = gaps(80s) by st", ["st a b", "a 3 0", "b 1 0"]),
        ("m | freshness(), age() by st", ["st freshness age", "a 10m40s 10m40s", "b 13m40s 13m40s"]),
        (
            "m[1970-01-01T07:00:00..1970-01-01T07:10:00] | expected(1m), missing(1m), count() by st",
            ["st expected missing count", "a 10 6 4", "b 10 8 2"]
        ),
        ("m | expected(30s), missing(2m)", ["expected missing", "12 -3"]),
        ("m where st = \"c\" | expected(30s), missing(2m), gaps(1m)", ["expected missing gaps", "12 3 -"]),
        (
            "m[1970-01-01T07:01:00..1970-01-01T07:05:00] | n = count() every 3m"
                + " | set e = expected(30s), p = 100 * n / e | select e, p",
            ["e p", "4 50", "4 50"]
        ),
        (
            "m[1970-01-01T07:00:00..1970-01-01T07:06:00] | n = count() by st"
                + " | set pct = 100 * n / expected(1m) | sort pct",
            ["st n pct", "b 2 33.333333333333336", "a 3 50"]
        ),
        ("m[1970-01-01T07:00:00..1970-01-03T00:00:00] | expected(1m)", ["expected", "16"]),
    ])
    func `a question has its worked answer`(_ query: String, _ expected: [String]) throws {
        // Now is sixteen minutes and 40 seconds after the first row.
        let answer = try meters.lines(query)
        #expect(answer == expected, "\(query): \(answer)")
    }

    // MARK: - Against a model

    private static func increase(_ rows: [(Int64, Double)], after: Int64, until: Int64) -> Double? {
        var steps: [Double] = []
        for (left, right) in zip(rows, rows.dropFirst()) where right.0 >= after && right.0 < until {
            steps.append(right.1 >= left.1 ? right.1 - left.1 : right.1)
        }
        return steps.isEmpty ? nil : steps.reduce(0, +)
    }

    private static func integral(_ rows: [(Int64, Double)], _ from: Int64, _ to: Int64) -> (Double, Double) {
        var sum = 0.0
        var time = 0.0
        for (left, right) in zip(rows, rows.dropFirst()) {
            let part = Double(max(0, min(right.0, to) - max(left.0, from)))
            sum += left.1 * part
            time += part
        }
        return (sum, time)
    }

    @Test(arguments: 0..<80)
    func `windows are those of a model, in any order of rows`(_ seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let second: Int64 = 1_000_000_000
        var rows: [TestRow] = []
        var series: [String: [(Int64, Double)]] = [:]
        // Long series are folded, short ones are not.
        let length = [5, 40, 400].randomElement(using: &generator) ?? 5
        for station in ["a", "b", "c"] {
            for step in 0..<length where Int.random(in: 0...3, using: &generator) > 0 {
                let value = Double(Int.random(in: 0...400, using: &generator)) / 10
                let time = Int64(step) * 7 * second
                rows.append(TestRow(time: time, tags: ["st": station], fields: ["x": .float(value)]))
                series[station, default: []].append((time, value))
            }
        }
        let every = [20, 60, 300].randomElement(using: &generator) ?? 60
        let over = every * (Int.random(in: 0...1, using: &generator) * 2 + 1)
        let isGrouped = Bool.random(using: &generator)
        let query =
            "m | increase(x), i = integral(x), twa(x)\(isGrouped ? " by st" : "") every \(every)s over \(over)s"
        let answer = try MemorySource(rows.shuffled(using: &generator)).lines(query)
        var windows: Set<Int64> = []
        for line in answer.dropFirst() {
            let words = line.split(separator: " ").map(String.init)
            let start = try #require(Timestamp(rfc3339: words[0])).nanoseconds
            let end = start + Int64(over) * second
            windows.insert(start)
            let own = isGrouped ? [words[1]] : ["a", "b", "c"]
            // Only series with a row in the window are looked at.
            let present = own.compactMap { series[$0] }.filter { $0.contains { $0.0 >= start && $0.0 < end } }
            let rises = present.compactMap { Self.increase($0, after: start, until: end) }
            let integrals = present.map { Self.integral($0, start, end) }
            let time = integrals.map(\.1).reduce(0, +)
            let sum = integrals.map(\.0).reduce(0, +)
            let values = words.dropFirst(isGrouped ? 2 : 1).map { Double($0) }
            func agree(_ left: Double?, _ right: Double?) -> Bool {
                guard let left, let right else { return left == nil && right == nil }
                return abs(left - right) <= 1e-9 * max(1, abs(right))
            }
            #expect(agree(values[0], rises.isEmpty ? nil : rises.reduce(0, +)), "\(query): \(line)")
            #expect(agree(values[1], time > 0 ? sum / 1e9 : nil), "\(query): \(line)")
            #expect(agree(values[2], time > 0 ? sum / time : nil), "\(query): \(line)")
        }
        #expect(try MemorySource(rows).lines(query) == answer)
    }

    @Test(arguments: 0..<20)
    func `windows share out the whole increase exactly`(_ seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let rows = (0..<500).map { step in
            TestRow(
                time: Int64(step) * 1_000_000_000, tags: ["st": "\(step % 3)"],
                fields: ["x": .float(Double(Int.random(in: 0...9999, using: &generator)) / 1000)])
        }
        let source = MemorySource(rows)
        let whole = try source.lines("m | increase(x)")
        let parts = try source.lines("m | increase(x) every 7s | sum(increase)")
        let groups = try source.lines("m | increase(x) by st every 11s | sum(increase)")
        #expect(whole[1] == parts[1] && whole[1] == groups[1])
    }

    @Test(arguments: [UInt64(1), 2, 3, 4, 5])
    func `long series, cut into parts in time and merged in any order, are one`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let count = 3000
        let values = (0..<count).map { _ in Double(Int.random(in: 0...500, using: &generator)) / 100 }
        let column = Column(type: .float, bits: values.map(\.bitPattern))
        let times = (0..<count).map { Int64($0) * 1000 + Int64.random(in: 0...900, using: &generator) }
        for name in ["increase", "resets", "twa", "integral", "rate"] {
            let call = Call(name)
            let whole = try call.states(.float)
            try whole.update(slot: 0, column: column, timestamps: times, rows: 0..<count, series: 7)
            var parts: [any AggregateStates] = []
            var start = 0
            while start < count {
                let end = min(count, start + Int.random(in: 1...900, using: &generator))
                let part = try call.states(.float)
                try part.update(slot: 0, column: column, timestamps: times, rows: start..<end, series: 7)
                parts.append(part)
                start = end
            }
            while parts.count > 1 {
                parts.shuffle(using: &generator)
                let part = parts.removeLast()
                try parts[parts.count - 1].merge(slot: 0, from: part, slot: 0)
            }
            #expect(try parts[0].finish(slot: 0) == whole.finish(slot: 0), "\(name)")
            // Rows that come up to fifty rows late find their place.
            let late = try call.states(.float)
            for block in stride(from: 0, to: count, by: 50) {
                for row in (block..<block + 50).shuffled(using: &generator) {
                    try late.update(slot: 0, column: column, timestamps: times, rows: row..<(row + 1), series: 7)
                }
            }
            #expect(try late.finish(slot: 0) == whole.finish(slot: 0), "\(name)")
        }
    }

    @Test func `a window that is gone leaves its last row to the next`() throws {
        let states = try Call("increase").states(.float, slots: 2)
        let column = Column(type: .float, bits: [1.0, 4.0, 6.0].map(\.bitPattern))
        states.assign(slot: 0, group: 5)
        states.assign(slot: 1, group: 5)
        try states.update(slot: 0, column: column, timestamps: [10, 20, 30], rows: 0..<2, series: 1)
        #expect(try states.finish(slot: 0) == 3.0.bitPattern)
        states.reset(slot: 0)
        try states.update(slot: 1, column: column, timestamps: [10, 20, 30], rows: 2..<3, series: 1)
        #expect(try states.finish(slot: 1) == 2.0.bitPattern)
    }
}
