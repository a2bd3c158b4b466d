/// A sequence of 64-bit integers as distances in few bits: all of one width with patches, or prefix-coded.
///
/// The window [base, base + 2^width) is laid where most values are; the others are patches, in full. With prefix codes
/// (`PrefixCodes`) every distance has its own length, which is smaller and decodes at a third of the speed.
///
///     bytes                 field
///     1                     form: 0...64 the width, 65 prefix codes follow, 128 + width: with patches
///     1...10                base, signed varint
///     (form of a width:)
///     see `BitPacking`      value - base, modulo 2^64, in width bits; a patched row has any
///     (with patches:)
///     1...2                 patches, varint, 1...count
///     1                     patchWidth, 0...64
///     1...10                smallest, signed varint
///     (patches*10+7)/8...   rows in rising order, ten bits each, then value - smallest in patchWidth bits each
///
/// The number of values is not stored. Arithmetic is modulo 2^64, so any value may follow any other.
///
/// Patches are those of Zukowski, Héman, Nes, Boncz, "Super-Scalar RAM-CPU Cache Compression", ICDE 2006,
/// doi:10.1109/ICDE.2006.150 (PFOR), kept in rows and values of their own bits instead of a list through the gaps.
enum PackedIntegers {
    static let rowBits = 10
    static let maximumCount = 1024
    static let prefixForm = 65
    static let patchedFlag = 128

    /// How a sequence is packed, and in how many bits.
    enum Plan {
        case fixed(SequenceProfile.FixedPlan)
        case prefix(PrefixCodes.Plan)

        var bitCount: Int {
            switch self {
            case .fixed(let plan): plan.bitCount
            case .prefix(let plan): plan.bitCount
            }
        }
    }

    static func headerByteCount(_ base: Int64) -> Int { 1 + varintByteCount(ZigZag.unsigned(base)) }

    static func patchByteCount(_ patches: Int, width: Int, minimum: Int64) -> Int {
        guard patches > 0 else { return 0 }
        return varintByteCount(UInt64(patches)) + 1 + varintByteCount(ZigZag.unsigned(minimum))
            + BitReader.byteCount(bits: patches * (rowBits + width))
    }

    static func plan(_ values: UnsafeBufferPointer<Int64>, _ preference: CodecPreference) -> Plan {
        unsafe plan(SequenceProfile(values), preference)
    }

    static func plan(_ profile: SequenceProfile, _ preference: CodecPreference) -> Plan {
        if let limit = preference.prefixLimit, !profile.classes.isEmpty,
            let prefix = PrefixCodes.plan(profile), prefix.bitCount * 100 < profile.fixed.bitCount * limit
        {
            return .prefix(prefix)
        }
        return .fixed(profile.fixed)
    }

    static func encode(_ values: UnsafeBufferPointer<Int64>, _ plan: Plan, to bytes: inout [UInt8]) {
        switch plan {
        case .prefix(let plan):
            bytes.append(UInt8(prefixForm))
            unsafe PrefixCodes.encode(values, plan, to: &bytes)
        case .fixed(let plan):
            bytes.append(UInt8(plan.width + (plan.patchCount > 0 ? patchedFlag : 0)))
            bytes.appendSignedVarint(plan.base)
            unsafe BitPacking.pack(values, base: plan.base, width: plan.width, to: &bytes)
            if plan.patchCount > 0 { unsafe appendPatches(values, plan, to: &bytes) }
        }
    }

    private static func appendPatches(
        _ values: UnsafeBufferPointer<Int64>, _ plan: SequenceProfile.FixedPlan, to bytes: inout [UInt8]
    ) {
        var rows: [Int] = []
        var smallest = Int64.max
        for row in 0..<values.count {
            let value = unsafe values[row]
            if UInt64(bitPattern: value &- plan.base).bitLength > plan.width { rows.append(row) }
            smallest = min(smallest, value)
        }
        bytes.appendVarint(UInt64(rows.count))
        bytes.append(UInt8(plan.patchWidth))
        bytes.appendSignedVarint(smallest)
        var writer = BitWriter()
        for row in rows { writer.append(UInt64(row), width: rowBits, to: &bytes) }
        for row in rows {
            writer.append(UInt64(bitPattern: unsafe values[row] &- smallest), width: plan.patchWidth, to: &bytes)
        }
        writer.finish(&bytes)
    }

