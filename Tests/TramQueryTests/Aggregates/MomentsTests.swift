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
            // A mean of 1e9 in one float is known to 1e-7: that much of a spread of 7 is the best there is.
            #expect(abs(found - variance) <= (offset < 1e9 ? 1e-11 : 1e-8) * variance)
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

    @Test func `a deviation of durations is a duration`() throws {
        #expect(try Call("stddev").int(Rows(ints: [0, 2_000_000_000], type: .duration)) == 1_414_213_562)
    }

    @Test func `squares beyond all floats are an error`() {
        #expect(throws: QueryError.self) { try Call("var").float(Rows(floats: [1e200, -1e200])) }
    }
}
