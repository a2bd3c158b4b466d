/// A sequence of 1...1,024 64-bit integers ⇄ bytes: the transforms and their tag.
///
/// The first byte is the transform, plus 128 when all values were divided; then its fields. "packed n" stands for n
/// values of `PackedIntegers`; all arithmetic is modulo 2^64, so every sequence comes back whatever it does.
///
///     transform        fields after the tag
///     0 constant       value, signed varint
///     1 stride         first, step: signed varints; v[i] = first + i * step
///     2 plain          packed n: frame of reference
///     3 delta          first, signed varint; packed n - 1: v[i] - v[i - 1]
///     4 deltaOfDelta   first, first difference: signed varints; packed n - 2: differences of differences
///     5 line           first, slope: signed varints; packed n: v[i] - (first + (i * slope >> 16))
///     6 runs           runs, varint; packed runs: length - 1; packed runs: values
///     7 ranks          distinct, varint, 2...; smallest, signed varint; packed distinct - 1: steps to the next
///                      larger; packed n: numbers of the values in that order
///     8 rankDeltas     as ranks, but the numbers as in delta: first, signed varint; packed n - 1
///
/// When the tag has 128 added, origin (signed varint) and divisor (varint, 2...) follow it, and what the rest decodes
/// to is multiplied by the divisor and added to the origin: whole seconds kept in nanoseconds cost nothing.
///
/// Constant, stride, plain and line give a value without decoding the others, unless prefix codes are in them.
/// Differences of differences are from Pelkonen et al., "Gorilla", PVLDB 8(12) 2015, doi:10.14778/2824032.2824078.
enum IntegerCodec {
    enum Transform: UInt8 {
        case constant, stride, plain, delta, deltaOfDelta, line, runs, ranks, rankDeltas
    }

    static let dividedFlag: UInt8 = 0x80
    /// What `decode` may write behind the last value.
    static let slack = 32

    /// Values for which `decode` needs room.
    static func capacity(_ count: Int) -> Int { BitPacking.paddedCount(count) + slack }

    /// Decodes `count` values, 1...1,024, into `output`, which has room for `capacity(count)`.
    static func decode(
        _ reader: inout ByteReader, count: Int, into output: UnsafeMutablePointer<Int64>
    ) throws(CodecError) {
        let tag = try reader.byte()
        guard tag >= dividedFlag else { return unsafe try decode(tag, &reader, count, output) }
        let origin = try reader.signedVarint()
        let divisor = Int64(bitPattern: try reader.varint())
        unsafe try decode(tag & ~dividedFlag, &reader, count, output)
        for row in 0..<count { unsafe output[row] = origin &+ output[row] &* divisor }
    }

