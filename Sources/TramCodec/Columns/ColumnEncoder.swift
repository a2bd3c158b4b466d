public import TramColumnar

/// A column of a block → bytes, in the smallest form that its values allow.
///
///     bytes  field
///     1      bits 0-3 tag of `Codec`, bits 4-5 kind of nulls (`NullsKind`)
///     ...    nulls
///     ...    values of the rows that have one, as `Codec` says
///
/// Everything comes back bit for bit: NaN payloads, -0.0, infinities, any integers. The number of rows is not stored:
/// the block's header has it.
public struct ColumnEncoder: Sendable {
    private let preference: CodecPreference

    public init(_ preference: CodecPreference = .size) {
        self.preference = preference
    }

    /// Appends the rows, 0...1,024, to `bytes` and returns their entry, with `field` and `offset` 0.
    ///
    /// - Parameters:
    ///   - scaleHint: of floats, how many fraction digits their texts had at most; nil when they did not come from
    ///     text. A wrong hint costs time, nothing else.
    ///   - state: what the last columns of the same field and series were like; one that was just made is always right.
    public func encode(
        _ vector: Vector, scaleHint: Int? = nil, state: inout ColumnState, to bytes: inout [UInt8]
    ) -> ColumnEntry {
        precondition(vector.count <= Vector.maximumCount, "a column holds at most 1,024 rows")
        precondition(vector.presence.map { $0.count == vector.count } ?? true, "a presence bit for every row")
        let start = bytes.count
        bytes.append(0)
        let nulls = NullsKind.encode(vector.presence, to: &bytes)
        let padded = ColumnEncoder.dense(vector)
        let count = nulls == .none ? vector.count : vector.presence?.setCount ?? vector.count
        var entry = unsafe padded.withUnsafeBufferPointer { padded in
            let values = unsafe UnsafeBufferPointer(rebasing: padded[..<count])
            return unsafe encode(values, vector.type, scaleHint, &state, &bytes)
        }
        bytes[start] = entry.codec.rawValue | nulls.rawValue << 4
        entry.nulls = nulls
        entry.count = count
        entry.byteCount = bytes.count - start
        return entry
    }

    private func encode(
        _ values: UnsafeBufferPointer<UInt64>, _ type: FieldType, _ hint: Int?, _ state: inout ColumnState,
        _ bytes: inout [UInt8]
    ) -> ColumnEntry {
        guard values.count > 0 else {
            return unsafe ColumnEntry(type: type, statistics: ColumnStatistics(type, values, decimalSum: nil))
        }
        if type == .float {
            let outcome = unsafe FloatChooser(preference).encode(values, hint: hint, &state, to: &bytes)
            let statistics = unsafe ColumnStatistics(type, values, decimalSum: outcome.decimalSum)
            var entry = ColumnEntry(type: type, statistics: statistics)
            entry.codec = outcome.codec
            entry.exceptionCount = outcome.exceptionCount
            entry.hasMantissas = outcome.hasMantissas
            return entry
        }
        unsafe values.withMemoryRebound(to: Int64.self) { integers in
            unsafe IntegerChooser(preference).encode(integers, &state.integers, to: &bytes)
        }
        var entry = unsafe ColumnEntry(type: type, statistics: ColumnStatistics(type, values, decimalSum: nil))
        entry.codec = .integers
        entry.hasMantissas = type == .int || type == .bool
        return entry
    }

    /// The values of the rows that have one, and copies of the first behind them up to a multiple of eight.
    private static func dense(_ vector: Vector) -> [UInt64] {
        var values = vector.bits
        if let presence = vector.presence, !presence.isAllSet {
            values.removeAll(keepingCapacity: true)
            for row in 0..<vector.count where presence[row] { values.append(vector.bits[row]) }
        }
        if let first = values.first {
            while values.count & 7 != 0 { values.append(first) }
        }
        return values
    }
}
