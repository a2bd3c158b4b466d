/// Rows of one measurement as columns, in the order in which they arrived.
///
/// All columns and row arrays have `count` rows. Two columns may have the same name and different types, when senders
/// disagree; the store then refuses the rows whose type is not the field's.
public struct Batch: Sendable {
    public struct Column: Sendable {
        public var name: String
        public var values: Vector

        public init(name: String, values: Vector) {
            self.name = name
            self.values = values
        }
    }

    public var measurement: String
    /// Per row the number of its series: as the parser made it a number of the parser's key table, after
    /// `IngestPath` has resolved it a store's series id.
    public var series: [UInt32]
    /// Nanoseconds UTC, per row.
    public var timestamps: [Int64]
    /// Per row the number of its first physical line in the body, from 1.
    public var lines: [UInt32]
    public var columns: [Column]
    /// The bytes of all string values, UTF-8, one after the other; string columns refer into it.
    public var text: [UInt8]

    public init(measurement: String) {
        self.measurement = measurement
        series = []
        timestamps = []
        lines = []
        columns = []
        text = []
    }

    public var count: Int { timestamps.count }

    /// The bits of a string value that lies at `offset` in `text`. Both fit in 32 bits.
    public static func textReference(offset: Int, byteCount: Int) -> UInt64 {
        UInt64(UInt32(truncatingIfNeeded: offset)) << 32 | UInt64(UInt32(truncatingIfNeeded: byteCount))
    }

    /// Where in `text` the string value with these bits lies; clamped to `text`.
    public func textRange(_ bits: UInt64) -> Range<Int> {
        let start = min(Int(bits >> 32), text.count)
        return start..<min(start + Int(bits & 0xffff_ffff), text.count)
    }
}
