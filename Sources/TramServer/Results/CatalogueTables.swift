import TramColumnar
public import TramFederation
public import TramQuery

/// Units and stations of a catalogue as results, which every door writes as it writes answers to questions.
public enum CatalogueTables {
    private static let unitColumns: [(String, ColumnType)] = [
        ("code", .tag), ("level", .tag), ("name", .string), ("full_name", .string), ("name_en", .string),
        ("kind", .string), ("parent", .tag), ("valid_from", .time), ("valid_to", .time),
    ]
    private static let stationColumns: [(String, ColumnType)] = [
        ("tag", .tag), ("id", .tag), ("name", .string), ("kind", .string), ("unit", .tag), ("unit_name", .string),
        ("interval", .duration), ("lat", .float), ("lon", .float), ("valid_from", .time), ("valid_to", .time),
    ]

    /// - Parameter limit: rows at most; the result is then marked as partial.
    public static func units(_ catalogue: Catalogue, _ question: UnitQuestion, limit: Int?) -> QueryResult {
        result(
            unitColumns,
            catalogue.units(question).map { unit in
                [
                    .string(unit.code), .string(unit.level), .string(unit.name), text(unit.fullName),
                    text(unit.englishName), text(unit.kind), text(unit.parent), begin(unit.validity),
                    end(unit.validity),
                ]
            }, limit)
    }

    /// - Parameter limit: rows at most; the result is then marked as partial.
    public static func stations(_ catalogue: Catalogue, _ question: StationQuestion, limit: Int?) -> QueryResult {
        result(
            stationColumns,
            catalogue.stations(question).map { listed in
                let station = listed.station
                return [
                    .string(listed.tag), .string(station.id), text(listed.values["name"]), text(listed.values["kind"]),
                    .string(station.unit), text(listed.unit?.name),
                    station.interval.map { .duration($0) } ?? .null, number(listed.values["lat"]),
                    number(listed.values["lon"]), begin(station.validity), end(station.validity),
                ]
            }, limit)
    }

    private static func result(_ columns: [(String, ColumnType)], _ rows: [[Value]], _ limit: Int?) -> QueryResult {
        var result = QueryResult(columns: columns.map { ColumnInfo(name: $0.0, type: $0.1) }, rows: rows)
        if let limit, result.rowCount > limit {
            let all = result.rowCount
            result.truncate(to: limit)
            result.warnings.append(
                Bilingual(
                    vi: "chỉ có \(limit) dòng đầu trong \(all) dòng (limit)",
                    en: "only the first \(limit) of \(all) rows are given (limit)"))
        }
        return result
    }

    private static func text(_ value: String?) -> Value {
        guard let value, !value.isEmpty else { return .null }
        return .string(value)
    }

    private static func number(_ text: String?) -> Value {
        text.flatMap(Double.init).flatMap { $0.isFinite ? .float($0) : nil } ?? .null
    }

    private static func begin(_ validity: Validity) -> Value { validity.from == .min ? .null : .time(validity.from) }

    private static func end(_ validity: Validity) -> Value { validity.to == .max ? .null : .time(validity.to) }
}

/// A word that says at which time the catalogue is looked at: `all`, `today`, a day, or an instant.
public enum CatalogueTime: Hashable, Sendable {
    /// Every row, whenever it holds.
    case all
    case at(Int64)

    /// Nil when the text is none of these. A day begins at midnight in `zone`.
    public init?(_ text: String, now: Int64, zone: TimeZoneRules) {
        if text == "all" {
            self = .all
        } else if let instant = Timestamp(rfc3339: text) {
            self = .at(instant.nanoseconds)
        } else if let instant = Int64(text), text.utf8.count > 8 {
            self = .at(instant)
        } else if let time = try? QueryParser.parseTreeTime(text), case .at(let instant) = time {
            self = .at(RangeResolver.resolve(instant, now: now, zone: zone))
        } else {
            return nil
        }
    }

    public var instant: Int64? { if case .at(let instant) = self { instant } else { nil } }
}
