import Testing
import TramColumnar
import TramQuery
import TramTesting

@Suite struct ExtremesTests {
    @Test func `the ends of the integers are exact`() throws {
        let ints = Rows(ints: [3, Int64.max, Int64.min, nil, 0, Int64.max - 1])
        #expect(try Call("min").int(ints) == Int64.min)
        #expect(try Call("max").int(ints) == Int64.max)
        let uints = Rows(.uint, [1, UInt64.max, 0, UInt64.max - 1])
        #expect(try Call("min").onePass(uints) == 0)
        #expect(try Call("max").onePass(uints) == UInt64.max)
        #expect(try Call("spread").onePass(uints) == UInt64.max)
        #expect(try Call("min").int(Rows(ints: [Int64.max])) == Int64.max)
        #expect(try Call("max").int(Rows(ints: [Int64.min])) == Int64.min)
    }

    @Test func `a spread that does not fit is an error`() throws {
        #expect(throws: QueryError.self) { try Call("spread").int(Rows(ints: [Int64.max, -1])) }
        #expect(throws: QueryError.self) { try Call("spread").float(Rows(floats: [1.7e308, -1.7e308])) }
        #expect(try Call("spread").int(Rows(ints: [-4, 9, 2])) == 13)
    }

    @Test(arguments: ["min", "max", "mode", "first", "last", "spread", "sum", "median"])
    func `zero has no sign`(name: String) throws {
        for values in [[-0.0], [-0.0, 0.0], [0.0, -0.0]] {
            let rows = Rows(floats: values)
            #expect(try Call(name).onePass(rows) == 0)
            #expect(try Call(name).scattered(rows) == 0)
        }
        #expect(try Call("distinct").int(Rows(floats: [0.0, -0.0])) == 1)
        #expect(try Call("min_at").int(Rows(floats: [0.0, -0.0])) == 0)
    }

    @Test func `numbers that are none are passed over`() throws {
        let rows = Rows(floats: [.nan, .infinity, 2, -.infinity, 1, .nan, 1.5, -.infinity, .infinity, .nan])
        #expect(try Call("min").float(rows) == 1)
        #expect(try Call("max").float(rows) == 2)
        #expect(try Call("max").scattered(rows) == 2.0.bitPattern)
        #expect(try Call("first").float(rows) == 2)
        #expect(try Call("last").float(rows) == 1.5)
        #expect(try Call("distinct").int(rows) == 3)
        #expect(try Call("median", .exact).float(rows) == 1.5)
        #expect(try Call("min").onePass(Rows(floats: [.nan, .infinity])) == nil)
        #expect(try Call("min_at").int(rows) == 4)
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `extremes are those of the sorted values, at their earliest time`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for count in [1, 7, 8, 9, 31, 500] {
            let values = (0..<count).map { _ in Double(Int.random(in: -50...50, using: &generator)) / 10 }
            let times = (0..<count).map { _ in Int64.random(in: -1000...1000, using: &generator) }
            let rows = Rows(.float, values.map(\.bitPattern), times: times)
            let low = try #require(values.min())
            let high = try #require(values.max())
            #expect(try Call("min").float(rows) == low)
            #expect(try Call("max").float(rows) == high)
            #expect(try Call("spread").float(rows) == high - low)
            #expect(try Call("min_at").int(rows) == zip(values, times).filter { $0.0 == low }.map(\.1).min())
            #expect(try Call("max_at").int(rows) == zip(values, times).filter { $0.0 == high }.map(\.1).min())
            #expect(try Call("max_at").scattered(rows) == Call("max_at").onePass(rows))
        }
    }

    @Test func `texts are compared as texts, not by their codes`() throws {
        let texts = ["sông", "an", "Ẩm", "biển"]
        let rows = Rows(.string, [0, 1, 3, nil, 0])
        #expect(try Call("min").onePass(rows, texts: texts) == 1)
        #expect(try Call("max").onePass(rows, texts: texts) == 0)
        #expect(try Call("mode").onePass(rows, texts: texts) == 0)
        #expect(try Call("mode").onePass(Rows(.tag, [3, 1, 0]), texts: texts) == 1)
    }

    @Test func `of several series' values at one time first is the smallest and last the largest`() throws {
        let rows = Rows(.int, [10, 20, 30, 40], times: [5, 5, 9, 9], series: [2, 1, 4, 3])
        #expect(try Call("first").onePass(rows) == 10)
        #expect(try Call("last").onePass(rows) == 40)
    }

    @Test func `of modes that tie the smallest wins`() throws {
        #expect(try Call("mode").int(Rows(ints: [5, -3, 5, -3, 9])) == -3)
        #expect(try Call("mode").float(Rows(floats: [2.5, -1, 2.5, -1])) == -1)
        #expect(try Call("mode").float(Rows(floats: [2.5, -1, 2.5])) == 2.5)
    }
}
