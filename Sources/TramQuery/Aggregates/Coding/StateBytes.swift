/// Numbers as the serialised states write them. A varint has seven bits a byte, lowest first, the top bit set in all
/// but the last; zigzag puts the sign into the lowest bit.
extension [UInt8] {
    mutating func appendVarint(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func appendVarint(_ number: UInt128) {
        var rest = number
        while rest > UInt128(UInt64.max) {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        appendVarint(UInt64(truncatingIfNeeded: rest))
    }

    /// A number of up to 64 bits that is known not to be negative.
    mutating func appendVarint(count: Int) { appendVarint(UInt64(UInt(bitPattern: count))) }

    mutating func appendZigzag(_ number: Int64) {
        appendVarint(UInt64(bitPattern: number << 1 ^ number >> 63))
    }

    mutating func appendZigzag(_ number: Int128) {
        appendVarint(UInt128(bitPattern: number << 1 ^ number >> 127))
    }

    /// Eight bytes, lowest first.
    mutating func appendWord(_ word: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) { append(UInt8(truncatingIfNeeded: word >> shift)) }
    }

    /// The bytes of UTF-8 behind their number.
    mutating func appendText(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            appendVarint(count: utf8.count)
            unsafe append(contentsOf: utf8)
        }
    }
}

/// Walks over bytes that somebody else wrote. Every step is checked; numbers that could have been written shorter are
/// refused, so that a state has one form only.
package struct StateReader {
    private let bytes: [UInt8]
    /// Where the next byte is taken from.
    package private(set) var offset: Int
    /// Nothing is read from here on.
    private(set) var end: Int

    package init(_ bytes: [UInt8], from offset: Int = 0) {
        self.bytes = bytes
        self.offset = min(max(0, offset), bytes.count)
        end = bytes.count
    }

    package var isAtEnd: Bool { offset == end }
    /// Bytes that are left.
    var rest: Int { end - offset }

    /// Sets the end `length` bytes ahead and returns the old one, for `leave`.
    mutating func enter(_ length: UInt64) throws(PartialStateError) -> Int {
        guard length <= UInt64(rest) else { throw .truncated(at: bytes.count) }
        let outer = end
        end = offset + Int(length)
        return outer
    }

    /// Puts back the end that `enter` returned.
    mutating func leave(_ outer: Int) throws(PartialStateError) {
        guard isAtEnd else { throw .malformed(at: offset) }
        end = outer
    }

    mutating func byte() throws(PartialStateError) -> UInt8 {
        guard offset < end else { throw .truncated(at: offset) }
        defer { offset += 1 }
        return bytes[offset]
    }

    mutating func varint() throws(PartialStateError) -> UInt64 {
        let start = offset
        var number: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try byte()
            let part = UInt64(byte & 0x7f)
            // The tenth byte has one bit left; a last byte of zero could have been left out.
            guard shift < 63 || part <= 1, shift == 0 || byte != 0 else { throw .malformed(at: start) }
            number |= part << shift
            if byte < 0x80 { return number }
            shift += 7
            guard shift <= 63 else { throw .malformed(at: start) }
        }
    }

    mutating func wideVarint() throws(PartialStateError) -> UInt128 {
        let start = offset
        var number: UInt128 = 0
        var shift: UInt128 = 0
        while true {
            let byte = try byte()
            let part = UInt128(byte & 0x7f)
            guard shift < 126 || part <= 3, shift == 0 || byte != 0 else { throw .malformed(at: start) }
            number |= part << shift
            if byte < 0x80 { return number }
            shift += 7
            guard shift <= 126 else { throw .malformed(at: start) }
        }
    }

    /// A varint in `range`.
    mutating func varint(in range: ClosedRange<UInt64>) throws(PartialStateError) -> UInt64 {
        let start = offset
        let number = try varint()
        guard range.contains(number) else { throw .malformed(at: start) }
        return number
    }

    /// How many values there are: 1...`PartialState.mostValues`.
    mutating func count() throws(PartialStateError) -> Int64 {
        Int64(try varint(in: 1...UInt64(PartialState.mostValues)))
    }

    mutating func zigzag() throws(PartialStateError) -> Int64 {
        let number = try varint()
        return Int64(bitPattern: number >> 1) ^ -Int64(bitPattern: number & 1)
    }

    mutating func wideZigzag() throws(PartialStateError) -> Int128 {
        let number = try wideVarint()
        return Int128(bitPattern: number >> 1) ^ -Int128(bitPattern: number & 1)
    }

    mutating func word() throws(PartialStateError) -> UInt64 {
        guard rest >= 8 else { throw .truncated(at: offset) }
        var word: UInt64 = 0
        for index in 0..<8 { word |= UInt64(bytes[offset + index]) << UInt64(index * 8) }
        offset += 8
        return word
    }

    /// A time, written as its distance from one that is not later.
    mutating func time(notBefore earlier: Int64) throws(PartialStateError) -> Int64 {
        // Above `earlier` there is room for so much.
        let distance = try varint(in: 0...UInt64(bitPattern: Int64.max &- earlier))
        return earlier &+ Int64(bitPattern: distance)
    }

    mutating func text() throws(PartialStateError) -> String {
        let length = try varint()
        guard length <= UInt64(rest) else { throw .truncated(at: offset) }
        let start = offset
        offset += Int(length)
        guard let text = String(validating: bytes[start..<offset], as: UTF8.self) else { throw .malformed(at: start) }
        return text
    }
}
