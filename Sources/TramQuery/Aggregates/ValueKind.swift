/// How the 64 bits of a value are read and ordered.
enum ValueKind: Sendable {
    case float
    case signed
    case unsigned
    /// A code of the query's string table.
    case text

    init(_ type: ColumnType) {
        switch type {
        case .float: self = .float
        case .int, .time, .duration: self = .signed
        case .uint, .bool: self = .unsigned
        case .string, .tag: self = .text
        }
    }

    /// One pattern for each value: 0.0 for -0.0, nil for a float that is no number.
    @inline(__always)
    func canonical(_ bits: UInt64) -> UInt64? {
        guard case .float = self else { return bits }
        if bits & Self.infinity == Self.infinity { return nil }
        return bits == Self.negativeZero ? 0 : bits
    }

    /// A number that orders canonical values as the type does. Text has no such number.
    @inline(__always)
    func orderKey(_ bits: UInt64) -> Int64 {
        switch self {
        case .float: Self.floatKey(Int64(bitPattern: bits))
        case .signed, .text: Int64(bitPattern: bits)
        case .unsigned: Int64(bitPattern: bits ^ Self.negativeZero)
        }
    }

    /// The value of an order key.
    @inline(__always)
    func bits(ofKey key: Int64) -> UInt64 {
        switch self {
        case .float: UInt64(bitPattern: Self.floatKey(key))
        case .signed, .text: UInt64(bitPattern: key)
        case .unsigned: UInt64(bitPattern: key) ^ Self.negativeZero
        }
    }

    /// Its own inverse: negative floats have their order turned.
    @inline(__always)
    private static func floatKey(_ bits: Int64) -> Int64 {
        bits < 0 ? bits ^ Int64.max : bits
    }

    /// The nearest float; nil for what is no number. Integers beyond 2^53 lose their last digits here.
    @inline(__always)
    func double(_ bits: UInt64) -> Double? {
        switch self {
        case .float:
            bits & Self.infinity == Self.infinity ? nil : Double(bitPattern: bits)
        case .signed: Double(Int64(bitPattern: bits))
        case .unsigned: Double(bits)
        case .text: nil
        }
    }

    /// Replaces the content of `numbers` by the numbers of a run.
    func doubles(_ bits: Span<UInt64>, into numbers: inout [Double]) {
        numbers.removeAll(keepingCapacity: true)
        numbers.reserveCapacity(bits.count)
        for row in bits.indices {
            if let number = double(bits[row]) { numbers.append(number) }
        }
    }

    private static let infinity: UInt64 = 0x7ff0_0000_0000_0000
    private static let negativeZero: UInt64 = 0x8000_0000_0000_0000
}

/// Turns the result of a calculation in floats into a value of `type`: durations are rounded to the nanosecond.
func resultBits(_ value: Double, as type: ColumnType) throws(QueryError) -> UInt64 {
    guard value.isFinite else { throw .aggregateOverflow }
    guard type == .duration else { return (value + 0.0).bitPattern }
    guard let nanoseconds = Int64(exactly: value.rounded(.toNearestOrEven)) else { throw .aggregateOverflow }
    return UInt64(bitPattern: nanoseconds)
}

extension QueryError {
    /// An aggregate's value does not fit its type. The place is added by whoever knows the call.
    static var aggregateOverflow: QueryError {
        QueryError(
            .overflow, at: nil, en: "the value of an aggregate is too large for its type",
            vi: "giá trị tổng hợp vượt quá giới hạn của kiểu dữ liệu")
    }
}
