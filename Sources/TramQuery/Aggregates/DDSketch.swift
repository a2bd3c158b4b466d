import TramColumnar

/// A sketch of a distribution from which every quantile comes within 1 % of its value.
///
/// Bucket i counts the values in (g^(i-1), g^i] with g = 1.01 / 0.99; negative values have buckets of their own by
/// size, zeros are counted apart. Merging adds counts, so any order and any tree of merges gives the same sketch.
/// Each sign keeps the 2,048 buckets up to its largest value, a span of 10^17; what is nearer to zero falls into the
/// lowest.
/// After Masson, Rim, Lee, "DDSketch: A Fast and Fully-Mergeable Quantile Sketch with Relative-Error Guarantees",
/// PVLDB 12(12), 2019, doi:10.14778/3352063.3352135.
package struct DDSketch: Equatable, Sendable {
    static let growth = 1.01 / 0.99
    private static let inverseLogarithm = 49.99833328888656

    package private(set) var count: Int64 = 0
    private var zeros: Int64 = 0
    private var positives = Buckets()
    private var negatives = Buckets()

    package init() {}

    package var byteCount: Int { 32 + positives.byteCount + negatives.byteCount }

    /// Adds a finite value.
    package mutating func add(_ value: Double) {
        count += 1
        if value > 0 {
            positives.add(1, at: Self.index(value))
        } else if value < 0 {
            negatives.add(1, at: Self.index(-value))
        } else {
            zeros += 1
        }
    }

    @inline(__always)
    fileprivate static func index(_ magnitude: Double) -> Int {
        // Rounding by the magic number: `rounded(.up)` is a call into the C library on the oldest processors we run on.
        let exact = naturalLogarithm(magnitude) * inverseLogarithm
        let shifted = exact + DecimalReading.magic
        let nearest = Int(truncatingIfNeeded: shifted.bitPattern &- DecimalReading.magic.bitPattern)
        // The sign of what rounding took away says whether it went down; a branch would be guessed wrong half the time.
        return nearest &+ Int(truncatingIfNeeded: ((shifted - DecimalReading.magic) - exact).bitPattern >> 63)
    }

    package mutating func add(_ other: DDSketch) {
        count += other.count
        zeros += other.zeros
        positives.add(other.positives)
        negatives.add(other.negatives)
    }

    /// The value of rank share * (count - 1), rank 0 being the smallest; nil when the sketch is empty. O(buckets).
    package func quantile(_ share: Double) -> Double? {
        guard count > 0 else { return nil }
        let rank = share * Double(count - 1)
        let below = rank.rounded(.down)
        guard let low = value(atRank: below) else { return nil }
        // Between two values as the exact quantile does: with both within 1 %, so is what lies between.
        guard rank > below, let high = value(atRank: below + 1), high != low else { return low }
        return low + (high - low) * (rank - below)
    }

    /// The value with so many values before it, 0..<count; its bucket's middle.
    private func value(atRank rank: Double) -> Double? {
        var passed: Int64 = 0
        for index in negatives.range.reversed() {
            passed += negatives[index]
            if Double(passed) > rank { return -Self.middle(of: index) }
        }
        passed += zeros
        if Double(passed) > rank { return 0 }
        for index in positives.range {
            passed += positives[index]
            if Double(passed) > rank { return Self.middle(of: index) }
        }
        // Counts beyond 2^53 may round the rank up past the last value.
        return positives.highest.map(Self.middle)
            ?? (zeros > 0 ? 0 : negatives.range.first.map { -Self.middle(of: $0) })
    }

    /// 2 g^i / (g + 1): the value that is equally far, relatively, from both ends of bucket i.
    private static func middle(of index: Int) -> Double {
        // By squaring and not by `pow`, which is not the same on every machine.
        var base = index < 0 ? 1 / growth : growth
        var rest = index.magnitude
        var power = 2 / (growth + 1)
        while rest > 0 {
            if rest & 1 == 1 { power *= base }
            rest >>= 1
            if rest > 0 { base *= base }
        }
        return min(power, .greatestFiniteMagnitude)
    }

    /// Counts by bucket number, dense between the lowest and the highest in use.
    fileprivate struct Buckets {
        static let limit = 2048

        init() {}

        private var counts: [Int64] = []
        /// The bucket of `counts[0]`; never below `highest` - 2,047.
        private var first = 0
        /// The highest bucket that was ever counted up, the last of `counts`.
        private(set) var highest: Int?

        var byteCount: Int { counts.capacity * 8 }
        var range: Range<Int> { first..<(first + counts.count) }

        subscript(index: Int) -> Int64 { counts[index - first] }

        /// Counts small decimals whose buckets are known and there.
        ///
        /// - Returns: the first row that is none of these.
        mutating func addKnown(
            _ mantissas: UnsafeBufferPointer<Int64>, from row: Int, _ known: borrowing DecimalBuckets
        ) -> Int {
            let first = first
            return unsafe known.numbers.withUnsafeBufferPointer { numbers in
                unsafe counts.withUnsafeMutableBufferPointer { counts in
                    var row = row
                    while row < mantissas.count {
                        let mantissa = unsafe UInt64(bitPattern: mantissas[row])
                        guard mantissa < UInt64(numbers.count) else { return row }
                        // Unknown numbers are far below every bucket.
                        let offset = unsafe Int(numbers[Int(mantissa)]) &- first
                        guard offset >= 0, offset < counts.count else { return row }
                        unsafe counts[offset] &+= 1
                        row &+= 1
                    }
                    return row
                }
            }
        }

        @inline(__always)
        mutating func add(_ count: Int64, at index: Int) {
            let offset = index - first
            if offset >= 0, offset < counts.count {
                counts[offset] += count
            } else {
                makeRoom(for: index)
                counts[max(0, index - first)] += count
            }
        }

        /// Counts eight values.
        @inline(__always)
        mutating func addOnes(_ indices: SIMD8<Int64>) {
            let offsets = indices &- SIMD8(repeating: Int64(first))
            // Negative offsets are huge as unsigned numbers. Most blocks are inside the range, and then one look at
            // the array will do.
            let count = counts.count
            var isInside = true
            for lane in 0..<8 { isInside = isInside && UInt64(bitPattern: offsets[lane]) < UInt64(count) }
            guard isInside else {
                for lane in 0..<8 { add(1, at: Int(indices[lane])) }
                return
            }
            unsafe counts.withUnsafeMutableBufferPointer { counts in
                for lane in 0..<8 { unsafe counts[Int(offsets[lane])] &+= 1 }
            }
        }

        /// Widens `counts` to `index`, or to the lowest bucket that may be kept when `index` is below it.
        private mutating func makeRoom(for index: Int) {
            guard let top = highest else {
                first = index
                highest = index
                counts = [0]
                return
            }
            if index > top {
                counts.append(contentsOf: repeatElement(0, count: min(index - top, Self.limit * 2)))
                if index - top > Self.limit * 2 {
                    // So far above that nothing of the old range stays: move the range up in one step.
                    first = index - counts.count + 1
                }
                highest = index
                collapse(below: index - Self.limit + 1)
            } else {
                let lowest = max(index - 16, top - Self.limit + 1)
                guard lowest < first else { return }
                counts.insert(contentsOf: repeatElement(0, count: first - lowest), at: 0)
                first = lowest
            }
        }

        private mutating func collapse(below lowest: Int) {
            let excess = min(lowest - first, counts.count - 1)
            guard excess > 0 else { return }
            let swallowed = counts[..<excess].reduce(0, +)
            counts.removeFirst(excess)
            first += excess
            counts[0] += swallowed
        }

        /// Appends the number of buckets from the lowest to the highest in use, the number of the lowest, and their
        /// counts; empty buckets as a zero and how many more follow.
        func append(to bytes: inout [UInt8]) {
            guard let low = counts.firstIndex(where: { $0 != 0 }), let high = counts.lastIndex(where: { $0 != 0 })
            else {
                bytes.append(0)
                return
            }
            bytes.appendVarint(count: high - low + 1)
            bytes.appendZigzag(Int64(first + low))
            var place = low
            while place <= high {
                bytes.appendVarint(UInt64(counts[place]))
                let start = place + 1
                place = start
                guard counts[start - 1] == 0 else { continue }
                while counts[place] == 0 { place += 1 }
                bytes.appendVarint(count: place - start)
            }
        }

        /// Reads what `append` wrote and adds its counts to `total`.
        init(_ reader: inout StateReader, total: inout Int64) throws(PartialStateError) {
            let width = Int(try reader.varint(in: 0...UInt64(Self.limit)))
            guard width > 0 else { return }
            let start = reader.offset
            let low = try reader.zigzag()
            let lowest = Int64(DDSketch.index(.leastNonzeroMagnitude))
            let highest = Int64(DDSketch.index(.greatestFiniteMagnitude))
            guard low >= lowest, low <= highest, low + Int64(width) - 1 <= highest else {
                throw .malformed(at: start)
            }
            var counts = [Int64](repeating: 0, count: width)
            var place = 0
            while place < width {
                let start = reader.offset
                let count = try reader.varint(in: 0...UInt64(PartialState.mostValues - total))
                if count > 0 {
                    counts[place] = Int64(count)
                    total += Int64(count)
                    place += 1
                    continue
                }
                // Neither the first bucket is empty, nor the last, nor one that follows others that are.
                let more = try reader.varint(in: 0...UInt64(Self.limit))
                guard place > 0, counts[place - 1] != 0, place + 1 + Int(more) < width else {
                    throw .malformed(at: start)
                }
                place += 1 + Int(more)
            }
            self.counts = counts
            first = Int(low)
            self.highest = Int(low) + width - 1
        }

        /// The counts that are not zero by bucket.
        var used: [Int: Int64] {
            var used: [Int: Int64] = [:]
            for index in range where self[index] != 0 { used[index] = self[index] }
            return used
        }

        mutating func add(_ other: Buckets) {
            // From the top, so that the range is moved once.
            for index in other.range.reversed() where other[index] != 0 { add(other[index], at: index) }
        }
    }

    /// 1: buckets of 1 %.
    private static let accuracyCode: UInt8 = 1

    /// Appends the sketch; nothing when it is empty.
    func append(to bytes: inout [UInt8]) {
        guard count > 0 else { return }
        bytes.append(Self.accuracyCode)
        bytes.appendVarint(UInt64(zeros))
        negatives.append(to: &bytes)
        positives.append(to: &bytes)
    }

    init(_ reader: inout StateReader) throws(PartialStateError) {
        let start = reader.offset
        guard try reader.byte() == Self.accuracyCode else { throw .malformed(at: start) }
        zeros = Int64(try reader.varint(in: 0...UInt64(PartialState.mostValues)))
        count = zeros
        negatives = try Buckets(&reader, total: &count)
        positives = try Buckets(&reader, total: &count)
        guard count > 0 else { throw .malformed(at: start) }
    }

    /// Equal when every bucket is: how the counts lie in memory does not matter.
    package static func == (left: DDSketch, right: DDSketch) -> Bool {
        left.count == right.count && left.zeros == right.zeros && left.positives.used == right.positives.used
            && left.negatives.used == right.negatives.used
    }
}

