import Testing
import TramColumnar
import TramTesting

@testable import TramQuery

/// `corr`, `covar`, `list` and `histogram`.
@Suite struct PairAndListTests {
    private let source: MemorySource = {
        let pairs: [(Double, Int64)] = [(1, 2), (2, 4), (3, 5), (4, 4), (5, 5)]
        var rows: [TestRow] = []
        for (step, pair) in pairs.enumerated() {
            let fields: [String: Cell] = [
                "x": .float(pair.0), "y": .int(pair.1), "s": .text("a\"\(step)"), "ok": .bool(step > 2),
            ]
            rows.append(
                TestRow(time: Int64(4 - step) * 1_000_000_000, tags: ["st": step < 3 ? "a" : "b"], fields: fields))
        }
        rows.append(TestRow(time: 9_000_000_000, tags: ["st": "a"], fields: ["x": .float(7)]))
        rows.append(TestRow(time: 10_000_000_000, tags: ["st": "c"], fields: ["y": .int(1)]))
        return MemorySource(rows)
    }()

    @Test(arguments: [
        ("m where st = \"b\" | corr(x, 0 * x)", ["corr", "-"]),
        ("m | list(x, 3)", ["list", "[5,4,3]"]),
        ("m | list(ok, 9) by st", ["st list", "a [false,false,false]", "b [true,true]", "c -"]),
        ("m | list(s, 2), list(y, 1000)", ["list_s list_y", "[\"a\\\"4\",\"a\\\"3\"] [5,4,5,4,2,1]"]),
        ("m | list(time, 1)", ["list", "[\"1970-01-01T00:00:00Z\"]"]),
        ("m | histogram(x, 2)", ["bucket count", "0 1", "2 2", "4 2", "6 1"]),
        (
            "m | n = histogram(x, 2.5) by st | where bucket > 0",
            ["st bucket n", "a 2.5 1", "a 5 1", "b 2.5 1", "b 5 1"]
        ),
        ("m | histogram(-y, 3)", ["bucket count", "-6 4", "-3 2"]),
        ("m | histogram(x, 4) every 5s | select bucket, count", ["bucket count", "0 3", "4 2", "4 1"]),
        ("m | sum(x) by st | histogram(sum, 10)", ["bucket count", "0 1", "10 1"]),
    ])
    func `a question has its worked answer`(_ query: String, _ expected: [String]) throws {
        let answer = try source.lines(query)
        #expect(answer == expected, "\(query): \(answer)")
    }

    /// Means 3 and 4; products of the distances 4 0 0 0 2, squares 10 and 6.
    @Test(arguments: [
        ("m | r = covar(x, y)", [1.5]), ("m | r = corr(x, y) * corr(y, x)", [0.6]),
        ("m | r = corr(x, y) by st | where r is not null | select r", [0.9819805060619659, 1]),
        ("m | r = corr(x, -x)", [-1]), ("m | r = covar(x, -x) where (x < 4)", [-1]),
    ])
    func `pairs have their worked answers`(_ query: String, _ expected: [Double]) throws {
        let found = try source.lines(query).dropFirst().compactMap { Double($0) }
        #expect(found.count == expected.count)
        for (left, right) in zip(found, expected) { #expect(abs(left - right) < 1e-14, "\(query): \(found)") }
    }

    @Test func `buckets begin where their bounds are written`() {
        for (width, tenths) in [(0.1, 1), (0.3, 3), (0.5, 5), (2.5, 25), (10, 100)] {
            let bucket = HistogramBucket(operand: .constant(.float, nil), width: width)
            for step in -50...50 {
                let bound = Double(step * tenths) / 10
                #expect(bucket.lowerBound(of: bound) == bound)
                #expect(bucket.lowerBound(of: bound.nextUp) == bound)
                #expect(bucket.lowerBound(of: bound.nextDown) == Double((step - 1) * tenths) / 10)
            }
        }
        let odd = HistogramBucket(operand: .constant(.float, nil), width: 1 / 3.0)
        #expect(odd.lowerBound(of: 0.4) == 1 / 3.0)
        #expect(odd.lowerBound(of: -0.1) == -1 / 3.0)
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `pairs merge in any tree`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let count = 500
        let x = (0..<count).map { _ in Double.random(in: 90...110, using: &generator) }
        let y = x.map { 3 * $0 + Double.random(in: -5...5, using: &generator) }
        func states(_ name: String) throws -> any PairedStates {
            let states = try #require(try Call(name).states(.float) as? any PairedStates)
            states.second = Column(type: .float, bits: y.map(\.bitPattern))
            return states
        }
        let first = Column(type: .float, bits: x.map(\.bitPattern))
        let times = (0..<count).map { Int64($0) }
        let (meanX, meanY) = (x.reduce(0, +) / Double(count), y.reduce(0, +) / Double(count))
        let products = zip(x, y).map { ($0 - meanX) * ($1 - meanY) }.reduce(0, +)
        let squaresX = x.map { ($0 - meanX) * ($0 - meanX) }.reduce(0, +)
        let squaresY = y.map { ($0 - meanY) * ($0 - meanY) }.reduce(0, +)
        for (name, expected) in [
            ("covar", products / Double(count - 1)), ("corr", products / (squaresX * squaresY).squareRoot()),
        ] {
            var parts: [any PairedStates] = []
            for start in stride(from: 0, to: count, by: 37) {
                let part = try states(name)
                let rows = start..<min(count, start + 37)
                if Bool.random(using: &generator) {
                    try part.update(slot: 0, column: first, timestamps: times, rows: rows, series: 0)
                } else {
                    try part.scatter(
                        slots: (0..<count).map { rows.contains($0) ? 0 : -1 }, column: first, timestamps: times,
                        series: times.map { _ in 0 })
                }
                parts.append(part)
            }
            while parts.count > 1 {
                parts.shuffle(using: &generator)
                let part = parts.removeLast()
                try parts[parts.count - 1].merge(slot: 0, from: part, slot: 0)
            }
            let found = try #require(try parts[0].finish(slot: 0).map { Double(bitPattern: $0) })
            #expect(abs(found - expected) <= 1e-11 * abs(expected))
        }
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `a list is the same from any order of rows and merges`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var written: [String] = []
        func states() throws -> any AggregateStates {
            let states = try AggregateFunction.make(
                name: "list", inputType: .int, parameters: [.number(7)], texts: { [] },
                code: {
                    written.append($0)
                    return 0
                })
            states.grow(to: 1)
            return states
        }
        let rows = AggregateAlgebraTests.rows(.int, count: 90, using: &generator).shuffled(using: &generator)
        let whole = try states()
        let call = Call("list")
        try call.feed(rows, 0..<90, into: 0, of: whole)
        _ = try whole.finish(slot: 0)
        let left = try states()
        let right = try states()
        try call.feed(rows, 0..<40, into: 0, of: right)
        try call.feed(rows, 40..<90, into: 0, of: left)
        try left.merge(slot: 0, from: right, slot: 0)
        _ = try left.finish(slot: 0)
        #expect(written.count == 2 && written[0] == written[1])
    }
}