    /// Decodes `count` values, 1...1,024.
    static func decode(_ reader: inout ByteReader, count: Int) throws(CodecError) -> [Int64] {
        var failure: CodecError?
        let values = unsafe [Int64](unsafeUninitializedCapacity: capacity(count)) { buffer, initialized in
            guard let output = buffer.baseAddress else { return }
            do throws(CodecError) {
                unsafe try decode(&reader, count: count, into: output)
                initialized = count
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return values
    }

    /// A column that is packed in one width and nothing else; nil when it is another, and then nothing is read.
    static func readPlain(_ reader: inout ByteReader, count: Int) throws(CodecError) -> PackedIntegers.Packed? {
        var ahead = reader
        guard try ahead.byte() == Transform.plain.rawValue,
            case .fixed(let packed) = try PackedIntegers.read(&ahead, count: count), packed.width <= 51
        else { return nil }
        reader = ahead
        return packed
    }

    private static func decode(
        _ tag: UInt8, _ reader: inout ByteReader, _ count: Int, _ output: UnsafeMutablePointer<Int64>
    ) throws(CodecError) {
        switch try transform(tag) {
        case .constant:
            let value = try reader.signedVarint()
            unsafe output.update(repeating: value, count: count)
        case .stride:
            var value = try reader.signedVarint()
            let step = try reader.signedVarint()
            for row in 0..<count {
                unsafe output[row] = value
                value &+= step
            }
        case .plain:
            unsafe try PackedIntegers.decode(try PackedIntegers.read(&reader, count: count), into: output)
        case .delta:
            unsafe try decodeDelta(&reader, count, output)
        case .deltaOfDelta:
            guard count > 2 else { throw .corrupt("\(count) values have no differences of differences") }
            unsafe output[0] = try reader.signedVarint()
            unsafe output[1] = try reader.signedVarint()
            unsafe try PackedIntegers.decode(try PackedIntegers.read(&reader, count: count - 2), into: output + 2)
            unsafe sum(output + 1, count - 1)
            unsafe sum(output, count)
        case .line:
            let line = FittedLine(first: try reader.signedVarint(), slope: try reader.signedVarint())
            unsafe try PackedIntegers.decode(try PackedIntegers.read(&reader, count: count), into: output)
            for row in 0..<count { unsafe output[row] = output[row] &+ line[row] }
        case .runs:
            unsafe try RunLength.decode(&reader, count, output)
        case .ranks, .rankDeltas:
            unsafe try RankDictionary.decode(
                &reader, count, output, hasDeltas: tag == Transform.rankDeltas.rawValue)
        }
    }

    static func transform(_ tag: UInt8) throws(CodecError) -> Transform {
        guard let transform = Transform(rawValue: tag) else { throw .corrupt("no integer codec has the tag \(tag)") }
        return transform
    }

    static func decodeDelta(
        _ reader: inout ByteReader, _ count: Int, _ output: UnsafeMutablePointer<Int64>
    ) throws(CodecError) {
        guard count > 1 else { throw .corrupt("one value has no differences") }
        unsafe output[0] = try reader.signedVarint()
        unsafe try PackedIntegers.decode(try PackedIntegers.read(&reader, count: count - 1), into: output + 1)
        unsafe sum(output, count)
    }

    /// Each value becomes the sum of itself and all before it.
    private static func sum(_ values: UnsafeMutablePointer<Int64>, _ count: Int) {
        var sum: Int64 = 0
        for row in 0..<count {
            sum = unsafe sum &+ values[row]
            unsafe values[row] = sum
        }
    }
}

/// A straight line through a clock that drifts or jitters: `first + (row * slope >> 16)`.
struct FittedLine {
    var first: Int64
    /// Per row, in units of 2^-16.
    var slope: Int64

    subscript(row: Int) -> Int64 { first &+ (Int64(row) &* slope) &>> 16 }

    /// Through the first and the last value; nil when the slope does not fit 64 bits.
    static func fitted(_ values: UnsafeBufferPointer<Int64>) -> FittedLine? {
        guard values.count > 1 else { return nil }
        let first = unsafe values[0]
        let (rise, overflow) = unsafe values[values.count - 1].subtractingReportingOverflow(first)
        guard !overflow, rise.magnitude < 1 << 47 else { return nil }
        return FittedLine(first: first, slope: (rise << 16) / Int64(values.count - 1))
    }
}

/// Values that stay for long: lengths and values of the runs. States, flags, set points.
enum RunLength {
    static func decode(
        _ reader: inout ByteReader, _ count: Int, _ output: UnsafeMutablePointer<Int64>
    ) throws(CodecError) {
        let runs = try reader.count(in: 1...count, "the number of runs")
        let lengths = try PackedIntegers.read(&reader, count: runs)
        let values = try PackedIntegers.read(&reader, count: runs)
        let capacity = BitPacking.paddedCount(runs)
        var failure: CodecError?
        unsafe withUnsafeTemporaryAllocation(of: Int64.self, capacity: 2 * capacity) { scratch in
            guard let lengthsOut = scratch.baseAddress else { return }
            let valuesOut = unsafe lengthsOut + capacity
            do throws(CodecError) {
                unsafe try PackedIntegers.decode(lengths, into: lengthsOut)
                unsafe try PackedIntegers.decode(values, into: valuesOut)
            } catch {
                failure = error
                return
            }
            var row = 0
            for run in 0..<runs {
                let more = unsafe lengthsOut[run]
                guard more >= 0, more < count - row else {
                    failure = .corrupt("the runs are longer than the column")
                    return
                }
                let length = Int(more) + 1
                unsafe (output + row).update(repeating: valuesOut[run], count: length)
                row += length
            }
            if row != count { failure = .corrupt("the runs are shorter than the column") }
        }
        if let failure { throw failure }
    }

    /// Lengths minus one, and values.
    static func runs(_ values: UnsafeBufferPointer<Int64>) -> (lengths: [Int64], values: [Int64]) {
        var lengths: [Int64] = []
        var starts: [Int64] = []
        for row in 0..<values.count {
            let value = unsafe values[row]
            if row > 0, unsafe values[row - 1] == value {
                lengths[lengths.count - 1] += 1
            } else {
                starts.append(value)
                lengths.append(0)
            }
        }
        return (lengths, starts)
    }
}
