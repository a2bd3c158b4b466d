import TramColumnar
public import TramQuery

/// The newest revision of each window that a standing query has given, up to a number of rows.
struct KeptWindows {
    private struct Key: Hashable {
        var start: Int64
        var labels: [WindowResult.Label]
    }

    private var rows: [Key: WindowResult] = [:]
    /// The starts that have rows, and how many; rising only as long as windows close in order.
    private var counts: [Int64: Int] = [:]
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    var count: Int { rows.count }

    mutating func add(_ row: WindowResult) {
        let key = Key(start: row.start, labels: row.labels)
        if rows.updateValue(row, forKey: key) == nil { counts[row.start, default: 0] += 1 }
        if rows.count > limit + limit / 8 { dropOldest() }
    }

    /// Brings the rows back to the limit, whole windows at a time. O(rows), once in every `limit / 8` rows.
    private mutating func dropOldest() {
        var excess = rows.count - limit
        var bound = Int64.min
        for start in counts.keys.sorted() {
            guard excess > 0 else { break }
            excess -= counts[start] ?? 0
            bound = start
        }
        rows = rows.filter { $0.key.start > bound }
        counts = counts.filter { $0.key > bound }
    }

    /// The rows whose window begins in `range`, by group, then by time. O(rows · log).
    func rows(in range: TimeRange) -> [WindowResult] {
        rows.values.filter { range.start <= $0.start && ($0.start < range.end || range.end == .max) }.sorted {
            left, right in
            for (one, other) in zip(left.labels, right.labels) where one != other {
                return one.value.utf8.lexicographicallyPrecedes(other.value.utf8)
            }
            return left.start < right.start
        }
    }
}

/// What a standing query has given so far.
public struct StandingWindows: Sendable {
    public var name: String
    public var query: String
    public var columns: [ColumnInfo]
    public var rows: [WindowResult]
    /// How far event time has come; nil before the first row.
    public var watermark: Int64?
}
