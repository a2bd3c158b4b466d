/// What a standing query does with rows that come late, in nanoseconds of event time.
public struct LatePolicy: Hashable, Sendable {
    /// How far the watermark stays behind the newest row of a source: the clause `late`.
    public var lateness: Int64
    /// How long after a window's close a late row still gives a revision.
    public var allowedLateness: Int64

    public init(lateness: Int64 = 30_000_000_000, allowedLateness: Int64 = 3_600_000_000_000) {
        self.lateness = lateness
        self.allowedLateness = allowedLateness
    }
}
