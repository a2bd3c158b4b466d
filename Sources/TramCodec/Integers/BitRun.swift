/// Appends numbers of any width to bytes, lowest bit first: for the few, where lanes would waste space.
struct BitWriter {
    private var pending: UInt64 = 0
    private var pendingCount = 0

    /// Appends the low `width` bits, 0...64, of `value`.
    mutating func append(_ value: UInt64, width: Int, to bytes: inout [UInt8]) {
        if width > 32 {
            append(value & 0xffff_ffff, width: 32, to: &bytes)
            append(value >> 32, width: width - 32, to: &bytes)
            return
        }
        // At most 7 + 32 bits.
        pending |= (value & ((1 << UInt64(width)) - 1)) << UInt64(pendingCount)
        pendingCount += width
        while pendingCount >= 8 {
            bytes.append(UInt8(truncatingIfNeeded: pending))
            pending >>= 8
            pendingCount -= 8
        }
    }

    /// Fills the last byte up with zeros.
    mutating func finish(_ bytes: inout [UInt8]) {
        if pendingCount > 0 { bytes.append(UInt8(truncatingIfNeeded: pending)) }
        pending = 0
        pendingCount = 0
    }
}

/// Reads what `BitWriter` wrote. Past the end it reads zeros; the caller has taken as many bytes as the bits need.
@safe struct BitReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        unsafe self.bytes = unsafe bytes
    }

    static func byteCount(bits: Int) -> Int { (bits + 7) / 8 }

    mutating func skip(_ bits: Int) {
        position += bits
    }

    mutating func read(width: Int) -> UInt64 {
        defer { position += width }
        if width <= 57, unsafe bytes.count >= position >> 3 + 8 {
            let word = unsafe bytes.loadUnaligned(fromByteOffset: position >> 3, as: UInt64.self)
            return word &>> UInt64(position & 7) & ((1 &<< UInt64(width)) &- 1)
        }
        var value: UInt64 = 0
        var done = 0
        while done < width {
            let at = position + done
            let byte = unsafe at >> 3 < bytes.count ? bytes[at >> 3] : 0
            let count = min(8 - (at & 7), width - done)
            value |= (UInt64(byte) >> UInt64(at & 7) & ((1 << UInt64(count)) - 1)) << UInt64(done)
            done += count
        }
        return value
    }
}
