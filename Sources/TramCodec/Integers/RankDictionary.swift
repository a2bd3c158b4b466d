/// A small alphabet: the distinct values in rising order, and every value as its number among them.
///
/// Averages k/n of small counts, readings converted between units, states: such values use few of the integers
/// between their extremes. Numbers keep the order, so their differences are small where the values' are.
struct RankDictionary {
    /// Rising.
    private(set) var values: [Int64]
    /// Per row.
    private(set) var ranks: [Int64]

    /// Nil when there are more than `limit` distinct values, at most 1,024. O(count).
    init?(_ rows: UnsafeBufferPointer<Int64>, limit: Int) {
        let slots = 4096
        var keys = [Int64](repeating: 0, count: slots)
        var numbers = [Int32](repeating: -1, count: slots)
        var distinct: [(value: Int64, slot: Int)] = []
        var places: [Int32] = []
        places.reserveCapacity(rows.count)
        for row in 0..<rows.count {
            let value = unsafe rows[row]
            var slot = Int((UInt64(bitPattern: value) &* 0x9e37_79b9_7f4a_7c15) >> 52)
            while numbers[slot] >= 0, keys[slot] != value { slot = (slot + 1) & (slots - 1) }
            if numbers[slot] < 0 {
                guard distinct.count < limit else { return nil }
                keys[slot] = value
                numbers[slot] = 0
                distinct.append((value, slot))
            }
            places.append(Int32(slot))
        }
        distinct.sort { $0.value < $1.value }
        for (rank, entry) in distinct.enumerated() { numbers[entry.slot] = Int32(rank) }
        values = distinct.map(\.value)
        ranks = places.map { Int64(numbers[Int($0)]) }
    }

    /// From each value to the next, modulo 2^64.
    var steps: [Int64] { zip(values, values.dropFirst()).map { $1 &- $0 } }

    static func decode(
        _ reader: inout ByteReader, _ count: Int, _ output: UnsafeMutablePointer<Int64>, hasDeltas: Bool
    ) throws(CodecError) {
        let distinct = try reader.count(in: 2...PackedIntegers.maximumCount, "the number of distinct values")
        let smallest = try reader.signedVarint()
        let steps = try PackedIntegers.read(&reader, count: distinct - 1)
        if hasDeltas {
            unsafe try IntegerCodec.decodeDelta(&reader, count, output)
        } else {
            unsafe try PackedIntegers.decode(try PackedIntegers.read(&reader, count: count), into: output)
        }
        var failure: CodecError?
        unsafe withUnsafeTemporaryAllocation(
            of: Int64.self, capacity: BitPacking.paddedCount(distinct - 1) + 1
        ) { scratch in
            guard let values = scratch.baseAddress else { return }
            unsafe values[0] = smallest
            do throws(CodecError) {
                unsafe try PackedIntegers.decode(steps, into: values + 1)
            } catch {
                failure = error
                return
            }
            for index in 1..<distinct { unsafe values[index] = values[index] &+ values[index - 1] }
            var largest: UInt64 = 0
            for row in 0..<count { unsafe largest |= UInt64(bitPattern: output[row]) }
            // One comparison for most columns; the exact check where the or of all numbers is no number.
            if largest >= UInt64(distinct) {
                for row in 0..<count where unsafe UInt64(bitPattern: output[row]) >= UInt64(distinct) {
                    failure = unsafe .corrupt("value number \(output[row]) of \(distinct)")
                    return
                }
            }
            for row in 0..<count { unsafe output[row] = values[Int(output[row])] }
        }
        if let failure { throw failure }
    }
}
