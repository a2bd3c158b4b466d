import Testing
import TramColumnar
import TramQuery
import TramTesting

@Suite struct MomentsTests {
    @Test func `below two values there is no variance`() throws {
        #expect(try Call("var").onePass(Rows(floats: [3])) == nil)
        #expect(try Call("stddev").float(Rows(floats: [3, 5])) == 2.0.squareRoot())
        #expect(try Call("var").float(Rows(ints: [2, 4, 4, 4, 5, 5, 7, 9])) == 32.0 / 7)
    }

    @Test(arguments: [0.0, 1e6, 1e9], [UInt64(1), 2, 3])
    func `a small spread far from zero keeps its digits`(offset: Double, seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let values = (0..<3000).map { _ in offset + Double(Int.random(in: -800...800, using: &generator)) / 64 }
        // Sixty-fourths are exact, so sums of integers give the true variance.
        let whole = values.map { Int128(($0 - offset) * 64) }
        let count = Int128(whole.count)
        let sum = whole.reduce(0, +)
        let squares = whole.reduce(0) { $0 + $1 * $1 }
        let variance = Double(squares * count - sum * sum) / Double(count * (count - 1)) / 4096
        let rows = Rows(floats: values)
        var results = [try Call("var").onePass(rows), try Call("var").scattered(rows)]
        for _ in 0..<3 { results.append(try Call("var").merged(rows, using: &generator)) }
        for result in results {
            let found = Double(bitPattern: try #require(result))
            #expect(abs(found - variance) <= 1e-15 * variance)
        }
    }

    @Test(arguments: [0.1, 1.0 / 3, -273.15, 1e300])
    func `what never changes has no variance at all`(value: Double) throws {
        var generator = SeededGenerator(seed: 3)
        let rows = Rows(floats: [Double](repeating: value, count: 1000))
        #expect(try Call("var").float(rows) == 0)
        #expect(try Call("var").scattered(rows) == 0)
        #expect(try Call("stddev").merged(rows, using: &generator) == 0)
    }

    @Test func `unsigned numbers beyond the signed ones are as large as they are`() throws {
        let rows = Rows(.uint, [3, UInt64.max, UInt64.max - 2, 5])
        for order in [rows, Rows(.uint, [UInt64.max, 3, 5, UInt64.max - 2])] {
            // Two at 0 and two at 2^64, nearly.
            let expected = 0x1p128 / 3
            #expect(abs(try #require(try Call("var").float(order)) / expected - 1) < 1e-15)
        }
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `variances of decimals are those of exact integers`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for places in [0, 1, 3, 6] {
            for count in [2, 5, 31, 32, 33, 700] {
                let start = Int64.random(in: -1_000_000_000...1_000_000_000, using: &generator)
                let whole = (0..<count).map { _ in start + .random(in: -40_000...40_000, using: &generator) }
                let power = (0..<places).reduce(1.0) { power, _ in power * 10 }
                let sum = whole.reduce(Int128(0)) { $0 + Int128($1) }
                let squares = whole.reduce(Int128(0)) { $0 + Int128($1) * Int128($1) }
                let size = Int128(count)
                let expected = Double(squares * size - sum * sum) / Double(size * (size - 1)) / power / power
                let rows = Rows(floats: whole.map { Double($0) / power })
                for found in [try Call("var").onePass(rows), try Call("var").scattered(rows)] {
                    let found = Double(bitPattern: try #require(found))
                    #expect(abs(found - expected) <= 1e-15 * expected)
                }
            }
        }
    }

    @Test func `a deviation of durations is a duration`() throws {
        #expect(try Call("stddev").int(Rows(ints: [0, 2_000_000_000], type: .duration)) == 1_414_213_562)
    }

    @Test func `squares beyond all floats are an error`() {
        #expect(throws: QueryError.self) { try Call("var").float(Rows(floats: [1e200, -1e200])) }
    }
}
