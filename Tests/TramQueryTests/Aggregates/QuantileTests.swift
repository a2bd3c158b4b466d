import Testing
import TramColumnar
import TramQuery
import TramTesting

@Suite struct QuantileTests {
    static let shares = [0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1]

    static func values(_ shape: String, count: Int, using generator: inout SeededGenerator) -> [Double] {
        (0..<count).map { row in
            switch shape {
            case "flat": return 20
            case "rising": return Double(row)
            case "signed": return Double(Int.random(in: -5000...5000, using: &generator)) / 10
            case "wide":
                let sign: FloatingPointSign = Bool.random(using: &generator) ? .plus : .minus
                return Double(sign: sign, exponent: .random(in: -12...12, using: &generator), significand: 1.37)
            default:
                let deep = Double.random(in: 0...1, using: &generator)
                return Double(Int(deep * deep * deep * 10_000)) / 10
            }
        }
    }

    static let shapes = ["flat", "rising", "signed", "wide", "skewed"]

    @Test(arguments: shapes, [UInt64(1), 2])
    func `a sketch is within one per cent of what lies between the order statistics`(shape: String, seed: UInt64) throws
    {
        var generator = SeededGenerator(seed: seed)
        for count in [1, 2, 10, 1500] {
            let values = Self.values(shape, count: count, using: &generator)
            let sorted = values.sorted()
            for share in Self.shares {
                let found = try #require(try Call("quantile", .number(share)).float(Rows(floats: values)))
                let rank = share * Double(count - 1)
                let low = sorted[Int(rank)]
                let high = sorted[min(Int(rank) + 1, count - 1)]
                let exact = low + (high - low) * (rank - rank.rounded(.down))
                #expect(abs(found - exact) <= 0.0100001 * max(abs(low), abs(high)), "\(share) of \(count)")
            }
        }
    }

    @Test(arguments: shapes, [UInt64(1), 2])
    func `exact quantiles are those of the sorted values`(shape: String, seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for count in [1, 2, 3, 16, 17, 18, 100, 1001, 4000] {
            let values = Self.values(shape, count: count, using: &generator)
            let sorted = values.sorted()
            for share in Self.shares {
                let position = share * Double(count - 1)
                let rank = Int(position)
                let part = position - Double(rank)
                let next = sorted[min(rank + 1, count - 1)]
                let expected = sorted[rank] + (next - sorted[rank]) * part
                let rows = Rows(floats: values)
                let found = try #require(try Call("quantile", .number(share), .exact).float(rows))
                #expect(abs(found - expected) <= 1e-13 * max(abs(sorted[rank]), abs(next)))
                let least = sorted.indices.first { Double($0 + 1) / Double(count) >= share } ?? count - 1
                #expect(try Call("quantile", .number(share), .disc).float(rows) == sorted[least])
            }
        }
    }

    @Test func `figures worked out by hand`() throws {
        let rows = Rows(floats: [15, 20, 35, 40, 50])
        #expect(try Call("median", .exact).float(rows) == 35)
        #expect(try Call("quantile", .number(0.4), .exact).float(rows) == 29)
        #expect(try Call("quantile", .number(0.4), .disc).float(rows) == 20)
        #expect(try Call("p95", .exact).float(rows) == 48)
        #expect(try Call("p50", .disc).float(Rows(floats: [1, 2, 3, 4])) == 2)
        #expect(try Call("median", .exact).float(Rows(ints: [1, 2, 3, 4])) == 2.5)
        #expect(try Call("median", .exact).int(Rows(ints: [60, 180, 121], type: .duration)) == 121)
    }

    @Test func `seven of a hundred is not rounded past seven`() throws {
        let rows = Rows(floats: (1...100).map { Double($0) })
        #expect(try Call("quantile", .number(0.07), .disc).float(rows) == 7)
    }

    @Test func `the ends of the floats keep their distance`() throws {
        let huge = Double.greatestFiniteMagnitude
        #expect(try Call("median", .exact).float(Rows(floats: [-huge, huge])) == 0)
        let found = try #require(try Call("p99").float(Rows(floats: [huge])))
        #expect(found.isFinite && found >= 0.99 * huge)
        let tiny = try #require(try Call("p99").float(Rows(floats: [-1e-300])))
        #expect(abs(tiny + 1e-300) <= 0.0100001e-300)
    }

    @Test(arguments: [UInt64(1), 2, 3, 4])
    func `a sketch does not depend on order even when buckets run out`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let values = (0..<400).map { row in
            let wide = Double(sign: .plus, exponent: .random(in: -1000...1000, using: &generator), significand: 1.5)
            return row % 3 == 0 ? -wide : wide
        }
        var whole = DDSketch()
        whole.add(values)
        for _ in 0..<10 {
            var parts = (0..<9).map { _ in DDSketch() }
            for value in values.shuffled(using: &generator) {
                parts[Int.random(in: 0..<9, using: &generator)].add(value)
            }
            while parts.count > 1 {
                parts.shuffle(using: &generator)
                let part = parts.removeLast()
                parts[parts.count - 1].add(part)
            }
            #expect(parts[0] == whole)
        }
        #expect(whole.quantile(1).map { $0 > 0 } == true)
        #expect(whole.byteCount < 140_000)
    }
}
