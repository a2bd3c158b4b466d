import Testing
import TramColumnar
import TramQuery

@Suite struct ManyGroupsTests {
    @Test func `fifty thousand groups are each given once, in their order, filled or not`() throws {
        let rows = (0..<50_000).map { number in
            TestRow(time: Int64(number), fields: ["k": .int(Int64(number) * 7919 % 50_000), "v": .float(1)])
        }
        let context = QueryContext(now: 100_000, zone: .utc, zones: BuiltInZones(), defaultRange: .all)
        for query in ["m | n = count() by k", "m | n = count() by k every 1s fill 0"] {
            let result = try QueryRunner.run(query, source: MemorySource(rows), context: context)
            #expect(result.rowCount == 50_000)
            let column = try #require(result.columns.firstIndex { $0.name == "k" })
            let isInOrder = (0..<result.rowCount).allSatisfy { row in
                result.value(row: row, column: column) == .int(Int64(row))
            }
            #expect(isInOrder)
        }
    }
}
