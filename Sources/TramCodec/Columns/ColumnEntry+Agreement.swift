public import TramColumnar

extension ColumnEntry {
    /// A part of an entry that its column can be asked for.
    public enum Part: String, Equatable, Sendable, CaseIterable {
        case codec, type, nulls, count, minimum, maximum, first, last, sum, nonFinite
    }

    /// The first part that says something else than the column it stands for; nil when all of them agree.
    ///
    /// Checksums find what the disk has changed. This finds what was written wrong: an entry answers questions in place
    /// of its column, and nobody would notice.
    ///
    /// - Parameters:
    ///   - bytes: the column's.
    ///   - vector: what `ColumnDecoder.decode` has made of them.
    /// - Throws: as `ColumnDecoder.mantissas`.
    /// - Complexity: O(rows).
    public func disagreement(_ bytes: RawSpan, _ vector: Vector) throws(CodecError) -> Part? {
        guard bytes.byteCount > 0 else { throw .short(needed: 1, present: 0) }
        let tag = unsafe bytes.unsafeLoad(fromByteOffset: 0, as: UInt8.self)
        if tag & 15 != codec.rawValue { return .codec }
        if tag >> 4 != nulls.rawValue { return .nulls }
        if vector.type != type { return .type }
        var values = vector.bits
        if let presence = vector.presence {
            values = vector.bits.indices.filter { presence[$0] }.map { vector.bits[$0] }
        }
        if values.count != count { return .count }
        let told = unsafe values.withUnsafeBufferPointer {
            unsafe ColumnStatistics(type, $0, decimalSum: nil)
        }
        if told.minimum != minimum { return .minimum }
        if told.maximum != maximum { return .maximum }
        if told.first != first { return .first }
        if told.last != last { return .last }
        if told.hasNonFinite != hasNonFinite { return .nonFinite }
        return try hasSum(told.sum, bytes, vector.count) ? nil : .sum
    }

    /// Whether the sum is that of the column, which was added up as `told`.
    private func hasSum(_ told: Sum, _ bytes: RawSpan, _ rows: Int) throws(CodecError) -> Bool {
        guard case .exact(let sum, let scale) = sum, case .double(let high, let low) = told else { return sum == told }
        if hasMantissas {
            guard let (values, digits) = try ColumnDecoder.mantissas(bytes, type: type, rows: rows) else {
                return false
            }
            var total: Int128 = 0
            for value in values { total &+= Int128(value) }
            let common = max(scale, digits)
            return sum &* ColumnEntry.power(common - scale) == total &* ColumnEntry.power(common - digits)
        }
        // Decimals among which is a NaN or an infinity have no integers to add; doubles tell it nearly.
        let exact = Double(sum) / Double(ColumnEntry.power(scale))
        let largest = max(abs(Double(bitPattern: minimum)), abs(Double(bitPattern: maximum)))
        return abs(exact - (high + low)) <= 1e-12 * largest * Double(count)
    }

    private static func power(_ exponent: Int) -> Int128 {
        var power: Int128 = 1
        for _ in 0..<min(max(exponent, 0), 38) { power &*= 10 }
        return power
    }
}
