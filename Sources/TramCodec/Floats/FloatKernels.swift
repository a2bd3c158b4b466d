/// Loops over a column of floats, eight lanes wide: scalar float loops are never vectorised by the compiler.
///
/// Each loop is written once and compiled per expression, so that no value meets a branch.
enum FloatKernels {
    private typealias Lanes = SIMD8<Double>
    private typealias Words = SIMD8<UInt64>

    /// Writes the integer of every value and returns whether all come back bit for bit.
    ///
    /// `output` has room for `count` rounded up to eight; `bits` is read up to there, and what it holds behind `count`
    /// has to come back, too. A row that does not come back gets any integer.
    static func encode(
        _ bits: UnsafePointer<UInt64>, count: Int, _ constants: DecimalScaling.Constants,
        into output: UnsafeMutablePointer<Int64>
    ) -> Bool {
        switch constants.expression {
        case .whole: unsafe encode(bits, count, constants, .whole, output)
        case .quotient: unsafe encode(bits, count, constants, .quotient, output)
        case .product: unsafe encode(bits, count, constants, .product, output)
        case .fraction: unsafe encode(bits, count, constants, .fraction, output)
        }
    }

    @inline(__always)
    private static func encode(
        _ bits: UnsafePointer<UInt64>, _ count: Int, _ constants: DecimalScaling.Constants,
        _ expression: DecimalScaling.Constants.Expression, _ output: UnsafeMutablePointer<Int64>
    ) -> Bool {
        let source = unsafe UnsafeRawPointer(bits)
        let target = UnsafeMutableRawPointer(output)
        let magics = Lanes(repeating: DecimalScaling.magic)
        let magicBits = Words(repeating: DecimalScaling.magic.bitPattern)
        let exponents = Words(repeating: 0xfff0_0000_0000_0000)
        let scales = Lanes(repeating: constants.encode)
        let scalesAgain = Lanes(repeating: constants.encodeAgain)
        var differences = Words(repeating: 0)
        var row = 0
        while row < count {
            let values = unsafe source.loadUnaligned(fromByteOffset: row &* 8, as: Words.self)
            var shifted = unsafe unsafeBitCast(values, to: Lanes.self)
            if expression != .whole { shifted *= scales }
            if expression == .product { shifted *= scalesAgain }
            shifted += magics
            let back = constants.decode(shifted - magics, expression)
            let shiftedBits = unsafe unsafeBitCast(shifted, to: Words.self)
            differences |= unsafe unsafeBitCast(back, to: Words.self) ^ values
            differences |= (shiftedBits ^ magicBits) & exponents
            unsafe target.storeBytes(of: shiftedBits &- magicBits, toByteOffset: row &* 8, as: Words.self)
            row &+= 8
        }
        return differences == Words(repeating: 0)
    }

    /// Whether every integer gives its value as a product.
    static func verify(
        _ integers: UnsafePointer<Int64>, _ bits: UnsafePointer<UInt64>, count: Int,
        _ constants: DecimalScaling.Constants
    ) -> Bool {
        let magics = Lanes(repeating: DecimalScaling.magic)
        let magicBits = Words(repeating: DecimalScaling.magic.bitPattern)
        var row = 0
        while row &+ 8 <= count {
            let words = unsafe UnsafeRawPointer(integers).loadUnaligned(fromByteOffset: row &* 8, as: Words.self)
            let values = unsafe UnsafeRawPointer(bits).loadUnaligned(fromByteOffset: row &* 8, as: Words.self)
            let q = unsafe unsafeBitCast(words &+ magicBits, to: Lanes.self) - magics
            let back = unsafe unsafeBitCast(constants.decode(q, .product), to: Words.self)
            if back != values { return false }
            row &+= 8
        }
        while row < count {
            if unsafe constants.decode(Double(integers[row])).bitPattern != bits[row] { return false }
            row &+= 1
        }
        return true
    }

    /// Integers below 2^51 in magnitude become doubles in their place. Room for `count` rounded up to eight.
    static func decode(
        _ values: UnsafeMutableRawPointer, count: Int, _ constants: DecimalScaling.Constants
    ) {
        switch constants.expression {
        case .whole: unsafe decode(values, count, constants, .whole)
        case .quotient: unsafe decode(values, count, constants, .quotient)
        case .product: unsafe decode(values, count, constants, .product)
        case .fraction: unsafe decode(values, count, constants, .fraction)
        }
    }

    @inline(__always)
    private static func decode(
        _ values: UnsafeMutableRawPointer, _ count: Int, _ constants: DecimalScaling.Constants,
        _ expression: DecimalScaling.Constants.Expression
    ) {
        let magics = Lanes(repeating: DecimalScaling.magic)
        let magicBits = Words(repeating: DecimalScaling.magic.bitPattern)
        var row = 0
        while row < count {
            let words = unsafe values.loadUnaligned(fromByteOffset: row &* 8, as: Words.self)
            let q = unsafe unsafeBitCast(words &+ magicBits, to: Lanes.self) - magics
            unsafe values.storeBytes(of: constants.decode(q, expression), toByteOffset: row &* 8, as: Lanes.self)
            row &+= 8
        }
    }

    /// Unpacks and scales in one pass, for a plain packed column of at most 51 bits.
    static func unpack(
        _ packed: PackedIntegers.Packed, _ constants: DecimalScaling.Constants,
        into output: UnsafeMutablePointer<UInt64>
    ) {
        switch constants.expression {
        case .whole: unsafe unpack(packed, constants, .whole, output)
        case .quotient: unsafe unpack(packed, constants, .quotient, output)
        case .product: unsafe unpack(packed, constants, .product, output)
        case .fraction: unsafe unpack(packed, constants, .fraction, output)
        }
        packed.patches.forEach { row, value in
            let q = Double(bitPattern: UInt64(bitPattern: value) &+ DecimalScaling.magic.bitPattern)
            unsafe output[row] = constants.decode(q - DecimalScaling.magic).bitPattern
        }
    }

    @inline(__always)
    private static func unpack(
        _ packed: PackedIntegers.Packed, _ constants: DecimalScaling.Constants,
        _ expression: DecimalScaling.Constants.Expression, _ output: UnsafeMutablePointer<UInt64>
    ) {
        unsafe BitPacking.unpackDoubles(
            packed.packed, count: packed.count, width: packed.width, base: packed.base,
            into: UnsafeMutableRawPointer(output)
        ) { q in
            SIMD16(
                lowHalf: constants.decode(q.lowHalf, expression), highHalf: constants.decode(q.highHalf, expression))
        }
    }
}
