import Testing
import TramColumnar
import TramEngine
import TramLineProtocol
import TramQuery
import TramStorage
import TramTesting

/// One question has one answer: read block by block or from what blocks know of themselves, by one thread or several,
/// with kept windows or without.
@Suite struct SameAnswerTests {
    /// A source that reads every block, knows nothing of blocks, and changes without telling.
    private struct PlainSource: ColumnSource {
        let source: StoreSource

        var measurements: [String] { source.measurements }
        var strings: StringTable { source.strings }
        var pointCount: Int { source.pointCount }
        func extent(of measurement: String) -> TimeRange? { source.extent(of: measurement) }
        func schema(of measurement: String) -> Schema? { source.schema(of: measurement) }
        func series(of measurement: String, in range: TimeRange?) -> [SeriesEntry] {
            source.series(of: measurement, in: nil)
        }
        func scan(
            series: UInt32, of measurement: String, fields: [Int], range: TimeRange,
            visit: (ColumnBlock) throws(QueryError) -> Void
        ) throws(QueryError) {
            try source.scan(series: series, of: measurement, fields: fields, range: range, visit: visit)
        }
    }

    /// Threads, as the server has them, also on a machine with one processor.
    private static let workers = QueryWorkers(count: 3) { parts, body in
        QueryThreads.workers.map { $0.perform(parts, body) } ?? (0..<parts).forEach { body($0) }
    }

    private static let queries = [
        "air[R] | count(), sum(pm), mean(pm), min(pm), max(pm), first(pm), last(pm), spread(pm)",
        "air[R] | count(pm), sum(n), mean(n), min(n), max(n), last(n) by d",
        "air[R] | mean(pm), p95(pm), stddev(pm) by d every 5m",
        "air[R] | mean(pm), distinct(s), exactly = distinct(s, exact), min_at(pm), max_at(n) by d every 1h",
        "air[R] where pm < 12 | count() by d",
        "air[R] where pm >= 3.5 and pm <= 20 and n != 5 | count(), sum(pm), mean(n) by d every 20m",
        "air[R] where n > 300 | count(), last(pm), mode(state) by s",
        "air[R] where s in (\"s1\", \"s7\", \"nowhere\") | max(pm), count(ok) by s every 10m over 40m",
        "air[R] where s = \"s3\" and state = \"on\" | mean(pm), quantile(n, 0.3, disc) every 30m fill prev",
        "air[R] | first(state), last(state), max(state), mode(state) by d every 1h",
        "air[R] where time >= 1970-01-01T03:00:00Z and time < 1970-01-01T09:30:00Z | sum(pm), count() by d every 1h",
        "air[R] | a = sum(pm) where (n > 100), b = sum(pm * 2) by d every 1h",
        "air[R] | sum(gaps), count(gaps), min(gaps), last(gaps) by s",
        "air[R] | mean(pm) every 1d fill 0",
        "air[R] | most = max(pm) by s, d | sort -most, s | limit 5",
    ]

    private func lines(_ generator: inout SeededGenerator, from start: Int, count: Int) -> String {
        var body = ""
        for _ in 0..<count {
            let s = Int.random(in: 0..<40, using: &generator)
            // Some come late, and some again.
            let late = Int.random(in: 0..<20, using: &generator) == 0 ? Int.random(in: 0..<9000, using: &generator) : 0
            let time = max(0, start + Int.random(in: 0..<600, using: &generator) * 10 - late)
            let pm = Double(Int.random(in: 0..<300, using: &generator)) / (s % 3 == 0 ? 10 : 4)
            body += "air,s=s\(s),d=d\(s % 5) pm=\(pm),n=\(Int.random(in: 0..<500, using: &generator))i"
            body += ",state=\"\(Bool.random(using: &generator) ? "on" : "off")\",ok=\(s % 2 == 0)"
            if Int.random(in: 0..<4, using: &generator) == 0 { body += ",gaps=\(pm / 3)" }
            body += " \(time)\n"
        }
        return body
    }

    private func put(_ body: String, _ store: Store, _ path: IngestPath) {
        var open = OpenBody(precision: .second, now: nil)
        var parsed = ParsedRows()
        unsafe path.parse(Array(body.utf8).span.bytes, of: &open, guarding: TimeGuard(), into: &parsed)
        path.finish(&open, guarding: TimeGuard(), into: &parsed)
        _ = parsed.commit(to: store, keeping: { _ in false })
    }

    private func rows(
        _ text: String, _ source: any ColumnSource, workers: QueryWorkers? = nil, cache: WindowCache? = nil
    ) throws -> [String] {
        var context = QueryContext(now: 0, zone: .hoChiMinh, zones: BuiltInZones(), defaultRange: .all)
        context.workers = workers
        context.cache = cache
        let result = try QueryRunner.run(text, source: source, context: context)
        return (0..<result.rowCount).map { row in
            result.columns.indices.map { result.value(row: row, column: $0).plainText }.joined(separator: ",")
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `however rows are read, with kept windows or without, while rows come late and go, the answer is the same`(
        seed: UInt64
    ) throws {
        var generator = SeededGenerator(seed: seed)
        let store = try Store()
        let path = IngestPath(store: store)
        let cache = WindowCache()
        for round in 0..<8 {
            // Enough for full blocks of each series, and for several threads.
            put(lines(&generator, from: round * 6000, count: round == 0 ? 70_000 : 9000), store, path)
            if round == 4 {
                let all = store.snapshot().series(of: "air").map(\.id)
                _ = store.apply(
                    Deletion(
                        series: Array(all.prefix(7)),
                        range: TimeRange(start: 2_000_000_000_000, end: 9_000_000_000_000)))
            }
            let source = StoreSource(store.snapshot())
            let end = (round + 1) * 6000
            for query in SameAnswerTests.queries {
                for range in ["all", "..1970-01-01T02:13:20Z", "1970-01-01T00:30:00Z..\(SameAnswerTests.instant(end))"]
                {
                    let text = query.replacing("[R]", with: "[\(range)]")
                    let plain = try rows(text, PlainSource(source: source))
                    #expect(try rows(text, source) == plain, "\(text)")
                    #expect(try rows(text, source, workers: SameAnswerTests.workers) == plain, "threads: \(text)")
                    #expect(
                        try rows(text, source, workers: SameAnswerTests.workers, cache: cache) == plain,
                        "round \(round), kept: \(text)")
                }
            }
        }
        #expect(cache.figures.hits > 50)
    }

    private static func instant(_ seconds: Int) -> String {
        Timestamp(nanoseconds: Int64(seconds) * 1_000_000_000).rfc3339
    }
}
