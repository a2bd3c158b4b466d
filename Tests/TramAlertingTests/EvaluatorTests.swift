import Testing
import TramAlerting
import TramColumnar
import TramQuery
import TramTesting

private let minute: Int64 = 60_000_000_000
private let step = 15 * minute
private let columns = [
    ColumnInfo(name: "time", type: .time), ColumnInfo(name: "sensor", type: .tag),
    ColumnInfo(name: "mean", type: .float),
]

private func label(_ sensor: String) -> [WindowResult.Label] { [WindowResult.Label(name: "sensor", value: sensor)] }

/// A window of 15 minutes judged by `mean < 20`; a nil mean is a null condition.
private func row(
    _ sensor: String, _ number: Int, _ mean: Double?, revision: Int = 0, isLate: Bool = false
) -> JudgedRow {
    let start = Int64(number) * step
    let value = mean.map { Value.float($0) } ?? .null
    let result = WindowResult(
        start: start, end: start + step, labels: label(sensor), values: [.time(start), .string(sensor), value],
        revision: revision, isLate: isLate)
    return JudgedRow(result: result, when: mean.map { $0 < 20 }, value: value)
}

/// `state@window` with the late mark, for short expectations.
private func brief(_ events: [AlertEvent]) -> [String] {
    events.map { event in
        let sensor = event.labels.first { $0.name == "sensor" }?.value ?? "rule"
        let place = event.window.map { "\($0.start / step)" } ?? "at \(event.at / step)"
        return "\(sensor) \(event.state.rawValue) \(place)\(event.isLate ? " late" : "")"
    }
}

@Suite struct EvaluatorTests {
    private let rule = Rule(name: "congestion", hold: 30 * minute)

    @Test func `the event of a window carries that window and its end`() throws {
        var evaluator = Evaluator(rule: rule, columns: columns)
        let events = evaluator.judge([row("a", 0, 10), row("a", 1, 11), row("a", 2, 18.4)])
        let event = try #require(events.first)
        #expect(events.count == 1)
        #expect(event.state == .firing)
        #expect(event.window == TimeRange(start: 2 * step, end: 3 * step))
        #expect(event.at == 3 * step)
        #expect(event.value == .float(18.4))
        #expect(event.severity == .warning)
        #expect(event.incident.utf8.count == 16)
        #expect(event.summary.en == "congestion (sensor=a): value 18.4")
        #expect(event.summary.vi == "congestion (sensor=a): giá trị 18,4")
    }

    @Test func `pending is told only to who asks and has the incident of what it becomes`() {
        var quiet = Evaluator(rule: rule, columns: columns)
        #expect(quiet.judge([row("a", 0, 10)]).isEmpty)
        var verbose = Evaluator(rule: rule, columns: columns, includesPending: true)
        let events = verbose.judge([row("a", 0, 10), row("a", 1, 10), row("a", 2, 10), row("a", 3, 50)])
        #expect(brief(events) == ["a pending 0", "a firing 2", "a resolved 3"])
        #expect(Set(events.map(\.incident)).count == 1)
    }

    @Test func `label sets are judged apart and have incidents of their own`() {
        var evaluator = Evaluator(rule: Rule(name: "r"), columns: columns)
        let events = evaluator.judge([row("a", 0, 10), row("b", 0, 50), row("c", 0, 5), row("a", 1, 50)])
        #expect(brief(events) == ["a firing 0", "c firing 0", "a resolved 1"])
        #expect(events[0].incident != events[1].incident)
        #expect(events[0].incident == events[2].incident)
        #expect(evaluator.knownCount == 3)
        #expect(evaluator.activeCount == 1)
    }

    @Test func `a closed window without a row is missing for those it lacks`() {
        var evaluator = Evaluator(rule: Rule(name: "r", noData: .ok), columns: columns)
        var events = evaluator.judge([row("a", 0, 10), row("b", 0, 10)])
        events += evaluator.close(windowStart: 0, end: step)
        events += evaluator.judge([row("b", 1, 10)])
        events += evaluator.close(windowStart: step, end: 2 * step)
        #expect(brief(events) == ["a firing 0", "b firing 0", "a resolved 1"])
        #expect(events.last?.window == TimeRange(start: step, end: 2 * step))
        #expect(events.last?.value == .null)
    }

