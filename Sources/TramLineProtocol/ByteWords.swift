/// Eight bytes at a time in one register: the first byte of the text is the lowest byte of the word.
///
/// Every mask has bit 7 of a byte set where the byte fulfils the claim, and all other bits clear, so that
/// `firstIndex` finds the first such byte. All are exact per byte unless they say "first".
enum ByteWords {
    static let ones: UInt64 = 0x0101_0101_0101_0101
    static let highs: UInt64 = 0x8080_8080_8080_8080

    /// Eight digits 0.
    static let zeros: UInt64 = 0x3030_3030_3030_3030

    @inline(__always)
    static func load(_ pointer: UnsafePointer<UInt8>) -> UInt64 {
        UInt64(littleEndian: unsafe UnsafeRawPointer(pointer).loadUnaligned(as: UInt64.self))
    }

    @inline(__always)
    static func store(_ word: UInt64, _ pointer: UnsafeMutablePointer<UInt8>) {
        unsafe UnsafeMutableRawPointer(pointer).storeBytes(of: word.littleEndian, as: UInt64.self)
    }

    /// Bytes equal to `byte`.
    @inline(__always)
    static func equal(_ word: UInt64, _ byte: UInt8) -> UInt64 {
        let difference = word ^ (ones &* UInt64(byte))
        return ~(((difference & ~highs) &+ ~highs) | difference) & highs
    }

    /// Bytes below `bound`, which is at most 128.
    @inline(__always)
    static func below(_ word: UInt64, _ bound: UInt8) -> UInt64 {
        ~(((word | highs) &- ones &* UInt64(bound)) | word) & highs
    }

    /// Bytes that are not ASCII digits; of these only the first is certain.
    @inline(__always)
    static func firstNonDigit(_ word: UInt64) -> UInt64 {
        let distance = word ^ zeros
        return ((distance &+ 0x7676_7676_7676_7676) | distance) & highs
    }

    /// The index of the first byte marked in `mask`, 8 when none is.
    @inline(__always)
    static func firstIndex(_ mask: UInt64) -> Int {
        mask.trailingZeroBitCount &>> 3
    }

    /// All bits of the first `count` bytes, 0...7.
    @inline(__always)
    static func low(_ count: Int) -> UInt64 {
        (1 &<< UInt64(truncatingIfNeeded: count &<< 3)) &- 1
    }

    /// The number that eight digits write; a zero byte counts as the digit 0, so leading ones may be missing.
    ///
    /// Pairs, then fours, then eight by three multiplications (Lemire, "Quickly parsing eight digits", 2018).
    @inline(__always)
    static func eightDigits(_ word: UInt64) -> UInt64 {
        eightValues(word & 0x0f0f_0f0f_0f0f_0f0f)
    }

    /// The same of bytes that are 0...9 already.
    @inline(__always)
    static func eightValues(_ word: UInt64) -> UInt64 {
        var digits = word
        digits = (digits &* 10) &+ (digits &>> 8)
        let pairs: UInt64 = 0x0000_00ff_0000_00ff
        let high = (digits & pairs) &* 0x000f_4240_0000_0064
        let low = ((digits &>> 16) & pairs) &* 0x0000_2710_0000_0001
        return (high &+ low) &>> 32
    }
}
