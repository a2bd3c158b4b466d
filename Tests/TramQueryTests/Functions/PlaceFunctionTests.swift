import Testing
import TramColumnar
import TramQuery

/// `within` and `distance`.
@Suite struct PlaceFunctionTests {
    /// Bến Thành market, Hà Nội's Hoàn Kiếm lake, no place at all, half a place.
    private let source = MemorySource([
        TestRow(time: 0, fields: ["lat": .float(10.7725), "lon": .float(106.698)]),
        TestRow(time: 1, fields: ["lat": .float(21.0287), "lon": .float(105.8524)]),
        TestRow(time: 2, fields: ["lat": .float(99), "lon": .float(0)]),
        TestRow(time: 3, fields: ["lat": .float(10)]),
    ])

    private func column(_ expression: String) throws -> [String] {
        try Array(source.lines("m | set r = \(expression) | select r").dropFirst())
    }

    @Test(arguments: [
        ("10.77,106.70,500m", "true false - -"), ("10.77, 106.70, 300m", "false false - -"),
        ("10.77,106.70,0.5km", "true false - -"), ("16,106,2000 km", "true true - -"),
        ("10.7 106.6, 10.8 106.6, 10.8 106.7, 10.7 106.7", "true false - -"),
        ("10.8 106.6, 10.8 106.69, 10.7 106.7, 10.7 106.6", "false false - -"),
        ("21 105.8,21.1 105.8,21.1 105.9,21 105.9", "false true - -"),
    ])
    func `a place lies in a circle or a polygon or not`(_ area: String, _ expected: String) throws {
        #expect(try column("within(lat, lon, \"\(area)\")").joined(separator: " ") == expected)
    }

    @Test func `distance is that along a sphere`() throws {
        // A degree along a meridian is 6,371,008.8 m * pi / 180; half the equator half of the circumference.
        #expect(abs(try #require(Double(try column("distance(0, 0, 1, 0)")[0])) - 111_195.0797) < 0.001)
        #expect(abs(try #require(Double(try column("distance(0, 0, 0, 180)")[0])) - 20_015_114.4421) < 0.01)
        let far = try column("distance(lat, lon, 21.0287, 105.8524)")
        #expect(abs(try #require(Double(far[0])) - 1_144_200) < 1_500)
        #expect(Array(far[1...]) == ["0", "-", "-"])
    }

    @Test func `polygons that share a side share no point`() throws {
        let left = "0 0, 0 1, 1 1, 1 0"
        let right = "0 1, 0 2, 1 2, 1 1"
        for latitude in ["0", "0.5", "0.25"] {
            let both = try column("within(\(latitude), 1, \"\(left)\") or within(\(latitude), 1, \"\(right)\")")[0]
            let all = try column("within(\(latitude), 1, \"\(left)\") and within(\(latitude), 1, \"\(right)\")")[0]
            #expect(both == "true" && all == "false")
        }
    }
}