    @Test func `three closed windows without a row give a stale event that silence caused`() throws {
        var evaluator = Evaluator(rule: Rule(name: "r"), columns: columns)
        let firing = evaluator.judge([row("a", 0, 10)])
        var events: [AlertEvent] = []
        for number in 0..<6 {
            events += evaluator.close(windowStart: Int64(number) * step, end: Int64(number + 1) * step)
        }
        let stale = try #require(events.first)
        #expect(events.count == 1)
        #expect(stale.state == .stale)
        #expect(stale.window == nil)
        #expect(stale.at == 4 * step)
        #expect(stale.incident == firing.first?.incident)
        #expect(stale.summary.en == "r (sensor=a): no data since 1970-01-01T00:15:00Z")
        #expect(brief(evaluator.judge([row("a", 6, 50)])) == ["a resolved 6"])
    }

    @Test func `rows are judged on arrival and one older than the newest changes nothing`() {
        var evaluator = Evaluator(rule: Rule(name: "level_1", kind: .rows, hasClear: true), columns: [])
        func water(_ time: Int64, _ level: Double) -> JudgedRow {
            let result = WindowResult(start: time, end: time, labels: label("a"), values: [])
            return JudgedRow(result: result, when: level >= 5.5, clear: level < 5.4, value: .float(level))
        }
        #expect(evaluator.judge([water(10, 5.5)]).map(\.state) == [.firing])
        #expect(evaluator.judge([water(20, 5.45), water(15, 5.0), water(5, 4)]).isEmpty)
        let resolved = evaluator.judge([water(30, 5.38)])
        #expect(resolved.map(\.state) == [.resolved])
        #expect(resolved.first?.window == TimeRange(start: 30, end: 30))
        #expect(resolved.first?.at == 30)
    }

    @Test func `the same series and time again is judged in place of the first`() {
        var evaluator = Evaluator(rule: Rule(name: "r", kind: .rows), columns: [])
        func water(_ isTrue: Bool) -> JudgedRow {
            JudgedRow(result: WindowResult(start: 7, end: 7, labels: label("a"), values: []), when: isTrue)
        }
        #expect(evaluator.judge([water(true)]).map(\.state) == [.firing])
        let corrected = evaluator.judge([water(false)])
        #expect(corrected.map(\.state) == [.resolved])
        #expect(corrected.first?.isLate == true)
    }

    @Test func `labels of the rule are added and those of the query win`() {
        var rule = Rule(name: "r")
        rule.labels = [.init(name: "team", value: "roads"), .init(name: "sensor", value: "none")]
        var evaluator = Evaluator(rule: rule, columns: columns)
        let labels = evaluator.judge([row("a", 0, 1)]).first?.labels
        #expect(labels == [.init(name: "sensor", value: "a"), .init(name: "team", value: "roads")])
    }

    @Test func `a template is filled from columns, labels and the event`() throws {
        var rule = Rule(name: "congestion")
        rule.summary = .init(
            vi: try SummaryTemplate("Ùn tắc tại {sensor}: {mean:.1f} km/h"),
            en: try SummaryTemplate("{rule} at {sensor}: {mean:.1f} km/h since {time} {{{severity}}}"))
        var evaluator = Evaluator(rule: rule, columns: columns)
        let summary = evaluator.judge([row("765171", 0, 18.44)]).first?.summary
        #expect(summary?.vi == "Ùn tắc tại 765171: 18,4 km/h")
        #expect(summary?.en == "congestion at 765171: 18.4 km/h since 1970-01-01T00:00:00Z {warning}")
    }
}

@Suite struct SilenceTests {
    @Test func `a silence fires at the last value and the duration and ends with the next value`() {
        var evaluator = Evaluator(rule: Rule(name: "station_silent", kind: .stale(after: 30 * minute)))
        #expect(evaluator.heard(labels: label("a"), at: 5).isEmpty)
        let firing = evaluator.silence(labels: label("a"), last: 100 * minute)
        #expect(firing.map(\.state) == [.firing])
        #expect(firing.first?.at == 130 * minute)
        #expect(firing.first?.window == nil)
        #expect(firing.first?.summary.en == "station_silent (sensor=a): no signal since 1970-01-01T01:40:00Z")
        #expect(evaluator.silence(labels: label("a"), last: 100 * minute).isEmpty)
        #expect(evaluator.heard(labels: label("a"), at: 90 * minute).isEmpty, "a late value ends no silence")
        let resolved = evaluator.heard(labels: label("a"), at: 230 * minute)
        #expect(resolved.map(\.state) == [.resolved])
        #expect(resolved.first?.at == 230 * minute)
        #expect(resolved.first?.window == nil)
        #expect(resolved.first?.incident == firing.first?.incident)
        #expect(evaluator.heard(labels: label("a"), at: 240 * minute).isEmpty)
    }

