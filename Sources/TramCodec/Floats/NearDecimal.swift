/// Doubles that arithmetic has moved away from their decimals: 35.32600000000001.
///
///     bytes   field
///     1       scale, 0...15
///     ...     q, `IntegerCodec`
///     ...     steps, `IntegerCodec`: the double is as many representable numbers away from q / 10^scale
///
/// Steps are added to the quotient's bits, modulo 2^64, so any double at all has one. A few steps on most rows cost
/// two bits a value, where exceptions would cost 74.
///
/// The same is done by pcodec (Loncaric et al.), which calls it a float multiplier and its adjustment.
enum NearDecimal {
    struct Split {
        var scale: Int
        var integers: [Int64]
        var steps: [Int64]
    }

    /// The scale that makes integers and steps of a sample shortest; nil when none makes them shorter than 48 bits.
    static func scale(_ bits: UnsafeBufferPointer<UInt64>) -> Int? {
        var best: Int?
        let size = min(64, bits.count)
        var bestCost = size * 48
        for scale in 0...DecimalFloat.maximumScale {
            let power = DecimalScaling.powers[scale]
            var cost = 0
            var last: Int64?
            for index in 0..<size {
                let (integer, step) = split(
                    unsafe bits[index * (bits.count - 1) / max(1, size - 1)], power: power, last: last ?? 0)
                if let last { cost += ZigZag.unsigned(integer &- last).bitLength }
                last = integer
                cost += ZigZag.unsigned(step).bitLength
            }
            if cost < bestCost {
                best = scale
                bestCost = cost
            }
        }
        return best
    }

    static func split(_ bits: UnsafeBufferPointer<UInt64>, scale: Int) -> Split {
        let power = DecimalScaling.powers[scale]
        var split = Split(scale: scale, integers: [], steps: [])
        split.integers.reserveCapacity(bits.count)
        split.steps.reserveCapacity(bits.count)
        for row in 0..<bits.count {
            let (integer, step) = self.split(unsafe bits[row], power: power, last: split.integers.last ?? 0)
            split.integers.append(integer)
            split.steps.append(step)
        }
        return split
    }

    /// What is too large for an integer, or no number, keeps the integer before.
    private static func split(_ bits: UInt64, power: Double, last: Int64) -> (integer: Int64, step: Int64) {
        let shifted = Double(bitPattern: bits) * power + DecimalScaling.magic
        var integer = last
        if shifted.bitPattern >> 52 == DecimalScaling.magic.bitPattern >> 52 {
            integer = Int64(bitPattern: shifted.bitPattern &- DecimalScaling.magic.bitPattern)
        }
        return (integer, Int64(bitPattern: bits &- (Double(integer) / power).bitPattern))
    }

    static func encode(
        _ split: Split, _ preference: CodecPreference, _ state: inout IntegerCodecState, to bytes: inout [UInt8]
    ) {
        bytes.append(UInt8(split.scale))
        unsafe split.integers.withUnsafeBufferPointer {
            unsafe IntegerChooser(preference).encode($0, &state, to: &bytes)
        }
        var steps = IntegerCodecState()
        unsafe split.steps.withUnsafeBufferPointer {
            unsafe IntegerChooser(preference).encode($0, &steps, to: &bytes)
        }
    }

    /// Decodes `count` doubles into `output`, which has room for `IntegerCodec.capacity(count)`.
    static func decode(
        _ reader: inout ByteReader, count: Int, into output: UnsafeMutablePointer<UInt64>
    ) throws(CodecError) {
        let scale = Int(try reader.byte())
        guard scale <= DecimalFloat.maximumScale else { throw .corrupt("\(scale) fraction digits") }
        let capacity = IntegerCodec.capacity(count)
        unsafe try output.withMemoryRebound(to: Int64.self, capacity: capacity) { integers throws(CodecError) in
            unsafe try IntegerCodec.decode(&reader, count: count, into: integers)
        }
        unsafe FloatKernels.decode(
            UnsafeMutableRawPointer(output), count: count, DecimalScaling.quotient(scale: scale).constants)
        let steps = try IntegerCodec.decode(&reader, count: count)
        for row in 0..<count { unsafe output[row] = output[row] &+ UInt64(bitPattern: steps[row]) }
    }
}
