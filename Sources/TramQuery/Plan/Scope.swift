package import TramColumnar

/// The names that an expression may use.
protocol Scope: AnyObject {
    /// The meaning of a name; nil when there is none.
    func resolve(_ name: String, qualifier: String?) -> BoundExpression?
    /// Every name that could have been meant, for suggestions.
    var names: [String] { get }
    /// What the scope is called in messages: the measurement, or "this stage".
    var title: Bilingual { get }
    /// Whether the names are fields and tags, not columns that a stage made.
    var isSource: Bool { get }
}

/// Stations and levels of the catalogue, seen from a scope that has a station's tag.
enum CatalogueNames {
    /// The meaning of a level's name (`commune`), of `commune_name`, of `commune.parent`, or of `station.x`; `column`
    /// gives a tag's value, `made` that of a column that a stage made.
    static func resolve(
        _ name: String, qualifier: String?, units: (any UnitResolver)?, column: (String) -> BoundExpression?,
        made: (String) -> BoundExpression? = { _ in nil }
    ) -> BoundExpression? {
        guard let units else { return nil }
        if qualifier == "station" {
            for tag in units.stationTags where units.stationColumns(stationTag: tag).contains(name) {
                guard let station = column(tag) else { continue }
                return .stationValue(
                    station, tag: tag, column: name, columnType(name, tag: tag, units: units))
            }
            return nil
        }
        if let qualifier, units.unitColumns.contains(name), qualifier == "unit" || units.levels.contains(qualifier) {
            // A column of codes that a stage made, or else the station's own unit.
            guard
                let code = made(qualifier)
                    ?? resolve(qualifier, qualifier: nil, units: units, column: column, made: made),
                code.type.isText
            else { return nil }
            return .unitValue(code, name: made(qualifier + "_name"), column: name)
        }
        guard qualifier == nil else { return nil }
        for level in units.levels {
            let isName = name == level + "_name"
            guard isName || name == level else { continue }
            for tag in units.stationTags {
                if let station = column(tag) { return .unit(station, tag: tag, level: level, isName: isName) }
            }
        }
        return nil
    }

    /// The value of `station.x` while no row has told by which tag its measurement names stations; nil when no stations
    /// file has the column.
    static func unknownStationValue(_ name: String, units: (any UnitResolver)?) -> BoundExpression? {
        guard let units,
            let tag = units.stationTags.first(where: { units.stationColumns(stationTag: $0).contains(name) })
        else { return nil }
        return .constant(columnType(name, tag: tag, units: units), nil)
    }

    /// Float when every value of the column is a number.
    private static func columnType(_ column: String, tag: String, units: any UnitResolver) -> ColumnType {
        let values = units.stations(stationTag: tag).compactMap {
            units.stationValue(column, stationTag: tag, station: $0)
        }
        return !values.isEmpty && values.allSatisfy { Double($0)?.isFinite == true } ? .float : .string
    }
}

/// Names of stored rows. Resolving a name adds its column to the scan, so a plan reads only what it uses.
final class RowScope: Scope {
    private let schemas: [Schema]
    private let units: (any UnitResolver)?
    /// Standing queries may name fields that no row has had yet.
    private let acceptsUnknownFields: Bool
    private(set) var scanColumns: [Int: ScanColumn] = [:]
    private var numbers: [ScanColumn: Int] = [:]
    private var computed: [String: (column: Int, type: ColumnType)] = [:]
    private var computedOrder: [String] = []
    private var selected: [String]?
    private var dropped: Set<String> = []
    private(set) var width = 0
    private(set) var unknownFields: [String] = []

    init(schemas: [Schema], units: (any UnitResolver)?, acceptsUnknownFields: Bool) {
        self.schemas = schemas
        self.units = units
        self.acceptsUnknownFields = acceptsUnknownFields
    }

    var isSource: Bool { true }

    var title: Bilingual {
        let text = schemas.map(\.measurement).joined(separator: ", ")
        return Bilingual(vi: text, en: text)
    }

    var measurements: [String] { schemas.map(\.measurement) }

    var tagKeys: [String] {
        schemas.reduce(into: []) { keys, schema in
            for key in schema.tagKeys where !keys.contains(key) { keys.append(key) }
        }
    }

    /// Fields of all measurements; a field that is int here and float there counts as float.
    var fields: [Schema.Field] {
        schemas.reduce(into: []) { fields, schema in
            for field in schema.fields {
                if let known = fields.firstIndex(where: { $0.name == field.name }) {
                    if fields[known].type != field.type { fields[known].type = .float }
                } else {
                    fields.append(field)
                }
            }
        }
    }

    /// The fields that no `select` or `drop` has put away and no `set` has covered.
    var visibleFields: [Schema.Field] {
        fields.filter {
            selected?.contains($0.name) ?? true && !dropped.contains($0.name) && computed[$0.name] == nil
        }
    }

    var names: [String] {
        var names = fields.map(\.name) + tagKeys + computedOrder + ["time"]
        if schemas.count > 1 { names.append("measurement") }
        if let units, units.stationTags.contains(where: tagKeys.contains) { names += units.levels }
        return names.filter { selected?.contains($0) ?? true && !dropped.contains($0) }
    }

