import TramColumnar

/// The number of different keys: exact up to 256, then an estimate with a standard error of 1.6 %.
///
/// Up to 256 keys are kept themselves; then 4,096 registers hold the longest run of leading zeros seen in keys
/// of their part. Both depend on the set of keys alone, so merges are free of order.
/// Estimate after Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", 2017, arXiv:1702.01284.
struct DistinctSketch {
    static let exactLimit = 256
    private static let precision: UInt64 = 12
    private static let registerCount = 1 << 12
    /// The longest run plus one that 64 - 12 bits can show.
    private static let highestRank = 53

    private var keys = KeySet()
    /// Empty while the keys are exact.
    private var registers: [UInt8] = []

    init() {}

    var byteCount: Int { 40 + keys.byteCount + registers.count }
    var isEmpty: Bool { registers.isEmpty && keys.count == 0 }

    /// Adds a key mixed over all its bits.
    @inline(__always)
    mutating func add(_ key: UInt64) {
        if registers.isEmpty {
            keys.insert(key)
            if keys.count > Self.exactLimit { leaveExactness() }
        } else {
            register(key)
        }
    }

    @inline(__always)
    private mutating func register(_ key: UInt64) {
        let place = Int(key >> (64 - Self.precision))
        // The guard bit ends a run that uses up all the bits.
        let rank = UInt8((key << Self.precision | 1 << (Self.precision - 1)).leadingZeroBitCount + 1)
        if rank > registers[place] { registers[place] = rank }
    }

    private mutating func leaveExactness() {
        registers = [UInt8](repeating: 0, count: Self.registerCount)
        let known = keys
        keys = KeySet()
        known.forEach { register($0) }
    }

    mutating func add(_ other: DistinctSketch) {
        if other.registers.isEmpty {
            other.keys.forEach { add($0) }
            return
        }
        if registers.isEmpty { leaveExactness() }
        for place in registers.indices { registers[place] = max(registers[place], other.registers[place]) }
    }

    var estimate: Int64 {
        if registers.isEmpty { return Int64(keys.count) }
        var ranks = [Double](repeating: 0, count: Self.highestRank + 1)
        for register in registers { ranks[Int(register)] += 1 }
        let size = Double(Self.registerCount)
        var sum = size * Self.tau(1 - ranks[Self.highestRank] / size)
        for rank in (1..<Self.highestRank).reversed() { sum = 0.5 * (sum + ranks[rank]) }
        sum += size * Self.sigma(ranks[0] / size)
        // 1 / (2 ln 2). Registers that no keys give may make the sum zero.
        let estimate = (0.7213475204444817 * size * size / sum).rounded()
        return estimate < 0x1p62 ? Int64(estimate) : 1 << 62
    }

    private static let exactForm: UInt8 = 0
    private static let sparseForm: UInt8 = 1
    private static let denseForm: UInt8 = 2
    /// Registers in use beyond which all are written.
    private static let mostSparse = 1024

    /// Appends the sketch; nothing when it is empty.
    func append(to bytes: inout [UInt8]) {
        if registers.isEmpty {
            guard keys.count > 0 else { return }
            bytes.append(Self.exactForm)
            for key in keys.sorted() { bytes.appendWord(key) }
            return
        }
        let used = registers.count { $0 > 0 }
        guard used > Self.mostSparse else {
            bytes.append(Self.sparseForm)
            var before = -1
            for place in registers.indices where registers[place] > 0 {
                bytes.appendVarint(count: place - before - 1)
                bytes.append(registers[place])
                before = place
            }
            return
        }
        bytes.append(Self.denseForm)
        // Six bits each, lowest first: four registers in three bytes.
        for place in stride(from: 0, to: registers.count, by: 4) {
            var four: UInt32 = 0
            for index in 0..<4 { four |= UInt32(registers[place + index]) << UInt32(index * 6) }
            for shift in [UInt32(0), 8, 16] { bytes.append(UInt8(truncatingIfNeeded: four >> shift)) }
        }
    }

