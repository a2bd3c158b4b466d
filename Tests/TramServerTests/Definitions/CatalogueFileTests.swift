import Testing
import TramColumnar
import TramFederation
import TramServer

private let units = """
    code,level,name,full_name,name_en,kind,parent
    VN,central,Việt Nam,Việt Nam,Viet Nam,,
    31,province,Hải Phòng,Thành phố Hải Phòng,Haiphong,Thành phố,VN
    10507,commune,Thành Đông,Phường Thành Đông,Thanh Dong,Phường,31
    10525,commune,Hải Dương,Phường Hải Dương,Hai Duong,Phường,31

    """

private let sensors = """
    sensor,unit_4level,unit_3level,lat,interval
    773869,10507,10507,20.93,
    767541,10618,10525,,1h

    """

private let section = """
    timezone: Asia/Ho_Chi_Minh
    streams: [{ nonsense: 1 }]
    catalogue:
      units: units.csv
      stations:
        - { file: sensors.csv, tag: sensor, unit: unit_3level, interval: 5m }

    """

private func load(_ yaml: String, _ files: [String: String]) throws -> Catalogue? {
    try CatalogueFile.parse(Array(yaml.utf8), file: "city/tram.yaml")?.load(
        startOfDay: { Int64($0.daysSince1970) * 86_400_000_000_000 - 25_200_000_000_000 },
        read: { (path) throws(UnreadableFile) in
            guard let text = files[path] else {
                throw UnreadableFile(vi: "không có tệp này", en: "there is no such file")
            }
            return Array(text.utf8)
        })
}

@Suite struct CatalogueFileTests {
    private let files = ["city/units.csv": units, "city/sensors.csv": sensors]

    @Test func `units and stations are read from the tables that the section names`() throws {
        let catalogue = try #require(try load(section, files))
        #expect(catalogue.levels == ["central", "province", "commune"])
        #expect(catalogue.unit(level: "commune", stationTag: "sensor", station: "767541", at: 0)?.name == "Hải Dương")
        #expect(catalogue.unit(code: "31", at: 0)?.fullName == "Thành phố Hải Phòng")
        #expect(catalogue.unit(code: "31", at: 0)?.englishName == "Haiphong")
        #expect(catalogue.unit(code: "VN", at: 0)?.kind == nil)
        #expect(catalogue.stationColumns(stationTag: "sensor") == ["unit_4level", "unit_3level", "lat", "interval"])
        #expect(catalogue.stationValue("unit_4level", stationTag: "sensor", station: "767541") == "10618")
        #expect(catalogue.interval(stationTag: "sensor", station: "773869", at: 0) == 300_000_000_000)
        #expect(catalogue.interval(stationTag: "sensor", station: "767541", at: 0) == 3_600_000_000_000)
    }

    @Test func `a file without the section has no catalogue`() throws {
        #expect(try load("timezone: UTC\n", files) == nil)
    }

    @Test func `days of validity begin at local midnight and instants are taken as they are`() throws {
        let dated = """
            code,level,name,parent,valid_from,valid_to
            30,province,Hải Dương,,,2025-07-01
            31,province,Hải Phòng,,2025-06-30T17:00:00Z,

            """
        let yaml = "catalogue: { units: units.csv }"
        let catalogue = try #require(try load(yaml, ["city/units.csv": dated]))
        let reform = try #require(Timestamp(rfc3339: "2025-07-01T00:00:00+07:00")).nanoseconds
        #expect(catalogue.changes(in: .all) == [reform])
        #expect(catalogue.unit(code: "30", at: reform - 1) != nil)
        #expect(catalogue.unit(code: "30", at: reform) == nil)
        #expect(catalogue.unit(code: "31", at: reform) != nil)
    }

    @Test func `a table that cannot be read is named where the section names it`() {
        let errors = refusals { _ = try load(section, ["city/units.csv": units]) }
        #expect(
            errors.map { $0.rendered(.en) } == [
                "city/tram.yaml:6:15: city/sensors.csv cannot be read: there is no such file; paths are relative to this file's folder"
            ])
    }

    @Test(arguments: [
        ("catalogue: { unit: u.csv }", "1:14 unknown key \"unit\" (did you mean \"units\"?)"),
        ("catalogue: { units: u.csv, stations: [{ tag: s }] }", "1:39 the key \"file\" is missing"),
        ("catalogue: { units: u.csv, stations: x }", "1:38 \"stations\" takes a list"),
        ("catalogue: { stations: [{ file: s.csv, tag: s }] }", "1:33 there are \"stations\" but no \"units\""),
        ("catalogue: 5", "1:12 a mapping of keys and values belongs here (its keys: units, stations)"),
    ])
    func `a fault in the section is named`(yaml: String, error: String) {
        #expect(brief(refusals { _ = try load(yaml, [:]) }) == [error])
    }

    @Test(arguments: [
        ("sensor,unit_4level\n1,2\n", "1:- the column \"unit_3level\" is missing (did you mean \"unit_4level\"?)"),
        (
            "sensor;unit_3level\n1;2\n",
            "1:- the column \"sensor\" is missing (columns are separated by commas, not by semicolons)"
        ), ("sensor,unit_3level\n1,\n", "2:- \"unit_3level\" is empty"),
        ("sensor,unit_3level\n,31\n", "2:- \"sensor\" is empty"),
        (
            "sensor,unit_3level,lat\n1,31,\"20,9\"\n",
            "2:- \"lat\" cannot be \"20,9\" (decimal degrees with a point, such as 20.9372)"
        ), ("sensor,unit_3level,interval\n1,31,5\n", "2:- \"interval\" cannot be \"5\" (write 5m, 1h or 30s)"),
        (
            "sensor,unit_3level,valid_to\n1,31,2025-02-30\n",
            "2:- \"valid_to\" cannot be \"2025-02-30\" (write a day as 2025-07-01)"
        ),
        (
            "sensor,unit_3level\n1,99999\n",
            "2:- station 1 lies in the unknown unit 99999 "
                + "(add unit 99999 to the units file, or mend the code)"
        ),
    ])
    func `a fault in a table is named with its line`(table: String, error: String) {
        let errors = refusals { _ = try load(section, ["city/units.csv": units, "city/sensors.csv": table]) }
        #expect(errors.first?.file == "city/sensors.csv")
        #expect(brief(errors).first == error)
    }

    @Test func `faults of the tree carry the table's line`() {
        let broken = units + "10543,commune,Việt Hoà,Phường Việt Hoà,Viet Hoa,Phường,32\n"
        let errors = refusals { _ = try load(section, ["city/units.csv": broken, "city/sensors.csv": sensors]) }
        let expected =
            "city/units.csv:6: unit 10543 has the unknown parent 32; "
            + "add unit 32 to the units file, or mend the code"
        #expect(errors.map { $0.rendered(.en) } == [expected])
    }
}
