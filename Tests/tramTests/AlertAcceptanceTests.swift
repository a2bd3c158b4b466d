import Foundation
import Testing

/// Rules over the large feeds give every alert that was computed without Tram, and no other.
@Suite struct AlertAcceptanceTests {
    private struct Event: Decodable {
        struct Window: Decodable {
            var start: String
        }
        var rule: String
        var state: String
        var at: String
        var labels: [String: String]
        var window: Window?
        var incident: String
    }

    private struct Episode: Hashable {
        var series: String
        var fired: String?
        var resolved = ""
    }

    private func rules(_ name: String) -> String {
        TramBinary.root.appendingPathComponent("Tests/tramTests/Rules/\(name).yaml").path
    }

    private func events(_ rule: String, _ feed: URL) throws -> [Event] {
        let outcome = try TramBinary.run(["run", "--rules", rules(rule), feed.path])
        #expect(outcome.status == 0, "\(outcome.talk)")
        let decoder = JSONDecoder()
        return try outcome.output.split(separator: "\n").map { try decoder.decode(Event.self, from: Data($0.utf8)) }
    }

    private func nanoseconds(_ text: String) throws -> String {
        let formatter = ISO8601DateFormatter()
        let date = try #require(formatter.date(from: text))
        return "\(Int(date.timeIntervalSince1970))000000000"
    }

    @Test(arguments: [
        ("traffic", "sensor", "alert_traffic_15m_below20_x3", 347),
        ("air", "station", "alert_air_pm25_1h_above150_x2", 5147),
    ])
    func `every episode of a rule over windows, and no other`(
        feed: String, label: String, expected: String, count: Int
    ) throws {
        guard let shared = TramBinary.sharedOrSkip("alerts of \(feed)") else { return }
        var episodes: [String: Episode] = [:]
        for event in try events(feed, shared.appendingPathComponent("\(feed).lp.zst")) {
            guard let window = event.window, event.state != "stale" else { continue }
            var episode = episodes[event.incident] ?? Episode(series: event.labels[label] ?? "")
            if event.state == "firing" && episode.fired == nil { episode.fired = try nanoseconds(window.start) }
            if event.state == "resolved" { episode.resolved = try nanoseconds(window.start) }
            episodes[event.incident] = episode
        }
        let file = shared.appendingPathComponent("expected/\(expected).csv")
        let wanted = PlainCSV.records(try String(contentsOf: file, encoding: .utf8)).map {
            Episode(series: $0["series"] ?? "", fired: $0["fired_ns"], resolved: $0["resolved_ns"] ?? "")
        }
        #expect(wanted.count == count)
        #expect(episodes.count == count)
        #expect(Set(episodes.values) == Set(wanted))
    }

    @Test func `flood levels with hysteresis, silence, and late lines that change nothing`() throws {
        guard let shared = TramBinary.sharedOrSkip("flood alerts") else { return }
        let told = try events("flood", shared.appendingPathComponent("flood.lp.zst")).filter { $0.state != "stale" }
        let file = shared.appendingPathComponent("expected/flood_alerts.csv")
        let wanted = PlainCSV.records(try String(contentsOf: file, encoding: .utf8)).map {
            "\($0["event_ns"] ?? "") \($0["station"] ?? "") \($0["rule"] ?? "") \($0["event"] == "fire" ? "firing" : "resolved")"
        }
        let answered = try told.map { "\(try nanoseconds($0.at)) \($0.labels["station"] ?? "") \($0.rule) \($0.state)" }
        #expect(wanted.count == 24)
        #expect(answered.sorted() == wanted.sorted())
        for event in told { #expect((event.window == nil) == (event.rule == "silence")) }
    }
}
