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
    /// Column number → where it comes from.
    package var columns: [Int: ScanColumn]
    /// Conditions over columns that are one value for a whole series; they decide before a block is read.
    package var seriesFilters: [BoundExpression]
    package var steps: [RowStep]
    /// Columns of a block.
    package var width: Int
}

/// One aggregate call.
package struct AggregateCall {
    package var function: String
    package var argument: BoundExpression?
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
    package var calls: [AggregateCall]
    package var outputs: [Output]
    package var fill: FillExpression
    /// The clause `late`, nanoseconds; for standing queries.
    package var lateness: Int64?
    /// What the windows are cut by: rows outside are not there.
    package var range: TimeRange
    package var at: SourceRange

    package var firstGroupColumn: Int { grid == nil ? 0 : 1 }
    package var firstCallColumn: Int { firstGroupColumn + groups.count }
    package var partialColumn: Int? { grid == nil ? nil : firstCallColumn + calls.count }
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
}

/// A column of a table: what it is called and what it holds.
package struct TableColumn: Sendable {
    package var name: String
    package var alias: String?
    package var type: ColumnType
    /// Present for later stages, but given out only when named.
    package var isHidden: Bool

    package init(name: String, alias: String? = nil, type: ColumnType, isHidden: Bool = false) {
        self.name = name
        self.alias = alias
        self.type = type
        self.isHidden = isHidden
    }
}
