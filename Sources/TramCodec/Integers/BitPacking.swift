/// Unsigned numbers in the same number of bits each, sixteen lanes wide.
///
/// Row `i` lies in lane `i & 15` at position `i >> 4`; a lane is a row of bits cut into 64-bit words, position `p` at
/// bit `p * width`, lowest first. Word `j` of all sixteen lanes lies together, so that one load brings sixteen lanes
/// and rows come out in their order. The last word of a lane is cut to the bytes that its bits need; with 1,024 rows
/// there is nothing to cut, and the size is 128 * width bytes.
///
///     offset           bytes           field
///     0                128 * words     words = (positions * width) / 64, positions = (count + 15) / 16:
///                                      word 0 of lanes 0...15, word 1 of lanes 0...15, ...
///     128 * words      16 * rest       rest = bytes of the last (positions * width) % 64 bits of a lane, 0...8;
///                                      lane 0's, lane 1's, ...
///
/// The layout follows Afroozeh and Boncz, "The FastLanes Compression Layout", PVLDB 16(9) 2023,
/// doi:10.14778/3598581.3598587, with sixteen lanes instead of 1,024 bits and without its transposed order: what
/// follows here are prefix sums over rows in order, which baseline x86-64 does not gain from transposing.
///
/// Rejected: code generated per width (3.2 values/ns where the loop below makes 5), two and four lanes (2.7 and 3.6),
/// and 32 lanes of 32 bits (9 values/ns, but every consumer wants 64).
enum BitPacking {
    private typealias Lanes = SIMD16<UInt64>
    static let laneCount = 16

    static func byteCount(count: Int, width: Int) -> Int {
        let bits = paddedCount(count) / laneCount * width
        return bits / 64 * 128 + (bits % 64 + 7) / 8 * laneCount
    }

    /// `count` rounded up to whole rows of lanes: what `unpack` writes.
    static func paddedCount(_ count: Int) -> Int { (count + laneCount - 1) & ~(laneCount - 1) }

    private static func mask(_ width: Int) -> UInt64 {
        width >= 64 ? .max : (1 &<< UInt64(truncatingIfNeeded: width)) &- 1
    }

    /// Appends the low `width` bits, 0...64, of each value's distance above `base`.
    static func pack(_ values: UnsafeBufferPointer<Int64>, base: Int64, width: Int, to bytes: inout [UInt8]) {
        guard width > 0, let source = values.baseAddress else { return }
        let size = byteCount(count: values.count, width: width)
        unsafe bytes.append(count: size) { target in
            unsafe pack(UnsafeRawPointer(source), values.count, UInt64(bitPattern: base), width, target)
        }
    }

    private static func pack(
        _ source: UnsafeRawPointer, _ count: Int, _ base: UInt64, _ width: Int, _ target: UnsafeMutableRawPointer
    ) {
        let masks = Lanes(repeating: mask(width))
        let bases = Lanes(repeating: base)
        var word = Lanes(repeating: 0)
        var shift = 0
        var output = 0
        var row = 0
        while row < count {
            var values = bases
            if row &+ laneCount <= count {
                unsafe values = source.loadUnaligned(fromByteOffset: row &* 8, as: Lanes.self)
            } else {
                for lane in 0..<(count &- row) {
                    unsafe values[lane] = source.loadUnaligned(fromByteOffset: (row &+ lane) &* 8, as: UInt64.self)
                }
            }
            let distances = (values &- bases) & masks
            word |= distances &<< Lanes(repeating: UInt64(truncatingIfNeeded: shift))
            shift &+= width
            if shift >= 64 {
                unsafe target.storeBytes(of: word, toByteOffset: output, as: Lanes.self)
                output &+= 128
                shift &-= 64
                word =
                    shift == 0
                    ? Lanes(repeating: 0) : distances &>> Lanes(repeating: UInt64(truncatingIfNeeded: width &- shift))
            }
            row &+= laneCount
        }
        let rest = (shift + 7) / 8
        for lane in 0..<laneCount {
            for byte in 0..<rest {
                let value = UInt8(truncatingIfNeeded: word[lane] >> UInt64(byte * 8))
                unsafe target.storeBytes(of: value, toByteOffset: output, as: UInt8.self)
                output += 1
            }
        }
    }

    /// Writes `base` plus each number to `output`, which has room for `paddedCount(count)`.
    ///
    /// - Parameter bytes: exactly `byteCount(count:width:)` of them.
    static func unpack(
        _ bytes: UnsafeRawBufferPointer, count: Int, width: Int, base: Int64, into output: UnsafeMutablePointer<Int64>
    ) {
        let target = UnsafeMutableRawPointer(output)
        let bases = Lanes(repeating: UInt64(bitPattern: base))
        unsafe forEachRow(bytes, count: count, width: width) { numbers, offset in
            unsafe target.storeBytes(of: numbers &+ bases, toByteOffset: offset, as: Lanes.self)
        }
    }

