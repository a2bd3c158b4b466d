import Benchmark
import TramColumnar
import TramLineProtocol
import TramTesting

private let rate = BenchmarkMetric.custom("Text (MB/s)", polarity: .prefersLarger, useScalingFactor: false)

/// Text → columns, in chunks of 1 MiB that are taken one by one, by a parser that has met the series.
///
/// "Text (MB/s)" is what matters: megabytes, of 1,000,000 bytes, of line protocol read per second of wall clock.
let benchmarks: @Sendable () -> Void = {
    let sets: [(String, Precision, CityText)] = [
        ("city, 1,000 series", .nanosecond, .city(rows: 200_000, series: 1000)),
        ("city, 100,000 series", .nanosecond, .city(rows: 400_000, series: 100_000)),
        ("escapes and strings", .nanosecond, .strings(rows: 150_000)),
        ("one short field", .second, .short(rows: 500_000)),
        ("doubles of 17 digits", .nanosecond, .doubles(rows: 200_000)),
    ]
    for (name, precision, text) in sets {
        Benchmark(
            "LineParser/\(name)",
            configuration: .init(metrics: [.wallClock, rate], warmupIterations: 1, maxDuration: .seconds(3))
        ) { run in
            let parser = LineParser()
            // Series, columns and guesses are made before the clock starts.
            check(parse(text.bytes, precision, parser), text)
            let clock = ContinuousClock()
            run.startMeasurement()
            var counts = (rows: 0, values: 0)
            let duration = clock.measure { counts = parse(text.bytes, precision, parser) }
            run.stopMeasurement()
            let microseconds = duration / .microseconds(1)
            run.measurement(rate, Int(Double(text.bytes.count) / microseconds))
            check(counts, text)
        }
    }
}

private func check(_ counts: (rows: Int, values: Int), _ text: CityText) {
    precondition(counts == (text.rowCount, text.valueCount), "rows or values were lost")
}

/// Rows and values that came out.
private func parse(_ bytes: [UInt8], _ precision: Precision, _ parser: LineParser) -> (rows: Int, values: Int) {
    var counts = (rows: 0, values: 0)
    func add(_ body: ParsedBody) {
        precondition(body.rejectedByClass.isEmpty, "\(body.rejected.first?.message ?? "")")
        for batch in body.batches {
            counts.rows += batch.count
            for column in batch.columns { counts.values += column.values.presence?.setCount ?? batch.count }
        }
    }
    parser.begin(precision: precision, now: 0)
    var start = 0
    while start < bytes.count {
        let end = min(start + (1 << 20), bytes.count)
        unsafe parser.feed(bytes.span.bytes.extracting(start..<end))
        add(parser.take())
        start = end
    }
    add(parser.finish())
    return counts
}
