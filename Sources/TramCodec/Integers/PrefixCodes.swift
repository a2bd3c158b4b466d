/// Distances from a centre, each in a code for its sign and length and as many bits: small where most are near.
///
/// 1. A distance belongs to a class by its sign and bit length (`DistanceClass`): 0, -1, 1, -2, 2...3, -4...-3, ...
/// 2. Classes get Huffman codes of at most eight bits. A value is its class's code and how far it is into the class.
/// 3. Row `i` goes to stream `i & 3`. Four streams are read side by side, since each must wait for its own last length.
///
///     bytes            field
///     1...10           centre, signed varint
///     1                classes, 1...98
///     (classes+1)/2    code lengths, four bits each, lower half first: 0 for a class without values, 1...8
///     4 x 1...2        bytes of each stream, varint
///     ...              the streams: code, lowest bit first, then bits, value by value
///
/// Codes are canonical (in order of length, then class) and written with their first bit lowest. Distances of more than
/// 48 bits are not coded this way: then a code and its bits always fit one 64-bit load.
///
/// Huffman, "A Method for the Construction of Minimum-Redundancy Codes", Proc. IRE 40(9) 1952,
/// doi:10.1109/JRPROC.1952.273898; coding classes and leaving the bits below them raw is what JPEG does with its
/// coefficients, and pcodec with its bins. An arithmetic coder would save 2 % more and decode at half the speed.
enum PrefixCodes {
    static let streamCount = 4
    static let maximumClasses = 98
    static let maximumLength = 8

    struct Plan {
        var center: Int64
        var codeLengths: CodeLengths
        var bitCount: Int
    }

    /// Nil when a class is too wide.
    static func plan(_ profile: SequenceProfile) -> Plan? {
        guard let last = profile.classes.lastIndex(where: { $0 > 0 }), last < maximumClasses else { return nil }
        let histogram = Array(profile.classes[...last])
        let codeLengths = HuffmanLengths.limited(histogram, to: maximumLength)
        var bits = 0
        for (index, count) in histogram.enumerated() {
            bits += count * (codeLengths[index] + DistanceClass.rawBits(index))
        }
        // Half a byte is lost at the end of each stream; one byte says it is prefix-coded.
        let bytes =
            bits / 8 + streamCount / 2 + 1 + varintByteCount(ZigZag.unsigned(profile.center)) + 1 + (last + 2) / 2
            + streamCount * varintByteCount(UInt64(bits / 8 / streamCount))
        return Plan(center: profile.center, codeLengths: codeLengths, bitCount: bytes * 8)
    }

    static func encode(_ values: UnsafeBufferPointer<Int64>, _ plan: Plan, to bytes: inout [UInt8]) {
        bytes.appendSignedVarint(plan.center)
        let lengths = plan.codeLengths
        bytes.append(UInt8(lengths.count))
        for index in stride(from: 0, to: lengths.count, by: 2) {
            bytes.append(UInt8(lengths[index] | (index + 1 < lengths.count ? lengths[index + 1] << 4 : 0)))
        }
        let codes = canonicalCodes(lengths)
        var streams: [UInt8] = []
        for stream in 0..<streamCount {
            let before = streams.count
            unsafe append(values, stream, rowCount(stream, values.count), plan, codes, to: &streams)
            bytes.appendVarint(UInt64(streams.count - before))
        }
        bytes += streams
    }

    private static func append(
        _ values: UnsafeBufferPointer<Int64>, _ stream: Int, _ rows: Int, _ plan: Plan, _ codes: InlineArray<98, UInt8>,
        to bytes: inout [UInt8]
    ) {
        guard rows > 0 else { return }
        var used = 0
        let start = bytes.count
        // A store is eight bytes wide.
        unsafe bytes.append(count: rows * 7 + 8) { target in
            var pending: UInt64 = 0
            var pendingBits = 0
            for index in 0..<rows {
                let value = unsafe values[index &* streamCount &+ stream]
                let distance = value &- plan.center
                let index = DistanceClass.of(distance)
                let codeLength = plan.codeLengths[index]
                let rawBits = DistanceClass.rawBits(index)
                // What is left of a class's base is in the low bits, of negative distances, too.
                let raw = UInt64(bitPattern: distance) & ((1 &<< UInt64(truncatingIfNeeded: rawBits)) &- 1)
                let code = UInt64(codes[index]) | raw &<< UInt64(truncatingIfNeeded: codeLength)
                // At most 7 + 55 bits.
                pending |= code &<< UInt64(truncatingIfNeeded: pendingBits)
                pendingBits &+= codeLength &+ rawBits
                unsafe target.storeBytes(of: pending.littleEndian, toByteOffset: used, as: UInt64.self)
                used &+= pendingBits &>> 3
                pending &>>= UInt64(truncatingIfNeeded: pendingBits & ~7)
                pendingBits &= 7
            }
            if pendingBits > 0 {
                unsafe target.storeBytes(of: UInt8(truncatingIfNeeded: pending), toByteOffset: used, as: UInt8.self)
                used += 1
            }
        }
        bytes.removeLast(bytes.count - start - used)
    }

