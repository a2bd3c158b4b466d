public import TramColumnar

/// A series as a plan sees it: a number, and the codes of its tag values in the source's string table.
public struct SeriesEntry: Sendable {
    public var id: UInt32
    /// Parallel to `Schema.tagKeys` of the measurement; nil where the series lacks the tag.
    public var tagCodes: [UInt32?]

    public init(id: UInt32, tagCodes: [UInt32?]) {
        self.id = id
        self.tagCodes = tagCodes
    }
}

/// Up to 1,024 rows of one series, strictly rising in time.
public struct ColumnBlock: Sendable {
    public var timestamps: [Int64]
    /// Parallel to the fields that the scan asked for; nil when no row of the block has that field.
    public var columns: [Vector?]

    public init(timestamps: [Int64], columns: [Vector?]) {
        self.timestamps = timestamps
        self.columns = columns
    }
}

/// What a plan reads from: a fixed view of stored rows. Implemented by `TramEngine.StoreSource`.
public protocol ColumnSource: Sendable {
    /// Sorted by name.
    var measurements: [String] { get }
    /// Texts of tag values and string fields; string bits in blocks are codes of it.
    var strings: StringTable { get }
    /// Start of the oldest row and one past the newest of a measurement; nil when it is empty or unknown.
    func extent(of measurement: String) -> TimeRange?
    func schema(of measurement: String) -> Schema?
    /// In order of series id. O(series).
    ///
    /// - Parameter range: those that have no row in it may be left out; nil for all.
    func series(of measurement: String, in range: TimeRange?) -> [SeriesEntry]
    /// Hands every block of `series` that overlaps `range` to `visit`, in time order; blocks may hold rows outside the
    /// range. `fields` are field numbers of the measurement's schema.
    func scan(
        series: UInt32, of measurement: String, fields: [Int], range: TimeRange,
        visit: (ColumnBlock) throws(QueryError) -> Void
    ) throws(QueryError)
    /// How many points (series + timestamp) the view holds.
    var pointCount: Int { get }
}
