import TramAlerting
public import TramColumnar
import TramQuery
public import TramFederation
import Yams

/// Why a file could not be read, in the words of whoever tried.
public struct UnreadableFile: Error, Hashable, Sendable {
    public var reason: Bilingual

    public init(vi: String, en: String) {
        reason = Bilingual(vi: vi, en: en)
    }
}

/// The `catalogue:` section of a YAML file, and the tables it names.
///
///     catalogue:
///       units: units.csv
///       stations:
///         - { file: traffic-sensors.csv, tag: sensor, unit: unit_3level }
public struct CatalogueFile: Hashable, Sendable {
    public struct StationSource: Hashable, Sendable {
        public var file: SourceText
        /// The tag by which readings name the station, and the column that holds the id.
        public var tag: SourceText
        /// The column with the unit's code.
        public var unit: SourceText
        /// Nanoseconds between readings of stations whose row says nothing.
        public var interval: Int64?
    }

    /// The file with the section; the paths of the tables are relative to its folder.
    public var file: String
    public var units: SourceText?
    public var stations: [StationSource]

    /// Reads the section out of any YAML file; other sections are not looked at. Nil without a section.
    public static func parse(_ bytes: [UInt8], file: String) throws(DefinitionErrors) -> CatalogueFile? {
        var reader = DefinitionReader(file: file)
        var section: CatalogueFile?
        if let root = reader.open(bytes),
            let keys = reader.entries(root, known: ["catalogue"], ignoresOthers: true), let node = keys["catalogue"]
        {
            section = reader.catalogue(node)
        }
        try reader.finish()
        return section
    }

    /// Reads the tables.
    ///
    /// - Parameters:
    ///   - startOfDay: the instant at which a day of `valid_from` and `valid_to` begins in the configured zone.
    ///   - read: the bytes of a file.
    /// - Throws: everything that is wrong in the tables.
    public func load(
        startOfDay: (CivilDate) -> Int64?, read: (String) throws(UnreadableFile) -> [UInt8]
    ) throws(DefinitionErrors) -> Catalogue {
        let (unitRows, lists) = try rows(startOfDay: startOfDay, read: read)
        do {
            return try Catalogue(units: unitRows, stations: lists)
        } catch {
            throw DefinitionErrors(error.problems.map(CatalogueFile.located))
        }
    }

    /// Reads the tables for whoever keeps them: what is wrong, and what only looks so.
    ///
    /// - Returns: the catalogue, nil where something is wrong.
    public func check(
        startOfDay: (CivilDate) -> Int64?, read: (String) throws(UnreadableFile) -> [UInt8]
    ) -> (catalogue: Catalogue?, errors: [DefinitionError], remarks: [DefinitionError]) {
        do {
            let (unitRows, lists) = try rows(startOfDay: startOfDay, read: read)
            let remarks = Catalogue.remarks(units: unitRows, stations: lists).map(CatalogueFile.located)
            do {
                return (try Catalogue(units: unitRows, stations: lists), [], remarks)
            } catch {
                return (nil, error.problems.map(CatalogueFile.located), remarks)
            }
        } catch {
            return (nil, error.errors, [])
        }
    }

    /// A section that was not read from a file: one table of units and nothing else.
    public init(unitsOnly path: String) {
        file = path
        let name = path.split(separator: "/").last.map(String.init) ?? path
        units = SourceText(name, line: 1, column: 1, isVerbatim: false)
        stations = []
    }

    init(file: String, units: SourceText?, stations: [StationSource]) {
        self.file = file
        self.units = units
        self.stations = stations
    }

    private static func located(_ problem: CatalogueError.Problem) -> DefinitionError {
        DefinitionError(
            file: problem.place.file, line: problem.place.line, en: problem.message.en, vi: problem.message.vi,
            hint: problem.hint)
    }

    private typealias Rows = (
        units: [(unit: AdministrativeUnit, place: CataloguePlace)], stations: [StationList]
    )

    private func rows(
        startOfDay: (CivilDate) -> Int64?, read: (String) throws(UnreadableFile) -> [UInt8]
    ) throws(DefinitionErrors) -> Rows {
        var loader = CatalogueLoader(catalogueFile: file)
        var unitRows: [(unit: AdministrativeUnit, place: CataloguePlace)] = []
        if let units, let table = loader.table(units, read: read) {
            unitRows = loader.units(table, startOfDay: startOfDay)
        }
        var lists: [StationList] = []
        for source in stations {
            guard let table = loader.table(source.file, read: read) else { continue }
            lists.append(loader.stations(table, source, startOfDay: startOfDay))
        }
        guard loader.errors.isEmpty else { throw DefinitionErrors(loader.errors) }
        return (unitRows, lists)
    }
}

