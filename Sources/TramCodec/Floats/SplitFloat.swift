/// Doubles of full precision: the upper bits, which repeat, by a dictionary of at most eight; the lower as they are.
///
///     bytes                  field
///     1                      cut: bits on the right, 48...63
///     1                      entries, 1...8
///     2 * entries            left parts, the most frequent first
///     see `BitPacking`       right parts, cut bits each
///     see `BitPacking`       numbers of the left parts, 0...3 bits each: as many as entries - 1 needs
///     1...2                  exceptions, varint
///     (x*26+7)/8             rows in rising order, ten bits each, then left parts, sixteen bits each
///
/// ALP_RD of Afroozeh, Kuffó, Boncz, "ALP: Adaptive Lossless floating-Point Compression", Proc. ACM Manag. Data 1(4)
/// (SIGMOD 2024), doi:10.1145/3626717.
enum SplitFloat {
    static let cuts = 48...63
    static let maximumEntries = 8
    private static let exceptionBits = PackedIntegers.rowBits + 16

    struct Plan {
        var cut: Int
        var lefts: [UInt64]
    }

    /// The cut with the fewest bits for a sample of the rows.
    static func plan(_ bits: UnsafeBufferPointer<UInt64>) -> Plan {
        var sample: [UInt64] = []
        for row in stride(from: 0, to: bits.count, by: max(1, bits.count / 256)) { unsafe sample.append(bits[row]) }
        sample.sort()
        var best = Plan(cut: 63, lefts: [0, 1])
        var bestCost = Int.max
        for cut in cuts {
            // Sorted, so equal left parts stand together.
            var counts: [(left: UInt64, count: Int)] = []
            for value in sample {
                let left = value >> UInt64(cut)
                if counts.last?.left == left {
                    counts[counts.count - 1].count += 1
                } else {
                    counts.append((left, 1))
                }
            }
            counts.sort { $0.count > $1.count }
            let entries = counts.prefix(maximumEntries)
            let exceptions = sample.count - entries.reduce(0) { $0 + $1.count }
            let cost = sample.count * (cut + width(entries.count)) + exceptions * exceptionBits
            if cost < bestCost {
                bestCost = cost
                best = Plan(cut: cut, lefts: entries.map(\.left))
            }
        }
        return best
    }

    private static func width(_ entries: Int) -> Int { UInt64(entries - 1).bitLength }

    static func encode(_ bits: UnsafeBufferPointer<UInt64>, to bytes: inout [UInt8]) -> Int {
        let plan = unsafe plan(bits)
        bytes.append(UInt8(plan.cut))
        bytes.append(UInt8(plan.lefts.count))
        for left in plan.lefts {
            bytes.append(UInt8(truncatingIfNeeded: left))
            bytes.append(UInt8(truncatingIfNeeded: left >> 8))
        }
        var rights: [Int64] = []
        var numbers: [Int64] = []
        var exceptions: [(row: Int, left: UInt64)] = []
        for row in 0..<bits.count {
            let value = unsafe bits[row]
            rights.append(Int64(bitPattern: value & ((1 << UInt64(plan.cut)) - 1)))
            let left = value >> UInt64(plan.cut)
            let number = plan.lefts.firstIndex(of: left)
            if number == nil { exceptions.append((row, left)) }
            numbers.append(Int64(number ?? 0))
        }
        let width = width(plan.lefts.count)
        unsafe rights.withUnsafeBufferPointer { unsafe BitPacking.pack($0, base: 0, width: plan.cut, to: &bytes) }
        unsafe numbers.withUnsafeBufferPointer { unsafe BitPacking.pack($0, base: 0, width: width, to: &bytes) }
        bytes.appendVarint(UInt64(exceptions.count))
        var writer = BitWriter()
        for exception in exceptions { writer.append(UInt64(exception.row), width: PackedIntegers.rowBits, to: &bytes) }
        for exception in exceptions { writer.append(exception.left, width: 16, to: &bytes) }
        writer.finish(&bytes)
        return exceptions.count
    }

    /// Decodes `count` doubles into `output`, which has room for `IntegerCodec.capacity(count)`.
    static func decode(
        _ reader: inout ByteReader, count: Int, into output: UnsafeMutablePointer<UInt64>
    ) throws(CodecError) {
        let cut = Int(try reader.byte())
        guard cuts.contains(cut) else { throw .corrupt("a float cut at bit \(cut)") }
        let entries = Int(try reader.byte())
        guard (1...maximumEntries).contains(entries) else { throw .corrupt("\(entries) left parts") }
        var lefts = InlineArray<8, UInt64>(repeating: 0)
        for entry in 0..<entries {
            let low = try reader.byte()
            let left = UInt64(low) | UInt64(try reader.byte()) << 8
            lefts[entry] = left << UInt64(cut)
        }
        let rightBytes = unsafe try reader.take(BitPacking.byteCount(count: count, width: cut))
        let width = width(entries)
        let numberBytes = unsafe try reader.take(BitPacking.byteCount(count: count, width: width))
        let size = try reader.count(in: 0...count, "the number of exceptions")
        let exceptionBytes = unsafe try reader.take(BitReader.byteCount(bits: size * exceptionBits))
        unsafe output.withMemoryRebound(to: Int64.self, capacity: BitPacking.paddedCount(count)) { rights in
            unsafe BitPacking.unpack(rightBytes, count: count, width: cut, base: 0, into: rights)
        }
        unsafe withUnsafeTemporaryAllocation(of: Int64.self, capacity: BitPacking.paddedCount(count)) { numbers in
            guard let start = numbers.baseAddress else { return }
            unsafe BitPacking.unpack(numberBytes, count: count, width: width, base: 0, into: start)
            // Three bits at most, and eight entries: no number is outside.
            for row in 0..<count { unsafe output[row] |= lefts[Int(start[row] & 7)] }
        }
        var rows = unsafe BitReader(exceptionBytes)
        var values = unsafe BitReader(exceptionBytes)
        values.skip(size * PackedIntegers.rowBits)
        var last = -1
        for _ in 0..<size {
            let row = Int(rows.read(width: PackedIntegers.rowBits))
            guard row > last, row < count else { throw .corrupt("an exception for row \(row) of \(count)") }
            last = row
            let right = unsafe output[row] & ((1 << UInt64(cut)) - 1)
            unsafe output[row] = right | values.read(width: 16) << UInt64(cut)
        }
    }
}
