public import TramColumnar

/// What a block keeps beside a column's bytes: enough to answer count, sum, minimum, maximum, first and last without
/// them, and to find and decode them.
///
///     offset  bytes  field
///     0       2      field: the field's number
///     2       1      codec: tag of `Codec`
///     3       1      bits 0-2 type (`FieldType`), bits 4-5 nulls (`NullsKind`)
///     4       1      scale of the sum and of the mantissas, 0...15; 0 when the sum is no decimal
///     5       1      flags: 1 the sum is exact, 2 a value is NaN or infinite, 4 mantissas can be had
///     6       2      byteCount: bytes of the column
///     8       4      offset of the column from the block's start
///     12      2      count: rows with a value, 0...1,024
///     14      2      exceptions: rows that are not what the codec is for
///     16      8      minimum  \
///     24      8      maximum   | bits of the type, as in `Vector`
///     32      8      first     |
///     40      8      last     /
///     48      16     sum: an Int128 in units of 10^-scale, or two doubles, high and low
///
/// NaN and infinities are counted and set the flag; minimum, maximum and sum are of the finite values. Without any,
/// minimum, maximum and sum are 0. First and last are of the first and last row with a value, finite or not. Of strings
/// minimum and maximum are those of the codes. The sum of bools is the number of true ones, of strings 0.
public struct ColumnEntry: Equatable, Sendable {
    public static let byteCount = 64

    /// The sum of the finite values.
    public enum Sum: Equatable, Sendable {
        /// Exact, in units of 10^-scale.
        case exact(Int128, scale: Int)
        /// The rounded sum and what rounding left over: associative to the last unit of `low` only.
        case double(high: Double, low: Double)
    }

    public var field: UInt16
    public var codec: Codec
    public var type: FieldType
    public var nulls: NullsKind
    /// The largest is 8 KiB of doubles, a bitmap and a few bytes.
    public var byteCount: Int
    /// From the block's start, bytes. The encoder leaves 0.
    public var offset: UInt32
    public var count: Int
    public var exceptionCount: Int
    public var hasNonFinite: Bool
    /// `ColumnDecoder.mantissas` gives integers in units of 10^-scale for every row with a value.
    public var hasMantissas: Bool
    public var minimum: UInt64
    public var maximum: UInt64
    public var first: UInt64
    public var last: UInt64
    public var sum: Sum

    /// Appends the 64 bytes.
    public func encode(to bytes: inout [UInt8]) {
        func append(_ value: some FixedWidthInteger) {
            unsafe withUnsafeBytes(of: value.littleEndian) { unsafe bytes.append(contentsOf: $0) }
        }
        append(field)
        bytes.append(codec.rawValue)
        bytes.append(type.rawValue | nulls.rawValue << 4)
        var flags: UInt8 = (hasNonFinite ? 2 : 0) | (hasMantissas ? 4 : 0)
        var scale: UInt8 = 0
        if case .exact(_, let digits) = sum {
            flags |= 1
            scale = UInt8(digits)
        }
        bytes.append(scale)
        bytes.append(flags)
        append(UInt16(byteCount))
        append(offset)
        append(UInt16(count))
        append(UInt16(exceptionCount))
        for bits in [minimum, maximum, first, last] { append(bits) }
        switch sum {
        case .exact(let sum, _): append(sum)
        case .double(let high, let low):
            append(high.bitPattern)
            append(low.bitPattern)
        }
    }

    /// Reads the first 64 bytes.
    ///
    /// - Throws: `.short` when there are fewer, `.corrupt` when a field is none of those above.
    public init(decoding bytes: RawSpan) throws(CodecError) {
        guard bytes.byteCount >= ColumnEntry.byteCount else {
            throw .short(needed: ColumnEntry.byteCount, present: bytes.byteCount)
        }
        func load<Value: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, _: Value.Type) -> Value {
            unsafe Value(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Value.self))
        }
        field = load(0, UInt16.self)
        let tag = load(2, UInt8.self)
        guard let codec = Codec(rawValue: tag) else { throw .corrupt("no codec has the tag \(tag)") }
        let kinds = load(3, UInt8.self)
        guard kinds & 0b1100_1000 == 0, let type = FieldType(rawValue: kinds & 7),
            let nulls = NullsKind(rawValue: kinds >> 4)
        else { throw .corrupt("no column is of the kind \(kinds)") }
        let scale = Int(load(4, UInt8.self))
        let flags = load(5, UInt8.self)
        guard scale <= DecimalFloat.maximumScale, flags < 8, scale == 0 || flags & 1 != 0 else {
            throw .corrupt("a sum of scale \(scale) with flags \(flags)")
        }
        self.codec = codec
        self.type = type
        self.nulls = nulls
        byteCount = Int(load(6, UInt16.self))
        offset = load(8, UInt32.self)
        count = Int(load(12, UInt16.self))
        exceptionCount = Int(load(14, UInt16.self))
        guard count <= Vector.maximumCount, exceptionCount <= count else {
            throw .corrupt("\(count) values with \(exceptionCount) exceptions")
        }
        hasNonFinite = flags & 2 != 0
        hasMantissas = flags & 4 != 0
        minimum = load(16, UInt64.self)
        maximum = load(24, UInt64.self)
        first = load(32, UInt64.self)
        last = load(40, UInt64.self)
        if flags & 1 != 0 {
            sum = .exact(load(48, Int128.self), scale: scale)
        } else {
            sum = .double(
                high: Double(bitPattern: load(48, UInt64.self)), low: Double(bitPattern: load(56, UInt64.self)))
        }
    }

    init(type: FieldType, statistics: ColumnStatistics) {
        field = 0
        codec = .empty
        self.type = type
        nulls = .none
        byteCount = 0
        offset = 0
        count = 0
        exceptionCount = 0
        hasNonFinite = statistics.hasNonFinite
        hasMantissas = false
        minimum = statistics.minimum
        maximum = statistics.maximum
        first = statistics.first
        last = statistics.last
        sum = statistics.sum
    }
}