    @Test func `a second silence is another incident`() {
        var evaluator = Evaluator(rule: Rule(name: "s", kind: .stale(after: minute)))
        let first = evaluator.silence(labels: label("a"), last: 0)
        _ = evaluator.heard(labels: label("a"), at: 5 * minute)
        let second = evaluator.silence(labels: label("a"), last: 5 * minute)
        #expect(second.map(\.state) == [.firing])
        #expect(first.first?.incident != second.first?.incident)
    }

    @Test func `for lengthens the silence and keep wants values for so long`() {
        let rule = Rule(name: "s", kind: .stale(after: 30 * minute), hold: 10 * minute, keep: 20 * minute)
        var evaluator = Evaluator(rule: rule)
        #expect(evaluator.silenceNanoseconds == 40 * minute)
        #expect(evaluator.silence(labels: label("a"), last: 0).first?.at == 40 * minute)
        #expect(evaluator.heard(labels: label("a"), at: 60 * minute).isEmpty)
        #expect(evaluator.heard(labels: label("a"), at: 70 * minute).isEmpty)
        #expect(evaluator.heard(labels: label("a"), at: 80 * minute).map(\.state) == [.resolved])
    }

    @Test func `a silence at the end of time does not overflow`() {
        var evaluator = Evaluator(rule: Rule(name: "s", kind: .stale(after: .max), hold: .max))
        #expect(evaluator.silence(labels: label("a"), last: .max).first?.at == .max)
    }
}

@Suite struct RevisionTests {
    @Test func `a revision that makes the newest window true fires late`() {
        var evaluator = Evaluator(rule: Rule(name: "r"), columns: columns)
        #expect(evaluator.judge([row("a", 0, 30)]).isEmpty)
        let events = evaluator.judge([row("a", 0, 10, revision: 1, isLate: true)])
        #expect(brief(events) == ["a firing 0 late"])
        #expect(events.first?.revision == 1)
    }

    @Test func `a revision that unsays the newest window sends a correction`() {
        var evaluator = Evaluator(rule: Rule(name: "r"), columns: columns)
        let firing = evaluator.judge([row("a", 0, 10)])
        let correction = evaluator.judge([row("a", 0, 30, revision: 1, isLate: true)])
        #expect(brief(correction) == ["a resolved 0 late"])
        #expect(correction.first?.incident == firing.first?.incident)
    }

    @Test func `a revision that keeps the judgement says nothing`() {
        var evaluator = Evaluator(rule: Rule(name: "r"), columns: columns)
        _ = evaluator.judge([row("a", 0, 10), row("b", 0, 30)])
        #expect(evaluator.judge([row("a", 0, 11, revision: 1), row("b", 0, 31, revision: 1)]).isEmpty)
    }

    @Test func `a revision of a window that resolved opens the same incident again`() {
        var evaluator = Evaluator(rule: Rule(name: "r"), columns: columns)
        let events = evaluator.judge([row("a", 0, 10), row("a", 1, 30), row("a", 1, 12, revision: 1)])
        #expect(brief(events) == ["a firing 0", "a resolved 1", "a firing 1 late"])
        #expect(Set(events.map(\.incident)).count == 1)
    }

    @Test func `an older window that would have raised raises and is marked late`() {
        var evaluator = Evaluator(rule: Rule(name: "r", hold: 30 * minute), columns: columns)
        #expect(evaluator.judge([row("a", 0, 10), row("a", 1, 30), row("a", 2, 10)]).isEmpty)
        #expect(brief(evaluator.judge([row("a", 1, 15, revision: 1)])) == ["a firing 2 late"])
    }

    @Test func `an episode that was over before anyone knew is told whole`() {
        var evaluator = Evaluator(rule: Rule(name: "r"), columns: columns)
        _ = evaluator.judge([row("a", 0, 30), row("a", 1, 30), row("a", 2, 30)])
        let events = evaluator.judge([row("a", 1, 10, revision: 1)])
        #expect(brief(events) == ["a firing 1 late", "a resolved 2 late"])
    }

    @Test func `an earlier start of an open incident keeps its id`() throws {
        var evaluator = Evaluator(rule: Rule(name: "r", hold: 30 * minute), columns: columns)
        let firing = evaluator.judge([row("a", 0, 30), row("a", 1, 10), row("a", 2, 10), row("a", 3, 10)])
        #expect(evaluator.judge([row("a", 0, 10, revision: 1)]).isEmpty)
        let resolved = evaluator.judge([row("a", 4, 30)])
        #expect(brief(firing + resolved) == ["a firing 3", "a resolved 4"])
        #expect(firing.first?.incident == resolved.first?.incident)
    }

