import TramColumnar
import TramQuery

/// A value of a test row; absent is simply not there.
enum Cell: Hashable {
    case float(Double)
    case int(Int64)
    case uint(UInt64)
    case bool(Bool)
    case text(String)

    var type: FieldType {
        switch self {
        case .float: .float
        case .int: .int
        case .uint: .uint
        case .bool: .bool
        case .text: .string
        }
    }
}

/// A stored row as a test writes it.
struct TestRow {
    var measurement = "m"
    var time: Int64
    var tags: [String: String] = [:]
    var fields: [String: Cell] = [:]
}

/// Rows in plain arrays, as a plan reads them: one block for every three rows, so that block borders are met.
final class MemorySource: ColumnSource {
    private struct Series {
        var id: UInt32
        var tags: [String: String]
        var rows: [TestRow]
    }

    private let seriesOf: [String: [Series]]
    private let schemas: [String: Schema]
    let strings = StringTable()
    let measurements: [String]
    let pointCount: Int

    init(_ rows: [TestRow]) {
        var seriesOf: [String: [Series]] = [:]
        var next: UInt32 = 0
        for row in rows {
            let known = seriesOf[row.measurement, default: []].firstIndex { $0.tags == row.tags }
            if let known {
                seriesOf[row.measurement]?[known].rows.append(row)
            } else {
                seriesOf[row.measurement, default: []].append(Series(id: next, tags: row.tags, rows: [row]))
                next += 1
            }
        }
        var schemas: [String: Schema] = [:]
        for (name, all) in seriesOf {
            seriesOf[name] = all.map { Series(id: $0.id, tags: $0.tags, rows: $0.rows.sorted { $0.time < $1.time }) }
            var types: [String: FieldType] = [:]
            for row in all.flatMap(\.rows) {
                for (field, cell) in row.fields { types[field] = cell.type }
            }
            schemas[name] = Schema(
                measurement: name, tagKeys: Set(all.flatMap(\.tags.keys)).sorted(),
                fields: types.sorted { $0.key < $1.key }.map { Schema.Field(name: $0.key, type: $0.value) })
        }
        self.seriesOf = seriesOf
        self.schemas = schemas
        measurements = seriesOf.keys.sorted()
        pointCount = rows.count
    }

    func extent(of measurement: String) -> TimeRange? {
        let times = (seriesOf[measurement] ?? []).flatMap { $0.rows.map(\.time) }
        guard let first = times.min(), let last = times.max() else { return nil }
        return TimeRange(start: first, end: last + 1)
    }

    func schema(of measurement: String) -> Schema? { schemas[measurement] }

    func series(of measurement: String, in range: TimeRange?) -> [SeriesEntry] {
        let keys = schemas[measurement]?.tagKeys ?? []
        return (seriesOf[measurement] ?? []).map { series in
            SeriesEntry(id: series.id, tagCodes: keys.map { key in series.tags[key].map(strings.code) })
        }
    }

    func scan(
        series: UInt32, of measurement: String, fields: [Int], range: TimeRange,
        visit: (ColumnBlock) throws(QueryError) -> Void
    ) throws(QueryError) {
        guard let schema = schemas[measurement], let found = seriesOf[measurement]?.first(where: { $0.id == series })
        else { return }
        for start in stride(from: 0, to: found.rows.count, by: 3) {
            let rows = found.rows[start..<min(start + 3, found.rows.count)]
            guard let first = rows.first, let last = rows.last, first.time < range.end, last.time >= range.start else {
                continue
            }
            let columns = fields.map { number -> Vector? in
                let field = schema.fields[number]
                guard rows.contains(where: { $0.fields[field.name] != nil }) else { return nil }
                var vector = Vector(type: field.type)
                for row in rows {
                    if let cell = row.fields[field.name] { vector.append(bits(cell)) } else { vector.appendAbsent() }
                }
                return vector
            }
            try visit(ColumnBlock(timestamps: rows.map(\.time), columns: columns))
        }
    }

    private func bits(_ cell: Cell) -> UInt64 {
        switch cell {
        case .float(let value): value.bitPattern
        case .int(let value): UInt64(bitPattern: value)
        case .uint(let value): value
        case .bool(let value): value ? 1 : 0
        case .text(let text): UInt64(strings.code(text))
        }
    }

    /// The answer as lines: the columns' names, then a row a line, values apart by a blank, `-` for null.
    func lines(
        _ text: String, now: Int64 = 1_000_000_000_000, limits: QueryLimits = QueryLimits(),
        zone: TimeZoneRules = .hoChiMinh, units: (any UnitResolver)? = nil
    ) throws(QueryError) -> [String] {
        // Texts of a store are in its table before a query starts.
        for series in seriesOf.values.joined() {
            for tag in series.tags.values { _ = strings.code(tag) }
            for row in series.rows {
                for case .text(let text) in row.fields.values { _ = strings.code(text) }
            }
        }
        let context = QueryContext(
            now: now, zone: zone, zones: BuiltInZones(), units: units, defaultRange: .all, limits: limits)
        let result = try QueryRunner.run(text, source: self, context: context)
        let head = result.columns.map(\.name).joined(separator: " ")
        return [head]
            + (0..<result.rowCount).map { row in
                result.columns.indices.map { column in
                    let value = result.value(row: row, column: column)
                    return value == .null ? "-" : value.plainText
                }.joined(separator: " ")
            }
    }
}
