import Testing
import TramColumnar
import TramQuery

/// Functions that remember, in queries that never end.
@Suite struct StandingFunctionTests {
    private static let minute: Int64 = 60_000_000_000

    private func plan(_ text: String) throws -> StandingPlan {
        let schema = Schema(measurement: "m", tagKeys: ["st"], fields: [Schema.Field(name: "x", type: .float)])
        let context = QueryContext(now: 0, zone: .hoChiMinh, zones: BuiltInZones())
        return try StandingPlan(text, schemas: ["m": schema], strings: StringTable(), context: context)
    }

    private func feed(_ plan: StandingPlan, _ rows: [(time: Int64, series: UInt32, x: Double)]) throws {
        var batch = Batch(measurement: "m")
        var values = Vector(type: .float)
        for row in rows {
            batch.series.append(row.series)
            batch.timestamps.append(row.time)
            batch.lines.append(1)
            values.append(row.x.bitPattern)
        }
        batch.columns = [Batch.Column(name: "x", values: values)]
        let key = { (series: UInt32) in
            SeriesKey(measurement: "m", tags: TagSet([TagSet.Tag(key: "st", value: "\(series)")]))
        }
        try plan.blocks(of: batch, rows: 0..<rows.count, refused: [], key: key) { (block) throws(QueryError) in
            try plan.add(block, measurement: "m", key: key)
        }
    }

    private func close(_ plan: StandingPlan, _ window: Int64) throws -> [String] {
        let groups = plan.states?.groups(inWindow: window) ?? []
        return try plan.rows(window: window, groups: groups).map { row in
            row.row.values.dropFirst().map { $0 == .null ? "-" : $0.plainText }.joined(separator: " ")
        }
    }

    @Test func `a group goes on where its window before left it, and a window given out again replaces what it said`()
        throws
    {
        let minute = Self.minute
        let plan = try plan("m | max(x) by st every 1m | set d = diff(max), c = cumsum(max)")
        try feed(plan, [(0, 1, 5), (1, 2, 7), (minute, 1, 8), (2 * minute, 2, 9)])
        #expect(try close(plan, 0) == ["1 5 - 5", "2 7 - 7"])
        #expect(try close(plan, minute) == ["1 8 3 13"])
        try feed(plan, [(minute + 9, 1, 10)])
        #expect(try close(plan, minute) == ["1 10 5 15"])
        #expect(try close(plan, 2 * minute) == ["2 9 2 16"])
        // A window that comes after a later one of its group has missed its turn.
        #expect(try close(plan, 0) == ["1 5 - -", "2 7 - -"])
        try feed(plan, [(3 * minute, 1, 11)])
        #expect(try close(plan, 3 * minute) == ["1 11 1 26"])
    }

    @Test func `a counter's step over the border of windows is kept when the window before is gone`() throws {
        let minute = Self.minute
        let plan = try plan("m | increase(x), missing(20s) by st every 1m")
        try feed(plan, [(0, 1, 5), (9, 1, 6), (minute, 1, 10), (minute + 8, 1, 3), (minute + 4, 1, 12)])
        #expect(try close(plan, 0) == ["1 1 1"])
        plan.states?.discardSlice(0)
        #expect(try close(plan, minute) == ["1 9 0"])
    }

    @Test(arguments: [
        "m | max(x) by st every 1m | set r = rank(max)", "m | sum(x) by st every 1m | set r = share(sum)",
        "m | freshness() by st every 1m",
    ])
    func `what needs all groups or a now is refused`(_ text: String) {
        #expect(throws: QueryError.self) { try plan(text) }
    }
}
