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

/// Rows of one series, rising in time, that are read when they are asked for and not before. Good until the visit ends.
public protocol UnreadRows: AnyObject {
    /// Times of the first and the last row.
    var first: Int64 { get }
    var last: Int64 { get }
    var count: Int { get }
    /// What is known of fields without reading the rows, in the order of `fields`; false when nothing is known.
    func summaries(of fields: [(number: Int, type: FieldType)], into summaries: inout [ColumnSummary]) -> Bool
    /// Times (empty when they are not asked for), and columns in the order of the request; nil for rows that cannot be
    /// read, which are left out. O(rows · fields).
    func read(_ request: ReadRequest) -> (timestamps: [Int64], columns: [ReadColumn])?
}

/// A tag and the values that it may have.
public struct TagCondition: Equatable, Sendable {
    public var key: String
    /// Codes of the source's string table.
    public var codes: [UInt32]

    public init(key: String, codes: [UInt32]) {
        self.key = key
        self.codes = codes
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
    /// As above, of the series that meet all conditions; others may be among them. O(their number) where the source
    /// has an index.
    func series(of measurement: String, in range: TimeRange?, matching conditions: [TagCondition]) -> [SeriesEntry]
    /// Hands all rows of `series` that overlap `range` to `visit`, unread and in time order; there may be rows outside
    /// the range among them.
    func rows(
        of series: UInt32, of measurement: String, range: TimeRange,
        visit: (any UnreadRows) throws(QueryError) -> Void
    ) throws(QueryError)
    /// Grows with every change of what is read from; nil for a source that does not tell.
    var moment: UInt64? { get }
    /// Stretches of time in `range` that had rows put in or taken away since a `moment` of the same source, rising.
    func changes(of measurement: String, since moment: UInt64, in range: TimeRange) -> [TimeRange]
    /// How many series a measurement has.
    func seriesCount(of measurement: String) -> Int
    /// How many points (series + timestamp) a measurement has, about.
    func pointCount(of measurement: String) -> Int
    /// Hands every block of `series` that overlaps `range` to `visit`, in time order; blocks may hold rows outside the
    /// range. `fields` are field numbers of the measurement's schema.
    func scan(
        series: UInt32, of measurement: String, fields: [Int], range: TimeRange,
        visit: (ColumnBlock) throws(QueryError) -> Void
    ) throws(QueryError)
    /// How many points (series + timestamp) the view holds.
    var pointCount: Int { get }
}

extension ColumnSource {
    public var moment: UInt64? { nil }

    public func changes(of measurement: String, since moment: UInt64, in range: TimeRange) -> [TimeRange] { [range] }

    public func series(
        of measurement: String, in range: TimeRange?, matching conditions: [TagCondition]
    ) -> [SeriesEntry] {
        series(of: measurement, in: range)
    }

    public func pointCount(of measurement: String) -> Int { pointCount }

    public func seriesCount(of measurement: String) -> Int { series(of: measurement, in: nil).count }

    public func rows(
        of series: UInt32, of measurement: String, range: TimeRange,
        visit: (any UnreadRows) throws(QueryError) -> Void
    ) throws(QueryError) {
        let fields = Array((schema(of: measurement)?.fields ?? []).indices)
        try scan(series: series, of: measurement, fields: fields, range: range) { (block) throws(QueryError) in
            if let rows = BlockRows(block) { try visit(rows) }
        }
    }
}

/// Rows that have been read already.
private final class BlockRows: UnreadRows {
    private let block: ColumnBlock
    let first: Int64
    let last: Int64
    var count: Int { block.timestamps.count }

    init?(_ block: ColumnBlock) {
        guard let first = block.timestamps.first, let last = block.timestamps.last else { return nil }
        self.block = block
        self.first = first
        self.last = last
    }

    func summaries(of fields: [(number: Int, type: FieldType)], into summaries: inout [ColumnSummary]) -> Bool { false }

    func read(_ request: ReadRequest) -> (timestamps: [Int64], columns: [ReadColumn])? {
        let columns = request.fields.map { field -> ReadColumn in
            guard field.number < block.columns.count, let vector = block.columns[field.number] else { return .absent }
            return .vector(vector)
        }
        return (request.needsTimes ? block.timestamps : [], columns)
    }
}
