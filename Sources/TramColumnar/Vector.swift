/// Values of one type, 64 bits each, with the rows that lack one marked.
///
/// In storage and between operators a vector has up to `maximumCount` rows; a batch's column has as many as the batch.
/// How a value lies in its 64 bits: `float` as `Double.bitPattern`, `int` as `UInt64(bitPattern:)`, `uint` as itself,
/// `bool` as 0 or 1, `string` as a number that whoever made the vector can turn into text
/// (in a `Batch`: `Batch.textReference`; from a store: a code of its string table).
/// The bits of an absent value are 0.
public struct Vector: Equatable, Sendable {
    /// The longest vector that storage and operators exchange.
    public static let maximumCount = 1024

    public var type: FieldType
    public var bits: [UInt64]
    /// Nil when every value is present; otherwise as many bits as `bits`.
    public var presence: Bitmap?

    public init(type: FieldType, bits: [UInt64] = [], presence: Bitmap? = nil) {
        self.type = type
        self.bits = bits
        self.presence = presence
    }

    public var count: Int { bits.count }

    public func isPresent(_ row: Int) -> Bool {
        guard let presence else { return true }
        return presence[row]
    }

    public mutating func append(_ value: UInt64) {
        bits.append(value)
        presence?.append(true)
    }

    public mutating func appendAbsent() {
        if presence == nil { presence = Bitmap(repeating: true, count: bits.count) }
        bits.append(0)
        presence?.append(false)
    }
}
