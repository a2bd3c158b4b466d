/// Whole numbers of a log record: the smallest once, the others as their distance from it, in as few bytes each as the
/// largest distance needs.
///
/// Whole bytes and not bits: a record is written once and read at most once, so what counts is that a loop over it is a
/// copy. Distances that are all multiples of a power of ten are kept divided by it: instants in nanoseconds with whole
/// milliseconds cost two or three bytes.
///
/// Layout, little-endian:
///
///     offset  bytes          field
///     0       1              width: bytes per distance, 0...8
///     1       1              exponent: distances are kept divided by 10^exponent, 0, 3, 6 or 9
///     2       8              base: the smallest value
///     10      count · width  distances / 10^exponent
///
/// `count` is not kept: the record has it.
enum PackedIntegers {
    /// Appends `values` to `bytes`. O(count).
    static func encode<Value: FixedWidthInteger>(_ values: UnsafeBufferPointer<Value>, to bytes: inout [UInt8]) {
        var low = unsafe values.first ?? 0
        var high = low
        for index in 0..<values.count {
            let value = unsafe values[index]
            low = min(low, value)
            high = max(high, value)
        }
        // Wrapping: the distance can need all 64 bits, and UInt64 has them.
        let base = UInt64(truncatingIfNeeded: low)
        var span = UInt64(truncatingIfNeeded: high) &- base
        let exponent = unsafe span < 1000 ? 0 : exponent(of: values, base, span)
        switch exponent {
        case 9: span /= 1_000_000_000
        case 6: span /= 1_000_000
        case 3: span /= 1000
        default: break
        }
        let width = (UInt64.bitWidth - span.leadingZeroBitCount + 7) / 8
        bytes.append(UInt8(width))
        bytes.append(exponent)
        bytes.append(littleEndian: base)
        guard width > 0 else { return }
        // A division by a number that is known here is a multiplication.
        switch exponent {
        case 9: unsafe append(values, base, width, to: &bytes) { $0 / 1_000_000_000 }
        case 6: unsafe append(values, base, width, to: &bytes) { $0 / 1_000_000 }
        case 3: unsafe append(values, base, width, to: &bytes) { $0 / 1000 }
        default: unsafe append(values, base, width, to: &bytes) { $0 }
        }
    }

    /// The highest exponent by whose power all distances may be divided.
    private static func exponent<Value: FixedWidthInteger>(
        of values: UnsafeBufferPointer<Value>, _ base: UInt64, _ span: UInt64
    ) -> UInt8 {
        // What a thousand does not divide, nothing does; and most numbers show that in the first few.
        guard unsafe values.allSatisfy({ (UInt64(truncatingIfNeeded: $0) &- base) % 1000 == 0 }) else { return 0 }
        if span >= 1_000_000_000,
            unsafe values.allSatisfy({ (UInt64(truncatingIfNeeded: $0) &- base) % 1_000_000_000 == 0 })
        {
            return 9
        }
        if span >= 1_000_000, unsafe values.allSatisfy({ (UInt64(truncatingIfNeeded: $0) &- base) % 1_000_000 == 0 }) {
            return 6
        }
        return 3
    }

