/// Distances from a centre, each in a code for its bit length and as many bits: small where values are mostly near.
///
/// 1. A value's zigzag distance z from the centre has bit length c, its class: 0, 1, 2-3, 4-7, ...
/// 2. Classes get Huffman codes of at most eight bits. A value is its class's code and the c - 1 bits below z's highest.
/// 3. Row `i` goes to stream `i & 3`. Four streams are read side by side, since each must wait for its own last length.
///
///     bytes            field
///     1...10           centre, signed varint
///     1                classes, 1...49
///     (classes+1)/2    code lengths, four bits each, lower half first: 0 for a class without values, 1...8
///     4 x 1...2        bytes of each stream, varint
///     ...              the streams: code, lowest bit first, then bits, value by value
///
/// Codes are canonical (in order of length, then class) and written with their first bit lowest. Values whose distance
/// needs more than 48 bits are not coded this way: then a code and its bits always fit one 64-bit load.
///
/// Huffman, "A Method for the Construction of Minimum-Redundancy Codes", Proc. IRE 40(9) 1952,
/// doi:10.1109/JRPROC.1952.273898; coding bit lengths and leaving the bits below them raw is what JPEG does with its
/// coefficients, and pcodec with its bins. Arithmetic coders would save 2 % more and decode at half the speed.
enum PrefixCodes {
    static let streamCount = 4
    static let maximumClasses = 49
    static let maximumLength = 8
    /// No value takes more than this: 8 bits of code and 47 raw.
    private static let maximumValueBits = 55

    struct Plan {
        var center: Int64
        var codeLengths: [UInt8]
        var bitCount: Int
    }

    /// Nil when a class is too wide.
    static func plan(_ profile: SequenceProfile) -> Plan? {
        guard let last = profile.lengths.lastIndex(where: { $0 > 0 }), last < maximumClasses else { return nil }
        let histogram = Array(profile.lengths[...last])
        let codeLengths = HuffmanLengths.limited(histogram, to: maximumLength)
        var bits = 0
        for (length, count) in histogram.enumerated() {
            bits += count * (Int(codeLengths[length]) + max(0, length - 1))
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
            bytes.append(lengths[index] | (index + 1 < lengths.count ? lengths[index + 1] << 4 : 0))
        }
        let codes = canonicalCodes(lengths)
        var streams: [UInt8] = []
        for stream in 0..<streamCount {
            let before = streams.count
            let rows = (values.count - stream + streamCount - 1) / streamCount
            unsafe append(values, stream, max(0, rows), plan, codes, to: &streams)
            bytes.appendVarint(UInt64(streams.count - before))
        }
        bytes += streams
    }

