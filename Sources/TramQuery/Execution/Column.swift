public import TramColumnar

/// Values of one type inside a running plan: a block's rows while scanning, a result's rows after aggregation.
///
/// 64 bits a value: `float` as `Double.bitPattern`; `int`, `time` and `duration` as `UInt64(bitPattern:)`; `uint` as
/// itself; `bool` as 0 or 1; `string` and `tag` as a code of the query's string table. The bits of an absent value are
/// 0.
public struct Column: Equatable, Sendable {
    public var type: ColumnType
    public var bits: [UInt64]
    /// Nil when every value is present.
    public var presence: Bitmap?

    public init(type: ColumnType, bits: [UInt64] = [], presence: Bitmap? = nil) {
        self.type = type
        self.bits = bits
        self.presence = presence
    }

    public var count: Int { bits.count }

    public func isPresent(_ row: Int) -> Bool {
        guard let presence else { return true }
        return presence[row]
    }
}