extension DefinitionReader {
    mutating func catalogue(_ node: Node) -> CatalogueFile? {
        guard let keys = entries(node, known: ["units", "stations"]) else { return nil }
        let units = text(keys["units"], of: "units")
        var stations: [CatalogueFile.StationSource] = []
        for item in items(keys["stations"], of: "stations") {
            guard let keys = entries(item, known: ["file", "tag", "unit", "interval"]) else { continue }
            for key in ["file", "tag"] where keys[key] == nil {
                fail(item, en: "the key \"\(key)\" is missing", vi: "thiếu khoá \"\(key)\"")
            }
            let file = text(keys["file"], of: "file")
            let tag = text(keys["tag"], of: "tag")
            let unit = text(keys["unit"], of: "unit")
            let interval = nanoseconds(keys["interval"], of: "interval")
            guard let file, let tag else { continue }
            let plain = SourceText("unit", line: file.line, column: file.column, isVerbatim: false)
            stations.append(.init(file: file, tag: tag, unit: unit ?? plain, interval: interval))
        }
        if units == nil, let first = stations.first {
            fail(
                first.file,
                Bilingual(vi: "có \"stations\" mà thiếu \"units\"", en: "there are \"stations\" but no \"units\""))
        }
        return CatalogueFile(file: file, units: units, stations: stations)
    }
}

/// Turns tables into units and stations, and collects what is wrong.
private struct CatalogueLoader {
    let catalogueFile: String
    private(set) var errors: [DefinitionError] = []

    init(catalogueFile: String) {
        self.catalogueFile = catalogueFile
    }

    private mutating func fail(_ error: DefinitionError) {
        if errors.count < DefinitionReader.maximumErrors { errors.append(error) }
    }

    mutating func table(_ path: SourceText, read: (String) throws(UnreadableFile) -> [UInt8]) -> CSVFile? {
        let resolved = FilePattern.resolve(path.text, besides: catalogueFile)
        let bytes: [UInt8]
        do {
            bytes = try read(resolved)
        } catch {
            fail(
                DefinitionError(
                    file: catalogueFile, line: path.line, column: path.column,
                    en: "\(resolved) cannot be read: \(error.reason.en)",
                    vi: "không đọc được \(resolved): \(error.reason.vi)",
                    hint: Bilingual(
                        vi: "đường dẫn tính từ thư mục của tệp này", en: "paths are relative to this file's folder")))
            return nil
        }
        do {
            return try CSVFile(bytes, file: resolved)
        } catch {
            for error in error.errors { fail(error) }
            return nil
        }
    }

    /// The number of a column that must be there.
    private mutating func column(_ name: String, in table: CSVFile) -> Int? {
        if let number = table.column(name) { return number }
        let names = table.header.joined(separator: ", ")
        var hint = Bilingual(vi: "các cột: \(names)", en: "its columns: \(names)")
        if table.header.count == 1, table.header[0].contains(";") {
            hint = Bilingual(
                vi: "các cột phải cách nhau bằng dấu phẩy, không phải chấm phẩy",
                en: "columns are separated by commas, not by semicolons")
        } else if let near = Suggestions.closest(to: name, among: table.header).first {
            hint = Bilingual(vi: "có phải \"\(near)\"?", en: "did you mean \"\(near)\"?")
        }
        fail(
            DefinitionError(
                file: table.file, line: 1, en: "the column \"\(name)\" is missing", vi: "thiếu cột \"\(name)\"",
                hint: hint))
        return nil
    }

    mutating func units(
        _ table: CSVFile, startOfDay: (CivilDate) -> Int64?
    ) -> [(unit: AdministrativeUnit, place: CataloguePlace)] {
        let code = column("code", in: table)
        let level = column("level", in: table)
        let name = column("name", in: table)
        let parent = column("parent", in: table)
        guard let code, let level, let name, let parent else { return [] }
        let optional = ["full_name", "name_en", "kind"].map { table.column($0) }
        var rows: [(unit: AdministrativeUnit, place: CataloguePlace)] = []
        for record in table.records {
            let fields = record.fields
            func text(_ column: Int?) -> String? {
                guard let column, !fields[column].isEmpty else { return nil }
                return fields[column]
            }
            if let missing = [("code", code), ("level", level), ("name", name)].first(where: { fields[$0.1].isEmpty }) {
                failEmpty(missing.0, table, record)
                continue
            }
            let unit = AdministrativeUnit(
                code: fields[code], level: fields[level], name: fields[name], parent: text(parent),
                fullName: text(optional[0]), englishName: text(optional[1]), kind: text(optional[2]),
                validity: validity(table, record, startOfDay: startOfDay))
            rows.append((unit, CataloguePlace(file: table.file, line: record.line)))
        }
        return rows
    }