    @Test func `an alert that was over stays told whatever comes later`() {
        var evaluator = Evaluator(rule: Rule(name: "r"), columns: columns)
        _ = evaluator.judge([row("a", 0, 10), row("a", 1, 30), row("a", 2, 30)])
        #expect(evaluator.judge([row("a", 0, 30, revision: 1)]).isEmpty)
    }

    @Test func `a row for a window that was missing takes its place`() {
        var evaluator = Evaluator(rule: Rule(name: "r"), columns: columns)
        var events = evaluator.judge([row("a", 0, 10)])
        for number in 1..<4 {
            events += evaluator.close(windowStart: Int64(number) * step, end: Int64(number + 1) * step)
        }
        events += evaluator.judge([row("a", 2, 30, revision: 1, isLate: true)])
        #expect(brief(events) == ["a firing 0", "a stale at 4", "a resolved 2 late"])
    }

    @Test func `a window older than is held changes nothing`() {
        var evaluator = Evaluator(rule: Rule(name: "r"), columns: columns, heldNanoseconds: 60 * minute)
        for number in 0..<20 { _ = evaluator.judge([row("a", number, 30)]) }
        #expect(evaluator.judge([row("a", 3, 1, revision: 1)]).isEmpty)
        #expect(!evaluator.judge([row("a", 16, 1, revision: 1)]).isEmpty)
    }

    @Test(arguments: [UInt64(1), 2, 3, 4, 5, 6, 7, 8])
    func `after any revisions the state is what the final rows give and what was told adds up to it`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<150 {
            let rule = Rule(
                name: "r", hold: Int64.random(in: 0...2, using: &generator) * step,
                keep: Int64.random(in: 0...2, using: &generator) * step,
                noData: [.keep, .ok, .alert].randomElement(using: &generator) ?? .keep)
            var evaluator = Evaluator(rule: rule, columns: columns, heldNanoseconds: .max)
            var final: [Int: Double?] = [:]
            var open: Set<String> = []
            for number in 0..<25 {
                var events: [AlertEvent] = []
                if number == 0 || Int.random(in: 0..<4, using: &generator) > 0 {
                    let mean = random(using: &generator)
                    final[number] = mean
                    events += evaluator.judge([row("a", number, mean)])
                }
                events += evaluator.close(windowStart: Int64(number) * step, end: Int64(number + 1) * step)
                if Int.random(in: 0..<3, using: &generator) == 0 {
                    let revised = Int.random(in: 0...number, using: &generator)
                    let mean = random(using: &generator)
                    final[revised] = mean
                    events += evaluator.judge([row("a", revised, mean, revision: 1, isLate: true)])
                }
                for event in events {
                    if event.state == .firing { open.insert(event.incident) }
                    if event.state == .resolved { #expect(open.remove(event.incident) != nil) }
                }
            }
            var straight = Evaluator(rule: rule, columns: columns)
            for number in 0..<25 {
                if let mean = final[number] { _ = straight.judge([row("a", number, mean)]) }
                _ = straight.close(windowStart: Int64(number) * step, end: Int64(number + 1) * step)
            }
            #expect(kind(evaluator.state(of: label("a"))) == kind(straight.state(of: label("a"))))
            #expect(open.count == evaluator.activeIncidents)
        }
    }

    private func random(using generator: inout SeededGenerator) -> Double? {
        [10, 10, 10, 30, 30, nil].randomElement(using: &generator) ?? nil
    }

    private func kind(_ state: AlertState?) -> String {
        switch state?.phase {
        case nil: "unknown"
        case .ok: "ok"
        case .pending(let since): "pending \(since)"
        case .firing: "firing"
        case .recovering(let since, _): "recovering \(since)"
        case .stale(let incident): "stale \(incident != nil)"
        }
    }
}

extension Evaluator {
    fileprivate var activeIncidents: Int {
        state(of: label("a"))?.incident == nil ? 0 : 1
    }
}

