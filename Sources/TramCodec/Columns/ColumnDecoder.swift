public import TramColumnar

/// Bytes of a `ColumnEncoder` → a column. Whatever the bytes are, it throws or gives values; it reads nothing outside.
public enum ColumnDecoder {
    /// Decodes a column of `rows` rows, 0...1,024, from the start of `bytes`.
    ///
    /// - Throws: `.short` when the bytes end before the column, `.corrupt` when they are none.
    public static func decode(_ bytes: RawSpan, type: FieldType, rows: Int) throws(CodecError) -> Vector {
        precondition((0...Vector.maximumCount).contains(rows), "a column holds at most 1,024 rows")
        return unsafe try bytes.withUnsafeBytes { bytes throws(CodecError) in
            var reader = unsafe ByteReader(bytes)
            let (codec, presence) = try header(&reader, rows)
            let count = presence?.setCount ?? rows
            guard (codec == .empty) == (count == 0) else {
                throw .corrupt("a column of codec \(codec.rawValue) with \(count) values")
            }
            guard count > 0 else {
                return Vector(type: type, bits: [UInt64](repeating: 0, count: rows), presence: presence)
            }
            guard (type == .float) != (codec == .integers) else {
                throw .corrupt("a column of \(type.name) in codec \(codec.rawValue)")
            }
            var values = try dense(&reader, codec, count)
            if let presence { values = spread(values, presence) }
            return Vector(type: type, bits: values, presence: presence)
        }
    }

    /// The values as integers in units of 10^-scale, dense: those of the rows that have one, in row order.
    ///
    /// Sums, comparisons and extremes over them are exact and need no division. Nil when a value of the column is no
    /// decimal (`ColumnEntry.hasMantissas` is false).
    ///
    /// - Throws: as `decode`.
    public static func mantissas(
        _ bytes: RawSpan, type: FieldType, rows: Int
    ) throws(CodecError) -> (values: [Int64], scale: Int)? {
        precondition((0...Vector.maximumCount).contains(rows), "a column holds at most 1,024 rows")
        return unsafe try bytes.withUnsafeBytes { bytes throws(CodecError) in
            var reader = unsafe ByteReader(bytes)
            let (codec, presence) = try header(&reader, rows)
            let count = presence?.setCount ?? rows
            if codec == .empty { return ([], 0) }
            guard count > 0 else { throw .corrupt("a column of codec \(codec.rawValue) without values") }
            if codec == .integers {
                return type == .int || type == .bool ? (try IntegerCodec.decode(&reader, count: count), 0) : nil
            }
            guard let layout = try FloatLayout(&reader, codec, count), let scale = layout.decimalScale else {
                return nil
            }
            let exceptions = layout.exceptions
            guard exceptions.rows.isEmpty || exceptions.scale != nil else { return nil }
            var values = try IntegerCodec.decode(&reader, count: count)
            let constants = layout.scaling.constants
            if constants.expression == .fraction {
                for row in values.indices {
                    guard let mantissa = DecimalScaling.mantissa(values[row], constants) else { return nil }
                    values[row] = mantissa
                }
            }
            let common = max(scale, exceptions.scale ?? scale)
            let factor = DecimalFloat.integerPowers[common - scale]
            if factor != 1 { for row in values.indices { values[row] &*= factor } }
            let exceptionFactor = DecimalFloat.integerPowers[common - (exceptions.scale ?? common)]
            for (index, row) in exceptions.rows.enumerated() {
                values[row] = exceptions.values[index] &* exceptionFactor
            }
            return (values, common)
        }
    }

    private static func header(
        _ reader: inout ByteReader, _ rows: Int
    ) throws(CodecError) -> (codec: Codec, presence: Bitmap?) {
        let tag = try reader.byte()
        guard let codec = Codec(rawValue: tag & 15), let nulls = NullsKind(rawValue: tag >> 4) else {
            throw .corrupt("no column begins with \(tag)")
        }
        return (codec, try NullsKind.decode(nulls, &reader, rows: rows))
    }

    /// The one switch over codecs.
    private static func dense(
        _ reader: inout ByteReader, _ codec: Codec, _ count: Int
    ) throws(CodecError) -> [UInt64] {
        var failure: CodecError?
        let values = unsafe [UInt64](unsafeUninitializedCapacity: IntegerCodec.capacity(count)) { buffer, initialized in
            guard let output = buffer.baseAddress else { return }
            do throws(CodecError) {
                switch codec {
                case .empty: throw .corrupt("an empty column with values")
                case .integers, .floatBits: unsafe try decodeIntegers(&reader, count, output)
                case .split: unsafe try SplitFloat.decode(&reader, count: count, into: output)
                case .near: unsafe try NearDecimal.decode(&reader, count: count, into: output)
                case .quotient, .product, .fraction:
                    if let layout = try FloatLayout(&reader, codec, count) {
                        unsafe try layout.decode(&reader, count, output)
                    }
                }
                initialized = count
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return values
    }

    private static func decodeIntegers(
        _ reader: inout ByteReader, _ count: Int, _ output: UnsafeMutablePointer<UInt64>
    ) throws(CodecError) {
        let capacity = IntegerCodec.capacity(count)
        unsafe try output.withMemoryRebound(to: Int64.self, capacity: capacity) { integers throws(CodecError) in
            unsafe try IntegerCodec.decode(&reader, count: count, into: integers)
        }
    }

    /// Values to their rows; 0 in the others.
    private static func spread(_ values: [UInt64], _ presence: Bitmap) -> [UInt64] {
        var next = 0
        var rows = [UInt64](repeating: 0, count: presence.count)
        for row in 0..<presence.count where presence[row] {
            rows[row] = values[next]
            next += 1
        }
        return rows
    }
}
