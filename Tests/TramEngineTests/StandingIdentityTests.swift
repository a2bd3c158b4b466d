import Testing
import TramAlerting
import TramColumnar
import TramEngine
import TramLineProtocol
import TramQuery
import TramStorage
import TramStreaming
import TramTesting

/// The promise that standing windows and ad-hoc questions cannot disagree.
@Suite struct StandingIdentityTests {
    /// Feeds `lines` in batches cut at random and returns the last told values of each window, by group and start.
    private func lastTold(
        _ query: String, _ lines: [String], seed: UInt64, policy: LatePolicy
    ) throws -> (told: [String: [String]], store: Store, events: [String], droppedLate: Int) {
        var generator = SeededGenerator(seed: seed)
        let store = try Store()
        let path = IngestPath(store: store)
        let context = QueryContext(now: 0, zone: .hoChiMinh, zones: BuiltInZones(), defaultRange: .all)
        let standing = try ContinuousQuery(
            name: "w", query: query, when: nil, clear: nil, schemas: [:], strings: store.strings, context: context,
            policy: policy, sources: 1)
        var told: [String: [String]] = [:]
        var events: [String] = []
        func note(_ new: [StandingEvent]) {
            for event in new {
                for row in event.rows {
                    let key = row.result.labels.map(\.value).joined(separator: ",") + "@\(row.result.start)"
                    told[key] = row.result.values.map(\.plainText)
                    events.append("\(key) r\(row.result.revision) \(row.result.values.map(\.plainText))")
                }
            }
        }
        var open = OpenBody(now: nil)
        var rest = lines[...]
        while !rest.isEmpty {
            let count = Int.random(in: 1...200, using: &generator)
            let body = rest.prefix(count).joined(separator: "\n") + "\n"
            rest = rest.dropFirst(count)
            var parsed = ParsedRows()
            unsafe path.parse(Array(body.utf8).span.bytes, of: &open, guarding: TimeGuard(), into: &parsed)
            for stored in parsed.commit(to: store, keeping: { _ in true }).batches {
                let snapshot = store.snapshot()
                try standing.rebind(
                    schemas: Dictionary(
                        uniqueKeysWithValues: snapshot.measurements.compactMap { name in
                            snapshot.schema(of: name).map { (name, $0) }
                        }))
                note(
                    try standing.process(
                        stored.batch, source: 0, refused: stored.refusedRows, key: { store.key(of: $0) }))
            }
        }
        note(try standing.finish())
        return (told, store, events, standing.droppedLate)
    }

    private func asked(_ query: String, _ store: Store, groups: Int) throws -> [String: [String]] {
        let context = QueryContext(now: 0, zone: .hoChiMinh, zones: BuiltInZones(), defaultRange: .all)
        let result = try QueryRunner.run(query, source: StoreSource(store.snapshot()), context: context)
        var rows: [String: [String]] = [:]
        for row in 0..<result.rowCount {
            let values = result.columns.indices.map { result.value(row: row, column: $0) }
            guard case .time(let start) = values[0] else { continue }
            let key = values[1..<(1 + groups)].map(\.plainText).joined(separator: ",") + "@\(start)"
            rows[key] = values.map(\.plainText)
        }
        return rows
    }

    /// Rows of a few stations over some hours, each arriving up to `disorder` seconds late; no point twice.
    private func feed(seed: UInt64, disorder: Int) -> [String] {
        var generator = SeededGenerator(seed: seed)
        var rows: [(arrival: Int, line: String)] = []
        for station in 0..<4 {
            for step in 0..<400 where Int.random(in: 0..<10, using: &generator) > 0 {
                let time = 1_700_000_000 + step * 37 + station
                let value = Double(Int.random(in: -500...500, using: &generator)) / 10
                let state = ["ok", "fault"][Int.random(in: 0..<2, using: &generator)]
                rows.append(
                    (
                        time + Int.random(in: 0...disorder, using: &generator),
                        "m,station=s\(station),side=\(station % 2 == 0 ? "left" : "right") v=\(value),n=\(step)i,state=\"\(state)\" \(time)000000000"
                    ))
            }
        }
        return rows.sorted { ($0.arrival, $0.line) < ($1.arrival, $1.line) }.map(\.line)
    }

    static let queries: [(String, Int)] = [
        ("m | count(), sum(v), mean(v), min(v), max(n) by station every 5m", 1),
        ("m | mean(v), max(v), p95(v, exact), last(v), distinct(state) by side every 10m over 30m", 1),
        ("m where v > 0 and station != \"s3\" | sum(n), first(v) by station every 90s", 1),
        ("m | count() by state every 7m", 1),
        ("m | set w = v * 2 | warm = sum(w) where (v > 10), all = count(w) by station every 1h | where all > 3", 1),
        ("m | mean(v) every 1d", 0),
    ]

    @Test(arguments: queries, [UInt64(1), 2, 3])
    func `the last telling of every window equals the ad-hoc answer over the stored rows`(
        query: (String, Int), seed: UInt64
    ) throws {
        for disorder in [0, 20, 1500] {
            let (told, store, _, dropped) = try lastTold(
                query.0, feed(seed: seed, disorder: disorder), seed: seed &+ 7, policy: LatePolicy())
            #expect(dropped == 0)
            #expect(told == (try asked(query.0, store, groups: query.1)), "disorder \(disorder) s")
        }
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `what is told does not depend on how the rows were cut into batches`(seed: UInt64) throws {
        let lines = feed(seed: seed, disorder: 900)
        let query = "m | mean(v), count() by station every 5m over 15m"
        let first = try lastTold(query, lines, seed: 1, policy: LatePolicy())
        let second = try lastTold(query, lines, seed: 2, policy: LatePolicy())
        #expect(first.events == second.events)
        #expect(first.events.contains { $0.contains(" r1 ") }, "the feed is disordered enough for revisions")
    }

    @Test func `a row beyond the allowed lateness is stored, counted, and left out of the window`() throws {
        var lines = (0..<100).map { "m,station=a v=1 \(1_700_000_000 + $0 * 60)000000000" }
        lines.append("m,station=a v=100 1700000030000000000")
        let (told, store, events, dropped) = try lastTold(
            "m | sum(v) by station every 10m", lines, seed: 1,
            policy: LatePolicy(lateness: 0, allowedLateness: 600_000_000_000))
        #expect(dropped == 1)
        #expect(store.snapshot().pointCount == 101)
        #expect(!events.contains { $0.contains(" r1 ") })
        let asked = try asked("m | sum(v) by station every 10m", store, groups: 1)
        #expect(told.filter { asked[$0.key] != $0.value }.count == 1)
    }

    @Test func `a field that comes later counts from its first value on`() throws {
        let lines =
            (0..<50).map { "m,station=a v=1 \(1_700_000_000 + $0 * 60)000000000" }
            + (50..<100).map { "m,station=a,side=left v=1,w=\($0)i \(1_700_000_000 + $0 * 60)000000000" }
        let query = "m | count(), count(w), sum(w) by station every 10m"
        let (told, store, _, _) = try lastTold(query, lines, seed: 4, policy: LatePolicy())
        #expect(told == (try asked(query, store, groups: 1)))
    }
}
