import Benchmark
import TramColumnar
import TramQuery
import TramTesting

private let cost = BenchmarkMetric.custom("Cost (ps/value)", polarity: .prefersSmaller, useScalingFactor: false)

/// Rows of a sensor fed into one slot of each aggregate, in runs of 30 (a window of a minute) and of 1,024 (a block).
///
/// "Cost (ps/value)" is what matters: picoseconds of wall clock for one value on one thread. The column stays in the
/// first-level cache.
let benchmarks: @Sendable () -> Void = {
    for readings in Readings.all {
        for call in Call.all {
            for run in [30, 1024] {
                let name = "Aggregate.update/\(call.label), \(readings.name), runs of \(run)"
                Benchmark(
                    name,
                    configuration: .init(metrics: [.wallClock, cost], warmupIterations: 1, maxDuration: .seconds(1))
                ) { benchmark in
                    guard
                        let states = try? AggregateFunction.make(
                            name: call.name, inputType: .float, parameters: call.parameters)
                    else { preconditionFailure("\(call.label) is no aggregate of floats") }
                    states.grow(to: 1)
                    let rounds = 500
                    let clock = ContinuousClock()
                    benchmark.startMeasurement()
                    let duration = try clock.measure {
                        for _ in 0..<rounds {
                            var start = 0
                            while start < readings.column.count {
                                let end = min(start + run, readings.column.count)
                                try states.update(
                                    slot: 0, column: readings.column, timestamps: readings.times, rows: start..<end,
                                    series: 0)
                                start = end
                            }
                            // What keeps every value must not grow without end.
                            if call.keepsValues { states.reset(slot: 0) }
                        }
                    }
                    benchmark.stopMeasurement()
                    blackHole(try states.finish(slot: 0))
                    benchmark.measurement(
                        cost, Int(duration / .nanoseconds(1) * 1000) / (rounds * readings.column.count))
                }
            }
        }
    }
}

private struct Call {
    var name: String
    var parameters: [AggregateParameter] = []
    var keepsValues = false

    var label: String { name + (parameters.isEmpty ? "" : " exact") }

    static let all = [
        Call(name: "count"), Call(name: "sum"), Call(name: "mean"), Call(name: "min"), Call(name: "spread"),
        Call(name: "last"), Call(name: "stddev"), Call(name: "p95"), Call(name: "distinct"), Call(name: "mode"),
        Call(name: "max_at"), Call(name: "p95", parameters: [.word("exact")], keepsValues: true),
    ]
}

/// Made-up sensors, the same on every machine.
private struct Readings {
    var name: String
    var column: Column
    var times: [Int64]

    init(_ name: String, _ values: [Double]) {
        self.name = name
        column = Column(type: .float, bits: values.map(\.bitPattern))
        times = values.indices.map { Int64($0) * 2_000_000_000 }
    }

    static var all: [Readings] {
        var generator = SeededGenerator(seed: 7)
        let tenths = (0..<1024).map { _ in Double(Int.random(in: 180...360, using: &generator)) / 10 }
        let noise = (0..<1024).map { _ in Double.random(in: 1...50, using: &generator) }
        return [Readings("1 digit", tenths), Readings("full precision", noise)]
    }
}
