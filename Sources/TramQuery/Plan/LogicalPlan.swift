package import TramColumnar

/// Where a column of a scanned block comes from.
package enum ScanColumn: Hashable, Sendable {
    case time
    case measurement
    case tag(String)
    case field(String, ColumnType)
}

/// A step that works on one block at a time.
package enum RowStep {
    case filter(BoundExpression)
    case set(column: Int, BoundExpression)
    case unpivot(Unpivot)
}

/// Fields become rows: one row for each value that is present.
package struct Unpivot {
    package struct Field {
        package var nameCode: UInt64
        /// The field's value, brought to the type of `valueColumn`.
        package var value: BoundExpression
    }

    package var fields: [Field]
    package var nameColumn: Int
    package var valueColumn: Int
    package var valueType: ColumnType
}

/// Reading stored rows of one or more measurements.
package struct Scan {
    package var measurements: [String]
    package var range: TimeRange
    /// What conditions on the rows' time leave of it. Windows and filling go by `range`.
    package var timeBounds = TimeRange.all
    /// By what its windows are known again; nil when they are not to be kept.
    package var keptText: String?
    /// Column number → where it comes from.
    package var columns: [Int: ScanColumn]
    /// Conditions over columns that are one value for a whole series; they decide before a block is read.
    package var seriesFilters: [BoundExpression]
    package var steps: [RowStep]
    /// Columns of a block.
    package var width: Int
    /// With `warm` the start of the range that was asked for; rows before it are read, but not given out.
    package var warmStart: Int64? = nil
    /// Whether a step remembers the rows before: then blocks of a series go through in order.
    package var runsAlongRows = false

    /// What is read.
    package var readRange: TimeRange {
        let start = Swift.max(range.start, timeBounds.start)
        return TimeRange(start: start, end: Swift.max(start, Swift.min(range.end, timeBounds.end)))
    }
}

/// One aggregate call.
package struct AggregateCall {
    package var function: String
    package var argument: BoundExpression?
    /// The second column of `corr` and `covar`.
    package var second: BoundExpression?
    package var filter: BoundExpression?
    package var parameters: [AggregateParameter]
    package var resultType: ColumnType
    package var at: SourceRange

    /// What `AggregateFunction` is told of the argument.
    package var inputType: ColumnType? { argument?.type }
}

/// Grouping, windows and aggregate calls.
///
/// The finished rows have the columns: window start (when there is a window), the groups, the calls, `partial` (when
/// there is a window); `outputs` are computed from these.
package struct Aggregation {
    package struct Group {
        package var name: String
        package var value: BoundExpression
    }

    package struct Output {
        package var name: String
        /// A second spelling under which later stages find it.
        package var alias: String?
        package var value: BoundExpression
    }

    package var groups: [Group]
    package var grid: WindowGrid?
    /// Instead of `grid`: windows that the rows cut.
    package var rowWindow: RowWindow? = nil
    package var calls: [AggregateCall]
    package var outputs: [Output]
    package var fill: FillExpression
    /// The clause `late`, nanoseconds; for standing queries.
    package var lateness: Int64?
    /// What the windows are cut by: rows outside are not there.
    package var range: TimeRange
    package var at: SourceRange

    package var firstGroupColumn: Int { hasWindows ? 1 : 0 }
    package var firstCallColumn: Int { firstGroupColumn + groups.count }
    package var partialColumn: Int? { hasWindows ? firstCallColumn + calls.count : nil }
}

/// A step that works on a whole table.
package enum TableStep {
    case filter(BoundExpression)
    case set([(name: String, value: BoundExpression)])
    /// Column numbers, in the new order. What was named is given out from then on; what `drop` left stays as it was.
    case select([Int], keepsHidden: Bool)
    case sort([(column: Int, descending: Bool)])
    case top(count: Int, largest: Bool, column: Int, by: [Int])
    case limit(Int)
    case unpivot(Unpivot, keep: [Int])
    /// The table's columns become block columns; `time` is the column with the rows' times.
    case aggregate(Aggregation, time: Int?)
    /// Directly behind an aggregation.
    case versus(Versus)
    case join(Join)
}

/// Silence: groups whose newest row is older than `duration`.
package struct Stale {
    package var duration: Int64
    package var groups: [Aggregation.Group]
    /// When one of the groups is a station tag of the catalogue: its index, and the tag.
    package var stationGroup: (index: Int, tag: String)?
}

package enum PlanRoot {
    case scan(Scan, output: [RawOutput])
    case aggregate(Scan, Aggregation)
    case stale(Scan, Stale)
    case show(Show, measurement: String?, filter: BoundExpression?)
    /// A named or bracketed pipe.
    indirect case table(Plan)
}

/// A column that rows without aggregation give.
package struct RawOutput {
    package var name: String
    package var type: ColumnType
    package var column: Int
}

/// A bound query.
package struct Plan {
    package var root: PlanRoot
    package var steps: [TableStep]
    package var zone: TimeZoneRules
    package var warnings: [Bilingual]
    /// The columns after each step; the last entry is the result's.
    package var columns: [TableColumn]
    /// What the rows' times were cut by.
    package var range = TimeRange.all
    /// What stands for the query's "now", where it is another.
    package var now: Int64? = nil
    /// While a plan is bound: rows whose time lies before this have yet to be taken out.
    package var warmStart: Int64? = nil
}

/// A column of a table: what it is called and what it holds.
package struct TableColumn: Sendable {
    /// What a column is to running functions.
    package enum Role: Sendable {
        case value
        /// Tells rows of one group, or of one series, from those of another.
        case key
        /// Start of the row's window.
        case windowTime
        /// Time of a stored row.
        case rowTime
    }

    package var name: String
    package var alias: String?
    package var type: ColumnType
    /// Present for later stages, but given out only when named.
    package var isHidden: Bool
    package var role: Role
    /// What rows were grouped by, with windows or without.
    package var isGroup = false

    package init(
        name: String, alias: String? = nil, type: ColumnType, isHidden: Bool = false, role: Role = .value
    ) {
        self.name = name
        self.alias = alias
        self.type = type
        self.isHidden = isHidden
        self.role = role
    }

    /// Whether rows of two pipes that agree on it belong together. A value that was taken from a tag, such as
    /// `last(host)`, is a value.
    var isShared: Bool { isGroup || role == .key }

    static func group(_ name: String, _ type: ColumnType, role: Role = .value) -> TableColumn {
        var column = TableColumn(name: name, type: type, role: role)
        column.isGroup = true
        return column
    }
}
