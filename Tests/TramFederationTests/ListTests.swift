import Testing
import TramColumnar
import TramFederation
import TramQuery

private func row(
    _ line: Int, _ code: String, _ level: String, _ name: String, _ parent: String?, full: String? = nil,
    from: Int64 = .min, to: Int64 = .max
) -> (unit: AdministrativeUnit, place: CataloguePlace) {
    (
        AdministrativeUnit(
            code: code, level: level, name: name, parent: parent, fullName: full,
            validity: Validity(from: from, to: to)), CataloguePlace(file: "units.csv", line: line)
    )
}

private let rows = [
    row(2, "VN", "central", "Việt Nam", nil), row(3, "30", "province", "Hải Dương", "VN", to: 100),
    row(4, "31", "province", "Hải Phòng", "VN", full: "Thành phố Hải Phòng"),
    row(5, "10507", "commune", "Cẩm Thượng", "30", to: 100),
    row(6, "10507", "commune", "Thành Đông", "31", full: "Phường Thành Đông", from: 100),
    row(7, "10525", "commune", "Hải Dương", "31", from: 100), row(8, "10700", "commune", "Ái Quốc", "31"),
    row(9, "10800", "commune", "An Biên", "31"), row(10, "10900", "commune", "Đồ Sơn", "31"),
    row(11, "11000", "commune", "Dương Kinh", "31"),
]

@Suite struct ListTests {
    private func catalogue() throws -> Catalogue {
        let place = CataloguePlace(file: "s.csv", line: 2)
        return try Catalogue(
            units: rows,
            stations: [
                StationList(
                    tag: "station", columns: ["name"],
                    stations: [
                        (Station(id: "s2", unit: "10507", values: ["Cầu Rào"]), place),
                        (Station(id: "s1", unit: "10800", values: ["An Dương"]), place),
                        (Station(id: "x", unit: "VN", values: [""]), place),
                    ])
            ])
    }

    private func codes(_ question: UnitQuestion) throws -> [String] { try catalogue().units(question).map(\.code) }

