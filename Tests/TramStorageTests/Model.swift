import TramColumnar
import TramStorage

/// A value as a sender means it.
enum Value: Hashable {
    case float(Double)
    case int(Int64)
    case uint(UInt64)
    case bool(Bool)
    case string(String)

    var type: FieldType {
        switch self {
        case .float: .float
        case .int: .int
        case .uint: .uint
        case .bool: .bool
        case .string: .string
        }
    }

    /// The bits of all but strings.
    private var bits: UInt64 {
        switch self {
        case .float(let value): value.bitPattern
        case .int(let value): UInt64(bitPattern: value)
        case .uint(let value): value
        case .bool(let value): value ? 1 : 0
        case .string: 0
        }
    }

    func bits(in text: inout [UInt8]) -> UInt64 {
        guard case .string(let value) = self else { return bits }
        let offset = text.count
        text += Array(value.utf8)
        return Batch.textReference(offset: offset, byteCount: text.count - offset)
    }

    init(type: FieldType, bits: UInt64, strings: [String]) {
        switch type {
        case .float: self = .float(Double(bitPattern: bits))
        case .int: self = .int(Int64(bitPattern: bits))
        case .uint: self = .uint(bits)
        case .bool: self = .bool(bits != 0)
        case .string: self = .string(strings[Int(bits)])
        }
    }
}

struct Point {
    var series: SeriesID
    var time: Int64
    /// In the order of the line.
    var fields: [(name: String, value: Value)]

    init(_ series: SeriesID, _ time: Int64, _ fields: KeyValuePairs<String, Value>) {
        self.init(series, time, fields.map { (name: $0.key, value: $0.value) })
    }

    init(_ series: SeriesID, _ time: Int64, _ fields: [(name: String, value: Value)]) {
        self.series = series
        self.time = time
        self.fields = fields
    }
}

extension Batch {
    /// Rows of `measurement` in this order, a column per name and type.
    init(_ measurement: String, _ points: [Point]) {
        self.init(measurement: measurement)
        for (row, point) in points.enumerated() {
            series.append(point.series)
            timestamps.append(point.time)
            lines.append(UInt32(row + 1))
            var isSet = [Bool](repeating: false, count: columns.count)
            for (name, value) in point.fields {
                let bits = value.bits(in: &text)
                let place =
                    columns.firstIndex { $0.name == name && $0.values.type == value.type }
                    ?? {
                        var values = Vector(type: value.type)
                        for _ in 0..<row { values.appendAbsent() }
                        columns.append(Column(name: name, values: values))
                        isSet.append(false)
                        return columns.count - 1
                    }()
                columns[place].values.append(bits)
                isSet[place] = true
            }
            for place in columns.indices where !isSet[place] { columns[place].values.appendAbsent() }
        }
    }
}

/// What a store should hold, in the plainest form: one measurement.
struct Model {
    private struct Cell {
        var name: String
        var type: FieldType
    }

    private(set) var types: [String: FieldType] = [:]
    private(set) var fieldNames: [String] = []
    private(set) var rows: [SeriesID: [Int64: [String: Value]]] = [:]

    /// The result that the store should give.
    mutating func append(_ points: [Point]) -> AppendResult {
        var result = AppendResult(accepted: 0, refused: [], newPoints: 0)
        // Of fields that are new in one row, the batch's columns tell the order, and refused rows have columns, too.
        let columns = Batch("", points).columns.map { Cell(name: $0.name, type: $0.values.type) }
        for (row, point) in points.enumerated() {
            if point.series == Store.refusedSeries {
                result.refused.append(.init(row: row, reason: .seriesLimit))
                continue
            }
            var seen = types
            var names: [String] = []
            var isRefused = false
            for (name, value) in point.fields {
                if seen[name] == nil {
                    seen[name] = value.type
                    names.append(name)
                }
                if seen[name] != value.type { isRefused = true }
            }
            if isRefused {
                // Which of several conflicts is named is looked at elsewhere; here only that the row is refused.
                result.refused.append(.init(row: row, reason: .seriesLimit))
                continue
            }
            types = seen
            fieldNames += columns.filter { names.contains($0.name) && types[$0.name] == $0.type }.map(\.name)
            result.accepted += 1
            if point.fields.isEmpty { continue }
            if rows[point.series]?[point.time] == nil { result.newPoints += 1 }
            for (name, value) in point.fields {
                rows[point.series, default: [:]][point.time, default: [:]][name] = value
            }
        }
        return result
    }