    mutating func stations(
        _ table: CSVFile, _ source: CatalogueFile.StationSource, startOfDay: (CivilDate) -> Int64?
    ) -> StationList {
        let id = column(source.tag.text, in: table)
        let unit = column(source.unit.text, in: table)
        var list = StationList(tag: source.tag.text, columns: table.header.filter { $0 != source.tag.text })
        guard let id, let unit else { return list }
        for record in table.records {
            if record.fields[id].isEmpty { failEmpty(source.tag.text, table, record) }
            if record.fields[unit].isEmpty { failEmpty(source.unit.text, table, record) }
            guard !record.fields[id].isEmpty, !record.fields[unit].isEmpty else { continue }
            checkDegrees("lat", 90, table, record)
            checkDegrees("lon", 180, table, record)
            var values = record.fields
            values.remove(at: id)
            let station = Station(
                id: record.fields[id], unit: record.fields[unit],
                interval: interval(table, record) ?? source.interval,
                validity: validity(table, record, startOfDay: startOfDay), values: values)
            list.stations.append((station, CataloguePlace(file: table.file, line: record.line)))
        }
        return list
    }

    private mutating func failEmpty(_ column: String, _ table: CSVFile, _ record: CSVFile.Record) {
        fail(
            DefinitionError(
                file: table.file, line: record.line, en: "\"\(column)\" is empty", vi: "\"\(column)\" để trống"))
    }

    private mutating func checkDegrees(_ name: String, _ limit: Double, _ table: CSVFile, _ record: CSVFile.Record) {
        guard let column = table.column(name), !record.fields[column].isEmpty else { return }
        let text = record.fields[column]
        if let degrees = Double(text), degrees.magnitude <= limit { return }
        fail(
            DefinitionError(
                file: table.file, line: record.line, en: "\"\(name)\" cannot be \"\(text)\"",
                vi: "\"\(name)\" không thể là \"\(text)\"",
                hint: Bilingual(
                    vi: "độ thập phân với dấu chấm, ví dụ 20.9372", en: "decimal degrees with a point, such as 20.9372")
            ))
    }

    private mutating func interval(_ table: CSVFile, _ record: CSVFile.Record) -> Int64? {
        guard let column = table.column("interval"), !record.fields[column].isEmpty else { return nil }
        let text = record.fields[column]
        if let interval = DurationText.nanoseconds(text), interval > 0 { return interval }
        fail(
            DefinitionError(
                file: table.file, line: record.line, en: "\"interval\" cannot be \"\(text)\"",
                vi: "\"interval\" không thể là \"\(text)\"",
                hint: Bilingual(vi: "viết 5m, 1h hoặc 30s", en: "write 5m, 1h or 30s")))
        return nil
    }

    private mutating func validity(
        _ table: CSVFile, _ record: CSVFile.Record, startOfDay: (CivilDate) -> Int64?
    ) -> Validity {
        let from = instant("valid_from", table, record, startOfDay: startOfDay)
        let to = instant("valid_to", table, record, startOfDay: startOfDay)
        return Validity(from: from ?? .min, to: to ?? .max)
    }

    /// A day or an RFC 3339 instant; nil when the field is empty or the table has no such column.
    private mutating func instant(
        _ name: String, _ table: CSVFile, _ record: CSVFile.Record, startOfDay: (CivilDate) -> Int64?
    ) -> Int64? {
        guard let column = table.column(name), !record.fields[column].isEmpty else { return nil }
        let text = record.fields[column]
        if let instant = Timestamp(rfc3339: text) { return instant.nanoseconds }
        if let midnight = Timestamp(rfc3339: text + "T00:00:00Z") {
            let (days, _) = Timestamp.floorDivide(midnight.nanoseconds, 86_400_000_000_000)
            if let instant = startOfDay(CivilDate(daysSince1970: Int(days))) { return instant }
        }
        fail(
            DefinitionError(
                file: table.file, line: record.line, en: "\"\(name)\" cannot be \"\(text)\"",
                vi: "\"\(name)\" không thể là \"\(text)\"",
                hint: Bilingual(vi: "viết 2025-07-01", en: "write a day as 2025-07-01")))
        return nil
    }
}
