import Testing
import TramColumnar
import TramQuery

/// Functions along the rows of a group, by worked numbers.
@Suite struct RunningFunctionTests {
    private static let minute: Int64 = 60_000_000_000

    /// Station a: 1, 4, null, 2, 2, 8 a minute apart; station b: 10, 20, 5, each 30 s later.
    private let source = MemorySource(
        zip(0..., [1, 4, nil, 2, 2, 8]).map { step, value in
            TestRow(
                time: Int64(step) * minute, tags: ["st": "a"],
                fields: value.map { ["x": .float($0), "k": .int(Int64(step))] } ?? ["k": .int(Int64(step))])
        }
            + zip(0..., [10, 20, 5]).map { step, value in
                TestRow(
                    time: Int64(step) * minute + minute / 2, tags: ["st": "b"],
                    fields: ["x": .float(value), "u": .uint(UInt64(value)), "s": .text(value > 7 ? "đỏ" : "xanh")])
            })

    @Test(arguments: [
        ("diff(x)", "- - 3 10 - -15 -2 0 6"), ("diff(k)", "- - 1 - 1 - 1 1 1"),
        ("deriv(x, 1m)", "- - 3 10 - -15.000000000000002 -1 0 6"),
        ("deriv(x)", "- - 0.05 0.16666666666666666 - -0.25 -0.016666666666666666 0 0.1"),
        ("cumsum(x)", "1 10 5 30 - 35 7 9 17"), ("cumsum(k)", "0 - 1 - 3 - 6 10 15"),
        ("lag(x)", "- - 1 10 - 20 4 2 2"), ("lag(x, 2)", "- - - - - 10 1 4 2"), ("lag(s)", "- - - đỏ - đỏ - - -"),
        ("moving_mean(x, 2)", "1 10 2.5 15 - 12.5 3 2 5"),
        ("moving_mean(x, 100)", "1 10 2.5 15 - 11.666666666666666 2.3333333333333335 2.25 3.4"),
        ("moving_median(x, 3)", "1 10 2.5 15 - 10 2 2 2"),
        ("ewma(x, 0.5)", "1 10 2.5 15 - 10 2.25 2.125 5.0625"), ("ewma(x, 1)", "1 10 4 20 - 5 2 2 8"),
        ("changed(x)", "- - true true - true true false true"), ("changed(s)", "- - - false - true - - -"),
        ("cross(x, 4)", "- - 1 0 - 0 -1 0 1"), ("cross(x, k)", "- - 0 - - - -1 0 1"),
        ("diff(u)", "- - - 10 - -15 - - -"), ("diff(time)", "- - 1m 1m 1m 1m 1m 1m 1m"),
        ("moving_mean(diff(time), 2)", "- - 1m 1m 1m 1m 1m 1m 1m"),
        ("abs(diff(x)) + lag(x)", "- - 4 20 - 35 6 2 8"),
    ])
    func `stored rows are run along by series, whatever blocks they come in`(_ call: String, _ expected: String) throws
    {
        let lines = try source.lines("m | set r = \(call) | select time, st, r")
        #expect(lines.dropFirst().map { String($0.split(separator: " ")[2]) }.joined(separator: " ") == expected)
        // The same of the rows of a table, in whatever order they stand.
        let sorted = try source.lines("m | sort -x, k | set r = \(call) | sort time | select time, st, r")
        #expect(sorted == lines)
    }

