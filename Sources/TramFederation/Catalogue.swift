public import TramColumnar
public import TramQuery

/// The administrative tree and the stations in it, as they were at any time.
///
/// Readings carry only their station; which commune or province that is comes from here, at the reading's time, so a
/// reform rewrites no data. Immutable: a changed file makes a new catalogue.
public struct Catalogue: Sendable {
    private struct Entry: Sendable {
        var station: Station
        /// The units that ever had the station's code, while the row held.
        var units: [Int]
        /// Which list it is from, for its columns.
        var list: Int
    }

    private struct Tag: Sendable {
        var name: String
        var columns: [String] = []
        /// Rows of a station in the order of the files.
        var stations: [String: [Entry]] = [:]
        var sortedIDs: [String] = []
    }

    /// Column name to its number, for each list.
    private var columnNumbers: [[String: Int]] = []
    private var tree = UnitTree()
    private var tags: [Tag] = []
    /// Every instant at which something begins or ends, ascending.
    private var boundaries: [Int64] = []

    /// A catalogue without units and stations.
    public init() {}

    /// - Throws: all that is wrong: unknown parents, cycles, codes used twice at a time, more than eight levels,
    ///   stations in unknown units.
    public init(
        units: [(unit: AdministrativeUnit, place: CataloguePlace)], stations lists: [StationList]
    ) throws(CatalogueError) {
        var error = CatalogueError()
        for row in units { Catalogue.check(row.unit.validity, row.place, error: &error) }
        tree = UnitTree(units, error: &error)
        for (number, list) in lists.enumerated() {
            var columns: [String: Int] = [:]
            for (column, name) in list.columns.enumerated() { columns[name] = column }
            columnNumbers.append(columns)
            add(list, number: number, error: &error)
        }
        guard error.problems.isEmpty else { throw error }
        for index in tags.indices {
            tags[index].sortedIDs = tags[index].stations.keys.sorted {
                $0.utf8.lexicographicallyPrecedes($1.utf8)
            }
        }
        let validities =
            units.map(\.unit.validity) + lists.flatMap { list in list.stations.map(\.station.validity) }
        boundaries = Set(validities.flatMap { [$0.from, $0.to] }).subtracting([.min, .max]).sorted()
    }

    private static func check(_ validity: Validity, _ place: CataloguePlace, error: inout CatalogueError) {
        guard validity.from >= validity.to else { return }
        error.add(place, en: "valid_to is not after valid_from", vi: "valid_to không sau valid_from")
    }

    private mutating func add(_ list: StationList, number: Int, error: inout CatalogueError) {
        let index = tags.firstIndex { $0.name == list.tag } ?? tags.count
        if index == tags.count { tags.append(Tag(name: list.tag)) }
        for column in list.columns where !tags[index].columns.contains(column) { tags[index].columns.append(column) }
        for (station, place) in list.stations {
            Catalogue.check(station.validity, place, error: &error)
            let units = tree.numbers(code: station.unit).filter { tree.units[$0].validity.overlaps(station.validity) }
            if !tree.hasUnit(code: station.unit) {
                error.add(
                    place, en: "station \(station.id) lies in the unknown unit \(station.unit)",
                    vi: "trạm \(station.id) thuộc đơn vị không tồn tại: \(station.unit)",
                    hint: error.isFull ? nil : tree.hint(unknown: station.unit))
            } else if units.isEmpty {
                error.add(
                    place, en: "station \(station.id) lies in unit \(station.unit), which is there at other times only",
                    vi: "trạm \(station.id) thuộc đơn vị \(station.unit), đơn vị này chỉ có ở thời gian khác",
                    hint: Bilingual(
                        vi: "sửa valid_from, valid_to của trạm hoặc của đơn vị",
                        en: "mend valid_from and valid_to of the station or of the unit"))
            }
            if tags[index].stations[station.id, default: []].contains(where: {
                $0.station.validity.overlaps(station.validity)
            }) {
                error.add(
                    place, en: "station \(station.id) is there already, for the same time",
                    vi: "trạm \(station.id) đã có, cùng thời gian hiệu lực",
                    hint: Bilingual(
                        vi: "trạm chuyển đơn vị cần valid_from và valid_to",
                        en: "a station that moved needs valid_from and valid_to"))
            }
            tags[index].stations[station.id, default: []].append(Entry(station: station, units: units, list: number))
        }
    }

    // MARK: - Units