/// Quantiles from sketches.
final class SketchStates: PresentStates {
    let resultType: ColumnType
    private let share: Double
    private let inputType: ColumnType
    private let kind: ValueKind
    private var sketches: [DDSketch] = []
    private var scratch: [Double] = []
    private var buckets = DDSketch.DecimalBuckets()

    /// - Parameter share: 0...1.
    init(share: Double, inputType: ColumnType) {
        self.share = share
        self.inputType = inputType
        kind = ValueKind(inputType)
        resultType = inputType == .duration ? .duration : .float
    }

    var needsTimes: Bool { false }
    var slotCount: Int { sketches.count }
    var byteCount: Int { sketches.reduce(0) { $0 + $1.byteCount } }

    func grow(to count: Int) { sketches.extend(to: count, with: DDSketch()) }

    func addRun(_ bits: Span<UInt64>, timestamps: Span<Int64>, series: UInt32, to slot: Int) {
        kind.doubles(bits, into: &scratch)
        sketches[slot].add(scratch)
    }

    func add(mantissas: Span<Int64>, scale: Int, timestamps: Span<Int64>, series: UInt32, to slot: Int) -> Bool {
        guard kind == .float || kind == .signed else { return false }
        sketches[slot].add(mantissas, scale: scale, &buckets)
        return true
    }

