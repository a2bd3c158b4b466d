import Benchmark
import TramCodec
import TramColumnar
import TramTesting

private let rate = BenchmarkMetric.custom("Values (M/s)", polarity: .prefersLarger, useScalingFactor: false)
private let size = BenchmarkMetric.custom(
    "Size (bits/100 values)", polarity: .prefersSmaller, useScalingFactor: false)

/// A column of 1,024 doubles ⇄ bytes, over and over: all of it stays in the first-level cache.
///
/// "Values (M/s)" is what matters: a million values encoded or decoded per second of wall clock on one thread. "Size"
/// is that of the column without its entry; "fast" and "small" are the preferences `speed` and `size`.
let benchmarks: @Sendable () -> Void = {
    for series in Series.all {
        let vector = series.vector
        for (preference, word) in [(CodecPreference.speed, "fast"), (.size, "small")] {
            var state = ColumnState()
            // A later column of a series is the usual one: the state knows what it is.
            var first: [UInt8] = []
            for _ in 0..<3 {
                _ = ColumnEncoder(preference).encode(vector, scaleHint: series.scale, state: &state, to: &first)
            }
            let bytes = encode(vector, series.scale, preference, state)
            measure("Column.decode/\(series.name), \(word)", bytes.count) {
                blackHole(decode(bytes))
            } check: {
                decode(bytes) == vector
            }
            let known = state
            measure("Column.encode/\(series.name), \(word)", bytes.count) {
                blackHole(encode(vector, series.scale, preference, known))
            } check: {
                decode(encode(vector, series.scale, preference, known)) == vector
            }
        }
        let bytes = encode(vector, series.scale, .speed, ColumnState())
        guard let expected = mantissas(bytes) else { continue }
        measure("Column.mantissas/\(series.name), fast", bytes.count) {
            blackHole(mantissas(bytes))
        } check: {
            let power = Series.power(expected.scale)
            return expected.values.map { Double($0) / power } == series.values
        }
    }
}

private func encode(_ vector: Vector, _ scale: Int, _ preference: CodecPreference, _ known: ColumnState) -> [UInt8] {
    var state = known
    var bytes: [UInt8] = []
    bytes.reserveCapacity(16_384)
    _ = ColumnEncoder(preference).encode(vector, scaleHint: scale, state: &state, to: &bytes)
    return bytes
}

private func decode(_ bytes: [UInt8]) -> Vector? {
    try? unsafe ColumnDecoder.decode(bytes.span.bytes, type: .float, rows: 1024)
}

private func mantissas(_ bytes: [UInt8]) -> (values: [Int64], scale: Int)? {
    (try? unsafe ColumnDecoder.mantissas(bytes.span.bytes, type: .float, rows: 1024)) ?? nil
}

/// Runs `work`, which takes 1,024 values, a thousand times an iteration; what it makes is checked outside the clock.
private func measure(
    _ name: String, _ byteCount: Int, _ work: @escaping @Sendable () -> Void, check: @escaping @Sendable () -> Bool
) {
    Benchmark(
        name, configuration: .init(metrics: [.wallClock, rate, size], warmupIterations: 1, maxDuration: .seconds(1))
    ) { run in
        let clock = ContinuousClock()
        run.startMeasurement()
        let duration = clock.measure { for _ in 0..<1000 { work() } }
        run.stopMeasurement()
        precondition(check(), "\(name) did not come back")
        run.measurement(rate, Int(1_024_000 / (duration / .microseconds(1))))
        run.measurement(size, byteCount * 8 * 100 / 1024)
    }
}

/// Made-up sensors, the same on every machine.
private struct Series {
    var name: String
    /// Fraction digits of the texts.
    var scale: Int
    var values: [Double]

    var vector: Vector { Vector(type: .float, bits: values.map(\.bitPattern)) }

    static var all: [Series] {
        var generator = SeededGenerator(seed: 7)
        return [
            Series(name: "temperature, 1 digit", scale: 1, values: walk(&generator, from: 24, step: 0.2, digits: 1)),
            Series(name: "voltage, 2 digits", scale: 2, values: spread(&generator, 230, by: 4, digits: 2)),
            Series(name: "level, 3 digits", scale: 3, values: walk(&generator, from: 3.2, step: 0.004, digits: 3)),
            Series(name: "count, whole", scale: 0, values: spread(&generator, 900, by: 300, digits: 0)),
            Series(name: "position, 6 digits", scale: 6, values: walk(&generator, from: 21.03, step: 1e-4, digits: 6)),
            Series(name: "mean of 8 or 9, 8 digits", scale: 8, values: means(&generator)),
            Series(name: "full precision", scale: 0, values: (0..<1024).map { _ in noise(&generator) }),
        ]
    }

    /// About -2...2, mostly near 0.
    private static func noise(_ generator: inout SeededGenerator) -> Double {
        var sum = 0.0
        for _ in 0..<4 { sum += Double.random(in: -0.5...0.5, using: &generator) }
        return sum
    }

    static func power(_ digits: Int) -> Double { (0..<digits).reduce(1) { power, _ in power * 10 } }

    private static func walk(
        _ generator: inout SeededGenerator, from start: Double, step: Double, digits: Int
    ) -> [Double] {
        let power = power(digits)
        var level = start
        return (0..<1024).map { _ in
            level += noise(&generator) * step
            return (level * power).rounded() / power
        }
    }

    private static func spread(
        _ generator: inout SeededGenerator, _ center: Double, by width: Double, digits: Int
    ) -> [Double] {
        let power = power(digits)
        return (0..<1024).map { _ in ((center + noise(&generator) * width) * power).rounded() / power }
    }

    private static func means(_ generator: inout SeededGenerator) -> [Double] {
        (0..<1024).map { row in
            let readings = row % 3 == 0 ? 8.0 : 9.0
            let sum = ((60 + noise(&generator) * 6) * readings).rounded()
            return (sum / readings * 1e8).rounded() / 1e8
        }
    }
}
