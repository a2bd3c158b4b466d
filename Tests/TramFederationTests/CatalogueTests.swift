import Testing
import TramColumnar
import TramFederation
import TramQuery

private func place(_ line: Int) -> CataloguePlace { CataloguePlace(file: "units.csv", line: line) }

/// `code level parent name`, a `-` for no parent, validity after a `@` as `from..to`.
private func units(_ text: String) -> [(unit: AdministrativeUnit, place: CataloguePlace)] {
    text.split(separator: "\n").enumerated().map { index, line in
        let halves = line.split(separator: "@")
        let words = halves[0].split(separator: " ", maxSplits: 3).map(String.init)
        var validity = Validity()
        if halves.count > 1 {
            let ends = halves[1].split(separator: ".", omittingEmptySubsequences: false).map { Int64($0) }
            validity = Validity(from: (ends.first ?? nil) ?? .min, to: (ends.last ?? nil) ?? .max)
        }
        let name = words.count > 3 ? words[3].trimmed : words[0]
        return (
            AdministrativeUnit(
                code: words[0], level: words[1], name: name, parent: words[2] == "-" ? nil : words[2],
                validity: validity),
            place(index + 2)
        )
    }
}

extension String {
    fileprivate var trimmed: String { hasSuffix(" ") ? String(dropLast()) : self }
}

private func stations(
    _ rows: [(String, String)], tag: String = "sensor", validity: Validity = Validity()
) -> StationList {
    StationList(
        tag: tag,
        stations: rows.enumerated().map { index, row in
            (
                Station(id: row.0, unit: row.1, validity: validity),
                CataloguePlace(file: "stations.csv", line: index + 2)
            )
        })
}

private func problems(_ body: () throws -> Void) -> [CatalogueError.Problem] {
    do {
        try body()
        return []
    } catch let error as CatalogueError {
        return error.problems
    } catch {
        return []
    }
}

private let threeLevels = """
    VN central - Việt Nam
    31 province VN Hải Phòng
    10507 commune 31 Thành Đông
    01234 commune 31 Hải Dương
    """

private let fourLevels = """
    VN central - Việt Nam
    30 province VN Hải Dương
    D288 district 30 Hải Dương
    10507 commune D288 Cẩm Thượng
    """

@Suite struct CatalogueTests {
    @Test func `a station is found at every level`() throws {
        let catalogue = try Catalogue(units: units(threeLevels), stations: [stations([("773869", "10507")])])
        #expect(catalogue.levels == ["central", "province", "commune"])
        #expect(catalogue.levelRanks.map(\.depth) == [0, 1, 2])
        #expect(catalogue.stationTags == ["sensor"])
        let commune = catalogue.unit(level: "commune", stationTag: "sensor", station: "773869", at: 0)
        #expect(commune?.code == "10507")
        #expect(commune?.name == "Thành Đông")
        #expect(catalogue.unit(level: "province", stationTag: "sensor", station: "773869", at: 0)?.code == "31")
        #expect(catalogue.unit(level: "central", stationTag: "sensor", station: "773869", at: 0)?.code == "VN")
        #expect(catalogue.unit(level: "district", stationTag: "sensor", station: "773869", at: 0) == nil)
        #expect(catalogue.unit(level: "commune", stationTag: "sensor", station: "0", at: 0) == nil)
        #expect(catalogue.unit(level: "commune", stationTag: "camera", station: "773869", at: 0) == nil)
    }

    @Test func `four levels need nothing else than the file`() throws {
        let catalogue = try Catalogue(units: units(fourLevels), stations: [stations([("1", "10507")])])
        #expect(catalogue.levels == ["central", "province", "district", "commune"])
        #expect(catalogue.unit(level: "district", stationTag: "sensor", station: "1", at: 0)?.code == "D288")
    }

