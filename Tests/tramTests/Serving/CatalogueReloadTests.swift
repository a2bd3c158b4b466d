import Foundation
import Testing

/// Tables of units and stations that change under a running server.
@Suite(.ownThreads) struct CatalogueReloadTests {
    private static let configuration = """
        catalogue:
          units: units.csv
          stations: [{ file: stations.csv, tag: sensor }]
        streams: [{ name: sums, query: "m | sum(v) by commune every 1m" }]
        rules: [rules.yaml]
        """
    private static let rules = """
        groups:
        - name: g
          rules:
          - alert: high
            query: m | max(v) by sensor every 1m
            when: max > 10
        """
    private static func units(_ name: String) -> String {
        "code,level,name,parent\n31,province,Hải Phòng,\n1,commune,\(name),31\n2,commune,Đồ Sơn,31\n"
    }

    private func put(_ text: String, _ name: String, _ server: ServingTram) throws {
        let folder = server.configuration.deletingLastPathComponent()
        try text.write(to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
    }

    private func rows(_ target: String, _ server: ServingTram) throws -> [[String]] {
        let rows = try server.request("GET", target).json?["rows"] as? [[Any]] ?? []
        return rows.map { $0.map { "\($0)" } }
    }

    private func serve(_ work: (ServingTram) async throws -> Void) async throws {
        try await ServingTram.besieged(
            configuration: CatalogueReloadTests.configuration,
            files: [
                "units.csv": CatalogueReloadTests.units("Thành Đông"), "stations.csv": "sensor,unit\na,1\n",
                "rules.yaml": CatalogueReloadTests.rules,
            ], work)
    }

    @Test func `changed tables are in use within seconds, broken ones change nothing and are told`() async throws {
        try await serve { server in
            let name = "/api/tram/units?search=thanh&level=commune"
            #expect(try rows(name, server).map { $0[2] } == ["Thành Đông"])
            #expect(try server.metric("tram_catalogue_stale") == 0)
            try put(CatalogueReloadTests.units("Thành Tây"), "units.csv", server)
            try await server.eventually("the new name is in use") {
                try rows(name, server).map { $0[2] } == ["Thành Tây"]
            }
            #expect(try server.metric("tram_catalogue_reloads_total") == 1)

            try put(CatalogueReloadTests.units("Thành Bắc") + "9,commune,Lạc,77\n", "units.csv", server)
            try await server.eventually("the mistake is told") { try server.metric("tram_catalogue_stale") == 1 }
            #expect(try rows(name, server).map { $0[2] } == ["Thành Tây"])
            #expect(server.talk.contains("units.csv:5: unit 9 has the unknown parent 77"))
            #expect(server.talk.contains("the old catalogue is kept"))
            let health = try server.request("GET", "/health").text
            #expect(health.contains("unknown parent 77"))
            #expect(health.contains("degraded"))
            let refused = try server.request("POST", "/api/tram/catalogue/reload")
            expectFailure(refused, 422)
            #expect(refused.json?["code"] as? String == "catalogue.invalid")
            #expect(try server.metric("tram_catalogue_failures_total") == 2)

            try put(CatalogueReloadTests.units("Thành Bắc"), "units.csv", server)
            let reload = try server.request("POST", "/api/tram/catalogue/reload")
            #expect(reload.status == 200, "\(reload.text)")
            #expect(try rows(name, server).map { $0[2] } == ["Thành Bắc"])
            #expect(try server.metric("tram_catalogue_stale") == 0)
            #expect(try !server.request("GET", "/health").text.contains("degraded"))
            let same = try server.request("POST", "/api/tram/catalogue/reload").json
            #expect(same?["changed"] as? Bool == false)
            #expect(same?["units"] as? Int == 3)
        }
    }

    @Test func `standing queries and alerts keep what they have seen under a new catalogue`() async throws {
        try await serve { server in
            let minute = 60_000_000_000
            #expect(try server.write("a", "m,sensor=a v=20 \(minute)\nm,sensor=b v=1 \(minute)\n").status == 204)
            #expect(try server.write("a", "m,sensor=a v=20 \(2 * minute)\n").status == 204)
            #expect(try server.write("a", "m,sensor=a v=20 \(3 * minute)\n").status == 204)
            let before = try rows("/api/tram/windows/sums?db=a&epoch=ns", server)
            #expect(!before.isEmpty)
            let alerts = try server.request("GET", "/api/tram/alerts?db=a").text
            #expect(alerts.contains("high"))
            // From now on b has a commune.
            try put("sensor,unit\na,1\nb,2\n", "stations.csv", server)
            #expect(try server.request("POST", "/api/tram/catalogue/reload").status == 200)
            #expect(try rows("/api/tram/windows/sums?db=a&epoch=ns", server) == before)
            #expect(try server.request("GET", "/api/tram/alerts?db=a").text == alerts)
            #expect(try server.write("a", "m,sensor=b v=5 \(10 * minute)\n").status == 204)
            #expect(try server.write("a", "m,sensor=b v=5 \(12 * minute)\n").status == 204)
            let after = try rows("/api/tram/windows/sums?db=a&epoch=ns", server)
            #expect(after.count > before.count)
            #expect(after.contains { $0.contains("2") && $0.contains("Đồ Sơn") }, "\(after)")
            let asked = try server.request(
                "GET", "/api/tram/query?db=a&format=csv&q=m%5Ball%5D%7Csum(v)%20by%20commune_name"
            ).text
            #expect(asked.contains("Đồ Sơn,11"), "\(asked)")
        }
    }

    @Test func `units and stations are searched over HTTP, and what is wrong is said`() async throws {
        try await serve { server in
            #expect(try rows("/api/tram/units?search=hai%20phong", server).map { $0[0] } == ["31"])
            #expect(try rows("/api/tram/units?search=H%E1%BA%A3i%20Ph%C3%B2ng", server).map { $0[0] } == ["31"])
            #expect(try rows("/api/tram/units?parent=31", server).map { $0[2] } == ["Đồ Sơn", "Thành Đông"])
            #expect(try rows("/api/tram/stations?unit=31", server).map { $0[1] } == ["a"])
            let csv = try server.request("GET", "/api/tram/stations?format=csv&limit=0")
            #expect(csv.text == "tag,id,name,kind,unit,unit_name,interval,lat,lon,valid_from,valid_to\n")
            for target in [
                "units?level=x", "units?parent=99", "stations?unit=99", "stations?tag=x", "units?at=x",
                "units?limit=-1",
            ] {
                expectFailure(try server.request("GET", "/api/tram/\(target)"), 400, of: target)
            }
        }
        try await ServingTram.besieged { server in
            expectFailure(try server.request("GET", "/api/tram/units"), 404)
            expectFailure(try server.request("POST", "/api/tram/catalogue/reload"), 404)
        }
    }
}