    /// - Returns: how many rows are gone.
    @discardableResult
    mutating func remove(_ range: TimeRange, of series: [SeriesID]) -> Int {
        let before = pointCount
        for id in series {
            rows[id] = rows[id]?.filter { !range.contains($0.key) }
            if rows[id]?.isEmpty == true { rows[id] = nil }
        }
        return before - pointCount
    }

    var pointCount: Int { rows.values.reduce(0) { $0 + $1.count } }

    var extent: TimeRange? {
        let times = rows.values.flatMap(\.keys)
        guard let oldest = times.min(), let newest = times.max() else { return nil }
        return TimeRange(start: oldest, end: newest + 1)
    }
}

extension Snapshot {
    /// The rows of a series that lie in `range`, read through its blocks; nil when a block breaks a promise.
    func rows(of series: SeriesID, in measurement: String, range: TimeRange = .all) -> [Int64: [String: Value]]? {
        let fields = schema(of: measurement)?.fields ?? []
        let texts = Array(strings.snapshot())
        var rows: [Int64: [String: Value]] = [:]
        var last: Int64?
        var isSound = true
        blocks(of: series, fields: Array(fields.indices), in: range) { block in
            if !(1...Vector.maximumCount).contains(block.timestamps.count) { isSound = false }
            if block.columns.count != fields.count { isSound = false }
            for (field, column) in zip(fields, block.columns) {
                guard let column else { continue }
                if column.count != block.timestamps.count || column.type != field.type { isSound = false }
                if !column.bits.indices.contains(where: column.isPresent) { isSound = false }
                for row in column.bits.indices where !column.isPresent(row) && column.bits[row] != 0 { isSound = false }
            }
            for (row, time) in block.timestamps.enumerated() {
                if let last, time <= last { isSound = false }
                last = time
                guard range.contains(time) else { continue }
                var cells: [String: Value] = [:]
                for (field, column) in zip(fields, block.columns) {
                    guard let column, column.isPresent(row) else { continue }
                    cells[field.name] = Value(type: field.type, bits: column.bits[row], strings: texts)
                }
                rows[time] = cells
            }
        }
        return isSound ? rows : nil
    }

    /// Every row of a measurement by series and time.
    func content(of measurement: String) -> [SeriesID: [Int64: [String: Value]]] {
        var content: [SeriesID: [Int64: [String: Value]]] = [:]
        for entry in series(of: measurement) {
            if let rows = rows(of: entry.id, in: measurement), !rows.isEmpty { content[entry.id] = rows }
        }
        return content
    }
}

/// Whether the result agrees with the model's, save for the reasons.
func agrees(_ result: AppendResult, _ expected: AppendResult) -> Bool {
    result.accepted == expected.accepted && result.newPoints == expected.newPoints
        && result.refused.map(\.row) == expected.refused.map(\.row)
}

/// Whether a snapshot holds what the model says.
func agrees(_ snapshot: Snapshot, _ model: Model, of measurement: String, series: [SeriesID]) -> Bool {
    guard snapshot.content(of: measurement) == model.rows, snapshot.pointCount(of: measurement) == model.pointCount,
        snapshot.extent(of: measurement) == model.extent
    else { return false }
    let fields = snapshot.schema(of: measurement)?.fields ?? []
    guard fields.map(\.name) == model.fieldNames, fields.allSatisfy({ $0.type == model.types[$0.name] }) else {
        return false
    }
    return series.allSatisfy { snapshot.lastTimestamp(of: $0) == model.rows[$0]?.keys.max() }
}