@Suite struct RuleLimitTests {
    @Test func `beyond the limit one alert about the rule and no further instance`() throws {
        var rule = Rule(name: "r")
        rule.limit = 2
        var evaluator = Evaluator(rule: rule, columns: columns)
        let events = evaluator.judge(["a", "b", "c", "d"].map { row($0, 0, 10) })
        #expect(brief(events) == ["a firing 0", "b firing 0", "rule firing 0"])
        let about = try #require(events.last)
        #expect(about.labels == [.init(name: "tram_limit", value: "2")])
        #expect(about.summary.en == "r: more than the rule's limit of 2 alerts, new ones are not opened")
        #expect(evaluator.judge([row("c", 1, 10)]).isEmpty)
        #expect(
            brief(evaluator.judge([row("a", 1, 30), row("c", 2, 10)])) == [
                "a resolved 1", "rule resolved 1", "c firing 2",
            ])
    }

    @Test func `instances that are well do not count`() {
        var rule = Rule(name: "r")
        rule.limit = 2
        var evaluator = Evaluator(rule: rule, columns: columns)
        #expect(evaluator.judge((0..<50).map { row("s\($0)", 0, 30) }).isEmpty)
        #expect(evaluator.knownCount == 50)
    }

    @Test func `label sets without end stop at a hundred times the limit`() {
        var rule = Rule(name: "r")
        rule.limit = 1
        var evaluator = Evaluator(rule: rule, columns: columns)
        let events = evaluator.judge((0..<500).map { row("s\($0)", 0, 30) })
        #expect(brief(events) == ["rule firing 0"])
        #expect(evaluator.knownCount == 100)
    }

    @Test func `limit 0 is no limit`() {
        var rule = Rule(name: "r")
        rule.limit = 0
        var evaluator = Evaluator(rule: rule, columns: columns)
        #expect(evaluator.judge((0..<1500).map { row("s\($0)", 0, 10) }).count == 1500)
    }
}

// MARK: - Episodes as the reference computation of real feeds defines them

@Suite struct EpisodeTests {
    struct Episode: Hashable {
        var series: String
        var fired: Int64
        var resolved: Int64?
    }

    /// Condition true for `need` consecutive windows; starts with the window that completes them, ends with the first
    /// window that is false or missing.
    private func episodes(_ rows: [(series: String, window: Int64, isTrue: Bool)], need: Int) -> Set<Episode> {
        var found: Set<Episode> = []
        for series in Set(rows.map(\.series)) {
            var run = 0
            var since: Int64?
            var last: Int64?
            for row in rows.filter({ $0.series == series }).sorted(by: { $0.window < $1.window }) {
                if let last, row.window != last + step {
                    if let since { found.insert(Episode(series: series, fired: since, resolved: last + step)) }
                    since = nil
                    run = 0
                }
                if row.isTrue {
                    run += 1
                    if run == need { since = row.window }
                } else {
                    if let since { found.insert(Episode(series: series, fired: since, resolved: row.window)) }
                    since = nil
                    run = 0
                }
                last = row.window
            }
            if let since { found.insert(Episode(series: series, fired: since, resolved: nil)) }
        }
        return found
    }

    @Test(arguments: [UInt64(1), 2, 3, 4], [1, 2, 3])
    func `random series give the reference's episodes`(seed: UInt64, need: Int) {
        var generator = SeededGenerator(seed: seed)
        let rule = Rule(name: "r", hold: Int64(need - 1) * step, noData: .ok)
        var evaluator = Evaluator(rule: rule, columns: columns)
        var rows: [(series: String, window: Int64, isTrue: Bool)] = []
        var events: [AlertEvent] = []
        for number in 0..<200 {
            for series in ["a", "b", "c", "d"] where Int.random(in: 0..<12, using: &generator) > 0 {
                let isTrue = Int.random(in: 0..<10, using: &generator) < 7
                rows.append((series, Int64(number) * step, isTrue))
                events += evaluator.judge([row(series, number, isTrue ? 10 : 30)])
            }
            events += evaluator.close(windowStart: Int64(number) * step, end: Int64(number + 1) * step)
        }
        var found: Set<Episode> = []
        var open: [String: (series: String, fired: Int64)] = [:]
        for event in events {
            let window = event.window?.start ?? -1
            if event.state == .firing { open[event.incident] = (event.labels[0].value, window) }
            guard event.state == .resolved, let episode = open.removeValue(forKey: event.incident) else { continue }
            found.insert(Episode(series: episode.series, fired: episode.fired, resolved: window))
        }
        for episode in open.values {
            // The reference knows no missing window after a series' last row.
            let last = rows.last { $0.series == episode.series }?.window
            #expect(last.map { $0 >= episode.fired } == true)
            found.insert(Episode(series: episode.series, fired: episode.fired, resolved: nil))
        }
        var expected = episodes(rows, need: need)
        for episode in expected where episode.resolved == nil {
            guard let last = rows.last(where: { $0.series == episode.series })?.window, last < 199 * step else {
                continue
            }
            expected.remove(episode)
            expected.insert(Episode(series: episode.series, fired: episode.fired, resolved: last + step))
        }
        #expect(found == expected)
    }
}
