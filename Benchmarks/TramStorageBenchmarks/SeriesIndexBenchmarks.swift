import Benchmark
import TramColumnar
import TramStorage

private let seriesRate = BenchmarkMetric.custom("Series (k/s)", polarity: .prefersLarger, useScalingFactor: false)
private let seriesBytes = BenchmarkMetric.custom("Index (B/series)", useScalingFactor: false)

/// A million meters: a province, a district and a commune each, and a tag that only one has.
private func meters(_ count: Int) -> SeriesKeyList {
    var keys = SeriesKeyList()
    for number in 0..<count {
        // Spread as meters are: neighbours by number are not neighbours by place.
        let place = number &* 2_654_435_761 % 4800
        keys.append(
            SeriesKey(
                measurement: "meter",
                tags: TagSet([
                    .init(key: "province", value: "p\(place / 800)"), .init(key: "district", value: "d\(place / 40)"),
                    .init(key: "commune", value: "c\(place)"), .init(key: "half", value: "h\(number % 2)"),
                    .init(key: "third", value: "t\(number % 3)"), .init(key: "sensor", value: "me\(number)"),
                ])))
    }
    return keys
}

private func bodies(_ keys: SeriesKeyList) -> [SeriesKeyList] {
    stride(from: 0, to: keys.count, by: 5000).map { SeriesKeyList(keys[$0..<min($0 + 5000, keys.count)]) }
}

/// The index of series: what new and known ones cost, and questions by tags over a million.
func seriesIndexBenchmarks() {
    let count = 1_000_000
    let bodies = bodies(meters(count))
    guard let full = try? Store() else { return }
    for body in bodies { _ = full.reserveSeriesIDs(for: body) }
    for index in 0..<1 { _ = try? full.seriesID(for: bodies[bodies.count - 1][4999 - index]) }
    let configuration = Benchmark.Configuration(
        metrics: [.wallClock, seriesRate, seriesBytes], warmupIterations: 0, maxDuration: .seconds(10), maxIterations: 5
    )

    Benchmark("SeriesIndex/a million new series, 5,000 a body", configuration: configuration) { run in
        let store = try Store()
        let clock = ContinuousClock()
        run.startMeasurement()
        let seconds = clock.measure { for body in bodies { _ = store.reserveSeriesIDs(for: body) } } / .seconds(1)
        run.stopMeasurement()
        precondition(store.seriesCount == count, "a series for each key")
        run.measurement(seriesRate, Int(Double(count) / seconds / 1000))
        run.measurement(seriesBytes, store.indexByteCount / count)
    }

    Benchmark("SeriesIndex/a million known series, 5,000 a body", configuration: configuration) { run in
        let clock = ContinuousClock()
        run.startMeasurement()
        let seconds = clock.measure { for body in bodies { _ = full.reserveSeriesIDs(for: body) } } / .seconds(1)
        run.stopMeasurement()
        precondition(full.seriesCount == count, "no new ones")
        run.measurement(seriesRate, Int(Double(count) / seconds / 1000))
        run.measurement(seriesBytes, full.indexByteCount / count)
    }

    let view = full.snapshot()
    for (name, tags, expected) in [
        ("province and third", ["province": "p3", "third": "t1"], 55_555),
        ("half and third", ["half": "h1", "third": "t1"], 166_667),
        ("commune and half", ["commune": "c77", "half": "h1"], 0),
        ("one sensor and province", ["sensor": "me4711", "province": "p0"], 0),
    ] {
        let matchers = tags.compactMap { tag in
            full.strings.existingCode(tag.value).map { (key: tag.key, code: $0) }
        }
        precondition(matchers.count == 2, "known values")
        Benchmark(
            "SeriesIndex/= and = over a million: \(name)",
            configuration: .init(metrics: [.wallClock], maxIterations: 500)
        ) { run in
            run.startMeasurement()
            let found = view.series(of: "meter", matching: matchers)
            run.stopMeasurement()
            precondition(expected == 0 || abs(found.count - expected) < 2000, "\(name): \(found.count)")
        }
    }

    Benchmark(
        "DayPresence.note/a million series on one day", configuration: .init(metrics: [.wallClock], maxIterations: 20)
    ) { run in
        var presence = DayPresence()
        run.startMeasurement()
        for series in 0..<SeriesID(count) { presence.note(series, at: 1_772_431_200_000_000_000) }
        run.stopMeasurement()
        precondition(presence.series(in: .all).count == count, "all of them")
    }
}
