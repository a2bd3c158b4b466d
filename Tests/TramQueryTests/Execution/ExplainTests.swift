import Testing
import TramColumnar
import TramQuery

/// What `explain` says of a query that it has run.
@Suite struct ExplainTests {
    private static let source = MemorySource(
        (0..<30).map { (index: Int) -> TestRow in
            TestRow(
                measurement: "traffic", time: Int64(index) * 60_000_000_000, tags: ["way": "QL\(index % 3)"],
                fields: ["speed": .float(Double(index))])
        })

    @Test func `a row a step: what was read, what each stage left`() throws {
        let lines = try ExplainTests.source.lines(
            "explain traffic where way = \"QL1\" and speed > 3 | mean(speed) by way every 5m | sort -mean | limit 2")
        #expect(
            lines == [
                "step rows series series_all blocks blocks_decoded blocks_skipped cache",
                "read traffic 10 1 3 4 4 0 no",
                "mean by way, by windows 6 - - - - - -",
                "sort 6 - - - - - -",
                "limit 2 2 - - - - - -",
            ])
    }

    @Test func `a second pipe tells its own steps before the stage that takes it`() throws {
        let lines = try ExplainTests.source.lines(
            "explain traffic | max(speed) by way | join (traffic | min(speed) by way) on way")
        #expect(
            lines.dropFirst().map { $0.split(separator: " ")[0] } == ["read", "max", "read", "min", "join"])
    }
}
