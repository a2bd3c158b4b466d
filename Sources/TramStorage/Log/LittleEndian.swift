extension [UInt8] {
    /// Appends the bytes of a number, lowest first.
    mutating func append<Number: FixedWidthInteger & UnsignedInteger>(littleEndian number: Number) {
        for shift in stride(from: 0, to: Number.bitWidth, by: 8) {
            append(UInt8(truncatingIfNeeded: number >> shift))
        }
    }

    /// The number whose bytes stand at `offset`, lowest first.
    func littleEndian<Number: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        at offset: Int, as: Number.Type
    ) -> Number {
        unsafe Number(littleEndian: span.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Number.self))
    }
}