    func resolve(_ name: String, qualifier: String?) -> BoundExpression? {
        if qualifier == nil {
            guard selected?.contains(name) ?? true, !dropped.contains(name) else { return nil }
            if let computed = computed[name] { return .column(computed.column, computed.type) }
        }
        // The row's own time has the name; a tag or field called so is `tag.time`, `field.time`.
        if qualifier == nil && name == "time" { return scan(.time, .time) }
        if qualifier == nil || qualifier == "tag", tagKeys.contains(name) { return scan(.tag(name), .tag) }
        if qualifier == nil || qualifier == "field", let field = fields.first(where: { $0.name == name }) {
            let type = field.type.columnType
            return scan(.field(name, type), type)
        }
        if qualifier == nil {
            if name == "measurement" { return scan(.measurement, .tag) }
        }
        if let found = CatalogueNames.resolve(
            name, qualifier: qualifier, units: units,
            column: { tagKeys.contains($0) ? scan(.tag($0), .tag) : nil },
            made: { name in computed[name].map { .column($0.column, $0.type) } })
        {
            return found
        }
        if acceptsUnknownFields && (qualifier == nil || qualifier == "field") {
            if !unknownFields.contains(name) { unknownFields.append(name) }
            return .constant(.float, nil)
        }
        if acceptsUnknownFields && qualifier == "station" {
            return CatalogueNames.unknownStationValue(name, units: units)
        }
        return nil
    }

    private func scan(_ column: ScanColumn, _ type: ColumnType) -> BoundExpression {
        if let number = numbers[column] { return .column(number, type) }
        let number = newColumn()
        numbers[column] = number
        scanColumns[number] = column
        return .column(number, type)
    }

    func newColumn() -> Int {
        width += 1
        return width - 1
    }

    /// Gives `name` to a column that a step fills; hides what had the name before.
    func define(_ name: String, column: Int, type: ColumnType) {
        if computed[name] == nil { computedOrder.append(name) }
        computed[name] = (column, type)
        dropped.remove(name)
        if selected?.contains(name) == false { selected?.append(name) }
    }

    /// Takes over the columns of a bound scan; what its steps computed keeps its name.
    func adopt(_ scan: Scan, computed plan: Plan) {
        scanColumns = scan.columns
        width = scan.width
        for (number, column) in scan.columns { numbers[column] = number }
        guard case .scan(_, let outputs) = plan.root else { return }
        for output in outputs where scanColumns[output.column] == nil {
            define(output.name, column: output.column, type: output.type)
        }
    }

    func select(_ names: [String]) { selected = names }
    func drop(_ names: [String]) { dropped.formUnion(names) }

    /// The columns that rows without aggregation give: time, tags, fields, then computed ones, or as selected.
    func outputs() -> [RawOutput] {
        let natural = ["time"] + (schemas.count > 1 ? ["measurement"] : []) + tagKeys.filter { $0 != "time" }
        // Where names meet, the second one is shown with its qualifier: no value is lost.
        let hidden =
            tagKeys.filter { $0 == "time" }.map { ("tag", $0) }
            + fields.map(\.name).filter { $0 == "time" || tagKeys.contains($0) }.map { ("field", $0) }
        let plain = fields.map(\.name).filter { $0 != "time" && !tagKeys.contains($0) }
        let order = selected ?? natural + plain + computedOrder.filter { !natural.contains($0) && !plain.contains($0) }
        var outputs: [RawOutput] = order.filter { !dropped.contains($0) }.compactMap { name in
            guard case .column(let column, let type)? = resolve(name, qualifier: nil) else { return nil }
            return RawOutput(name: name, type: type, column: column)
        }
        guard selected == nil else { return outputs }
        for (qualifier, name) in hidden where !dropped.contains(name) {
            guard case .column(let column, let type)? = resolve(name, qualifier: qualifier) else { continue }
            outputs.append(RawOutput(name: "\(qualifier).\(name)", type: type, column: column))
        }
        return outputs
    }

    /// The columns whose value is one for a whole series.
    func isSeriesColumn(_ number: Int) -> Bool {
        switch scanColumns[number] {
        case .tag, .measurement: true
        default: false
        }
    }
}

/// Names of a table's columns.
final class TableScope: Scope {
    var columns: [TableColumn]
    private let units: (any UnitResolver)?

    init(columns: [TableColumn], units: (any UnitResolver)?) {
        self.columns = columns
        self.units = units
    }

    var isSource: Bool { false }
    var title: Bilingual { Bilingual(vi: "bước này", en: "this stage") }
    var names: [String] { columns.filter { !$0.isHidden }.map(\.name) }

    func index(of name: String) -> Int? {
        columns.firstIndex { $0.name == name } ?? columns.firstIndex { $0.alias == name }
    }

    func resolve(_ name: String, qualifier: String?) -> BoundExpression? {
        // Where a tag and a field share a name, stored rows show the field as `field.x`.
        if let qualifier, let index = columns.firstIndex(where: { $0.name == "\(qualifier).\(name)" }) {
            return .column(index, columns[index].type)
        }
        if qualifier == nil || qualifier == "tag" || qualifier == "field", let index = index(of: name) {
            return .column(index, columns[index].type)
        }
        return CatalogueNames.resolve(
            name, qualifier: qualifier, units: units,
            column: { tag in index(of: tag).map { .column($0, columns[$0].type) } },
            made: { name in index(of: name).map { .column($0, columns[$0].type) } })
    }
}

extension FieldType {
    package var columnType: ColumnType {
        switch self {
        case .float: .float
        case .int: .int
        case .uint: .uint
        case .bool: .bool
        case .string: .string
        }
    }
}
