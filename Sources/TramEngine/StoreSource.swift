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

    public func extent(of measurement: String) -> TimeRange? { snapshot.extent(of: measurement) }
    public func schema(of measurement: String) -> Schema? { snapshot.schema(of: measurement) }

    public func series(of measurement: String, in range: TimeRange?) -> [SeriesEntry] {
        let series =
            range.map { snapshot.series(of: measurement, in: $0) } ?? snapshot.series(of: measurement)
        return series.map { SeriesEntry(id: $0.id, tagCodes: $0.tagCodes) }
    }

    public func scan(
        series: UInt32, of measurement: String, fields: [Int], range: TimeRange,
        visit: (ColumnBlock) throws(QueryError) -> Void
    ) throws(QueryError) {
        try snapshot.blocks(of: series, fields: fields, in: range) { (block) throws(QueryError) in
            try visit(ColumnBlock(timestamps: block.timestamps, columns: block.columns))
        }
    }
}