    func add(mantissas: [Int64], scale: Int, timestamps: [Int64], series: UInt32, runs: [SlotRun]) -> Bool {
        guard kind == .float || kind == .signed else { return false }
        var known = DDSketch.DecimalBuckets()
        swap(&known, &buckets)
        let values = mantissas.span
        withOwn(&sketches) { sketches in
            for run in runs { sketches[run.slot].add(values.extracting(run.rows), scale: scale, &known) }
        }
        swap(&known, &buckets)
        return true
    }

    func addRows(_ bits: Span<UInt64>, slots: Span<Int32>, timestamps: Span<Int64>, series: Span<UInt32>) {
        let kind = kind
        withOwn(&sketches) { sketches in
            for row in bits.indices where slots[row] >= 0 {
                if let value = kind.double(bits[row]) { sketches[Int(slots[row])].add(value) }
            }
        }
    }

    func absorb(_ other: SketchStates, slot otherSlot: Int, into slot: Int) throws(QueryError) {
        _ = try PartialState.total(sketches[slot].count, other.sketches[otherSlot].count)
        sketches[slot].add(other.sketches[otherSlot])
    }

    func reset(slot: Int) { sketches[slot] = DDSketch() }

    func finish(slot: Int) throws(QueryError) -> UInt64? {
        guard let value = sketches[slot].quantile(share) else { return nil }
        return try resultBits(value, as: resultType)
    }