    /// The unit that has this code at `instant`.
    public func unit(code: String, at instant: Int64) -> AdministrativeUnit? {
        tree.number(code: code, at: instant).map { tree.units[$0] }
    }

    /// The units of a level at `instant`, sorted by code. O(units).
    public func units(ofLevel level: String, at instant: Int64) -> [AdministrativeUnit] {
        tree.units.filter { $0.level == level && $0.validity.contains(instant) }
            .sorted { $0.code.utf8.lexicographicallyPrecedes($1.code.utf8) }
    }

    /// The levels with their depths, highest first.
    public var levelRanks: [Level] { tree.levels }

    /// The units of all times, as the files have them.
    public var allUnits: [AdministrativeUnit] { tree.units }

    // MARK: - Stations

    /// The rows of all stations' files together.
    public var stationCount: Int { tags.reduce(0) { $0 + $1.stations.values.reduce(0) { $0 + $1.count } } }

    /// The rows of a station that hold at `instant`, of all times when that is nil.
    func listed(tag: String, id: String, at instant: Int64?) -> [ListedStation] {
        entries(tag, id).filter { entry in instant.map { entry.station.validity.contains($0) } ?? true }.map { entry in
            let moment = instant ?? entry.station.validity.from
            let unit = entry.units.first { tree.units[$0].validity.contains(moment) } ?? entry.units.first
            var values: [String: String] = [:]
            for (column, number) in columnNumbers[entry.list] where number < entry.station.values.count {
                values[column] = entry.station.values[number]
            }
            return ListedStation(
                tag: tag, station: entry.station, unit: unit.map { tree.units[$0] }, values: values)
        }
    }

    /// Nanoseconds between two readings that the station should give at `instant`; nil when the catalogue does not say.
    public func interval(stationTag: String, station: String, at instant: Int64) -> Int64? {
        entry(stationTag, station, at: instant)?.station.interval
    }

    private func entries(_ stationTag: String, _ station: String) -> [Entry] {
        tags.first { $0.name == stationTag }?.stations[station] ?? []
    }

    private func entry(_ stationTag: String, _ station: String, at instant: Int64) -> Entry? {
        entries(stationTag, station).first { $0.station.validity.contains(instant) }
    }

    private func unit(_ stationTag: String, _ station: String, at instant: Int64) -> Int? {
        entry(stationTag, station, at: instant)?.units.first { tree.units[$0].validity.contains(instant) }
    }
}

extension Catalogue: UnitResolver {
    public var levels: [String] { tree.levels.map(\.name) }

    public var stationTags: [String] { tags.map(\.name) }

    public func unit(
        level: String, stationTag: String, station: String, at instant: Int64
    ) -> (code: String, name: String)? {
        guard let own = unit(stationTag, station, at: instant),
            let found = tree.ancestor(of: own, at: instant, where: { $0.level == level })
        else { return nil }
        return (tree.units[found].code, tree.units[found].name)
    }

    public func changes(in range: TimeRange) -> [Int64] {
        boundaries.filter(range.contains)
    }

    public func isUnder(code: String, stationTag: String, station: String, at instant: Int64) -> Bool {
        guard let own = unit(stationTag, station, at: instant) else { return false }
        return tree.ancestor(of: own, at: instant, where: { $0.code == code }) != nil
    }

    public func hasUnit(code: String) -> Bool { tree.hasUnit(code: code) }

    public func stationColumns(stationTag: String) -> [String] {
        tags.first { $0.name == stationTag }?.columns ?? []
    }

    /// Of a station with several rows the last one that has something in the column.
    public func stationValue(_ column: String, stationTag: String, station: String) -> String? {
        for entry in entries(stationTag, station).reversed() {
            guard let number = columnNumbers[entry.list][column], number < entry.station.values.count else { continue }
            let value = entry.station.values[number]
            if !value.isEmpty { return value }
        }
        return nil
    }

    public var unitColumns: [String] { AdministrativeUnit.columns }

    public func unitValue(_ column: String, code: String, name: String?, at instant: Int64) -> String? {
        let numbers = tree.numbers(code: code)
        let named = name.map { name in numbers.filter { tree.units[$0].name == name } } ?? numbers
        // The last one is the one that the files have last.
        let number = named.first { tree.units[$0].validity.contains(instant) } ?? named.last
        return number.flatMap { tree.units[$0].value(column) }
    }

    public func stations(stationTag: String) -> [String] {
        tags.first { $0.name == stationTag }?.sortedIDs ?? []
    }
}
