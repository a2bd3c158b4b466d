import Foundation
import Testing

/// Rows that are taken away through the door that clients of InfluxDB 2 know.
@Suite(.ownThreads) struct DeletionTests {
    private func delete(_ server: ServingTram, _ predicate: String?, _ start: String, _ stop: String) throws -> Int {
        var words = ["start": start, "stop": stop]
        words["predicate"] = predicate
        let body = try JSONSerialization.data(withJSONObject: words)
        return try server.request(
            "POST", "/api/v2/delete?bucket=a&org=x", headers: ["Content-Type: application/json"], body: Array(body)
        ).status
    }

    @Test func `what was deleted is gone at once and after a kill, and the rest is there`() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tram-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let first = try ServingTram(data: folder)
        var lines = ""
        for minute in 0..<60 {
            for station in ["t1", "t2"] {
                lines +=
                    "air,station=\(station) pm=\(minute).5 \(1_700_000_000_000_000_000 + minute * 60_000_000_000)\n"
            }
        }
        #expect(try first.write("a", lines + "water,station=t1 level=1 1700000000000000000").status == 204)
        let (from, to) = ("2023-11-14T22:20:00Z", "2023-11-14T22:30:00Z")
        #expect(try delete(first, #"_measurement="air" AND station="t1""#, from, to) == 204)
        #expect(try first.points("a") == ["air": 110, "water": 1])
        #expect(try delete(first, #"station="t2""#, from, "2023-11-14T22:21:00Z") == 204)
        #expect(try first.points("a") == ["air": 109, "water": 1])
        #expect(try delete(first, #"station="nowhere""#, from, to) == 204)
        for predicate in [#"station=t1 OR x=y"#, #"station="#, #"station="t1" AND"#, #"="t1""#, #"station="t1"#] {
            #expect(try delete(first, predicate, from, to) == 400, "\(predicate)")
        }
        #expect(try delete(first, nil, to, from) == 400)
        let mistyped = Array(
            #"{"start":"1970-01-01T00:00:00Z","stop":"2100-01-01T00:00:00Z","Predicate":"station=\"t1\""}"#.utf8)
        #expect(try first.request("POST", "/api/v2/delete?bucket=a", body: mistyped).status == 400)
        #expect(try delete(first, nil, "yesterday", to) == 400)
        #expect(try first.points("a") == ["air": 109, "water": 1])
        try first.signal(9)
        _ = try await first.waitForEnd()
        first.clean()
        let second = try ServingTram(data: folder)
        #expect(try second.points("a") == ["air": 109, "water": 1])
        #expect(try delete(second, nil, "1970-01-01T00:00:00Z", "2100-01-01T00:00:00Z") == 204)
        #expect(try second.count("a") == 0)
        #expect(second.stop() == 0)
    }
}
