import Testing
import TramColumnar
import TramQuery
import TramTesting

@Suite struct DistinctTests {
    @Test(arguments: [1, 2, 255, 256])
    func `up to 256 values are counted exactly`(count: Int) throws {
        let rows = Rows(ints: (0..<3000).map { Int64($0 % count) - 7 })
        #expect(try Call("distinct").int(rows) == Int64(count))
    }

    @Test(arguments: [257, 1000, 5000, 20_000, 200_000], [UInt64(1), 2, 3])
    func `more are within three standard errors`(count: Int, seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var values: Set<UInt64> = []
        while values.count < count { values.insert(generator.next() >> 8) }
        let rows = Rows(.uint, values.sorted())
        let found = Double(try #require(try Call("distinct").int(rows)))
        #expect(abs(found - Double(count)) <= 3 * 1.04 / 64 * Double(count))
        #expect(try Call("distinct", .exact).int(rows) == Int64(count))
    }

    @Test(arguments: [UInt64(1), 2])
    func `floats with few digits are spread as well as any`(seed: UInt64) throws {
        let rows = Rows(floats: (0..<30_000).map { Double($0 + Int(seed) * 7) / 10 })
        let found = Double(try #require(try Call("distinct").int(rows)))
        #expect(abs(found - 30_000) <= 3 * 1.04 / 64 * 30_000)
    }

    @Test func `texts that come later are counted too`() throws {
        let table = StringTable()
        let states = try AggregateFunction.make(
            name: "distinct", inputType: .string, texts: StateTexts { Array(table.snapshot()) })
        states.grow(to: 1)
        for round in 0..<20 {
            let codes = (0..<50).map { UInt64(table.code("cảm biến \(round * 25 + $0)")) }
            try states.update(
                slot: 0, column: Column(type: .string, bits: codes), timestamps: codes.map { Int64($0) },
                rows: 0..<50, series: 0)
        }
        let found = Double(try #require(try states.finish(slot: 0)))
        #expect(abs(found - 525) <= 3 * 1.04 / 64 * 525)
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `merges of sketches know no order`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for count in [200, 256, 257, 5000] {
            let rows = Rows(ints: (0..<(count * 2)).map { Int64($0 % count) })
            for call in [Call("distinct"), Call("distinct", .exact)] {
                let expected = try call.onePass(rows)
                let shuffled = rows.shuffled(using: &generator)
                #expect(try call.merged(shuffled, using: &generator) == expected)
                #expect(try call.scattered(shuffled) == expected)
            }
        }
    }
}
