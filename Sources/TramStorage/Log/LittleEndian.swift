extension [UInt8] {
    /// Appends the bytes of a number, lowest first.
    mutating func append<Number: FixedWidthInteger & UnsignedInteger>(littleEndian number: Number) {
        unsafe Swift.withUnsafeBytes(of: number.littleEndian) { unsafe append(contentsOf: $0) }
    }

    /// The number whose bytes stand at `offset`, lowest first.
    func littleEndian<Number: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        at offset: Int, as: Number.Type
    ) -> Number {
        unsafe Number(littleEndian: span.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Number.self))
    }
}