    /// The same, as doubles: `convert` gets `base` plus each number, which is exact below 2^52.
    ///
    /// Or-ing the exponent of 2^52 to a number below 2^52 makes the double 2^52 + number.
    @inline(__always)
    static func unpackDoubles(
        _ bytes: UnsafeRawBufferPointer, count: Int, width: Int, base: Int64,
        into output: UnsafeMutableRawPointer, _ convert: (SIMD16<Double>) -> SIMD16<Double>
    ) {
        let exponents = Lanes(repeating: (0x1p52).bitPattern)
        let bases = SIMD16<Double>(repeating: 0x1p52 - Double(base))
        unsafe forEachRow(bytes, count: count, width: width) { numbers, offset in
            let doubles = unsafe unsafeBitCast(numbers | exponents, to: SIMD16<Double>.self)
            unsafe output.storeBytes(of: convert(doubles - bases), toByteOffset: offset, as: SIMD16<Double>.self)
        }
    }

    /// The number at `row`, without touching the others.
    ///
    /// - Parameter bytes: exactly `byteCount(count:width:)` of them.
    static func value(at row: Int, in bytes: UnsafeRawBufferPointer, count: Int, width: Int) -> UInt64 {
        guard width > 0 else { return 0 }
        let lane = row % laneCount
        let bit = row / laneCount * width
        let low = unsafe word(bit / 64, lane: lane, in: bytes, count: count, width: width)
        let shift = UInt64(bit % 64)
        var value = low &>> shift
        if Int(shift) + width > 64 {
            let high = unsafe word(bit / 64 + 1, lane: lane, in: bytes, count: count, width: width)
            value |= high &<< (64 - shift)
        }
        return value & mask(width)
    }

    private static func word(
        _ index: Int, lane: Int, in bytes: UnsafeRawBufferPointer, count: Int, width: Int
    ) -> UInt64 {
        let bits = paddedCount(count) / laneCount * width
        let words = bits / 64
        if index < words {
            return unsafe bytes.loadUnaligned(fromByteOffset: index * 128 + lane * 8, as: UInt64.self)
        }
        let rest = (bits % 64 + 7) / 8
        var value: UInt64 = 0
        for byte in 0..<rest { unsafe value |= UInt64(bytes[words * 128 + lane * rest + byte]) << UInt64(byte * 8) }
        return value
    }

    /// Calls `body` with sixteen rows at a time and the byte offset of the first among the 64-bit outputs.
    @inline(__always)
    private static func forEachRow(
        _ bytes: UnsafeRawBufferPointer, count: Int, width: Int, _ body: (SIMD16<UInt64>, Int) -> Void
    ) {
        let positions = paddedCount(count) / laneCount
        guard width > 0, let source = bytes.baseAddress else {
            for position in 0..<positions { body(Lanes(repeating: 0), position &* 128) }
            return
        }
        let bits = positions * width
        guard bits % 64 != 0 else {
            return unsafe forEachRow(source, positions, width, body)
        }
        // The cut last words are made whole in a copy.
        let words = bits / 64
        let rest = (bits % 64 + 7) / 8
        unsafe withUnsafeTemporaryAllocation(byteCount: (words + 1) * 128, alignment: 16) { whole in
            guard let start = whole.baseAddress else { return }
            unsafe start.copyMemory(from: source, byteCount: words * 128)
            for lane in 0..<laneCount {
                var value: UInt64 = 0
                for byte in 0..<rest {
                    unsafe value |= UInt64(bytes[words * 128 + lane * rest + byte]) << UInt64(byte * 8)
                }
                unsafe start.storeBytes(of: value, toByteOffset: words * 128 + lane * 8, as: UInt64.self)
            }
            unsafe forEachRow(UnsafeRawPointer(start), positions, width, body)
        }
    }

    @inline(__always)
    private static func forEachRow(
        _ source: UnsafeRawPointer, _ positions: Int, _ width: Int, _ body: (SIMD16<UInt64>, Int) -> Void
    ) {
        let masks = Lanes(repeating: mask(width))
        var bit = 0
        for position in 0..<positions {
            let word = (bit &>> 6) &* 128
            let shift = bit & 63
            // One shift count for all lanes: baseline x86-64 has no other vector shift.
            var numbers =
                unsafe source.loadUnaligned(fromByteOffset: word, as: Lanes.self)
                &>> Lanes(repeating: UInt64(truncatingIfNeeded: shift))
            if shift &+ width > 64 {
                numbers |=
                    unsafe source.loadUnaligned(fromByteOffset: word &+ 128, as: Lanes.self)
                    &<< Lanes(repeating: UInt64(truncatingIfNeeded: 64 &- shift))
            }
            body(numbers & masks, position &* 128)
            bit &+= width
        }
    }
}
