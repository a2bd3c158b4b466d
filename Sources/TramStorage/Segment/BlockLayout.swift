import TramCodec
import TramColumnar
import TramSystem

/// A block as bytes: up to 1,024 rows of one series, all fields over one column of times.
///
/// Layout, little-endian:
///
///     offset  bytes  field
///     0       3      "TB1"
///     3       1      kind: 1 full, 2 compact, 3 grave
///     4       4      series
///     8       2      rows, 1...1,024; 0 for a grave
///     10      2      fields
///     12      4      bytes of the block
///     16      8      time of the first row, nanoseconds UTC
///     24      8      time of the last row
///     32      4      bytes of the column of times
///     36      4      zero
///     40      4      CRC-32C of the columns
///     44      4      CRC-32C of bytes 0..<44 and the entries
///     48             one entry for each field, rising
///             ...    the column of times, then those of the fields in the order of their entries
///
/// A full block has a `ColumnEntry` of 64 bytes for each field, with everything that count, sum, minimum, maximum,
/// first and last need. A compact one, for few rows, where that would be more than the values, has 6 bytes: field u16,
/// type u8, zero u8, bytes of the column u16.
///
/// A block takes the place of all older rows of its series from its first time to its last. A grave is a block without
/// rows: it only takes away.
enum BlockLayout {
    static let headByteCount = 48
    static let compactEntryByteCount = 6
    /// Blocks with fewer rows are compact.
    static let compactRows = 32
    static let magic: UInt32 = 0x0031_4254

    static func padded(_ byteCount: Int) -> Int { (byteCount + 7) & ~7 }
}

/// What stands before the columns of a block.
struct BlockHead: Equatable {
    enum Kind: UInt8 {
        case full = 1
        case compact, grave
    }

    var kind: Kind
    var series: SeriesID
    var rows: Int
    var fieldCount: Int
    var byteCount: Int
    var first: Int64
    var last: Int64
    var timeByteCount: Int

    var entryByteCount: Int { kind == .full ? ColumnEntry.byteCount : BlockLayout.compactEntryByteCount }
    /// Where the columns begin.
    var bodyOffset: Int { BlockLayout.headByteCount + fieldCount * entryByteCount }

    /// Reads and checks the head of the block that begins at `offset`; nil when none does whose head and entries are as
    /// they were written.
    /// - Parameter isKnown: they were found as they were written before, and are not looked at again.
    init?(_ bytes: RawSpan, at offset: Int, isKnown: Bool = false) {
        guard offset >= 0, offset <= bytes.byteCount - BlockLayout.headByteCount,
            bytes.littleEndian(at: offset, as: UInt32.self) & 0xff_ffff == BlockLayout.magic,
            let kind = Kind(rawValue: bytes.littleEndian(at: offset + 3, as: UInt8.self))
        else { return nil }
        self.kind = kind
        series = bytes.littleEndian(at: offset + 4, as: UInt32.self)
        rows = Int(bytes.littleEndian(at: offset + 8, as: UInt16.self))
        fieldCount = Int(bytes.littleEndian(at: offset + 10, as: UInt16.self))
        byteCount = Int(bytes.littleEndian(at: offset + 12, as: UInt32.self))
        first = bytes.littleEndian(at: offset + 16, as: Int64.self)
        last = bytes.littleEndian(at: offset + 24, as: Int64.self)
        timeByteCount = Int(bytes.littleEndian(at: offset + 32, as: UInt32.self))
        guard rows <= Vector.maximumCount, first <= last, (rows == 0) == (kind == .grave),
            byteCount <= bytes.byteCount - offset, bodyOffset + timeByteCount <= byteCount
        else { return nil }
        if isKnown { return }
        let head = CRC32C.checksum(bytes.extracting(offset..<offset + 44))
        let entries = bytes.extracting(offset + BlockLayout.headByteCount..<offset + bodyOffset)
        guard
            CRC32C.checksum(entries, after: head) == bytes.littleEndian(at: offset + 44, as: UInt32.self)
        else { return nil }
    }
}

/// Encodes blocks. What it has learnt of a field's values makes the next block of the same measurement faster to
/// encode.
struct BlockEncoder {
    private let preference: CodecPreference
    private let columns: ColumnEncoder
    private var times = ColumnState()
    private var states: [ColumnState] = []

    init(_ preference: CodecPreference) {
        self.preference = preference
        columns = ColumnEncoder(preference)
    }

    /// The rows of `chunk`, all of `series`, as a block. O(rows · fields).
    mutating func encode(_ chunk: Chunk, series: SeriesID) -> [UInt8] {
        let isFull = chunk.count >= BlockLayout.compactRows
        let entryByteCount = isFull ? ColumnEntry.byteCount : BlockLayout.compactEntryByteCount
        let bodyOffset = BlockLayout.headByteCount + chunk.fields.count * entryByteCount
        var bytes = [UInt8](repeating: 0, count: bodyOffset)
        bytes.reserveCapacity(bodyOffset + chunk.count * (2 + 2 * chunk.fields.count))
        IntegerColumn.encode(chunk.timestamps, areTimes: true, preference: preference, state: &times, to: &bytes)
        let timeByteCount = bytes.count - bodyOffset
        var entries: [UInt8] = []
        entries.reserveCapacity(chunk.fields.count * entryByteCount)
        for (field, column) in zip(chunk.fields, chunk.columns) {
            while states.count <= field { states.append(ColumnState()) }
            let offset = bytes.count
            var entry = columns.encode(column, state: &states[field], to: &bytes)
            entry.field = UInt16(truncatingIfNeeded: field)
            entry.offset = UInt32(truncatingIfNeeded: offset)
            if isFull {
                entry.encode(to: &entries)
            } else {
                entries.append(littleEndian: entry.field)
                entries.append(column.type.rawValue)
                entries.append(0)
                entries.append(littleEndian: UInt16(truncatingIfNeeded: entry.byteCount))
            }
        }
        bytes.replaceSubrange(BlockLayout.headByteCount..<bodyOffset, with: entries)
        BlockEncoder.finish(
            &bytes, kind: isFull ? .full : .compact, series: series, rows: chunk.count, fields: chunk.fields.count,
            first: chunk.first, last: chunk.last, timeByteCount: timeByteCount, bodyOffset: bodyOffset)
        return bytes
    }

