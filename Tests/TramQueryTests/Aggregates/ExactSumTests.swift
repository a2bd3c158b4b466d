import Testing
import TramColumnar
import TramQuery
import TramTesting

@Suite struct ExactSumTests {
    static let onPaper: [([Double], Double)] = [
        ([0.1, 0.2], 0.3), ([0.1, 0.7], 0.8), ([1e15, 0.3, -1e15], 0.3), ([61.97222222, 61.97222222], 123.94444444),
        ([1e16, 1, -1e16], 1), ([1e100, 1, -1e100, 0.25], 1.25), ([-0.0, -0.0], 0), ([0.3, -0.3], 0),
        ([1e300, 1e-300, -1e300], 1e-300), ([0x1p-1074, 0x1p-1074], 0x1p-1073), ([1.7e308, 1e308, -1.7e308], 1e308),
        ([9_007_199_254_740_992, 1, 0.5], 9_007_199_254_740_994),
    ]

    @Test(arguments: onPaper)
    func `decimals add up as on paper`(values: [Double], sum: Double) throws {
        let rows = Rows(floats: values)
        #expect(try Call("sum").float(rows)?.bitPattern == sum.bitPattern)
        #expect(try Call("sum").scattered(rows) == sum.bitPattern)
    }

    @Test(arguments: [UInt64(1), 2, 3, 4], [1, 2, 8, 15])
    func `a sum of written decimals is the decimal sum rounded once`(seed: UInt64, mostPlaces: Int) throws {
        var generator = SeededGenerator(seed: seed)
        var ledger = DecimalLedger()
        var values: [Double?] = []
        for _ in 0..<3000 {
            let places = Int.random(in: 0...mostPlaces, using: &generator)
            let digits = Int.random(in: 1...15, using: &generator)
            let bound = (0..<digits).reduce(Int64(1)) { power, _ in power * 10 }
            let number = WrittenDecimal(mantissa: .random(in: -bound...bound, using: &generator), places: places)
            ledger.add(text: number.text)
            values.append(number.value)
            if Int.random(in: 0..<20, using: &generator) == 0 { values.append(nil) }
        }
        let rows = Rows(floats: values)
        let sum = ledger.total
        #expect(try Call("sum").float(rows) == sum)
        #expect(try Call("sum").scattered(rows) == sum.bitPattern)
        let count = Double(values.count { $0 != nil })
        #expect(try Call("mean").float(rows) == sum / count)
    }

    @Test(arguments: [UInt64(1), 2, 3, 4, 5, 6])
    func `floats of every size and kind add up without rounding before the end`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var ledger = DecimalLedger()
        var values: [Double] = []
        for _ in 0..<300 {
            var value: Double
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: value = Double(Int.random(in: -9999...9999, using: &generator)) / 100
            case 1: value = .random(in: -100...100, using: &generator)
            case 2: value = Double(sign: .minus, exponent: .random(in: -70...70, using: &generator), significand: 1.7)
            default: value = Double(bitPattern: generator.next())
            }
            if !value.isFinite || value.magnitude > 1e305 { value = 1 / 3 }
            values.append(value)
            ledger.add(value)
            // Most of what is large goes again, so that small digits stay visible.
            if value.magnitude > 1e20 {
                values.append(-value)
                ledger.add(-value)
            }
        }
        #expect(try Call("sum").float(Rows(floats: values)) == ledger.total)
    }

    @Test(arguments: [UInt64(1), 2, 3, 4, 5, 6, 7, 8])
    func `order and merges do not change a bit of a sum`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var values: [Double?] = []
        for _ in 0..<1500 {
            let wild = Int.random(in: 0..<100, using: &generator)
            values.append(
                wild == 0
                    ? Double(bitPattern: generator.next() & ~(1 << 62))
                    : wild < 10
                        ? .random(in: -1e6...1e6, using: &generator)
                        : Double(Int.random(in: -99999...99999, using: &generator)) / (wild < 50 ? 100 : 1e7))
        }
        let rows = Rows(floats: values)
        let expected = try Call("sum").onePass(rows)
        for _ in 0..<4 {
            let shuffled = rows.shuffled(using: &generator)
            #expect(try Call("sum").onePass(shuffled) == expected)
            #expect(try Call("sum").scattered(shuffled) == expected)
            #expect(try Call("sum").merged(shuffled, using: &generator) == expected)
        }
    }

    @Test func `sums beyond 128 bits of decimals stay exact`() throws {
        // 2^50 at fifteen places, doubled sixty times by merging with itself.
        let states = try Call("sum").states(.float)
        let rows = Rows(floats: [1_000_000_000_000_000, 0.000000000000001])
        try Call("sum").feed(rows, 0..<2, into: 0, of: states)
        var expected = DecimalLedger()
        expected.add(text: "1000000000000000.000000000000001")
        for _ in 0..<60 { try states.merge(slot: 0, from: states, slot: 0) }
        let doublings = Double(sign: .plus, exponent: 60, significand: 1)
        #expect(try states.finish(slot: 0) == (expected.total * doublings).bitPattern)
    }

    @Test func `numbers that are none are passed over`() throws {
        let rows = Rows(floats: [.nan, 1, .infinity, nil, -.infinity, 2])
        #expect(try Call("sum").float(rows) == 3)
        #expect(try Call("mean").float(rows) == 1.5)
    }

    @Test func `a sum beyond all floats is an error`() throws {
        #expect(throws: QueryError.self) { try Call("sum").float(Rows(floats: [1.7e308, 1.7e308])) }
    }

    static let wholeSums: [([Int64], Int64)] = [
        ([Int64.max, 1, -1], Int64.max), ([Int64.min, -1, 1], Int64.min), ([1, 2, 3], 6), ([Int64.max, Int64.min], -1),
    ]

    @Test(arguments: wholeSums)
    func `an integer sum may pass its limits on the way`(values: [Int64], sum: Int64) throws {
        #expect(try Call("sum").int(Rows(ints: values)) == sum)
        #expect(try Call("sum").int(Rows(ints: values, type: .duration)) == sum)
    }

    @Test func `an integer sum that does not fit is an error`() throws {
        let error = #expect(throws: QueryError.self) { try Call("sum").int(Rows(ints: [Int64.max, 1])) }
        #expect(error?.code == .overflow)
        #expect(throws: QueryError.self) { try Call("sum").onePass(Rows(.uint, [UInt64.max, 1])) }
        #expect(try Call("sum").onePass(Rows(.uint, [UInt64.max - 1, 1])) == UInt64.max)
    }

    @Test func `the mean of integers is a float and that of durations a duration`() throws {
        #expect(try Call("mean").float(Rows(ints: [1, 2])) == 1.5)
        #expect(try Call("mean").float(Rows(.uint, [UInt64.max, UInt64.max])) == 0x1p64)
        #expect(try Call("mean").int(Rows(ints: [1, 2, 4], type: .duration)) == 2)
        #expect(try Call("mean").states(.duration).resultType == .duration)
    }

    @Test func `a change of places in the middle of a run loses nothing`() throws {
        var values: [Double] = []
        var ledger = DecimalLedger()
        for row in 0..<5000 {
            let places = [1, 1, 8, 1, 13, 0][row / 900]
            let number = WrittenDecimal(mantissa: Int64(row) * 37 + 11, places: places)
            ledger.add(text: number.text)
            values.append(try #require(number.value))
        }
        #expect(try Call("sum").float(Rows(floats: values)) == ledger.total)
    }
}
