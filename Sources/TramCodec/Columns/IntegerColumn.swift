/// A sequence of integers alone: the time column of a block, row numbers, codes.
///
/// The bytes are those of `IntegerCodec`; the number of values is not among them. Timestamps of a regular sensor take
/// a few bytes a block, those of a drifting clock its jitter in bits.
public enum IntegerColumn {
    /// Appends 1...1,024 values.
    ///
    /// - Parameter areTimes: rising values at nearly equal steps; a line is tried through them, which keeps
    ///   `lowerBound` cheap.
    public static func encode(
        _ values: [Int64], areTimes: Bool, preference: CodecPreference = .size, state: inout ColumnState,
        to bytes: inout [UInt8]
    ) {
        unsafe values.withUnsafeBufferPointer {
            unsafe IntegerChooser(preference, isTime: areTimes).encode($0, &state.integers, to: &bytes)
        }
    }

    /// Decodes `count` values, 0...1,024, from the start of `bytes`.
    ///
    /// - Throws: `.short` when the bytes end before the column, `.corrupt` when they are none.
    public static func decode(_ bytes: RawSpan, count: Int) throws(CodecError) -> [Int64] {
        precondition((0...PackedIntegers.maximumCount).contains(count), "a column holds at most 1,024 values")
        guard count > 0 else { return [] }
        return unsafe try bytes.withUnsafeBytes { bytes throws(CodecError) in
            var reader = unsafe ByteReader(bytes)
            return try IntegerCodec.decode(&reader, count: count)
        }
    }

    /// How many bytes of `bytes` a column of `count` values takes.
    ///
    /// - Throws: as `decode`. O(count).
    public static func byteCount(_ bytes: RawSpan, count: Int) throws(CodecError) -> Int {
        precondition((0...PackedIntegers.maximumCount).contains(count), "a column holds at most 1,024 values")
        guard count > 0 else { return 0 }
        return unsafe try bytes.withUnsafeBytes { bytes throws(CodecError) in
            var reader = unsafe ByteReader(bytes)
            _ = try IntegerCodec.decode(&reader, count: count)
            return reader.offset
        }
    }

    /// The value at `row`, 0..<`count`; constant time where the transform allows it, else decodes.
    ///
    /// - Throws: as `decode`.
    public static func value(at row: Int, in bytes: RawSpan, count: Int) throws(CodecError) -> Int64 {
        precondition(row >= 0 && row < count && count <= PackedIntegers.maximumCount, "a row of the column")
        return unsafe try bytes.withUnsafeBytes { bytes throws(CodecError) in
            unsafe try IntegerAccess(unsafe bytes, count: count)[row]
        }
    }

    /// The first row whose value is not below `value`, `count` when there is none. The values must rise.
    ///
    /// O(log count) where the transform allows it, else decodes. Of values that do not rise the answer is any row.
    ///
    /// - Throws: as `decode`.
    public static func lowerBound(of value: Int64, in bytes: RawSpan, count: Int) throws(CodecError) -> Int {
        precondition((0...PackedIntegers.maximumCount).contains(count), "a column holds at most 1,024 values")
        guard count > 0 else { return 0 }
        return unsafe try bytes.withUnsafeBytes { bytes throws(CodecError) in
            let access = unsafe try IntegerAccess(unsafe bytes, count: count)
            var low = 0
            var high = count
            while low < high {
                let middle = (low + high) / 2
                if access[middle] < value {
                    low = middle + 1
                } else {
                    high = middle
                }
            }
            return low
        }
    }
}

/// Single values of a sequence. As long-lived as the bytes.
private struct IntegerAccess {
    private enum Source {
        case constant(Int64)
        case stride(first: Int64, step: Int64)
        case packed(PackedIntegers.Packed)
        case line(FittedLine, PackedIntegers.Packed)
        case decoded([Int64])
    }

    private let source: Source
    private var origin: Int64 = 0
    private var divisor: Int64 = 1

    init(_ bytes: UnsafeRawBufferPointer, count: Int) throws(CodecError) {
        var reader = unsafe ByteReader(bytes)
        var tag = try reader.byte()
        if tag >= IntegerCodec.dividedFlag {
            tag &= ~IntegerCodec.dividedFlag
            origin = try reader.signedVarint()
            divisor = Int64(bitPattern: try reader.varint())
        }
        switch try IntegerCodec.transform(tag) {
        case .constant:
            source = .constant(try reader.signedVarint())
            return
        case .stride:
            source = .stride(first: try reader.signedVarint(), step: try reader.signedVarint())
            return
        case .plain:
            if case .fixed(let packed) = try PackedIntegers.read(&reader, count: count) {
                source = .packed(packed)
                return
            }
        case .line:
            let line = FittedLine(first: try reader.signedVarint(), slope: try reader.signedVarint())
            if case .fixed(let packed) = try PackedIntegers.read(&reader, count: count) {
                source = .line(line, packed)
                return
            }
        case .delta, .deltaOfDelta, .runs, .ranks, .rankDeltas: break
        }
        var whole = unsafe ByteReader(bytes)
        source = .decoded(try IntegerCodec.decode(&whole, count: count))
        // Those are divided no more.
        origin = 0
        divisor = 1
    }

    subscript(row: Int) -> Int64 {
        let inner =
            switch source {
            case .constant(let value): value
            case .stride(let first, let step): first &+ Int64(row) &* step
            case .packed(let packed): PackedIntegers.value(at: row, in: packed)
            case .line(let line, let packed): line[row] &+ PackedIntegers.value(at: row, in: packed)
            case .decoded(let values): values[row]
            }
        return origin &+ inner &* divisor
    }
}