    /// A block without rows.
    static func grave(of series: SeriesID, from first: Int64, to last: Int64) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: BlockLayout.headByteCount)
        finish(
            &bytes, kind: .grave, series: series, rows: 0, fields: 0, first: first, last: last, timeByteCount: 0,
            bodyOffset: bytes.count)
        return bytes
    }

    private static func finish(
        _ bytes: inout [UInt8], kind: BlockHead.Kind, series: SeriesID, rows: Int, fields: Int, first: Int64,
        last: Int64, timeByteCount: Int, bodyOffset: Int
    ) {
        var head: [UInt8] = []
        head.reserveCapacity(BlockLayout.headByteCount)
        head.append(littleEndian: BlockLayout.magic | UInt32(kind.rawValue) << 24)
        head.append(littleEndian: series)
        head.append(littleEndian: UInt16(rows))
        head.append(littleEndian: UInt16(truncatingIfNeeded: fields))
        head.append(littleEndian: UInt32(truncatingIfNeeded: bytes.count))
        head.append(littleEndian: UInt64(bitPattern: first))
        head.append(littleEndian: UInt64(bitPattern: last))
        head.append(littleEndian: UInt32(truncatingIfNeeded: timeByteCount))
        head.append(littleEndian: UInt32(0))
        head.append(littleEndian: CRC32C.checksum(bytes, in: bodyOffset..<bytes.count))
        let checksum = CRC32C.checksum(
            bytes, in: BlockLayout.headByteCount..<bodyOffset, after: CRC32C.checksum(head))
        head.append(littleEndian: checksum)
        bytes.replaceSubrange(0..<BlockLayout.headByteCount, with: head)
    }
}

/// Reads the columns of a block. The bytes are those of the block alone.
enum BlockDecoder {
    /// Whether the columns are as they were written.
    static func isWhole(_ bytes: RawSpan, _ head: BlockHead) -> Bool {
        CRC32C.checksum(bytes.extracting(head.bodyOffset..<head.byteCount))
            == bytes.littleEndian(at: 40, as: UInt32.self)
    }

    /// The times of all rows. O(rows).
    static func times(_ bytes: RawSpan, _ head: BlockHead) throws(CodecError) -> [Int64] {
        try IntegerColumn.decode(
            bytes.extracting(head.bodyOffset..<head.bodyOffset + head.timeByteCount), count: head.rows)
    }

    /// Numbers of the fields that the block has, rising, and the place of each one's column.
    static func fields(_ bytes: RawSpan, _ head: BlockHead) throws(CodecError) -> [(field: Int, column: BlockColumn)] {
        var fields: [(field: Int, column: BlockColumn)] = []
        fields.reserveCapacity(head.fieldCount)
        var offset = head.bodyOffset + head.timeByteCount
        for index in 0..<head.fieldCount {
            let place = BlockLayout.headByteCount + index * head.entryByteCount
            let field: Int
            let type: FieldType
            var entry: ColumnEntry?
            let byteCount: Int
            if head.kind == .full {
                let found = try ColumnEntry(decoding: bytes.extracting(place..<place + ColumnEntry.byteCount))
                (field, type, byteCount) = (Int(found.field), found.type, found.byteCount)
                entry = found
            } else {
                field = Int(bytes.littleEndian(at: place, as: UInt16.self))
                let tag = bytes.littleEndian(at: place + 2, as: UInt8.self)
                guard let known = FieldType(rawValue: tag) else { throw .corrupt("no type has the tag \(tag)") }
                type = known
                byteCount = Int(bytes.littleEndian(at: place + 4, as: UInt16.self))
            }
            if let before = fields.last, before.field >= field { throw .corrupt("the fields of a block do not rise") }
            guard byteCount <= head.byteCount - offset else {
                throw .short(needed: offset + byteCount, present: head.byteCount)
            }
            let column = BlockColumn(range: offset..<offset + byteCount, type: type, entry: entry)
            fields.append((field, column))
            offset += byteCount
        }
        guard offset == head.byteCount else { throw .corrupt("bytes behind the last column of a block") }
        return fields
    }

    /// The values of one column. O(rows).
    static func vector(_ bytes: RawSpan, _ head: BlockHead, _ column: BlockColumn) throws(CodecError) -> Vector {
        try ColumnDecoder.decode(bytes.extracting(column.range), type: column.type, rows: head.rows)
    }
}

/// Where in a block a field's column lies.
struct BlockColumn {
    var range: Range<Int>
    var type: FieldType
    /// Nil in a compact block.
    var entry: ColumnEntry?
}

extension RawSpan {
    /// The number whose bytes stand at `offset`, lowest first; the bytes must be there.
    func littleEndian<Number: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as: Number.Type) -> Number {
        precondition(offset >= 0 && offset <= byteCount - MemoryLayout<Number>.size, "a number inside the bytes")
        return unsafe Number(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: Number.self))
    }
}