    @Test func `after an aggregation groups are run along in time order`() throws {
        #expect(
            try source.lines("m | max(x) by st every 2m | sort -time | set d = diff(max) | select st, max, d") == [
                "st max d", "a 8 6", "a 2 -2", "b 5 -15", "a 4 -", "b 20 -",
            ])
        // Without windows there is one row a group, and the rows are taken as they stand.
        #expect(
            try source.lines("m | sum(x) by st | sort -sum | set c = cumsum(sum), p = share(sum)") == [
                "st sum c p", "b 35 35 0.6730769230769231", "a 17 52 0.3269230769230769",
            ])
        #expect(
            try source.lines("m | max(x) by st every 2m | where diff(max) < 0 and time > 1970-01-01T07:02:00")
                == ["time st max"])
        #expect(
            try source.lines("(m | max(x) by st every 2m) | set l = lag(max) | where l is not null | select st, l")
                == ["st l", "a 4", "a 2", "b 20"])
    }

    @Test func `ranks and shares compare the rows of a window`() throws {
        let rows =
            ["d", "a", "c", "b", "e"].enumerated().map { index, name in
                TestRow(time: 0, tags: ["w": name], fields: ["x": .float([4, 1, 2, 2, 3][index])])
            } + [TestRow(time: 60 * 1_000_000_000, tags: ["w": "a"], fields: ["x": .float(7)])]
        let source = MemorySource(rows)
        #expect(
            try source.lines("m | sum(x) by w every 1m | set r = rank(sum), q = rank(-sum), p = share(sum)") == [
                "time w sum r q p", "1970-01-01T00:00:00Z a 1 1 5 0.08333333333333333",
                "1970-01-01T00:01:00Z a 7 1 1 1", "1970-01-01T00:00:00Z b 2 2 3 0.16666666666666666",
                "1970-01-01T00:00:00Z c 2 2 3 0.16666666666666666",
                "1970-01-01T00:00:00Z d 4 5 1 0.3333333333333333", "1970-01-01T00:00:00Z e 3 4 2 0.25",
            ])
        #expect(
            try source.lines("m[1970-01-01T07:00:00..1970-01-01T07:01:00] | n = sum(x) by w | set r = rank(-n)")
                == ["w n r", "a 1 5", "b 2 3", "c 2 3", "d 4 1", "e 3 2"])
    }

    @Test func `a deviation is measured from the values before`() throws {
        // Before the last: median 3, distances 2 1 0 1 2, MAD 1; mean 3, sample variance 10 / 4.
        let source = MemorySource(
            zip(0..., [1, 2, 3, 4, 5, 13]).map { step, value in
                TestRow(time: Int64(step) * Self.minute, fields: ["x": .float(value)])
            })
        func last(_ call: String) throws -> Double? {
            try source.lines("m | set z = \(call) | select z").last.flatMap(Double.init)
        }
        #expect(abs(try #require(try last("mad_z(x, 60)")) - 6.745) < 1e-12)
        #expect(abs(try #require(try last("zscore(x, 60)")) - 10 / 2.5.squareRoot()) < 1e-12)
        // Of the three before: median 4, MAD 1.
        #expect(abs(try #require(try last("mad_z(x, 3)")) - 9 * 0.6745) < 1e-12)
        #expect(try source.lines("m | set z = mad_z(x, 60) | where z is null | count()") == ["count", "5"])
        #expect(try source.lines("m | set z = mad_z(x, 60) | where abs(z) > 3 | select x") == ["x", "13"])
        // A level line has no spread; the mean distance stands in when only most of the values are equal.
        let level = MemorySource(
            zip(0..., [7, 7, 7, 7, 7, 7, 8, 9]).map { step, value in
                TestRow(time: Int64(step) * Self.minute, fields: ["x": .float(value)])
            })
        let answer = try level.lines("m | set z = mad_z(x, 60) | select z")
        #expect(answer.prefix(8) == ["z", "-", "-", "-", "-", "-", "0", "-"])
        // Seven values before, one of them a unit off: mean distance 1 / 7.
        #expect(abs(try #require(Double(answer[8])) - 2 / (1.253314 / 7)) < 1e-9)
    }

    @Test func `a forecast continues lines and seasons exactly`() throws {
        let season = [0.5, -1, 2, -1.5]
        let rows = (0..<20).map { step in
            TestRow(
                time: Int64(step) * Self.minute,
                fields: [
                    "line": .float(3 + 2 * Double(step)), "wave": .float(10 + Double(step) + season[step % 4]),
                ])
        }
        let lines = try MemorySource(rows).lines(
            "m | set f = forecast(line, 3), g = forecast(wave, 6, 4) | select f, g")
        for (step, line) in lines.dropFirst().enumerated() {
            let values = line.split(separator: " ").map { Double($0) }
            #expect((values[0] == nil) == (step < 1) && (values[1] == nil) == (step < 7))
            if let f = values[0] { #expect(abs(f - (3 + 2 * Double(step + 3))) < 1e-9) }
            if let g = values[1] { #expect(abs(g - (10 + Double(step + 6) + season[(step + 6) % 4])) < 1e-9) }
        }
    }

    @Test func `fields of unpivoted rows are told apart`() throws {
        let rows = (0..<3).map { step in
            TestRow(
                time: Int64(step) * Self.minute, tags: ["st": "a"],
                fields: ["x": .float(Double(step)), "y": .float(Double(step * step))])
        }
        let lines = try MemorySource(rows).lines("m | unpivot | set d = diff(value) | where field = \"y\" | select d")
        #expect(lines == ["d", "-", "1", "3"])
        let table = try MemorySource(rows).lines(
            "m | mean(x), mean(y) by st every 1m | unpivot | set d = diff(value) | where field = \"mean_y\" | select d")
        #expect(table == ["d", "-", "1", "3"])
    }

    @Test func `unpivot takes the fields that a running function works on`() throws {
        let lines = try source.lines("m | unpivot | set d = diff(value) | count(d) by field")
        #expect(lines == ["field count", "k 5", "u 2", "x 6"])
    }

    @Test func `a condition counts the rows that reach its stage`() throws {
        #expect(try source.lines("m where x > 1 and diff(x) < 0 | select x") == ["x", "5", "2"])
        #expect(
            try source.lines("m where st = \"a\" | where x > 1 | where diff(x) >= 0 | select x") == ["x", "2", "8"])
    }

    @Test func `sums that run do not drift`() throws {
        let rows = (0..<2000).map { step in
            TestRow(time: Int64(step), fields: ["x": .float(step == 100 ? 1e15 : 0.1)])
        }
        let lines = try MemorySource(rows).lines("m | set r = moving_mean(x, 8), c = cumsum(x) | select r, c")
        #expect(lines[100] == "0.1 10")
        #expect(lines[1500] == "0.1 1000000000000149.9")
        #expect(lines.last == "0.1 1000000000000199.9")
    }
}
