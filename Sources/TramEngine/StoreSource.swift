public import TramColumnar
public import TramQuery
public import TramStorage

/// A snapshot of the store as a plan reads it.
public struct StoreSource: ColumnSource {
    private let snapshot: Snapshot

    public init(_ snapshot: Snapshot) {
        self.snapshot = snapshot
    }

    public var measurements: [String] { snapshot.measurements }
    public var strings: StringTable { snapshot.strings }
    public var pointCount: Int { snapshot.pointCount }

    public var moment: UInt64? { snapshot.moment }

    public func changes(of measurement: String, since moment: UInt64, in range: TimeRange) -> [TimeRange] {
        snapshot.changes(of: measurement, since: moment, in: range)
    }

    public func seriesCount(of measurement: String) -> Int { snapshot.seriesCount(of: measurement) }
    public func pointCount(of measurement: String) -> Int { snapshot.pointCount(of: measurement) }
    public func extent(of measurement: String) -> TimeRange? { snapshot.extent(of: measurement) }
    public func schema(of measurement: String) -> Schema? { snapshot.schema(of: measurement) }

    public func series(of measurement: String, in range: TimeRange?) -> [SeriesEntry] {
        let series =
            range.map { snapshot.series(of: measurement, in: $0) } ?? snapshot.series(of: measurement)
        return series.map { SeriesEntry(id: $0.id, tagCodes: $0.tagCodes) }
    }

    public func series(
        of measurement: String, in range: TimeRange?, matching conditions: [TagCondition]
    ) -> [SeriesEntry] {
        guard !conditions.isEmpty else { return series(of: measurement, in: range) }
        let tags = conditions.map { (key: $0.key, codes: $0.codes) }
        return snapshot.series(of: measurement, matchingAny: tags).map { SeriesEntry(id: $0.id, tagCodes: $0.tagCodes) }
    }

    public func scan(
        series: UInt32, of measurement: String, fields: [Int], range: TimeRange,
        visit: (ColumnBlock) throws(QueryError) -> Void
    ) throws(QueryError) {
        try snapshot.blocks(of: series, fields: fields, in: range) { (block) throws(QueryError) in
            try visit(ColumnBlock(timestamps: block.timestamps, columns: block.columns))
        }
    }

    public func rows(
        of series: UInt32, of measurement: String, range: TimeRange,
        visit: (any UnreadRows) throws(QueryError) -> Void
    ) throws(QueryError) {
        var handle: StoreRows?
        try snapshot.rows(of: series, in: range) { (rows) throws(QueryError) in
            // One handle for all of them.
            let unread = handle ?? StoreRows(snapshot, series, rows)
            unread.rows = rows
            handle = unread
            try visit(unread)
        }
    }
}

/// Rows of a snapshot that have not been read yet.
private final class StoreRows: UnreadRows {
    private let snapshot: Snapshot
    private let series: SeriesID
    var rows: StoredRows

    init(_ snapshot: Snapshot, _ series: SeriesID, _ rows: StoredRows) {
        self.snapshot = snapshot
        self.series = series
        self.rows = rows
    }

    var first: Int64 { rows.first }
    var last: Int64 { rows.last }
    var count: Int { rows.count }

    func summaries(of fields: [(number: Int, type: FieldType)], into summaries: inout [ColumnSummary]) -> Bool {
        rows.summaries(of: fields, into: &summaries)
    }

    func read(_ request: ReadRequest) -> (timestamps: [Int64], columns: [ReadColumn])? {
        snapshot.read(rows, of: series, request)
    }
}