    /// A sequence found in bytes, checked and not yet unpacked. As long-lived as the bytes.
    @safe struct Packed {
        let count: Int
        let width: Int
        let base: Int64
        let packed: UnsafeRawBufferPointer
        let patches: Patches
    }

    /// Rows that do not fit the window. Reading one costs a few shifts.
    @safe struct Patches {
        let count: Int
        let width: Int
        let smallest: Int64
        let bits: UnsafeRawBufferPointer

        static var none: Patches {
            unsafe Patches(count: 0, width: 0, smallest: 0, bits: UnsafeRawBufferPointer(start: nil, count: 0))
        }

        /// Calls `body` with each row and value.
        func forEach(_ body: (Int, Int64) -> Void) {
            guard count > 0 else { return }
            var rows = unsafe BitReader(bits)
            var values = unsafe BitReader(bits)
            values.skip(count * PackedIntegers.rowBits)
            for _ in 0..<count {
                let row = Int(rows.read(width: PackedIntegers.rowBits))
                body(row, smallest &+ Int64(bitPattern: values.read(width: width)))
            }
        }
    }

    enum Form {
        case fixed(Packed)
        case prefix(PrefixCodes.Coded)
    }

    /// Finds a sequence of `count` values, 1...1,024, at the reader and passes over it.
    static func read(_ reader: inout ByteReader, count: Int) throws(CodecError) -> Form {
        let form = Int(try reader.byte())
        if form == prefixForm { return .prefix(try PrefixCodes.read(&reader, count: count)) }
        let width = form & ~patchedFlag
        guard width <= 64 else { throw .corrupt("no packing has the form \(form)") }
        let base = try reader.signedVarint()
        let packed = unsafe try reader.take(BitPacking.byteCount(count: count, width: width))
        let patches = form < patchedFlag ? Patches.none : try readPatches(&reader, rows: count)
        return unsafe .fixed(Packed(count: count, width: width, base: base, packed: packed, patches: patches))
    }

    private static func readPatches(_ reader: inout ByteReader, rows: Int) throws(CodecError) -> Patches {
        let count = try reader.count(in: 1...rows, "the number of patches")
        let width = Int(try reader.byte())
        guard width <= 64 else { throw .corrupt("a patch of \(width) bits") }
        let smallest = try reader.signedVarint()
        let bits = unsafe try reader.take(BitReader.byteCount(bits: count * (rowBits + width)))
        var last = -1
        var numbers = unsafe BitReader(bits)
        for _ in 0..<count {
            let row = Int(numbers.read(width: rowBits))
            guard row > last, row < rows else { throw .corrupt("a patch for row \(row) of \(rows)") }
            last = row
        }
        return unsafe Patches(count: count, width: width, smallest: smallest, bits: bits)
    }

    /// Writes the values to `output`, which has room for `BitPacking.paddedCount(count)`.
    static func decode(_ form: Form, into output: UnsafeMutablePointer<Int64>) throws(CodecError) {
        switch form {
        case .prefix(let coded): unsafe try PrefixCodes.decode(coded, into: output)
        case .fixed(let packed):
            unsafe BitPacking.unpack(
                packed.packed, count: packed.count, width: packed.width, base: packed.base, into: output)
            packed.patches.forEach { row, value in unsafe output[row] = value }
        }
    }

    /// One value, without unpacking the others. O(patches).
    static func value(at row: Int, in packed: Packed) -> Int64 {
        var found: Int64?
        packed.patches.forEach { patched, value in if patched == row { found = value } }
        if let found { return found }
        let distance = unsafe BitPacking.value(at: row, in: packed.packed, count: packed.count, width: packed.width)
        return packed.base &+ Int64(bitPattern: distance)
    }
}