    /// Per class its code with the first bit lowest.
    private static func canonicalCodes(_ lengths: CodeLengths) -> InlineArray<98, UInt8> {
        var codes = InlineArray<98, UInt8>(repeating: 0)
        var next = InlineArray<9, Int>(repeating: 0)
        for index in 0..<lengths.count {
            let length = lengths[index]
            if length < maximumLength { next[length &+ 1] &+= 1 }
        }
        // Of a class without values the length is 0, and it takes no code.
        next[1] = 0
        for length in 2...maximumLength { next[length] = (next[length] &+ next[length &- 1]) &<< 1 }
        for index in 0..<lengths.count {
            let length = lengths[index]
            guard length > 0 else { continue }
            codes[index] = reversed(UInt8(truncatingIfNeeded: next[length])) &>> UInt8(maximumLength &- length)
            next[length] &+= 1
        }
        return codes
    }

    /// Eight bits the other way round, by two multiplications (Anderson, "Bit Twiddling Hacks").
    private static func reversed(_ bits: UInt8) -> UInt8 {
        let spread = (UInt64(bits) &* 0x8020_0802) & 0x08_8442_2110
        return UInt8(truncatingIfNeeded: (spread &* 0x01_0101_0101) >> 32)
    }

    /// Per class the bits of its code, 0...8.
    struct CodeLengths {
        private(set) var count = 0
        private var lengths = InlineArray<98, UInt8>(repeating: 0)

        subscript(index: Int) -> Int { Int(lengths[index]) }

        /// At most 98 in all.
        mutating func append(_ length: UInt8) {
            lengths[count] = length
            count += 1
        }
    }

    /// A sequence found in bytes, its lengths checked. As long-lived as the bytes.
    @safe struct Coded {
        let count: Int
        let center: Int64
        let codeLengths: CodeLengths
        /// The most bits that a value takes.
        let longest: Int
        /// All values are of one class.
        let isAlone: Bool
        let streamByteCounts: InlineArray<4, Int>
        let streams: UnsafeRawBufferPointer
    }

    static func read(_ reader: inout ByteReader, count: Int) throws(CodecError) -> Coded {
        let center = try reader.signedVarint()
        let classes = Int(try reader.byte())
        guard (1...maximumClasses).contains(classes) else { throw .corrupt("\(classes) classes of bit lengths") }
        var lengths = CodeLengths()
        var space = 0
        var used = 0
        var longest = 0
        while lengths.count < classes {
            let pair = try reader.byte()
            for length in [pair & 15, pair >> 4] where lengths.count < classes {
                guard Int(length) <= maximumLength else { throw .corrupt("a code of \(length) bits") }
                if length > 0 {
                    space += 1 << (maximumLength - Int(length))
                    used += 1
                    longest = max(longest, Int(length) + DistanceClass.rawBits(lengths.count))
                }
                lengths.append(length)
            }
        }
        // One class alone has a code of one bit and leaves the other half unused.
        guard space == 1 << maximumLength || used == 1 && space == 1 << (maximumLength - 1) else {
            throw .corrupt("code lengths that are no code")
        }
        var byteCounts = InlineArray<4, Int>(repeating: 0)
        var total = 0
        for stream in 0..<streamCount {
            byteCounts[stream] = try reader.count(in: 0...rowCount(stream, count) * 7, "the size of a stream")
            total += byteCounts[stream]
        }
        let streams = unsafe try reader.take(total)
        return unsafe Coded(
            count: count, center: center, codeLengths: lengths, longest: longest, isAlone: used == 1,
            streamByteCounts: byteCounts, streams: streams)
    }

    private static func rowCount(_ stream: Int, _ count: Int) -> Int {
        max(0, (count - stream + streamCount - 1) / streamCount)
    }

