/// A half-open stretch of time, `[start, end)`, in nanoseconds UTC.
///
/// Stored instants lie in `Int64.min + 2 ... Int64.max - 1`, so `all` holds every one of them.
public struct TimeRange: Hashable, Sendable {
    public var start: Int64
    public var end: Int64

    /// `end` below `start` makes an empty range at `start`.
    public init(start: Int64, end: Int64) {
        self.start = start
        self.end = max(start, end)
    }

    public static let all = TimeRange(start: .min, end: .max)

    public var isEmpty: Bool { start == end }

    public func contains(_ instant: Int64) -> Bool {
        instant >= start && instant < end
    }

    public func intersection(_ other: TimeRange) -> TimeRange {
        TimeRange(start: max(start, other.start), end: min(end, other.end))
    }

    public func overlaps(_ other: TimeRange) -> Bool {
        start < other.end && other.start < end
    }
}
