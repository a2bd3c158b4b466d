import Testing
import TramColumnar
import TramQuery
import TramTesting

/// What holds for every aggregate.
@Suite struct AggregateAlgebraTests {
    static let words = ["hà nội", "ẩm", "bến nghé", "", "a", "zz", "đông", "Đông", "b", "c"]

    /// Every function of one column with every modifier that it knows; `list` is tested by itself.
    static let calls: [Call] = AggregateFunction.allCases.flatMap { function -> [Call] in
        guard function.takesColumn, !function.takesPair, function != .list, function != .histogram else { return [] }
        let plain = function.needsShare ? Call(function.name, .number(0.3)) : Call(function.name)
        return [plain]
            + function.modifiers.map { word in
                var call = plain
                call.parameters.append(.word(word))
                return call
            }
    }

    static func rows(_ type: ColumnType, count: Int, using generator: inout SeededGenerator) -> Rows {
        var values: [UInt64?] = []
        var times: [Int64] = []
        var series: [UInt32] = []
        for row in 0..<count {
            let value: UInt64
            switch type {
            case .float:
                value = (Double(Int.random(in: -400...900, using: &generator)) / 10).bitPattern
            case .int, .duration, .time:
                value = UInt64(bitPattern: .random(in: -500...70_000, using: &generator))
            case .uint: value = .random(in: 0...900, using: &generator)
            case .bool: value = .random(in: 0...1, using: &generator)
            case .string, .tag: value = UInt64(Int.random(in: 0..<words.count, using: &generator))
            }
            values.append(Int.random(in: 0..<7, using: &generator) == 0 ? nil : value)
            times.append(Int64(row / 3))
            series.append(UInt32(row % 3))
        }
        return Rows(type, values, times: times, series: series)
    }

    static let inexact: Set<String> = ["stddev", "var"]

    static func agree(_ left: UInt64?, _ right: UInt64?, _ call: Call, _ type: ColumnType) -> Bool {
        guard inexact.contains(call.name), let left, let right else { return left == right }
        if type == .duration { return abs(Int64(bitPattern: left) - Int64(bitPattern: right)) <= 1 }
        let (first, second) = (Double(bitPattern: left), Double(bitPattern: right))
        return abs(first - second) <= 1e-12 * max(abs(first), abs(second))
    }

    @Test(arguments: calls, [UInt64(1), 2, 3])
    func `one pass, scattered rows, shuffled rows and merged parts agree`(call: Call, seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let function = try #require(AggregateFunction(rawValue: call.name))
        for type in function.inputTypes {
            let rows = Self.rows(type, count: 700, using: &generator)
            let expected = try call.onePass(rows, texts: Self.words)
            #expect(expected != nil)
            let shuffled = rows.shuffled(using: &generator)
            for result in [
                try call.scattered(rows, texts: Self.words), try call.onePass(shuffled, texts: Self.words),
                try call.scattered(shuffled, texts: Self.words),
                try call.merged(rows, using: &generator, texts: Self.words),
                try call.merged(shuffled, using: &generator, texts: Self.words),
            ] {
                #expect(Self.agree(result, expected, call, type), "\(call) of \(type)")
            }
        }
    }

    @Test(arguments: calls)
    func `nothing gives null, and counts of nothing zero`(call: Call) throws {
        let function = try #require(AggregateFunction(rawValue: call.name))
        for type in function.inputTypes {
            let zero: UInt64? = ["count", "distinct"].contains(call.name) ? 0 : nil
            #expect(try call.onePass(Rows(type, [])) == zero)
            #expect(try call.onePass(Rows(type, [nil, nil])) == zero)
            #expect(try call.scattered(Rows(type, [nil])) == zero)
        }
    }

    @Test(arguments: calls)
    func `a slot that was reset is as new`(call: Call) throws {
        var generator = SeededGenerator(seed: 7)
        let function = try #require(AggregateFunction(rawValue: call.name))
        for type in function.inputTypes {
            let states = try call.states(type, slots: 2, texts: Self.words)
            try call.feed(Self.rows(type, count: 50, using: &generator), 0..<50, into: 1, of: states)
            states.reset(slot: 1)
            let rows = Self.rows(type, count: 60, using: &generator)
            try call.feed(rows, 0..<60, into: 1, of: states)
            #expect(try states.finish(slot: 1) == call.onePass(rows, texts: Self.words))
            states.reset(slot: 1)
            #expect(try states.finish(slot: 1) == states.finish(slot: 0))
        }
    }

    @Test(arguments: calls)
    func `slots do not touch each other and negative slots take nothing`(call: Call) throws {
        var generator = SeededGenerator(seed: 11)
        let function = try #require(AggregateFunction(rawValue: call.name))
        for type in function.inputTypes {
            let rows = Self.rows(type, count: 600, using: &generator)
            let slots = rows.values.map { _ in Int32.random(in: -1...3, using: &generator) }
            let states = try call.states(type, slots: 4, texts: Self.words)
            try states.scatter(
                slots: slots, column: rows.column, timestamps: rows.times, series: rows.series)
            for slot in 0..<4 {
                let own = slots.indices.filter { slots[$0] == Int32(slot) }
                let part = Rows(
                    type, own.map { rows.values[$0] }, times: own.map { rows.times[$0] },
                    series: own.map { rows.series[$0] })
                let expected = try call.onePass(part, texts: Self.words)
                #expect(Self.agree(try states.finish(slot: slot), expected, call, type))
            }
        }
    }

    @Test func `rows are counted without a column`() throws {
        let states = try Call("count").states(nil, slots: 3)
        try states.update(slot: 1, column: nil, timestamps: [1, 2, 3, 4], rows: 1..<4, series: 0)
        try states.scatter(slots: [2, -1, 1], column: nil, timestamps: [1, 2, 3], series: [0, 0, 0])
        #expect(try (0..<3).map { try states.finish(slot: $0) } == [0, 4, 1])
    }
}