    @inline(__always)
    private static func append<Value: FixedWidthInteger>(
        _ values: UnsafeBufferPointer<Value>, _ base: UInt64, _ width: Int, to bytes: inout [UInt8],
        _ divided: (UInt64) -> UInt64
    ) {
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: values.count * width))
        unsafe bytes.withUnsafeMutableBytes { buffer in
            guard let first = buffer.baseAddress else { return }
            // Eight bytes are stored at a time, each store over the rest of the one before; the last ones byte by byte.
            let packed = values.count * width
            let safe = packed < 8 ? 0 : (packed - 8) / width + 1
            var place = unsafe first + start
            for index in 0..<safe {
                let distance = unsafe divided(UInt64(truncatingIfNeeded: values[index]) &- base)
                unsafe place.storeBytes(of: distance.littleEndian, as: UInt64.self)
                unsafe place += width
            }
            for index in safe..<values.count {
                var rest = unsafe divided(UInt64(truncatingIfNeeded: values[index]) &- base)
                for byte in 0..<width {
                    unsafe place.storeBytes(of: UInt8(truncatingIfNeeded: rest), toByteOffset: byte, as: UInt8.self)
                    rest >>= 8
                }
                unsafe place += width
            }
        }
    }

    /// Reads `count` values. O(count).
    ///
    /// - Throws: `.malformedRecord` when the bytes end early or make no sense.
    static func decode(_ reader: inout RecordReader, count: Int) throws(StorageError) -> [Int64] {
        let width = Int(try reader.byte())
        let exponent = try reader.byte()
        let base = Int64(bitPattern: try reader.word())
        let unit: UInt64
        switch exponent {
        case 0: unit = 1
        case 3: unit = 1000
        case 6: unit = 1_000_000
        case 9: unit = 1_000_000_000
        default: throw reader.malformed("an exponent of 0, 3, 6 or 9")
        }
        guard width <= 8 else { throw reader.malformed("a width of 0...8 bytes") }
        let (needed, overflow) = count.multipliedReportingOverflow(by: width)
        guard !overflow else { throw reader.malformed("fewer values") }
        let packed = try reader.bytes(needed)
        var values = [Int64](repeating: base, count: count)
        guard width > 0 else { return values }
        for index in 0..<count {
            var distance: UInt64 = 0
            for byte in 0..<width { distance |= UInt64(packed[packed.startIndex + index * width + byte]) << (8 * byte) }
            values[index] = base &+ Int64(bitPattern: distance &* unit)
        }
        return values
    }
}

extension [UInt8] {
    /// Seven bits a byte, the lowest first, the highest bit set on all but the last (LEB128).
    mutating func append(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }

    mutating func append(text: String) {
        append(varint: UInt64(text.utf8.count))
        append(contentsOf: text.utf8)
    }
}

/// Reads a record's payload from its start; every step checks that the bytes are there.
struct RecordReader {
    private let payload: ArraySlice<UInt8>
    private(set) var position: Int

    init(_ payload: ArraySlice<UInt8>) {
        self.payload = payload
        position = payload.startIndex
    }

    var remaining: Int { payload.endIndex - position }

    func malformed(_ expected: String) -> StorageError {
        .malformedRecord(offset: position - payload.startIndex, expected: expected)
    }

    mutating func bytes(_ count: Int) throws(StorageError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= remaining else { throw malformed("\(count) more bytes") }
        defer { position += count }
        return payload[position..<position + count]
    }

    mutating func byte() throws(StorageError) -> UInt8 {
        guard remaining > 0 else { throw malformed("one more byte") }
        defer { position += 1 }
        return payload[position]
    }

    mutating func word() throws(StorageError) -> UInt64 {
        let bytes = try bytes(8)
        var value: UInt64 = 0
        for (index, byte) in bytes.enumerated() { value |= UInt64(byte) << (8 * index) }
        return value
    }

    mutating func varint() throws(StorageError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 70, by: 7) {
            let byte = try byte()
            if shift == 63, byte > 1 { throw malformed("a number of 64 bits") }
            value |= UInt64(byte & 0x7f) << UInt64(shift)
            if byte & 0x80 == 0 { return value }
        }
        throw malformed("a number of 64 bits")
    }

    /// A count of things that take at least `bytesEach` bytes each, so that no memory is taken for more than can come.
    mutating func count(bytesEach: Int = 1) throws(StorageError) -> Int {
        let value = try varint()
        guard value <= UInt64(remaining / max(bytesEach, 1)) else { throw malformed("a smaller count") }
        return Int(value)
    }

    mutating func text() throws(StorageError) -> String {
        let count = try count()
        let bytes = try bytes(count)
        guard let text = String(validating: bytes, as: UTF8.self) else { throw malformed("text in UTF-8") }
        return text
    }
}
