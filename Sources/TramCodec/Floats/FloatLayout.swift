/// What stands before the integers of a float column: how they become doubles, and which do not.
struct FloatLayout {
    let scaling: DecimalScaling
    /// Fraction digits when the integers, or what fractions make of them, are decimals.
    let decimalScale: Int?
    let exceptions: FloatExceptions

    /// Nil for codecs without integers of this kind.
    init?(_ reader: inout ByteReader, _ codec: Codec, _ count: Int) throws(CodecError) {
        switch codec {
        case .quotient:
            let scale = Int(try reader.byte())
            guard scale <= DecimalFloat.maximumScale else { throw .corrupt("\(scale) fraction digits") }
            scaling = .quotient(scale: scale)
            decimalScale = scale
        case .product:
            let exponent = Int(try reader.byte())
            let factor = Int(try reader.byte())
            let isDecimal = try reader.byte()
            guard exponent <= DecimalScaling.maximumScale, factor <= exponent, isDecimal <= 1,
                isDecimal == 0 || exponent - factor <= DecimalFloat.maximumScale
            else { throw .corrupt("a product of 10^\(factor) and 10^-\(exponent)") }
            scaling = .product(exponent: exponent, factor: factor)
            decimalScale = isDecimal == 1 ? exponent - factor : nil
        case .fraction:
            let scale = Int(try reader.byte())
            guard scale <= DecimalFloat.maximumScale else { throw .corrupt("\(scale) fraction digits") }
            let denominator = try reader.count(in: 1...DecimalScaling.maximumDenominator, "a denominator")
            scaling = .fraction(scale: scale, denominator: denominator)
            decimalScale = scale
        case .empty, .integers, .split, .floatBits, .near: return nil
        }
        exceptions = try FloatExceptions(&reader, count: count)
    }

    /// Decodes the integers at the reader to doubles. `output` has room for `IntegerCodec.capacity(count)`.
    func decode(
        _ reader: inout ByteReader, _ count: Int, _ output: UnsafeMutablePointer<UInt64>
    ) throws(CodecError) {
        let constants = scaling.constants
        if let packed = try IntegerCodec.readPlain(&reader, count: count) {
            unsafe FloatKernels.unpack(packed, constants, into: output)
        } else {
            let capacity = IntegerCodec.capacity(count)
            unsafe try output.withMemoryRebound(to: Int64.self, capacity: capacity) { integers throws(CodecError) in
                unsafe try IntegerCodec.decode(&reader, count: count, into: integers)
            }
            unsafe FloatKernels.decode(UnsafeMutableRawPointer(output), count: count, constants)
        }
        unsafe exceptions.patch(output)
    }
}
