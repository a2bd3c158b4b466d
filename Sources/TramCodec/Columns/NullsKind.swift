internal import TramColumnar

/// Which rows of a column have a value. Values themselves are stored dense.
///
///     kind       bytes
///     0 none     nothing: every row has one
///     1 bitmap   (rows + 7) / 8: bit `i & 7` of byte `i >> 3` is row `i`
///     2 runs     runs, varint; then the length of each, varint: present rows first (0 when the first row is absent),
///                then absent, in turn; all but the first are at least 1
public enum NullsKind: UInt8, Sendable {
    case none, bitmap, runs
}

extension NullsKind {
    /// Appends `presence`, nil when every row has a value, in the smaller form and returns which.
    static func encode(_ presence: Bitmap?, to bytes: inout [UInt8]) -> NullsKind {
        guard let presence, !presence.isAllSet else { return .none }
        var runs: [UInt8] = []
        var count = 0
        var isPresent = true
        var start = 0
        for row in 0..<presence.count where presence[row] != isPresent {
            runs.appendVarint(UInt64(row - start))
            count += 1
            start = row
            isPresent.toggle()
        }
        runs.appendVarint(UInt64(presence.count - start))
        count += 1
        let bitmapByteCount = (presence.count + 7) / 8
        if runs.count + varintByteCount(UInt64(count)) < bitmapByteCount {
            bytes.appendVarint(UInt64(count))
            bytes += runs
            return .runs
        }
        for byte in 0..<bitmapByteCount {
            bytes.append(UInt8(truncatingIfNeeded: presence.words[byte >> 3] >> UInt64((byte & 7) * 8)))
        }
        return .bitmap
    }

    /// Reads the presence of `rows` rows; nil when every row has a value.
    static func decode(_ kind: NullsKind, _ reader: inout ByteReader, rows: Int) throws(CodecError) -> Bitmap? {
        switch kind {
        case .none: return nil
        case .bitmap:
            let bytes = unsafe try reader.take((rows + 7) / 8)
            var presence = Bitmap(repeating: false, count: rows)
            for row in 0..<rows where unsafe bytes[row >> 3] >> UInt8(row & 7) & 1 != 0 { presence[row] = true }
            if rows & 7 != 0, let last = unsafe bytes.last, last >> UInt8(rows & 7) != 0 {
                throw .corrupt("a row behind the last is present")
            }
            return presence
        case .runs:
            let runs = try reader.count(in: 1...rows + 1, "the number of runs of rows")
            var presence = Bitmap(repeating: false, count: rows)
            var row = 0
            for run in 0..<runs {
                let length = try reader.count(in: (run == 0 ? 0 : 1)...rows, "a run of rows")
                guard length <= rows - row else { throw .corrupt("runs of rows are longer than the column") }
                if run & 1 == 0 { for present in row..<row + length { presence[present] = true } }
                row += length
            }
            guard row == rows else { throw .corrupt("runs of rows are shorter than the column") }
            return presence
        }
    }
}