    /// Writes the values to `output`, which has room for `count` rounded up to four.
    ///
    /// - Throws: `.corrupt` when a stream is longer or shorter than its values.
    static func decode(_ coded: Coded, into output: UnsafeMutablePointer<Int64>) throws(CodecError) {
        let groups = (coded.count + streamCount - 1) / streamCount
        // Whatever the bits say, no stream is read further than this behind its beginning.
        let reach = (groups * coded.longest + 7) / 8 + 8
        var ends = InlineArray<4, Int>(repeating: 0)
        let size = unsafe coded.streams.count + reach
        unsafe withUnsafeTemporaryAllocation(byteCount: size, alignment: 8) { copy in
            guard let start = copy.baseAddress else { return }
            if let source = unsafe coded.streams.baseAddress {
                unsafe start.copyMemory(from: source, byteCount: coded.streams.count)
            }
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: copy[coded.streams.count...])
            unsafe rest.initializeMemory(as: UInt8.self, repeating: 0)
            unsafe ends = decode(coded, UnsafeRawPointer(start), output)
        }
        var offset = 0
        for stream in 0..<streamCount {
            // The rows that fill up the last group read bits that are not theirs.
            guard stream >= coded.count || (ends[stream] - offset * 8 + 7) / 8 == coded.streamByteCounts[stream] else {
                throw .corrupt("a stream of prefix codes is not as long as its values")
            }
            offset += coded.streamByteCounts[stream]
        }
    }

    /// Returns where each stream ended after its own rows, in bits.
    private static func decode(
        _ coded: Coded, _ bytes: UnsafeRawPointer, _ output: UnsafeMutablePointer<Int64>
    ) -> InlineArray<4, Int> {
        var ends = InlineArray<4, Int>(repeating: 0)
        unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: Table.capacity) { entries in
            guard let start = entries.baseAddress else { return }
            let table = unsafe Table(coded, start)
            // A load brings 56 bits at least.
            if coded.longest <= 14 {
                unsafe ends = decode(coded, bytes, table, output, valuesPerLoad: 4)
            } else if coded.longest <= 28 {
                unsafe ends = decode(coded, bytes, table, output, valuesPerLoad: 2)
            } else {
                unsafe ends = decode(coded, bytes, table, output, valuesPerLoad: 1)
            }
        }
        return ends
    }

    @inline(__always)
    private static func decode(
        _ coded: Coded, _ bytes: UnsafeRawPointer, _ table: Table, _ output: UnsafeMutablePointer<Int64>,
        valuesPerLoad: Int
    ) -> InlineArray<4, Int> {
        var first = Stream(position: 0)
        var second = Stream(position: coded.streamByteCounts[0] &* 8)
        var third = Stream(position: second.position &+ coded.streamByteCounts[1] &* 8)
        var fourth = Stream(position: third.position &+ coded.streamByteCounts[2] &* 8)
        let step = streamCount &* valuesPerLoad
        var row = 0
        while row &+ step <= coded.count {
            unsafe first.load(bytes)
            unsafe second.load(bytes)
            unsafe third.load(bytes)
            unsafe fourth.load(bytes)
            for _ in 0..<valuesPerLoad {
                let target = unsafe output + row
                unsafe target[0] = first.next(table)
                unsafe target[1] = second.next(table)
                unsafe target[2] = third.next(table)
                unsafe target[3] = fourth.next(table)
                row &+= streamCount
            }
            first.unload()
            second.unload()
            third.unload()
            fourth.unload()
        }
        while row < coded.count {
            unsafe first.load(bytes)
            unsafe output[row] = first.next(table)
            first.unload()
            (first, second, third, fourth) = (second, third, fourth, first)
            row &+= 1
        }
        // The streams took turns at the end.
        var ends = InlineArray<4, Int>(repeating: 0)
        let turn = coded.count % streamCount
        let streams = [first, second, third, fourth]
        for stream in 0..<streamCount { ends[stream] = streams[(stream - turn + streamCount) % streamCount].position }
        return ends
    }

    /// Where one stream is read.
    private struct Stream {
        /// In bits.
        var position: Int
        /// The next bits, lowest first, under a highest bit that tells when counted from above how many are used.
        private var word: UInt64 = 0

        init(position: Int) {
            self.position = position
        }

        @inline(__always) mutating func load(_ bytes: UnsafeRawPointer) {
            unsafe word = bytes.loadUnaligned(fromByteOffset: position &>> 3, as: UInt64.self)
            word = word &>> UInt64(truncatingIfNeeded: position & 7) | 1 &<< 63
        }

        @inline(__always) mutating func unload() {
            position &+= word.leadingZeroBitCount
        }

        @inline(__always) mutating func next(_ table: Table) -> Int64 {
            let place = unsafe table.start + Int(truncatingIfNeeded: word & 0xff)
            let raw = unsafe (word &>> place[Table.codeLength]) & place[Table.mask]
            unsafe word &>>= place[Table.bitCount]
            return unsafe Int64(bitPattern: place[Table.smallest] &+ raw)
        }
    }

    /// Per eight bits the class that they begin with, in four arrays that lie one after the other.
    @safe private struct Table {
        /// The smallest value of the class.
        static let smallest = 0
        static let mask = 256
        static let codeLength = 512
        /// With the bits behind the code.
        static let bitCount = 768
        static let capacity = 1024

        let start: UnsafeMutablePointer<UInt64>

        init(_ coded: Coded, _ start: UnsafeMutablePointer<UInt64>) {
            unsafe self.start = start
            let codes = canonicalCodes(coded.codeLengths)
            for index in 0..<coded.codeLengths.count {
                let length = coded.codeLengths[index]
                guard length > 0 else { continue }
                let rawBits = DistanceClass.rawBits(index)
                let smallest = UInt64(bitPattern: coded.center &+ DistanceClass.base(index))
                var place = Int(codes[index])
                // A class alone has the code 0, and takes what begins with 1, too.
                let step = coded.isAlone ? 1 : 1 << length
                let mask: UInt64 = (1 &<< UInt64(truncatingIfNeeded: rawBits)) &- 1
                let bitCount = UInt64(truncatingIfNeeded: length &+ rawBits)
                while place < Table.mask {
                    let entry = unsafe start + place
                    unsafe entry[Table.smallest] = smallest
                    unsafe entry[Table.mask] = mask
                    unsafe entry[Table.codeLength] = UInt64(truncatingIfNeeded: length)
                    unsafe entry[Table.bitCount] = bitCount
                    place &+= step
                }
            }
        }
    }
}