    var stateKind: PartialState.Kind { .sketch }

    func encodeBody(slot: Int, to bytes: inout [UInt8]) {
        guard sketches[slot].count > 0 else { return }
        bytes.append(PartialState.typeCode(inputType))
        sketches[slot].append(to: &bytes)
    }

    func decodeBody(into slot: Int, from reader: inout StateReader) throws(PartialStateError) {
        try reader.type(inputType)
        sketches[slot] = try DDSketch(&reader)
    }
}

extension DDSketch {
    package mutating func add(_ values: [Double]) {
        unsafe values.withUnsafeBufferPointer { values in
            guard let base = unsafe UnsafeRawPointer(values.baseAddress) else { return }
            let magics = SIMD8<Double>(repeating: DecimalReading.magic)
            let magicBits = SIMD8<UInt64>(repeating: DecimalReading.magic.bitPattern)
            let least = SIMD8<UInt64>(repeating: Double.leastNormalMagnitude.bitPattern)
            var row = 0
            // Eight positive numbers at a time; other signs and sizes go one by one.
            while row &+ 8 <= values.count {
                let eight = unsafe base.loadUnaligned(fromByteOffset: row &* 8, as: SIMD8<Double>.self)
                // The top bit: of the number when it is negative, of the difference when it is below the normal ones.
                let bits = unsafe unsafeBitCast(eight, to: SIMD8<UInt64>.self)
                let odd = bits | (bits &- least)
                let half = odd.lowHalf | odd.highHalf
                let quarter = half.lowHalf | half.highHalf
                if (quarter[0] | quarter[1]) >> 63 != 0 {
                    for lane in 0..<8 { add(eight[lane]) }
                } else {
                    let exact = naturalLogarithm(eight) * SIMD8(repeating: Self.inverseLogarithm)
                    let shifted = exact + magics
                    let nearest = unsafe unsafeBitCast(shifted, to: SIMD8<UInt64>.self) &- magicBits
                    let below = unsafe unsafeBitCast((shifted - magics) - exact, to: SIMD8<UInt64>.self)
                    let indices = nearest &+ (below &>> SIMD8(repeating: 63))
                    positives.addOnes(unsafe unsafeBitCast(indices, to: SIMD8<Int64>.self))
                    count += 8
                }
                row &+= 8
            }
            while row < values.count {
                unsafe add(values[row])
                row &+= 1
            }
        }
    }
}

extension DDSketch {
    /// Bucket numbers of small decimals at one scale: sensors send the same few thousand decimals over and over, and
    /// looking one up costs a tenth of a logarithm.
    struct DecimalBuckets {
        static let count = 8192
        private(set) var scale = 0
        /// By mantissa; `unknown` until it is first asked for.
        fileprivate var numbers: [Int32] = []
        fileprivate static let unknown = Int32.min

        mutating func prepare(scale: Int) {
            guard numbers.isEmpty || scale != self.scale else { return }
            numbers = [Int32](repeating: DecimalBuckets.unknown, count: DecimalBuckets.count)
            self.scale = scale
        }
    }

    /// Adds mantissas / 10^scale.
    mutating func add(_ mantissas: Span<Int64>, scale: Int, _ known: inout DecimalBuckets) {
        known.prepare(scale: scale)
        unsafe mantissas.withUnsafeBufferPointer { mantissas in
            var row = 0
            while row < mantissas.count {
                let end = unsafe positives.addKnown(mantissas, from: row, known)
                count += Int64(end - row)
                row = end
                guard row < mantissas.count else { return }
                // One that is not small, or that is met for the first time, or whose bucket has no room yet.
                let mantissa = unsafe mantissas[row]
                row += 1
                let value = IntegerRuns.float(mantissa, scale: scale)
                if mantissa > 0, mantissa < Int64(DecimalBuckets.count) {
                    let number = Self.index(value)
                    known.numbers[Int(mantissa)] = Int32(truncatingIfNeeded: number)
                    count += 1
                    positives.add(1, at: number)
                } else {
                    add(value)
                }
            }
        }
    }
}
