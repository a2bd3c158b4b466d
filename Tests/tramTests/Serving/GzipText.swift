/// gzip (RFC 1952) made by hand, so that it can be made wrong.
enum GzipText {
    static let head: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]

    /// A member whose text is stored as it is.
    static func member(_ text: [UInt8], checksum: UInt32? = nil, length: UInt32? = nil) -> [UInt8] {
        var bytes = head
        var rest = text[...]
        repeat {
            let block = rest.prefix(65_535)
            rest = rest.dropFirst(65_535)
            bytes.append(rest.isEmpty ? 1 : 0)
            bytes += little(UInt16(block.count)) + little(~UInt16(block.count)) + block
        } while !rest.isEmpty
        return bytes + little(checksum ?? crc32(text)) + little(length ?? UInt32(truncatingIfNeeded: text.count))
    }

    static func member(_ text: String) -> [UInt8] { member(Array(text.utf8)) }

    /// A member of nothing, in the twenty bytes that it takes.
    static let empty: [UInt8] = head + [3, 0] + little(UInt32(0)) + little(UInt32(0))

    /// `count` x 1032 bytes of the letter a in `count` bytes: the most that deflate can do. It is never ended.
    ///
    /// A block of its own code (RFC 1951, 3.2.7) in which "258 times the byte before" is the bit 0, and so is "at
    /// distance 1": each byte of zeros stands for four of these. Lengths of the code: a 2 bits, end of block 2 bits,
    /// 258 times 1 bit, distance 1 1 bit; they are themselves in a code of 18 (repeat zero): 0, 1: 10, 2: 11.
    static func bomb(_ count: Int) -> [UInt8] {
        var bits: [Int] = []
        func add(_ value: Int, _ width: Int) { for place in 0..<width { bits.append(value >> place & 1) } }
        add(0, 1)  // Not the last block.
        add(2, 2)  // With its own code:
        add(29, 5)  // of 286 lengths and literals,
        add(0, 5)  // of 1 distance,
        add(14, 4)  // and of 18 lengths of lengths, in the order of RFC 1951:
        for symbol in [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1] {
            add([18: 1, 1: 2, 2: 2][symbol] ?? 0, 3)
        }
        func zeros(_ count: Int) {
            add(0, 1)
            add(count - 11, 7)
        }
        zeros(97)
        add(0b11, 2)  // a: 2
        zeros(138)
        zeros(20)
        add(0b11, 2)  // End of block: 2
        zeros(28)
        add(0b01, 2)  // 258 times: 1
        add(0b01, 2)  // Distance 1: 1
        add(0b01, 2)  // The first a: 10, its high bit first.
        while bits.count % 8 != 0 { bits.append(0) }
        var bytes = head
        for start in stride(from: 0, to: bits.count, by: 8) {
            bytes.append(UInt8((0..<8).reduce(0) { $0 | bits[start + $1] << $1 }))
        }
        return bytes + [UInt8](repeating: 0, count: count)
    }

    static func crc32(_ bytes: [UInt8]) -> UInt32 {
        var sum = UInt32.max
        for byte in bytes { sum = table[Int((sum ^ UInt32(byte)) & 0xff)] ^ sum >> 8 }
        return ~sum
    }

    private static let table = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { sum, _ in sum >> 1 ^ (sum & 1 == 0 ? 0 : 0xedb8_8320) }
    }

    private static func little<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        (0..<Number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }
}
