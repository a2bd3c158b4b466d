/// The rows of a float column that its integers do not give back: NaN, infinities, -0.0, and values that are not of the
/// column's kind.
///
///     bytes         field
///     1...2         rows, varint: 0 ends the section
///     1             kind: 0 the doubles' bits; 1 + t: decimals, mantissa / 10^t, t 0...15
///     ...           rows in rising order, `IntegerCodec`
///     ...           bits or mantissas, `IntegerCodec`
///
/// Decimals keep a column's sum exact although some of its values have more digits than the others; and where values
/// were interpolated over a gap, their rows and steps are regular, which the integer codecs see.
struct FloatExceptions {
    static let maximumScale = 15

    private(set) var rows: [Int]
    /// Nil for bits.
    private(set) var scale: Int?
    /// Bits or mantissas.
    private(set) var values: [Int64]

    static let none = FloatExceptions(rows: [], scale: nil, values: [])

    private init(rows: [Int], scale: Int?, values: [Int64]) {
        self.rows = rows
        self.scale = scale
        self.values = values
    }

    /// As decimals when all of them are; the largest of their scales is taken for all.
    init(_ rows: [Int], of bits: UnsafeBufferPointer<UInt64>) {
        self.rows = rows
        if let (scale, mantissas) = unsafe FloatExceptions.decimals(rows, bits) {
            self.scale = scale
            values = mantissas
        } else {
            scale = nil
            values = rows.map { unsafe Int64(bitPattern: bits[$0]) }
        }
    }

    private static func decimals(
        _ rows: [Int], _ bits: UnsafeBufferPointer<UInt64>
    ) -> (scale: Int, mantissas: [Int64])? {
        var decimals: [DecimalFloat.Decimal] = []
        for row in rows {
            guard let decimal = DecimalFloat.decimal(unsafe Double(bitPattern: bits[row])) else { return nil }
            decimals.append(decimal)
        }
        guard let scale = decimals.map(\.scale).max() else { return nil }
        var mantissas: [Int64] = []
        for (decimal, row) in zip(decimals, rows) {
            let factor = DecimalFloat.integerPowers[scale - decimal.scale]
            let (mantissa, overflow) = decimal.mantissa.multipliedReportingOverflow(by: factor)
            // At the larger scale it has to be the same double still.
            guard !overflow, unsafe bits[row] == decode(mantissa, scale: scale) else { return nil }
            mantissas.append(mantissa)
        }
        return (scale, mantissas)
    }

    private static func decode(_ mantissa: Int64, scale: Int) -> UInt64 {
        (Double(mantissa) / DecimalScaling.powers[scale]).bitPattern
    }

    func encode(_ preference: CodecPreference, to bytes: inout [UInt8]) {
        bytes.appendVarint(UInt64(rows.count))
        guard !rows.isEmpty else { return }
        bytes.append(scale.map { UInt8($0 + 1) } ?? 0)
        var state = IntegerCodecState()
        for numbers in [rows.map(Int64.init), values] {
            unsafe numbers.withUnsafeBufferPointer {
                unsafe IntegerChooser(preference).encode($0, &state, to: &bytes)
            }
        }
    }

    init(_ reader: inout ByteReader, count: Int) throws(CodecError) {
        let size = try reader.count(in: 0...count, "the number of exceptions")
        self = .none
        guard size > 0 else { return }
        let kind = Int(try reader.byte())
        guard kind <= FloatExceptions.maximumScale + 1 else { throw .corrupt("exceptions of the kind \(kind)") }
        scale = kind > 0 ? kind - 1 : nil
        var last = -1
        for number in try IntegerCodec.decode(&reader, count: size) {
            guard let row = Int(exactly: number), row > last, row < count else {
                throw .corrupt("an exception for row \(number) of \(count)")
            }
            rows.append(row)
            last = row
        }
        values = try IntegerCodec.decode(&reader, count: size)
    }

    /// Puts the doubles in their rows.
    func patch(_ output: UnsafeMutablePointer<UInt64>) {
        for (index, row) in rows.enumerated() {
            unsafe output[row] =
                scale.map { FloatExceptions.decode(values[index], scale: $0) } ?? UInt64(bitPattern: values[index])
        }
    }
}
