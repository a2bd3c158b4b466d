import Testing
import TramColumnar
import TramQuery

/// Two communes with three stations, of which the last never sends.
private struct TwoCommunes: UnitResolver {
    let levels = ["province", "commune"]
    let stationTags = ["st"]

    private let communes = ["a": "1", "b": "2", "c": "2"]

    func unit(level: String, stationTag: String, station: String, at instant: Int64) -> (code: String, name: String)? {
        guard let code = communes[station] else { return nil }
        return level == "province" ? ("9", "Nine") : (code, "Name\(code)")
    }
    func changes(in range: TimeRange) -> [Int64] { [] }
    func isUnder(code: String, stationTag: String, station: String, at instant: Int64) -> Bool {
        code == "9" ? communes[station] != nil : communes[station] == code
    }
    let unitColumns = ["parent", "full_name"]
    func unitValue(_ column: String, code: String, name: String?, at instant: Int64) -> String? {
        // The full name tells how the unit was looked up.
        column == "parent" ? (code == "9" ? nil : "9") : "\(code)/\(name ?? "-")/\(instant / 1_000_000_000)"
    }
    func hasUnit(code: String) -> Bool { ["1", "2", "9"].contains(code) }
    func stationColumns(stationTag: String) -> [String] { ["alert"] }
    func stationValue(_ column: String, stationTag: String, station: String) -> String? {
        station == "a" ? "1.5" : nil
    }
    func stations(stationTag: String) -> [String] { ["a", "b", "c"] }
}

@Suite struct CatalogueQueryTests {
    private let source = MemorySource([
        TestRow(time: 0, tags: ["st": "a"], fields: ["x": .float(1)]),
        TestRow(time: 1_000_000_000, tags: ["st": "b"], fields: ["x": .float(2)]),
        TestRow(time: 2_000_000_000, tags: ["st": "zz"], fields: ["x": .float(4)]),
    ])

    @Test(arguments: [
        ("m | sum(x) by commune", ["commune commune_name sum", "1 Name1 1", "2 Name2 2", "- - 4"]),
        ("m | sum(x) by commune_name, commune", ["commune_name commune sum", "Name1 1 1", "Name2 2 2", "- - 4"]),
        ("m | sum(x) by province", ["province province_name sum", "9 Nine 3", "- - 4"]),
        (
            "m | sum(x) by commune | set p = commune.parent, f = commune.full_name",
            ["commune commune_name sum p f", "1 Name1 1 9 1/Name1/10", "2 Name2 2 9 2/Name2/10", "- - 4 - -"]
        ),
        ("m | set p = commune.parent | sum(x) by p", ["p sum", "9 3", "- 4"]),
        ("m | set f = province.full_name | select st, f | limit 2", ["st f", "a 9/-/0", "b 9/-/1"]),
        (
            "m | unpivot commune, province | set unit = value | count() by unit | set p = unit.parent",
            ["unit count p", "1 1 9", "2 1 9", "9 2 -"]
        ),
        // The tree of one moment for all rows.
        (
            "m | set f = commune.full_name | select f | tree 1970-01-02 | limit 2 | tz \"UTC\"",
            ["f", "1/-/86400", "2/-/86400"]
        ),
        ("m where under(\"2\") | sum(x)", ["sum", "2"]),
        ("m where commune = \"1\" | select commune, x", ["commune x", "1 1"]),
        ("m | select st, commune | limit 2", ["st commune", "a 1", "b 2"]),
        ("m where x < station.alert | count()", ["count", "1"]),
        ("m | mean(x) by st | where mean < station.alert", ["st mean", "a 1"]),
        // Stations of the catalogue that were never heard, unless the question is about others.
        ("m | stale 5s by st | select st, age", ["st age", "a 10s", "b 9s", "c -", "zz 8s"]),
        ("m where commune = \"2\" | stale 5s by st | select st, age", ["st age", "b 9s", "c -"]),
        ("m where st = \"a\" | stale 5s by st | select st, age", ["st age", "a 10s"]),
        ("m where x > 3 | stale 1m by st | select st, age", ["st age", "a -", "b -", "c -"]),
        ("m | stale 9500ms by commune | select commune, age", ["commune age", "1 10s"]),
    ])
    func `the catalogue answers beside the rows`(_ query: String, _ expected: [String]) throws {
        let answer = try source.lines(query, now: 10_000_000_000, units: TwoCommunes())
        #expect(answer == expected, "\(query): \(answer)")
    }
}