    @Test func `units stand by level and then by the alphabet`() throws {
        #expect(
            try codes(UnitQuestion(instant: 200))
                == ["VN", "31", "10700", "10800", "11000", "10900", "10525", "10507"])
        #expect(try codes(UnitQuestion(level: "province", instant: 0)) == ["30", "31"])
        #expect(try codes(UnitQuestion(level: "province", instant: 100)) == ["31"])
        #expect(try codes(UnitQuestion(parent: "30")) == ["10507"])
        #expect(try catalogue().units(UnitQuestion(search: "10507")).map(\.name) == ["Cẩm Thượng", "Thành Đông"])
    }

    @Test(arguments: [
        ("hai phong", ["31"]), ("Hải Phòng", ["31"]), ("HAI PHONG", ["31"]), ("Ha\u{309}i Pho\u{300}ng", ["31"]),
        ("thanh pho hai", ["31"]), ("phong", ["31"]), ("do son", ["10900"]), ("đồ sơn", ["10900"]),
        // The whole name first, then by level.
        ("hai duong", ["30", "10525"]), ("duong", ["11000", "30", "10525"]), ("105", ["10525", "10507", "10507"]),
        ("ai", ["10700"]), ("zz", []), ("-", []), ("hong", []), ("31", ["31"]),
    ])
    func `a search needs no diacritics and finds beginnings of words`(search: String, expected: [String]) throws {
        let found = try codes(UnitQuestion(search: search))
        #expect(found.sorted() == expected.sorted(), "\(search): \(found)")
        #expect(found.first == expected.first || search == "105")
    }

    @Test func `what was typed with diacritics comes before what only sounds like it`() throws {
        let similar = [
            row(2, "1", "a", "Thanh Hoa", nil), row(3, "2", "a", "Thành Hóa", nil), row(4, "3", "a", "Thanh Hóa", nil),
        ]
        let catalogue = try Catalogue(units: similar, stations: [])
        #expect(catalogue.units(UnitQuestion(search: "thành hóa")).first?.code == "2")
        #expect(catalogue.units(UnitQuestion(search: "Thanh Hóa")).first?.code == "3")
        #expect(catalogue.units(UnitQuestion(search: "thanh hoa")).map(\.code) == ["1", "3", "2"])
    }

    @Test func `stations are found by id, name and unit, and by the subtree they lie in`() throws {
        func ids(_ question: StationQuestion) throws -> [String] {
            try catalogue().stations(question).map(\.station.id)
        }
        #expect(try ids(StationQuestion(instant: 0)) == ["s1", "s2", "x"])
        #expect(try ids(StationQuestion(search: "cau rao", instant: 0)) == ["s2"])
        #expect(try ids(StationQuestion(search: "an", instant: 0)) == ["s1"])
        #expect(try ids(StationQuestion(search: "cam thuong", instant: 0)) == ["s2"])
        #expect(try ids(StationQuestion(search: "cam thuong", instant: 100)) == [])
        #expect(try ids(StationQuestion(unit: "31", instant: 0)) == ["s1"])
        #expect(try ids(StationQuestion(unit: "31", instant: 100)) == ["s1", "s2"])
        #expect(try ids(StationQuestion(unit: "VN", instant: 100)) == ["s1", "s2", "x"])
        #expect(try ids(StationQuestion(tag: "sensor")) == [])
        #expect(
            try catalogue().stations(StationQuestion(instant: 100)).map(\.unit?.name) == [
                "An Biên", "Thành Đông", "Việt Nam",
            ])
    }

    @Test func `what the units file says of a unit is that of the time, else the last word`() throws {
        let catalogue = try catalogue()
        func value(_ column: String, _ name: String? = nil, _ instant: Int64) -> String? {
            catalogue.unitValue(column, code: "10507", name: name, at: instant)
        }
        #expect(value("name", nil, 0) == "Cẩm Thượng")
        #expect(value("parent", nil, 0) == "30")
        #expect(value("parent", nil, 100) == "31")
        #expect(value("parent", "Cẩm Thượng", 100) == "30")
        #expect(value("full_name", nil, 0) == nil)
        #expect(value("level", nil, 0) == "commune")
        #expect(value("nonsense", nil, 0) == nil)
        #expect(catalogue.unitValue("name", code: "30", name: nil, at: 1000) == "Hải Dương")
        #expect(catalogue.unitValue("name", code: "99", name: nil, at: 0) == nil)
    }

    @Test(arguments: 2...8)
    func `a tree may have any number of levels from two to eight`(count: Int) throws {
        let chain = (0..<count).map { row($0 + 2, "u\($0)", "level\($0)", "Cấp \($0)", $0 == 0 ? nil : "u\($0 - 1)") }
        let catalogue = try Catalogue(
            units: chain,
            stations: [
                StationList(
                    tag: "s",
                    stations: [(Station(id: "a", unit: "u\(count - 1)"), CataloguePlace(file: "s.csv", line: 2))])
            ])
        #expect(catalogue.levels == (0..<count).map { "level\($0)" })
        for depth in 0..<count {
            let unit = catalogue.unit(level: "level\(depth)", stationTag: "s", station: "a", at: 0)
            #expect(unit?.code == "u\(depth)")
            #expect(catalogue.isUnder(code: "u\(depth)", stationTag: "s", station: "a", at: 0))
        }
        #expect(catalogue.units(UnitQuestion()).map(\.code) == (0..<count).map { "u\($0)" })
    }

    @Test func `what is allowed and looks wrong is remarked with its line`() {
        let odd = [
            row(2, "VN", "a", "x", nil, from: 50), row(3, "1", "b", "Hà", "VN"), row(4, "2", "b", "hà", "VN", from: 60),
            row(5, "3", "b", "Hà", "VN", to: 10),
        ]
        let list = StationList(
            tag: "s", stations: [(Station(id: "q", unit: "VN"), CataloguePlace(file: "s.csv", line: 9))])
        let remarks = Catalogue.remarks(units: odd, stations: [list])
        #expect(remarks.map(\.place.line) == [3, 4, 5, 5, 9])
        #expect(remarks.allSatisfy { $0.hint != nil && !$0.message.vi.isEmpty })
    }

    @Test func `a parent or a unit of other times only is a mistake`() {
        let broken = [row(2, "VN", "a", "x", nil, from: 50), row(3, "1", "b", "y", "VN", to: 50)]
        #expect(throws: CatalogueError.self) { try Catalogue(units: broken, stations: []) }
    }
}