    @Test func `codes are text and leading zeros count`() throws {
        let catalogue = try Catalogue(units: units(threeLevels), stations: [])
        #expect(catalogue.hasUnit(code: "01234"))
        #expect(!catalogue.hasUnit(code: "1234"))
    }

    @Test func `a subtree holds its stations and no others`() throws {
        let list = stations([("a", "10507"), ("b", "01234")])
        let catalogue = try Catalogue(units: units(threeLevels), stations: [list])
        #expect(catalogue.isUnder(code: "31", stationTag: "sensor", station: "a", at: 0))
        #expect(catalogue.isUnder(code: "10507", stationTag: "sensor", station: "a", at: 0))
        #expect(!catalogue.isUnder(code: "01234", stationTag: "sensor", station: "a", at: 0))
        #expect(!catalogue.isUnder(code: "31", stationTag: "sensor", station: "c", at: 0))
    }

    @Test func `a code that is used again is another unit after the reform`() throws {
        let both = """
            VN central - Việt Nam
            30 province VN Hải Dương @..100
            D288 district 30 Hải Dương @..100
            10507 commune D288 Cẩm Thượng @..100
            31 province VN Hải Phòng
            10507 commune 31 Thành Đông @100..
            """
        let catalogue = try Catalogue(units: units(both), stations: [stations([("1", "10507")])])
        #expect(catalogue.levels == ["central", "province", "district", "commune"])
        #expect(catalogue.unit(level: "commune", stationTag: "sensor", station: "1", at: 99)?.name == "Cẩm Thượng")
        #expect(catalogue.unit(level: "province", stationTag: "sensor", station: "1", at: 99)?.code == "30")
        #expect(catalogue.unit(level: "commune", stationTag: "sensor", station: "1", at: 100)?.name == "Thành Đông")
        #expect(catalogue.unit(level: "province", stationTag: "sensor", station: "1", at: 100)?.code == "31")
        #expect(catalogue.unit(level: "district", stationTag: "sensor", station: "1", at: 100) == nil)
        #expect(catalogue.unit(code: "10507", at: .max)?.name == "Thành Đông")
        #expect(catalogue.changes(in: .all) == [100])
        #expect(catalogue.changes(in: TimeRange(start: 101, end: 200)) == [])
        #expect(catalogue.units(ofLevel: "commune", at: 0).map(\.name) == ["Cẩm Thượng"])
    }

    @Test func `a station that moved lies where it lay at the time`() throws {
        var list = stations([("1", "10507")], validity: Validity(to: 50))
        list.stations += stations([("1", "01234")], validity: Validity(from: 50)).stations
        let catalogue = try Catalogue(units: units(threeLevels), stations: [list])
        #expect(catalogue.unit(level: "commune", stationTag: "sensor", station: "1", at: 49)?.code == "10507")
        #expect(catalogue.unit(level: "commune", stationTag: "sensor", station: "1", at: 50)?.code == "01234")
        #expect(catalogue.changes(in: .all) == [50])
        #expect(catalogue.stations(stationTag: "sensor") == ["1"])
    }

    @Test func `columns of the stations files are kept as text`() throws {
        let list = StationList(
            tag: "station", columns: ["unit", "alert_3", "lat"],
            stations: [
                (Station(id: "ha_noi", unit: "31", interval: 600, values: ["31", "11.50", ""]), place(2)),
                (Station(id: "ba_tha", unit: "31", values: ["31"]), place(3)),
            ])
        let catalogue = try Catalogue(units: units(threeLevels), stations: [list])
        #expect(catalogue.stationColumns(stationTag: "station") == ["unit", "alert_3", "lat"])
        #expect(catalogue.stationValue("alert_3", stationTag: "station", station: "ha_noi") == "11.50")
        #expect(catalogue.stationValue("lat", stationTag: "station", station: "ha_noi") == nil)
        #expect(catalogue.stationValue("alert_3", stationTag: "station", station: "ba_tha") == nil)
        #expect(catalogue.stationValue("alert_1", stationTag: "station", station: "ha_noi") == nil)
        #expect(catalogue.stations(stationTag: "station") == ["ba_tha", "ha_noi"])
        #expect(catalogue.interval(stationTag: "station", station: "ha_noi", at: 0) == 600)
        #expect(catalogue.interval(stationTag: "station", station: "ba_tha", at: 0) == nil)
    }