    /// Reads what `append` wrote, up to the end of the body.
    init(_ reader: inout StateReader) throws(PartialStateError) {
        let start = reader.offset
        switch try reader.byte() {
        case Self.exactForm:
            guard !reader.isAtEnd, reader.rest <= Self.exactLimit * 8 else { throw .malformed(at: start) }
            var before: UInt64?
            while !reader.isAtEnd {
                let place = reader.offset
                let key = try reader.word()
                if let before, key <= before { throw .malformed(at: place) }
                keys.insert(key)
                before = key
            }
        case Self.sparseForm:
            registers = [UInt8](repeating: 0, count: Self.registerCount)
            var place: UInt64 = 0
            var used = 0
            while !reader.isAtEnd {
                let offset = reader.offset
                place += try reader.varint(in: 0...UInt64(Self.registerCount))
                let rank = try reader.byte()
                guard place < UInt64(Self.registerCount), rank > 0, rank <= UInt8(Self.highestRank) else {
                    throw .malformed(at: offset)
                }
                registers[Int(place)] = rank
                place += 1
                used += 1
            }
            guard used > 0, used <= Self.mostSparse else { throw .malformed(at: start) }
        case Self.denseForm:
            guard reader.rest == Self.registerCount / 4 * 3 else { throw .malformed(at: start) }
            registers.reserveCapacity(Self.registerCount)
            while !reader.isAtEnd {
                let offset = reader.offset
                var four: UInt32 = 0
                for shift in [UInt32(0), 8, 16] { four |= UInt32(try reader.byte()) << shift }
                for index in 0..<4 {
                    let rank = UInt8(truncatingIfNeeded: four >> UInt32(index * 6) & 0x3f)
                    guard rank <= UInt8(Self.highestRank) else { throw .malformed(at: offset) }
                    registers.append(rank)
                }
            }
            guard registers.count(where: { $0 > 0 }) > Self.mostSparse else { throw .malformed(at: start) }
        default: throw .malformed(at: start)
        }
    }

    /// Corrects for registers that are still empty; 0...1 (never 1 here: 257 keys fill one at least).
    private static func sigma(_ share: Double) -> Double {
        var power = share
        var factor = 1.0
        var sum = share
        while true {
            power *= power
            let previous = sum
            sum += power * factor
            factor += factor
            if sum == previous { return sum }
        }
    }

    /// Corrects for registers that can count no further.
    private static func tau(_ share: Double) -> Double {
        if share == 0 || share == 1 { return 0 }
        var root = share
        var factor = 1.0
        var sum = 1 - share
        while true {
            root = root.squareRoot()
            let previous = sum
            factor *= 0.5
            sum -= (1 - root) * (1 - root) * factor
            if sum == previous { return sum / 3 }
        }
    }
}

/// Turns values into keys for sets: the value mixed, for texts either their code or, where sets of other nodes must
/// fit, a hash of the text.
struct DistinctKeys {
    let kind: ValueKind
    /// Nil: codes stand for the texts.
    let texts: (() -> [String])?
    /// By code, as far as they were needed.
    private var hashes: [UInt64] = []

    init(kind: ValueKind, texts: (() -> [String])?) {
        self.kind = kind
        self.texts = texts
    }

    /// Hashes the texts that came since the last call. Call it before the keys of a vector are asked for.
    mutating func prepare() {
        guard kind == .text, let texts else { return }
        let all = texts()
        for code in hashes.count..<max(hashes.count, all.count) { hashes.append(textHash(all[code])) }
    }

    @inline(__always)
    func key(_ bits: UInt64) -> UInt64? {
        guard let canonical = kind.canonical(bits) else { return nil }
        guard kind == .text, texts != nil else { return mixedKey(canonical) }
        return hashes[Int(canonical)]
    }
}

/// `distinct`: how many different values there are, by `DistinctSketch`. 0 for an empty slot. Texts count by a hash of
/// their bytes, so that sketches of several nodes can be merged.
final class DistinctStates: PresentStates {
    let resultType: ColumnType = .int
    private let inputType: ColumnType
    private var keys: DistinctKeys
    private var sketches: [DistinctSketch] = []

    init(inputType: ColumnType, texts: StateTexts) {
        self.inputType = inputType
        keys = DistinctKeys(kind: ValueKind(inputType), texts: texts.all)
    }

