internal import CTramSystem

/// CRC-32C (Castagnoli), the checksum of iSCSI (RFC 3720, B.4), ext4 and RocksDB.
///
/// Finds every single flipped bit and every burst of up to 32 bits; of other damage all but one case in four billion.
/// No protection against somebody who wants two texts to have the same one.
public enum CRC32C {
    /// Asked once, at the first checksum.
    private static let hasInstruction = tram_has_crc32c() != 0

    /// The checksum of `bytes`; with `before`, of the bytes that had the checksum `before` followed by `bytes`.
    ///
    /// - Complexity: O(bytes): 0.1 ns a byte where the processor has an instruction for it, else about 1 ns.
    public static func checksum(_ bytes: RawSpan, after before: UInt32 = 0) -> UInt32 {
        guard hasInstruction else { return softwareChecksum(bytes, after: before) }
        return unsafe bytes.withUnsafeBytes { unsafe ~tram_crc32c(~before, $0.baseAddress, $0.count) }
    }

    /// The checksum of the bytes in `range`.
    public static func checksum(_ bytes: [UInt8], in range: Range<Int>, after before: UInt32 = 0) -> UInt32 {
        checksum(unsafe bytes.span.bytes.extracting(range), after: before)
    }

    /// The checksum of all bytes.
    public static func checksum(_ bytes: [UInt8], after before: UInt32 = 0) -> UInt32 {
        checksum(bytes, in: 0..<bytes.count, after: before)
    }

    /// The same without the processor's help.
    package static func softwareChecksum(_ bytes: RawSpan, after before: UInt32 = 0) -> UInt32 {
        var state = ~before
        for offset in bytes.byteOffsets {
            let byte = unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            state = (state >> 8) ^ table[Int((state ^ UInt32(byte)) & 0xff)]
        }
        return ~state
    }

    /// The remainder of each byte, bits reversed.
    private static let table: [UInt32] = (0..<256).map { byte in
        var state = UInt32(byte)
        for _ in 0..<8 { state = (state >> 1) ^ (state & 1 == 1 ? 0x82f6_3b78 : 0) }
        return state
    }
}