    @Test func `two files may share a tag`() throws {
        var first = stations([("a", "10507")])
        first.columns = ["x"]
        first.stations[0].station.values = ["1"]
        var second = stations([("b", "01234")])
        second.columns = ["y", "x"]
        second.stations[0].station.values = ["2", "3"]
        let catalogue = try Catalogue(units: units(threeLevels), stations: [first, second])
        #expect(catalogue.stationColumns(stationTag: "sensor") == ["x", "y"])
        #expect(catalogue.stationValue("x", stationTag: "sensor", station: "a") == "1")
        #expect(catalogue.stationValue("x", stationTag: "sensor", station: "b") == "3")
        #expect(catalogue.stations(stationTag: "sensor") == ["a", "b"])
    }

    @Test(arguments: [
        ("31 province VN", 2, "unit 31 has the unknown parent VN"),
        ("VN central -\nVN central -", 3, "unit VN stands in line 2 already, for the same time"),
        ("VN central - a@0..9\nVN central - b@8..20", 3, "unit VN stands in line 2 already, for the same time"),
        ("a x b\nb y c\nc z a", 4, "unit c lies in itself, through a"),
        ("a x a", 2, "unit a lies in itself, through a"),
        ("a x -\nb x a", 3, "unit b and its parent a are both of level x"),
        ("a x -\nb y a\nc y -\nd x c", 2, "the levels x, y stand above one another in a circle"),
        ("a x - a@9..9", 2, "valid_to is not after valid_from"),
    ])
    func `a fault in the units is named with its line`(text: String, line: Int, message: String) {
        let found = problems { _ = try Catalogue(units: units(text), stations: []) }
        #expect(found.map(\.message.en) == [message])
        #expect(found.map(\.place.line) == [line])
        #expect(found.first?.message.vi.isEmpty == false)
    }

    @Test func `eight levels are the most`() throws {
        func chain(_ count: Int) -> String {
            (0..<count).map { "u\($0) level\($0) \($0 == 0 ? "-" : "u\($0 - 1)")" }.joined(separator: "\n")
        }
        let catalogue = try Catalogue(units: units(chain(8)), stations: [stations([("s", "u7")])])
        #expect(catalogue.unit(level: "level0", stationTag: "sensor", station: "s", at: 0)?.code == "u0")
        let found = problems { _ = try Catalogue(units: units(chain(9)), stations: []) }
        #expect(found.map(\.message.en) == ["\"level8\" would be the ninth level, eight are the most"])
    }

    @Test func `faults in the stations are all named`() {
        let list = stations([("a", "99"), ("b", "31"), ("b", "31")])
        let found = problems { _ = try Catalogue(units: units(threeLevels), stations: [list]) }
        #expect(
            found.map(\.message.en) == [
                "station a lies in the unknown unit 99", "station b is there already, for the same time",
            ])
        #expect(found.map(\.place.line) == [2, 4])
    }

    @Test func `a long circle of units is found without recursion`() {
        let count = 50_000
        let rows = (0..<count).map { number in
            (
                unit: AdministrativeUnit(
                    code: "u\(number)", level: "l", name: "", parent: "u\((number + 1) % count)"),
                place: place(number + 2)
            )
        }
        #expect(problems { _ = try Catalogue(units: rows, stations: []) }.count == 1)
    }

    @Test func `no catalogue knows nothing`() {
        let catalogue = Catalogue()
        #expect(catalogue.levels.isEmpty)
        #expect(catalogue.stations(stationTag: "sensor").isEmpty)
        #expect(!catalogue.hasUnit(code: "31"))
    }
}
