import Testing
import TramColumnar
import TramEngine
import TramLineProtocol
import TramQuery
import TramStorage
import TramTesting

/// Whatever text is typed, the answer is a result or an error with words, never a stop.
@Suite struct RandomQueryTests {
    private func source() throws -> StoreSource {
        let store = try Store()
        let path = IngestPath(store: store)
        var open = OpenBody(precision: .second, now: nil)
        var body = ""
        for step in 0..<300 {
            body +=
                "traffic,way=QL\(step % 3),cam=c\(step % 7) speed=\(Double(step % 90) / 2),count=\(step)i \(step * 60)\n"
            body +=
                "air,station=a\(step % 2) pm25=\(step % 200),state=\"s\(step % 4)\",ok=\(step % 2 == 0),u=\(step)u \(step * 90)\n"
        }
        var parsed = ParsedRows()
        unsafe path.parse(Array(body.utf8).span.bytes, of: &open, guarding: TimeGuard(), into: &parsed)
        path.finish(&open, guarding: TimeGuard(), into: &parsed)
        let outcome = parsed.commit(to: store, keeping: { _ in false })
        #expect(outcome.acceptedCount == 600)
        return StoreSource(store.snapshot())
    }

    static let pieces = [
        "traffic", "air", "[all]", "[1h]", "[today]", "[2026-11-19]", "[..now]", "where", "speed", "count", "way",
        "cam",
        "pm25", "state", "ok", "u", "time", "| ", "mean(", "sum(", "count()", "p95(", "last(", "min_at(", "distinct(",
        ", exact)", ")", "(", "by", "every", "5m", "1h", "1mo", "1d", "over", "30m", "origin", "fill", "prev", "linear",
        "0", "1.5", "-3", "9223372036854775807", "\"QL1\"", "'x'", "=", "!=", "<", ">=", "~", "and", "or", "not", "in",
        "between", "is null", "set", "x =", "select", "drop", "sort", "-", "top", "bottom", "3", "limit", "stale",
        "unpivot",
        "show", "series", "tags", "fields", "measurements", "tz", "\"Asia/Ho_Chi_Minh\"", "*", "/", "%", "+", "if(",
        ",",
        "hour()", "age()", "date(time)", "round(", "concat(", "string(", "float(", "let", ";", "join", "alert", "when",
        "session", "runs", "vs", "late", "emit", "đo", "`a b`", "value", "field", "partial", "0.5", "quantile(",
        "1e300",
    ]

    @Test func `ten seconds of random questions give answers or errors with a place`() throws {
        let source = try source()
        let context = QueryContext(
            now: 20_000_000_000_000, zone: .hoChiMinh, zones: BuiltInZones(), defaultRange: .all,
            limits: QueryLimits(rows: 10_000, windows: 10_000, states: 100_000))
        var generator = SeededGenerator(seed: 20_261_121)
        let whole = [
            "traffic | mean(speed), max(count) by way every 1h fill prev | where mean > 3 | sort -mean | limit 3",
            "air | unpivot | count(value) by station, field", "air | unpivot | mean(value) by field",
            "traffic where way = \"QL1\" and speed > 4 | set x = if(speed > 20, count / speed, 0) | top 5 x by cam",
            "traffic | stale 10m by way", "show series traffic", "let a = traffic | mean(speed) by way; a | max(mean)",
            "air | quantile(pm25, 0.9, disc), distinct(state), mode(state), p50(u) every 10m over 1h",
        ]
        var answers = 0
        var errors = 0
        let clock = ContinuousClock()
        let end = clock.now.advanced(by: .seconds(10))
        while clock.now < end {
            var text: String
            if Bool.random(using: &generator) {
                text = (0..<Int.random(in: 1...14, using: &generator)).map { _ in
                    RandomQueryTests.pieces[Int.random(in: 0..<RandomQueryTests.pieces.count, using: &generator)]
                }.joined(separator: " ")
            } else {
                // A good question with a few pieces changed.
                var words = whole[Int.random(in: 0..<whole.count, using: &generator)].split(separator: " ").map(
                    String.init)
                for _ in 0..<Int.random(in: 0...3, using: &generator) {
                    let place = Int.random(in: 0..<words.count, using: &generator)
                    words[place] =
                        RandomQueryTests.pieces[
                            Int.random(in: 0..<RandomQueryTests.pieces.count, using: &generator)]
                }
                text = words.joined(separator: " ")
            }
            do {
                let result = try QueryRunner.run(text, source: source, context: context)
                for row in 0..<min(3, result.rowCount) {
                    for column in result.columns.indices { _ = result.value(row: row, column: column).plainText }
                }
                answers += 1
            } catch {
                #expect(!error.message.en.isEmpty && !error.message.vi.isEmpty, "\(text)")
                #expect(!error.rendered(in: text, language: .vi).isEmpty)
                errors += 1
            }
        }
        #expect(answers > 100 && errors > 100, "\(answers) answers, \(errors) errors")
    }
}
