import Foundation
import Testing
import TramAlerting
import TramColumnar
import TramEngine
import TramFederation
import TramQuery
import TramServer

private let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
private let city = root.appending(path: "samples/city").path(percentEncoded: false)

private func read(_ path: String) throws(UnreadableFile) -> [UInt8] {
    do {
        return Array(try Data(contentsOf: URL(filePath: path)))
    } catch {
        throw UnreadableFile(vi: "không đọc được", en: "\(error)")
    }
}

private func configuration() throws -> ConfigurationFile {
    try ConfigurationFile.parse(try read(city + "/tram.yaml"), file: city + "/tram.yaml")
}

private func catalogue() throws -> Catalogue {
    let zone = TimeZoneRules.hoChiMinh
    return try #require(try configuration().catalogue)
        .load(startOfDay: { zone.instant(of: $0, nanosecondOfDay: 0) }, read: read)
}

/// The files that the patterns of `tram.yaml` name.
private func rulesFiles() throws -> [RulesFile] {
    let configuration = try configuration()
    var files: [RulesFile] = []
    for text in configuration.rules {
        let pattern = FilePattern(text.text, besides: configuration.file)
        for name in try FileManager.default.contentsOfDirectory(atPath: pattern.folder).sorted()
        where pattern.matches(name) {
            files.append(try RulesFile.parse(try read(pattern.path(of: name)), file: pattern.path(of: name)))
        }
    }
    return files
}

/// A window of a standing query, however often it was revised.
private struct Window: Hashable {
    var stream: Int
    var labels: [WindowResult.Label]
    var start: Int64
}

/// What a feed of the city makes the rules and standing queries say, with the catalogue or without.
private func alerts(
    _ feed: String, _ files: [RulesFile], units: Catalogue?, streams: [(name: String, query: String)] = []
) throws -> (events: [AlertEvent], windows: Set<Window>) {
    let rules = files.flatMap(\.groups).flatMap(\.rules).map { rule in
        // What kind a rule is, the replay finds out from its query.
        RuleText(rule: rule.rule(.windows), query: rule.query.text, when: rule.when?.text, clear: rule.clear?.text)
    }
    let context = QueryContext(
        now: 0, zone: .hoChiMinh, zones: BuiltInZones(), units: units, defaultRange: .all)
    let replay = try Replay(
        feeds: [try FeedReader(path: "\(city)/\(feed).lp.zst")], rules: rules, streams: streams, context: context,
        now: 0)
    var events: [AlertEvent] = []
    var windows: Set<Window> = []
    try replay.run { output in
        switch output {
        case .alert(let event): events.append(event)
        case .window(let stream, let result):
            windows.insert(Window(stream: stream, labels: result.labels, start: result.start))
        case .rejected(_, let line): Issue.record("a line of \(feed) is refused: \(line)")
        }
    }
    return (events, windows)
}

private func count(_ rule: String, _ state: AlertEvent.State, in events: [AlertEvent]) -> Int {
    events.count { $0.rule == rule && $0.state == state }
}

@Suite struct SampleCityTests {
    @Test func `every station of the city has a unit in its tree`() throws {
        let catalogue = try catalogue()
        #expect(catalogue.levels == ["central", "province", "commune"])
        #expect(Set(catalogue.stationTags) == ["sensor", "station"])
        for (tag, station, commune) in [("sensor", "717608", "An Biên"), ("station", "ha_noi", "Hồng Bàng")] {
            #expect(catalogue.unit(level: "commune", stationTag: tag, station: station, at: 0)?.name == commune)
            #expect(catalogue.unit(level: "province", stationTag: tag, station: station, at: 0)?.code == "31")
        }
        #expect(catalogue.stationValue("alert_3", stationTag: "station", station: "son_tay") == "14.4")
        #expect(catalogue.interval(stationTag: "station", station: "ba_tha", at: 0) == 600_000_000_000)
        #expect(catalogue.interval(stationTag: "sensor", station: "717608", at: 0) == 300_000_000_000)
    }

    @Test func `the city's rules have names of their own and summaries in both languages`() throws {
        let files = try rulesFiles()
        try RulesFile.unique(files)
        let rules = files.flatMap(\.groups).flatMap(\.rules)
        #expect(
            rules.map(\.name.text) == ["pm25_high", "congestion", "flood_1", "flood_2", "flood_3", "station_silent"])
        for rule in rules {
            let summary = try #require(rule.rule(.windows).summary)
            #expect(summary.vi != summary.en)
        }
    }

    // The numbers below are those of expected answers computed outside Tram, from the same lines.

    @Test func `forty traffic jams come and go in the three days`() throws {
        let streams = try configuration().streams.map { (name: $0.name.text, query: $0.query.text) }
        let (events, windows) = try alerts("traffic", try rulesFiles(), units: try catalogue(), streams: streams)
        #expect(count("congestion", .firing, in: events) == 40)
        #expect(count("congestion", .resolved, in: events) == 40)
        #expect(Set(events.map(\.labels)).count == 17)
        #expect(events.count == 80)
        #expect(windows.count == 15 * 3 * 96)
    }

    @Test func `forty-one spells of bad air come and go in the month`() throws {
        let (events, _) = try alerts("air", try rulesFiles(), units: try catalogue())
        #expect(count("pm25_high", .firing, in: events) == 41)
        #expect(count("pm25_high", .resolved, in: events) == 41)
        #expect(events.count == 82)
    }

    @Test func `the flood rises and falls through its levels at every station`() throws {
        let (events, _) = try alerts("flood", try rulesFiles(), units: try catalogue())
        for (rule, stations) in [("flood_1", 4), ("flood_2", 4), ("flood_3", 2), ("station_silent", 2)] {
            #expect(count(rule, .firing, in: events) == stations, "\(rule)")
            #expect(count(rule, .resolved, in: events) == stations, "\(rule)")
        }
        #expect(events.count == 24)
    }

    @Test func `thresholds in the rules say the same as thresholds in the catalogue`() throws {
        let path = root.appending(path: "Tests/tramTests/Rules/flood.yaml").path(percentEncoded: false)
        let plain = try alerts("flood", [try RulesFile.parse(try read(path), file: path)], units: nil).events
        let catalogued = try alerts("flood", try rulesFiles(), units: try catalogue()).events
        #expect(plain.map(\.at) == catalogued.map(\.at))
        #expect(plain.map(\.state) == catalogued.map(\.state))
        #expect(plain.map(\.labels) == catalogued.map(\.labels))
        #expect(plain.count == 24)
    }

    @Test(arguments: ["traffic.yaml", "air.yaml", "flood.yaml"])
    func `the rules of the acceptance tests load`(name: String) throws {
        let path = root.appending(path: "Tests/tramTests/Rules/\(name)").path(percentEncoded: false)
        #expect(try RulesFile.parse(try read(path), file: path).groups.count == 1)
    }

    @Test func `every standing query of the city closes windows`() throws {
        let streams = try configuration().streams.map { (name: $0.name.text, query: $0.query.text) }
        // In Viet Nam the month of Beijing touches 32 days; thuong_cat says nothing for a whole hour.
        for (feed, expected) in [("air", 3 * 32), ("flood", 4 * 48 - 1), ("power", 48 * 4)] {
            let windows = try alerts(feed, [], units: try catalogue(), streams: streams).windows
            #expect(windows.count == expected, "\(feed)")
        }
    }
}
