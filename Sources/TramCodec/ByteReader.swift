/// Reads bytes from front to back and never past their end.
///
/// Numbers are little-endian. A varint has seven bits a byte, lowest first, the top bit set on all bytes but the last,
/// at most ten bytes; a signed one is written zigzag: 0, -1, 1, -2 as 0, 1, 2, 3.
///
/// The bytes must outlive the reader: one is made inside a `withUnsafeBytes` and stays there.
@safe struct ByteReader {
    private let bytes: UnsafeRawBufferPointer
    private(set) var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        unsafe self.bytes = unsafe bytes
    }

    var remaining: Int { unsafe bytes.count - offset }

    private func require(_ count: Int) throws(CodecError) {
        guard count <= remaining else { throw unsafe .short(needed: offset + count, present: bytes.count) }
    }

    mutating func byte() throws(CodecError) -> UInt8 {
        try require(1)
        defer { offset += 1 }
        return unsafe bytes[offset]
    }

    mutating func varint() throws(CodecError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let next = try byte()
            if shift == 63, next > 1 { throw .corrupt("a number is longer than 64 bits") }
            value |= UInt64(next & 0x7f) << shift
            if next < 0x80 { return value }
            shift += 7
        }
    }

    mutating func signedVarint() throws(CodecError) -> Int64 {
        ZigZag.signed(try varint())
    }

    /// A varint that counts something.
    ///
    /// - Throws: `.corrupt` when it is outside `range`, with `name` for a person.
    mutating func count(in range: ClosedRange<Int>, _ name: StaticString) throws(CodecError) -> Int {
        let value = try varint()
        guard let count = Int(exactly: value), range.contains(count) else {
            throw .corrupt("\(name) is \(value), not in \(range.lowerBound)...\(range.upperBound)")
        }
        return count
    }

    /// The next `count` bytes.
    mutating func take(_ count: Int) throws(CodecError) -> UnsafeRawBufferPointer {
        try require(count)
        defer { offset += count }
        return unsafe UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    }
}

/// Small distances from zero as small unsigned numbers.
enum ZigZag {
    @inline(__always) static func unsigned(_ value: Int64) -> UInt64 {
        UInt64(bitPattern: value &<< 1) ^ UInt64(bitPattern: value &>> 63)
    }

    @inline(__always) static func signed(_ value: UInt64) -> Int64 {
        Int64(bitPattern: value &>> 1) ^ -Int64(bitPattern: value & 1)
    }
}

/// What `ByteReader` reads.
extension [UInt8] {
    mutating func appendVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func appendSignedVarint(_ value: Int64) {
        appendVarint(ZigZag.unsigned(value))
    }

    /// Appends `count` bytes that `fill` writes all of.
    mutating func append(count: Int, filledBy fill: (UnsafeMutableRawPointer) -> Void) {
        guard count > 0 else { return }
        append(addingCapacity: count) { span in
            unsafe span.withUnsafeMutableBufferPointer { buffer, initialized in
                guard let start = buffer.baseAddress else { return }
                unsafe fill(UnsafeMutableRawPointer(start))
                initialized = count
            }
        }
    }
}

/// How many bytes a varint takes.
func varintByteCount(_ value: UInt64) -> Int {
    max(1, (UInt64.bitWidth - value.leadingZeroBitCount + 6) / 7)
}
