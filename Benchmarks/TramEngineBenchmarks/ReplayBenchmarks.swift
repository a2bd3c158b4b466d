import Benchmark
import Foundation
import TramAlerting
import TramColumnar
import TramEngine
import TramQuery
import TramStorage
import TramStreaming
import TramTesting

private let rate = BenchmarkMetric.custom("Rows (k/s)", polarity: .prefersLarger, useScalingFactor: false)

/// A million readings of 1,000 series from a file through parser, store, standing queries and rules, on one thread;
/// and the same readings asked ad hoc.
///
/// "Rows (k/s)" is what matters: thousands of rows per second of wall clock.
let benchmarks: @Sendable () -> Void = {
    let text = CityText.city(rows: 1_000_000, series: 1000)
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("tram-replay-benchmark.lp")
    let path = file.path
    guard (try? Data(text.bytes).write(to: file)) != nil else { return }
    let rules: [RuleText] = [
        rule("slow", "traffic | mean(speed), p95(speed) by district every 5m", when: "mean < 10"),
        rule("smog", "air | mean(pm25), max(pm10) by station every 10s", when: "mean > 150"),
        rule("load", "power | mean(current), count() by meter every 5s over 20s", when: "mean > 55"),
    ]
    for (name, rules) in [("no rules", []), ("three rules", rules)] {
        Benchmark(
            "Replay/\(name)",
            configuration: .init(metrics: [.wallClock, rate], warmupIterations: 1, maxDuration: .seconds(6))
        ) { run in
            let clock = ContinuousClock()
            run.startMeasurement()
            var summary = Replay.Summary()
            let duration = try clock.measure { summary = try replay(path, rules).summary }
            run.stopMeasurement()
            run.measurement(rate, Int(Double(text.rowCount) / (duration / .milliseconds(1))))
            precondition(summary.accepted == text.rowCount, "rows were lost")
            precondition(rules.isEmpty || summary.alerts[.firing] ?? 0 > 0, "the rules had something to say")
        }
    }
    guard let loaded = try? replay(path, []) else { return }
    let source = StoreSource(loaded.store.snapshot())
    for query in [
        "traffic | count(), mean(speed), min(speed), max(speed) by cam",
        "air | mean(pm25) by station every 1m", "power where current > 50 | sum(energy) by feeder every 1m",
        "air | p95(pm25) by station",
    ] {
        Benchmark(
            "Query/\(query)",
            configuration: .init(metrics: [.wallClock, rate], warmupIterations: 1, maxDuration: .seconds(2))
        ) { run in
            let clock = ContinuousClock()
            let context = QueryContext(now: 0, zone: .utc, zones: BuiltInZones(), defaultRange: .all)
            run.startMeasurement()
            var rowCount = 0
            let duration = try clock.measure {
                rowCount = try QueryRunner.run(query, source: source, context: context).rowCount
            }
            run.stopMeasurement()
            run.measurement(rate, Int(Double(text.rowCount / 3) / (duration / .milliseconds(1))))
            precondition(rowCount > 0, "the query has an answer")
        }
    }
}

private func rule(_ name: String, _ query: String, when: String) -> RuleText {
    RuleText(rule: Rule(name: name, group: "benchmark", kind: .windows), query: query, when: when, clear: nil)
}

private func replay(_ path: String, _ rules: [RuleText]) throws -> Replay {
    let replay = try Replay(
        feeds: [FeedReader(path: path)], rules: rules, streams: [],
        context: QueryContext(now: 0, zone: .utc, zones: BuiltInZones(), defaultRange: .all), now: nil)
    try replay.run { _ in }
    return replay
}