    private static func append(
        _ values: UnsafeBufferPointer<Int64>, _ stream: Int, _ rows: Int, _ plan: Plan, _ codes: [UInt64],
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
                let distance = ZigZag.unsigned(value &- plan.center)
                let length = distance.bitLength
                let codeLength = Int(plan.codeLengths[length])
                let rawBits = max(0, length &- 1)
                let raw = distance & ((1 &<< UInt64(truncatingIfNeeded: rawBits)) &- 1)
                let code = codes[length] | raw &<< UInt64(truncatingIfNeeded: codeLength)
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
    private static func canonicalCodes(_ lengths: [UInt8]) -> [UInt64] {
        var codes = [UInt64](repeating: 0, count: lengths.count)
        var next: UInt64 = 0
        for length in 1...maximumLength {
            for symbol in lengths.indices where Int(lengths[symbol]) == length {
                var reversed: UInt64 = 0
                for bit in 0..<length where next >> UInt64(bit) & 1 != 0 { reversed |= 1 << UInt64(length - 1 - bit) }
                codes[symbol] = reversed
                next += 1
            }
            next <<= 1
        }
        return codes
    }

    /// A sequence found in bytes, its lengths checked. As long-lived as the bytes.
    @safe struct Coded {
        let count: Int
        let center: Int64
        let codeLengths: [UInt8]
        let streamByteCounts: InlineArray<4, Int>
        let streams: UnsafeRawBufferPointer
    }

    static func read(_ reader: inout ByteReader, count: Int) throws(CodecError) -> Coded {
        let center = try reader.signedVarint()
        let classes = Int(try reader.byte())
        guard (1...maximumClasses).contains(classes) else { throw .corrupt("\(classes) classes of bit lengths") }
        var lengths: [UInt8] = []
        var space = 0
        for _ in 0..<(classes + 1) / 2 {
            let pair = try reader.byte()
            for length in [pair & 15, pair >> 4] where lengths.count < classes {
                guard Int(length) <= maximumLength else { throw .corrupt("a code of \(length) bits") }
                lengths.append(length)
                if length > 0 { space += 1 << (maximumLength - Int(length)) }
            }
        }
        // One class alone has a code of one bit and leaves the other half unused.
        let isAlone = lengths.count(where: { $0 > 0 }) == 1
        guard space == 1 << maximumLength || isAlone && space == 1 << (maximumLength - 1) else {
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
            count: count, center: center, codeLengths: lengths, streamByteCounts: byteCounts, streams: streams)
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
        let reach = (groups * maximumValueBits + 7) / 8 + 8
        var ends = InlineArray<4, Int>(repeating: 0)
        let size = unsafe coded.streams.count + reach
        unsafe withUnsafeTemporaryAllocation(byteCount: size, alignment: 8) { copy in
            guard let start = copy.baseAddress else { return }
            if let source = unsafe coded.streams.baseAddress {
                unsafe start.copyMemory(from: source, byteCount: coded.streams.count)
            }
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: copy[coded.streams.count...])
            unsafe rest.initializeMemory(as: UInt8.self, repeating: 0)
            unsafe ends = decode(coded, UnsafeRawPointer(start), groups, output)
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
        _ coded: Coded, _ bytes: UnsafeRawPointer, _ groups: Int, _ output: UnsafeMutablePointer<Int64>
    ) -> InlineArray<4, Int> {
        var ends = InlineArray<4, Int>(repeating: 0)
        unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 1 << maximumLength) { table in
            unsafe fill(table, coded.codeLengths)
            guard let entries = table.baseAddress else { return }
            let center = coded.center
            var first = 0
            var second = coded.streamByteCounts[0] &* 8
            var third = second &+ coded.streamByteCounts[1] &* 8
            var fourth = third &+ coded.streamByteCounts[2] &* 8
            let whole = coded.count / streamCount
            for group in 0..<whole {
                let target = unsafe output + group &* streamCount
                unsafe target[0] = center &+ next(bytes, &first, entries)
                unsafe target[1] = center &+ next(bytes, &second, entries)
                unsafe target[2] = center &+ next(bytes, &third, entries)
                unsafe target[3] = center &+ next(bytes, &fourth, entries)
            }
            let rest = coded.count % streamCount
            let target = unsafe output + whole &* streamCount
            if rest > 0 { unsafe target[0] = center &+ next(bytes, &first, entries) }
            if rest > 1 { unsafe target[1] = center &+ next(bytes, &second, entries) }
            if rest > 2 { unsafe target[2] = center &+ next(bytes, &third, entries) }
            ends[0] = first
            ends[1] = second
            ends[2] = third
            ends[3] = fourth
        }
        return ends
    }

    /// Per eight bits the class that they begin with: highest bit of the distance in 0..<48, code length in 48..<56,
    /// all bits of the value in 56..<64.
    private static func fill(_ table: UnsafeMutableBufferPointer<UInt64>, _ lengths: [UInt8]) {
        unsafe table.initialize(repeating: 0)
        let codes = canonicalCodes(lengths)
        for (symbol, length) in lengths.enumerated() where length > 0 {
            let highest: UInt64 = symbol == 0 ? 0 : 1 << UInt64(symbol - 1)
            let whole = UInt64(length) + UInt64(max(0, symbol - 1))
            let entry = highest | UInt64(length) << 48 | whole << 56
            var place = Int(codes[symbol])
            while place < table.count {
                unsafe table[place] = entry
                place += 1 << Int(length)
            }
        }
    }

    @inline(__always)
    private static func next(
        _ bytes: UnsafeRawPointer, _ position: inout Int, _ table: UnsafeMutablePointer<UInt64>
    ) -> Int64 {
        let word =
            unsafe bytes.loadUnaligned(fromByteOffset: position &>> 3, as: UInt64.self)
            &>> UInt64(truncatingIfNeeded: position & 7)
        let entry = unsafe table[Int(truncatingIfNeeded: word & 0xff)]
        let highest = entry & 0xffff_ffff_ffff
        let below = highest &- (highest == 0 ? 0 : 1)
        let distance = highest | (word &>> (entry &>> 48 & 0xff)) & below
        position &+= Int(truncatingIfNeeded: entry &>> 56)
        return ZigZag.signed(distance)
    }
}
