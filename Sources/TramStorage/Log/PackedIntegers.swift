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
    private static let headBytes = 10
    private static let exponents: [(exponent: UInt8, unit: UInt64)] = [(9, 1_000_000_000), (6, 1_000_000), (3, 1000)]

    /// Appends `values` to `bytes`. O(count).
    static func encode(_ values: [Int64], to bytes: inout [UInt8]) {
        var low = values.first ?? 0
        var high = low
        for value in values {
            low = min(low, value)
            high = max(high, value)
        }
        // Wrapping: the distance can need all 64 bits, and UInt64 has them.
        var span = UInt64(bitPattern: high &- low)
        var unit: UInt64 = 1
        var exponent: UInt8 = 0
        for candidate in exponents where span >= candidate.unit {
            if values.allSatisfy({ UInt64(bitPattern: $0 &- low) % candidate.unit == 0 }) {
                (exponent, unit) = candidate
                break
            }
        }
        span /= unit
        let width = (UInt64.bitWidth - span.leadingZeroBitCount + 7) / 8
        bytes.append(UInt8(width))
        bytes.append(exponent)
        bytes.append(littleEndian: UInt64(bitPattern: low))
        append(values, low: low, unit: unit, width: width, to: &bytes)
    }

    private static func append(_ values: [Int64], low: Int64, unit: UInt64, width: Int, to bytes: inout [UInt8]) {
        guard width > 0 else { return }
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: values.count * width))
        unsafe bytes.withUnsafeMutableBytes { buffer in
            // Eight bytes are stored at a time, each store over the rest of the one before; the last ones byte by byte.
            let safe = max(0, (buffer.count - start - 8) / width)
            for (index, value) in values.enumerated() {
                let distance = UInt64(bitPattern: value &- low)
                var rest = unit == 1 ? distance : distance / unit
                let place = start + index * width
                if index < safe {
                    unsafe buffer.storeBytes(of: rest.littleEndian, toByteOffset: place, as: UInt64.self)
                } else {
                    for byte in 0..<width {
                        unsafe buffer[place + byte] = UInt8(truncatingIfNeeded: rest)
                        rest >>= 8
                    }
                }
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
        case 3, 6, 9: unit = exponents.first { $0.exponent == exponent }?.unit ?? 1
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
