import Testing
import TramQuery

@Suite struct HeadTests {
    @Test func `the first of more rows than a result may have are found`() throws {
        let source = MemorySource(
            (0..<3000).map {
                TestRow(time: Int64($0 / 3), tags: ["s": "s\($0 % 3)"], fields: ["v": .int(Int64(($0 * 7919) % 1009))])
            })
        let few = QueryLimits(rows: 50)
        for query in [
            "m | limit 7", "m | sort -time | limit 7", "m | sort v, -s | limit 9", "m | top 5 v", "m | bottom 5 v",
            "m | top 3 v by s", "m | sort -v | limit 5 | sort time",
        ] {
            let answer = try source.lines(query, limits: few)
            #expect(try answer == source.lines(query), "\(query)")
        }
        #expect(throws: QueryError.self) { try source.lines("m", limits: few) }
        #expect(throws: QueryError.self) { try source.lines("m | limit 51", limits: few) }
    }
}
