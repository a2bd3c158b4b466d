import Foundation
import FoundationNetworking
import Testing

/// Standing queries and rules of a configuration, at work in a server.
@Suite struct LiveTests {
    private func object(_ answer: PlainClient.Answer) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(answer.text.utf8)) as? [String: Any], "\(answer.text)")
    }

    /// A day of speeds at two sensors: `slow` is slow from 06:00 to 07:00 UTC.
    private func day(slow: String, step: Int = 300) -> [String] {
        stride(from: 0, to: 86_400, by: step).flatMap { second in
            ["fast", slow].map { sensor in
                let isSlow = sensor == slow && (21_600..<25_200).contains(second)
                return "traffic,sensor=\(sensor) speed=\(isSlow ? 12 : 60) \(1_700_006_400 + second)"
            }
        }
    }

    private func serving(_ work: (ServingTram, PlainClient) throws -> Void) throws {
        let rules = """
            groups:
            - name: g
              rules:
              - alert: congestion
                query: traffic | mean(speed) by sensor every 15m
                when: mean < 20
                for: 30m
                summary: { vi: "Ùn tắc {sensor}", en: "Congestion {sensor}" }
            """
        let configuration = """
            timezone: UTC
            streams:
            - { name: speed_15m, query: "traffic | mean(speed), n = count() by sensor every 15m" }
            rules: ["rules.yaml"]
            """
        let server = try ServingTram(configuration: configuration, files: ["rules.yaml": rules])
        defer { _ = server.stop() }
        try work(server, PlainClient())
        #expect(server.stop() == 0)
    }

    @Test func `windows and alerts are there when the write is answered`() throws {
        try serving { server, client in
            let lines = day(slow: "s1")
            // Up to 06:40 and a little: two slow windows are closed, the third is not.
            for line in lines.prefix(2 * 81) {
                let answer = client.send(
                    "POST", server.url + "/write?db=city&precision=s", body: Data(line.utf8))
                #expect(answer.status == 204, "\(answer.text)")
            }
            var alerts = try object(client.send("GET", server.url + "/api/tram/alerts"))
            #expect((alerts["alerts"] as? [Any])?.count == 0)
            var rules = try object(client.send("GET", server.url + "/api/tram/rules"))
            var rule = try #require((rules["rules"] as? [[String: Any]])?.first)
            #expect(rule["pending"] as? Int == 1 && rule["firing"] as? Int == 0)

            let more = lines.dropFirst(2 * 81).prefix(2 * 2).joined(separator: "\n")
            #expect(client.send("POST", server.url + "/write?db=city&precision=s", body: Data(more.utf8)).status == 204)
            alerts = try object(client.send("GET", server.url + "/api/tram/alerts"))
            let alert = try #require((alerts["alerts"] as? [[String: Any]])?.first)
            #expect(alert["rule"] as? String == "congestion" && alert["state"] as? String == "firing")
            #expect(alert["labels"] as? [String: String] == ["sensor": "s1"])
            #expect(alert["at"] as? String == "2023-11-15T06:45:00Z")
            #expect(alert["db"] as? String == "city")
            #expect((alert["summary"] as? [String: String])?["vi"] == "Ùn tắc s1")

            let rest = lines.dropFirst(2 * 83).joined(separator: "\n")
            #expect(client.send("POST", server.url + "/write?db=city&precision=s", body: Data(rest.utf8)).status == 204)
            alerts = try object(client.send("GET", server.url + "/api/tram/alerts"))
            #expect((alerts["alerts"] as? [Any])?.count == 0)
            rules = try object(client.send("GET", server.url + "/api/tram/rules"))
            rule = try #require((rules["rules"] as? [[String: Any]])?.first)
            #expect(rule["pending"] as? Int == 0 && rule["firing"] as? Int == 0)
            let metrics = client.send("GET", server.url + "/metrics").text
            #expect(metrics.contains("tram_alert_events_total{rule=\"congestion\",state=\"firing\"} 1\n"))
            #expect(metrics.contains("tram_alert_events_total{rule=\"congestion\",state=\"resolved\"} 1\n"))
        }
    }

    @Test func `windows are those of the same question asked afterwards, and an unchanged answer is 304`() throws {
        try serving { server, client in
            let url = server.url + "/api/tram/windows/speed_15m"
            #expect(client.send("GET", url).status == 404)
            let text = day(slow: "s1").joined(separator: "\n")
            #expect(client.send("POST", server.url + "/write?db=city&precision=s", body: Data(text.utf8)).status == 204)
            let answer = client.send("GET", url)
            let windows = try object(answer)
            let rows = try #require(windows["rows"] as? [[Any]])
            let columns = try #require(windows["columns"] as? [[String: String]]).map { $0["name"] ?? "" }
            #expect(columns == ["time", "sensor", "mean", "n", "revision", "final"])
            #expect(windows["watermark"] as? String == "2023-11-15T23:54:30Z")

            let asked = client.send(
                "POST", server.url + "/api/tram/query",
                body: Data(#"{"q":"traffic[all] | mean(speed), n = count() by sensor every 15m","tz":"UTC"}"#.utf8),
                headers: ["Content-Type": "application/json"])
            // The last window of each sensor is still open.
            let open = "2023-11-15T23:45:00Z"
            let closed = try #require(try object(asked)["rows"] as? [[Any]]).filter { $0[0] as? String != open }
            #expect(closed.count == 2 * 95)
            #expect("\(rows.map { Array($0.prefix(4)) })" == "\(closed)")

            let tag = try #require(answer.headers["etag"])
            #expect(client.send("GET", url, headers: ["If-None-Match": tag]).status == 304)
            #expect(client.send("GET", url, headers: ["If-None-Match": "\"other\", \(tag)"]).status == 304)
            #expect(client.send("GET", url, headers: ["If-None-Match": "\"other\""]).status == 200)
            // A late reading revises one window: another answer, but not for another stretch of time.
            let stretch = url + "?from=2023-11-15T00:00:00Z&to=2023-11-15T12:00:00Z"
            let before = try #require(client.send("GET", stretch).headers["etag"])
            let late = "traffic,sensor=s1 speed=0 \(1_700_006_400 + 84_601)"
            #expect(client.send("POST", server.url + "/write?db=city&precision=s", body: Data(late.utf8)).status == 204)
            let more = "traffic,sensor=s1 speed=60 \(1_700_006_400 + 86_399)"
            #expect(client.send("POST", server.url + "/write?db=city&precision=s", body: Data(more.utf8)).status == 204)
            let revised = client.send("GET", url, headers: ["If-None-Match": tag])
            #expect(revised.status == 200)
            let changed = try #require(try object(revised)["rows"] as? [[Any]]).filter { $0[4] as? Int == 1 }
            #expect(changed.count == 1 && changed.first?[0] as? String == "2023-11-15T23:30:00Z")
            #expect(client.send("GET", stretch, headers: ["If-None-Match": before]).status == 304)
        }
    }

    @Test func `a standing query that names a database reads no other`() throws {
        let configuration = """
            timezone: UTC
            streams:
            - { name: only_city, query: "traffic | count() every 15m", db: city }
            """
        let server = try ServingTram(configuration: configuration)
        defer { _ = server.stop() }
        let client = PlainClient()
        let text = Data(day(slow: "s1").joined(separator: "\n").utf8)
        for name in ["other", "city"] {
            #expect(client.send("POST", server.url + "/write?db=\(name)&precision=s", body: text).status == 204)
        }
        let windows = try object(client.send("GET", server.url + "/api/tram/windows/only_city"))
        #expect((windows["rows"] as? [Any])?.count == 95)
        #expect(client.send("GET", server.url + "/api/tram/windows/only_city?db=other").status == 404)
    }
}
