/// What a column of a result holds.
public enum ColumnType: String, Hashable, Sendable {
    case time, tag, float, int, uint, bool, string, duration
}

/// A column of a result, as its readers are told of it.
public struct ColumnInfo: Hashable, Sendable {
    public var name: String
    public var type: ColumnType

    public init(name: String, type: ColumnType) {
        self.name = name
        self.type = type
    }
}

/// One row that a standing query gives: a closed or revised window of one group, or, for a query without
/// aggregation, one stored row.
public struct WindowResult: Sendable {
    /// The window; for a row without aggregation both ends are the row's time.
    public var start: Int64
    public var end: Int64
    /// The group's columns, in the order of `by`: name and value. A row without aggregation has the tags of its series.
    public var labels: [Label]
    /// Parallel to the standing query's columns (group columns and `time` included).
    public var values: [Value]
    /// 0 when the window closes, one more for each late row's revision.
    public var revision: Int
    /// Whether the row was late: it came after its window had closed, or after newer rows of its series.
    public var isLate: Bool

    public struct Label: Hashable, Sendable {
        public var name: String
        public var value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    public init(
        start: Int64, end: Int64, labels: [Label], values: [Value], revision: Int = 0, isLate: Bool = false
    ) {
        self.start = start
        self.end = end
        self.labels = labels
        self.values = values
        self.revision = revision
        self.isLate = isLate
    }
}