    var needsTimes: Bool { false }
    var ignoresRepetition: Bool { true }
    var slotCount: Int { sketches.count }
    var byteCount: Int { sketches.reduce(0) { $0 + $1.byteCount } }

    func grow(to count: Int) { sketches.extend(to: count, with: DistinctSketch()) }

    func addRun(_ bits: Span<UInt64>, timestamps: Span<Int64>, series: UInt32, to slot: Int) {
        keys.prepare()
        for row in bits.indices {
            if let key = keys.key(bits[row]) { sketches[slot].add(key) }
        }
    }

    func addRows(_ bits: Span<UInt64>, slots: Span<Int32>, timestamps: Span<Int64>, series: Span<UInt32>) {
        keys.prepare()
        for row in bits.indices where slots[row] >= 0 {
            if let key = keys.key(bits[row]) { sketches[Int(slots[row])].add(key) }
        }
    }

    func absorb(_ other: DistinctStates, slot otherSlot: Int, into slot: Int) {
        sketches[slot].add(other.sketches[otherSlot])
    }

    func reset(slot: Int) { sketches[slot] = DistinctSketch() }

    func finish(slot: Int) -> UInt64? { UInt64(bitPattern: sketches[slot].estimate) }

    var stateKind: PartialState.Kind { .distinct }

    func encodeBody(slot: Int, to bytes: inout [UInt8]) {
        guard !sketches[slot].isEmpty else { return }
        bytes.append(PartialState.typeCode(inputType))
        sketches[slot].append(to: &bytes)
    }

    func decodeBody(into slot: Int, from reader: inout StateReader) throws(PartialStateError) {
        try reader.type(inputType)
        sketches[slot] = try DistinctSketch(&reader)
    }
}

/// `distinct(f, exact)`: every value is kept, 16 bytes or more each. Texts count by their code, so these states merge
/// only within one string table; serialised they are texts.
final class ExactDistinctStates: PresentStates {
    let resultType: ColumnType = .int
    private let inputType: ColumnType
    private let keys: DistinctKeys
    private let texts: StateTexts
    private var sets: [KeySet] = []

    init(inputType: ColumnType, texts: StateTexts) {
        self.inputType = inputType
        self.texts = texts
        keys = DistinctKeys(kind: ValueKind(inputType), texts: nil)
    }

    var needsTimes: Bool { false }
    var ignoresRepetition: Bool { true }
    var slotCount: Int { sets.count }
    var byteCount: Int { sets.reduce(0) { $0 + 24 + $1.byteCount } }

    func grow(to count: Int) { sets.extend(to: count, with: KeySet()) }

    func addRun(_ bits: Span<UInt64>, timestamps: Span<Int64>, series: UInt32, to slot: Int) {
        for row in bits.indices {
            if let key = keys.key(bits[row]) { sets[slot].insert(key) }
        }
    }

    func addRows(_ bits: Span<UInt64>, slots: Span<Int32>, timestamps: Span<Int64>, series: Span<UInt32>) {
        for row in bits.indices where slots[row] >= 0 {
            if let key = keys.key(bits[row]) { sets[Int(slots[row])].insert(key) }
        }
    }

    func absorb(_ other: ExactDistinctStates, slot otherSlot: Int, into slot: Int) {
        sets[slot].add(other.sets[otherSlot])
    }

    func reset(slot: Int) { sets[slot] = KeySet() }

    func finish(slot: Int) -> UInt64? { UInt64(bitPattern: Int64(sets[slot].count)) }

    var stateKind: PartialState.Kind { .valueSet }

    /// O(values * log(values)).
    func encodeBody(slot: Int, to bytes: inout [UInt8]) {
        guard sets[slot].count > 0 else { return }
        bytes.append(PartialState.typeCode(inputType))
        ValueList(sets[slot].sorted().map(unmixedKey), keys.kind, texts).append(to: &bytes)
    }

    func decodeBody(into slot: Int, from reader: inout StateReader) throws(PartialStateError) {
        try reader.type(inputType)
        var held = KeySet()
        try ValueList.read(&reader, keys.kind, as: inputType, texts, isSet: true) { value, _ in
            held.insert(mixedKey(value))
        }
        sets[slot] = held
    }
}
