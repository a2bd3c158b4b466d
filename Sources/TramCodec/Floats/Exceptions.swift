/// The rows of a float column that its integers do not give back: NaN, infinities, -0.0, and values that are not of the
/// column's kind.
///
///     bytes                field
///     1...2                rows, varint: 0 ends the section
///     1                    kind: 0 the doubles' bits; 1 + t: decimals, mantissa / 10^t, t 0...15
///     (kind 1 + t:)
///     1...10               smallest mantissa, signed varint
///     1                    width, 0...64
///     (rows*(10+w)+7)/8    rows in rising order, ten bits each, then bits (w = 64) or mantissa - smallest (w = width)
///
/// Decimals keep a column's sum exact although a few of its values have more digits than the others.
struct FloatExceptions {
    static let maximumScale = 15

    private(set) var rows: [Int]
    /// Nil for bits.
    private(set) var scale: Int?
    /// Bits or mantissas.
    private(set) var values: [Int64]

    static let none = FloatExceptions(rows: [], scale: nil, values: [])

    /// As decimals when all of them are; the largest of their scales is taken for all.
    init(_ rows: [Int], of bits: UnsafeBufferPointer<UInt64>) {
        self.rows = rows
        var decimals: [DecimalFloat.Decimal] = []
        for row in rows {
            guard let decimal = DecimalFloat.decimal(unsafe Double(bitPattern: bits[row])) else { break }
            decimals.append(decimal)
        }
        let scale = decimals.map(\.scale).max() ?? 0
        values = []
        if decimals.count == rows.count, !rows.isEmpty {
            for decimal in decimals {
                let factor = DecimalFloat.integerPowers[scale - decimal.scale]
                let (mantissa, overflow) = decimal.mantissa.multipliedReportingOverflow(by: factor)
                if overflow { break }
                // At a larger scale it has to be the same double still.
                let original = unsafe bits[rows[values.count]]
                if (Double(mantissa) / DecimalScaling.powers[scale]).bitPattern != original { break }
                values.append(mantissa)
            }
        }
        if values.count == rows.count, !rows.isEmpty {
            self.scale = scale
        } else {
            self.scale = nil
            values = rows.map { unsafe Int64(bitPattern: bits[$0]) }
        }
    }

    private init(rows: [Int], scale: Int?, values: [Int64]) {
        self.rows = rows
        self.scale = scale
        self.values = values
    }

    var bitCount: Int {
        guard !rows.isEmpty else { return 8 }
        guard scale != nil, let smallest = values.min(), let largest = values.max() else { return rows.count * 74 + 24 }
        return rows.count * (PackedIntegers.rowBits + UInt64(bitPattern: largest &- smallest).bitLength) + 80
    }

    func encode(to bytes: inout [UInt8]) {
        bytes.appendVarint(UInt64(rows.count))
        guard !rows.isEmpty else { return }
        var smallest: Int64 = 0
        var width = 64
        if let scale {
            bytes.append(UInt8(scale + 1))
            smallest = values.min() ?? 0
            width = UInt64(bitPattern: (values.max() ?? 0) &- smallest).bitLength
            bytes.appendSignedVarint(smallest)
            bytes.append(UInt8(width))
        } else {
            bytes.append(0)
        }
        var writer = BitWriter()
        for row in rows { writer.append(UInt64(row), width: PackedIntegers.rowBits, to: &bytes) }
        for value in values { writer.append(UInt64(bitPattern: value &- smallest), width: width, to: &bytes) }
        writer.finish(&bytes)
    }

    init(_ reader: inout ByteReader, count: Int) throws(CodecError) {
        let size = try reader.count(in: 0...count, "the number of exceptions")
        self = .none
        guard size > 0 else { return }
        let kind = Int(try reader.byte())
        guard kind <= FloatExceptions.maximumScale + 1 else { throw .corrupt("exceptions of the kind \(kind)") }
        var smallest: Int64 = 0
        var width = 64
        if kind > 0 {
            scale = kind - 1
            smallest = try reader.signedVarint()
            width = Int(try reader.byte())
            guard width <= 64 else { throw .corrupt("an exception of \(width) bits") }
        }
        let size1 = BitReader.byteCount(bits: size * (PackedIntegers.rowBits + width))
        var bits = unsafe BitReader(try reader.take(size1))
        for _ in 0..<size {
            let row = Int(bits.read(width: PackedIntegers.rowBits))
            guard row > rows.last ?? -1, row < count else { throw .corrupt("an exception for row \(row) of \(count)") }
            rows.append(row)
        }
        for _ in 0..<size { values.append(smallest &+ Int64(bitPattern: bits.read(width: width))) }
    }

    /// Puts the doubles in their rows.
    func patch(_ output: UnsafeMutablePointer<UInt64>) {
        for (index, row) in rows.enumerated() {
            if let scale {
                unsafe output[row] = (Double(values[index]) / DecimalScaling.powers[scale]).bitPattern
            } else {
                unsafe output[row] = UInt64(bitPattern: values[index])
            }
        }
    }
}
