/// What deciding how to pack a sequence needs to know about it, and the decision.
///
/// 1. The centre is the median of a sample: sensors stay around a level, and their differences around 0.
/// 2. Distances from the centre are counted by sign and bit length (`DistanceClass`). Both signs up to one length are
///    also what lies in a window around the centre, so one histogram prices every centred window and the prefix codes.
/// 3. Bit lengths of distances above the smallest value price the windows that begin there.
struct SequenceProfile {
    let count: Int
    private(set) var minimum: Int64
    private(set) var maximum: Int64
    private(set) var center: Int64 = 0
    /// By `DistanceClass`; empty when nothing was looked for.
    private(set) var classes: [Int]
    private(set) var fixed: FixedPlan

    /// How `PackedIntegers` packs in one width: values in [base, base + 2^width) and patches for the others.
    struct FixedPlan {
        var base: Int64
        var width: Int
        var patchCount: Int
        /// Bits of a patch's distance above the smallest value.
        var patchWidth: Int
        var bitCount: Int
    }

    /// `values` is not empty. Patches are looked for only when `allowsPatches`.
    init(_ values: UnsafeBufferPointer<Int64>, allowsPatches: Bool = true) {
        count = values.count
        minimum = unsafe values[0]
        maximum = minimum
        for row in 0..<values.count {
            let value = unsafe values[row]
            minimum = value < minimum ? value : minimum
            maximum = value > maximum ? value : maximum
        }
        let span = UInt64(bitPattern: maximum &- minimum)
        let full = span.bitLength
        fixed = FixedPlan(base: minimum, width: full, patchCount: 0, patchWidth: 0, bitCount: 0)
        fixed.bitCount =
            8 * (PackedIntegers.headerByteCount(fixed.base) + BitPacking.byteCount(count: count, width: full))
        classes = []
        guard full > 0, allowsPatches else { return }
        center = unsafe SequenceProfile.sampleMedian(values)
        var centred = [Int](repeating: 0, count: DistanceClass.count)
        var above = [Int](repeating: 0, count: 65)
        unsafe centred.withUnsafeMutableBufferPointer { centred in
            unsafe above.withUnsafeMutableBufferPointer { above in
                for row in 0..<values.count {
                    let value = unsafe values[row]
                    unsafe centred[DistanceClass.of(value &- center)] &+= 1
                    unsafe above[UInt64(bitPattern: value &- minimum).bitLength] &+= 1
                }
            }
        }
        classes = centred
        let (smallest, middle) = (minimum, center)
        chooseWindow(above, full) { _ in smallest }
        chooseWindow(DistanceClass.windows(centred), full) { width in
            width == 0 ? middle : middle &- (1 &<< Int64(truncatingIfNeeded: width &- 1))
        }
    }

    /// Takes the width with the fewest bits, when they are fewer than those of `fixed`.
    private mutating func chooseWindow(_ histogram: [Int], _ full: Int, _ base: (Int) -> Int64) {
        var inside = 0
        let patchBits = PackedIntegers.rowBits + full
        let positions = (count + BitPacking.laneCount - 1) / BitPacking.laneCount * BitPacking.laneCount
        for width in 0..<full {
            inside += histogram[width]
            let patches = count - inside
            if patches > count / 4 { continue }
            let estimate = positions * width + patches * patchBits + 40
            if estimate >= fixed.bitCount { continue }
            let base = base(width)
            let bits =
                8
                * (PackedIntegers.headerByteCount(base) + BitPacking.byteCount(count: count, width: width)
                    + PackedIntegers.patchByteCount(patches, width: full, minimum: minimum))
            if bits < fixed.bitCount {
                fixed = FixedPlan(base: base, width: width, patchCount: patches, patchWidth: full, bitCount: bits)
            }
        }
    }

    /// The median of up to 31 values at equal distances.
    private static func sampleMedian(_ values: UnsafeBufferPointer<Int64>) -> Int64 {
        let size = min(31, values.count)
        var sample = InlineArray<31, Int64>(repeating: 0)
        for index in 0..<size {
            let value = unsafe values[index * (values.count - 1) / max(1, size - 1)]
            var place = index
            while place > 0, sample[place - 1] > value {
                sample[place] = sample[place - 1]
                place -= 1
            }
            sample[place] = value
        }
        return sample[size / 2]
    }
}

extension UInt64 {
    /// Bits up to the highest that is set: 0 for 0.
    @inline(__always) var bitLength: Int { UInt64.bitWidth &- leadingZeroBitCount }
}

/// A signed distance by its sign and length: 0 is 0, 1 is -1, then 2^(k-1)..<2^k is 2k and -2^k..<-2^(k-1) is 2k + 1.
enum DistanceClass {
    static let count = 130

    @inline(__always) static func of(_ distance: Int64) -> Int {
        let sign = distance &>> 63
        return 2 &* UInt64(bitPattern: distance ^ sign).bitLength &- Int(truncatingIfNeeded: sign)
    }

    /// Bits below the class: its values are base ..< base + 2^rawBits.
    @inline(__always) static func rawBits(_ index: Int) -> Int { max(0, index / 2 - 1) }

    static func base(_ index: Int) -> Int64 {
        let length = Int64(index / 2)
        if index & 1 != 0 { return length == 0 ? -1 : -1 &<< length }
        return length == 0 ? 0 : 1 &<< (length - 1)
    }

    /// Per width how many distances lie in -2^(width - 1) ..< 2^(width - 1) and in no smaller such window; in the
    /// window of width 0 lies 0.
    static func windows(_ classes: [Int]) -> [Int] {
        var windows = [Int](repeating: 0, count: 66)
        windows[0] = classes[0]
        windows[1] = classes[1]
        for length in 1...64 { windows[length + 1] = classes[2 * length] + classes[2 * length + 1] }
        return windows
    }
}
