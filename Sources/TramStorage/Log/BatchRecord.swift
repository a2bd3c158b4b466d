package import TramColumnar

/// The rows of one body as the payload of one log record: whole in the log or not at all, whatever series it touches.
///
/// Layout, numbers as varints unless said otherwise, texts with their length before them:
///
///     1                version
///     n, first id      new series, with ids first, first + 1, …
///       each           measurement, number of tags, key and value of each
///     n                batches
///       each           measurement
///                      rows
///                      series ids (PackedIntegers)
///                      timestamps, nanoseconds UTC (PackedIntegers)
///                      n columns
///         each         name
///                      1 byte: type (0 float, 1 int, 2 uint, 3 bool, 4 string)
///                      1 byte: 1 when rows lack a value; then a bit for each row, lowest first, set where there is one
///                      the values that are there, as below
///
/// Values: floats begin with a byte. 0…15: they are q / 10^byte for whole numbers q (PackedIntegers), which was checked
/// bit for bit; 255: eight bytes each. Whole numbers and booleans are PackedIntegers, unsigned ones by their bits.
/// Strings are their lengths (PackedIntegers) and then their bytes.
///
/// Only what was accepted is in a record: reading it back refuses nothing.
package struct BatchRecord {
    /// A series that this record is the first to use.
    package struct NewSeries: Equatable {
        package var id: SeriesID
        package var key: SeriesKey
    }

    package var newSeries: [NewSeries] = []
    /// All series below this one have to be known.
    package private(set) var firstID: SeriesID = 0
    /// Series are ids of the store.
    package var batches: [Batch] = []

    private static let version: UInt8 = 1
    private static let plainFloats: UInt8 = 255
    private static let maximumScale = 9

    // MARK: - Writing

    /// Appends the payload for the accepted rows of `staged`. O(rows · columns).
    ///
    /// - Parameter newSeries: keys with ids that rise by one from `firstID`.
    package static func encode(
        _ staged: StagedRows, firstID: SeriesID, newSeries: SeriesKeyList, to bytes: inout [UInt8]
    ) {
        bytes.append(version)
        bytes.append(varint: UInt64(newSeries.count))
        bytes.append(varint: UInt64(firstID))
        // Keys lie in a list as they do in a record.
        bytes.append(contentsOf: newSeries.bytes)
        let batches = staged.batches.filter { $0.refused.count < $0.batch.count && !$0.columns.isEmpty }
        bytes.append(varint: UInt64(batches.count))
        for batch in batches { append(batch, to: &bytes) }
    }

    private static func append(_ staged: StagedBatch, to bytes: inout [UInt8]) {
        let batch = staged.batch
        // Nil: every row is accepted.
        let kept = staged.refusedRows.map { refused in batch.timestamps.indices.filter { !refused[$0] } }
        bytes.append(text: batch.measurement)
        bytes.append(varint: UInt64(kept?.count ?? batch.count))
        PackedIntegers.encode(gathered(batch.series, kept).map { Int64($0) }, to: &bytes)
        PackedIntegers.encode(gathered(batch.timestamps, kept), to: &bytes)
        bytes.append(varint: UInt64(staged.columns.count))
        for (column, _) in staged.columns { append(batch.columns[column], of: batch, kept, to: &bytes) }
    }

    private static func gathered<Element>(_ values: [Element], _ kept: [Int]?) -> [Element] {
        guard let kept else { return values }
        return kept.map { values[$0] }
    }

    private static func append(_ column: Batch.Column, of batch: Batch, _ kept: [Int]?, to bytes: inout [UInt8]) {
        bytes.append(text: column.name)
        bytes.append(code(of: column.values.type))
        var bits = gathered(column.values.bits, kept)
        if let presence = column.values.presence {
            let rows = kept ?? Array(batch.timestamps.indices)
            bytes.append(1)
            var byte: UInt8 = 0
            for (index, row) in rows.enumerated() {
                if presence[row] { byte |= 1 << UInt8(index & 7) }
                if index & 7 == 7 {
                    bytes.append(byte)
                    byte = 0
                }
            }
            if rows.count & 7 != 0 { bytes.append(byte) }
            bits = rows.filter { presence[$0] }.map { column.values.bits[$0] }
        } else {
            bytes.append(0)
        }
        append(bits, column.values.type, batch, to: &bytes)
    }

    private static func append(_ bits: [UInt64], _ type: FieldType, _ batch: Batch, to bytes: inout [UInt8]) {
        switch type {
        case .float:
            if let (scale, whole) = decimals(bits) {
                bytes.append(UInt8(scale))
                PackedIntegers.encode(whole, to: &bytes)
            } else {
                bytes.append(plainFloats)
                for value in bits { bytes.append(littleEndian: value) }
            }
        case .int, .uint, .bool: PackedIntegers.encode(bits.map { Int64(bitPattern: $0) }, to: &bytes)
        case .string:
            let ranges = bits.map { batch.textRange($0) }
            PackedIntegers.encode(ranges.map { Int64($0.count) }, to: &bytes)
            for range in ranges { bytes.append(contentsOf: batch.text[range]) }
        }
    }

    /// The values as whole numbers over a power of ten, when every one comes back to the bit.
    private static func decimals(_ bits: [UInt64]) -> (scale: Int, whole: [Int64])? {
        let sample = stride(from: 0, to: bits.count, by: max(1, bits.count / 32)).map { bits[$0] }
        for scale in 0...maximumScale where whole(sample, scale) != nil {
            if let whole = whole(bits, scale) { return (scale, whole) }
        }
        return nil
    }

    private static let powers: [Double] = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]
    /// Added and subtracted again, it rounds a number below 2^51 to a whole one.
    private static let rounding: Double = 6_755_399_441_055_744

    private static func whole(_ bits: [UInt64], _ scale: Int) -> [Int64]? {
        let power = powers[scale]
        var whole: [Int64] = []
        whole.reserveCapacity(bits.count)
        var difference: UInt64 = 0
        for value in bits {
            let scaled = Double(bitPattern: value) * power
            guard abs(scaled) < 2_251_799_813_685_248 else { return nil }
            let rounded = (scaled + rounding) - rounding
            difference |= (rounded / power).bitPattern ^ value
            whole.append(Int64(rounded))
        }
        return difference == 0 ? whole : nil
    }

    private static func code(of type: FieldType) -> UInt8 {
        switch type {
        case .float: 0
        case .int: 1
        case .uint: 2
        case .bool: 3
        case .string: 4
        }
    }

    // MARK: - Reading

    /// Reads a payload back. O(bytes).
    ///
    /// - Throws: `.malformedRecord` with the offset: it is not what `encode` writes.
    package init(decoding payload: ArraySlice<UInt8>) throws(StorageError) {
        var reader = RecordReader(payload)
        guard try reader.byte() == BatchRecord.version else { throw reader.malformed("version 1 of a record of rows") }
        try readSeries(&reader)
        let count = try reader.count()
        for _ in 0..<count { batches.append(try BatchRecord.readBatch(&reader)) }
        guard reader.remaining == 0 else { throw reader.malformed("the end of the record") }
    }

    private mutating func readSeries(_ reader: inout RecordReader) throws(StorageError) {
        let count = try reader.count()
        let first = try reader.varint()
        guard first < UInt64(SeriesID.max), first + UInt64(count) < UInt64(SeriesID.max) else {
            throw reader.malformed("series ids of 32 bits")
        }
        firstID = SeriesID(first)
        for index in 0..<count {
            let measurement = try reader.text()
            var tags: [TagSet.Tag] = []
            let tagCount = try reader.count(bytesEach: 2)
            for _ in 0..<tagCount {
                let key = try reader.text()
                tags.append(TagSet.Tag(key: key, value: try reader.text()))
            }
            newSeries.append(
                NewSeries(
                    id: SeriesID(first) + SeriesID(index),
                    key: SeriesKey(measurement: measurement, tags: TagSet(tags))))
        }
    }

    private static func readBatch(_ reader: inout RecordReader) throws(StorageError) -> Batch {
        var batch = Batch(measurement: try reader.text())
        // A million rows of equal times and series take no bytes each; no body has more lines than bytes.
        let rows = try reader.varint()
        guard rows <= 1 << 24 else { throw reader.malformed("fewer rows") }
        let count = Int(rows)
        for id in try PackedIntegers.decode(&reader, count: count) {
            guard let id = SeriesID(exactly: id), id != Store.refusedSeries else {
                throw reader.malformed("series ids")
            }
            batch.series.append(id)
        }
        batch.timestamps = try PackedIntegers.decode(&reader, count: count)
        batch.lines = [UInt32](repeating: 0, count: count)
        let columnCount = try reader.count(bytesEach: 3)
        for _ in 0..<columnCount { try readColumn(&reader, count, into: &batch) }
        return batch
    }

    private static func readColumn(
        _ reader: inout RecordReader, _ count: Int, into batch: inout Batch
    ) throws(StorageError) {
        let name = try reader.text()
        let type: FieldType
        switch try reader.byte() {
        case 0: type = .float
        case 1: type = .int
        case 2: type = .uint
        case 3: type = .bool
        case 4: type = .string
        default: throw reader.malformed("a type of field")
        }
        var presence: Bitmap?
        var present = count
        switch try reader.byte() {
        case 0: break
        case 1:
            let bits = try reader.bytes((count + 7) / 8)
            var bitmap = Bitmap(repeating: false, count: count)
            present = 0
            for row in 0..<count where bits[bits.startIndex + row / 8] >> UInt8(row & 7) & 1 == 1 {
                bitmap[row] = true
                present += 1
            }
            presence = bitmap
        default: throw reader.malformed("whether rows lack a value")
        }
        let dense = try readValues(&reader, type, present, into: &batch)
        guard let presence else {
            batch.columns.append(Batch.Column(name: name, values: Vector(type: type, bits: dense)))
            return
        }
        var bits = [UInt64](repeating: 0, count: count)
        var next = 0
        for row in 0..<count where presence[row] {
            bits[row] = dense[next]
            next += 1
        }
        batch.columns.append(Batch.Column(name: name, values: Vector(type: type, bits: bits, presence: presence)))
    }

    private static func readValues(
        _ reader: inout RecordReader, _ type: FieldType, _ count: Int, into batch: inout Batch
    ) throws(StorageError) -> [UInt64] {
        switch type {
        case .float:
            let scale = try reader.byte()
            if scale == plainFloats {
                guard count <= reader.remaining / 8 else { throw reader.malformed("\(count) floats") }
                var bits: [UInt64] = []
                bits.reserveCapacity(count)
                for _ in 0..<count { bits.append(try reader.word()) }
                return bits
            }
            guard Int(scale) <= maximumScale else { throw reader.malformed("a scale of 0...\(maximumScale)") }
            let power = powers[Int(scale)]
            return try PackedIntegers.decode(&reader, count: count).map { (Double($0) / power).bitPattern }
        case .int, .uint: return try PackedIntegers.decode(&reader, count: count).map { UInt64(bitPattern: $0) }
        case .bool:
            let bits = try PackedIntegers.decode(&reader, count: count).map { UInt64(bitPattern: $0) }
            guard bits.allSatisfy({ $0 <= 1 }) else { throw reader.malformed("booleans") }
            return bits
        case .string:
            let lengths = try PackedIntegers.decode(&reader, count: count)
            var bits: [UInt64] = []
            bits.reserveCapacity(count)
            for length in lengths {
                let bytes = try reader.bytes(Int(exactly: length) ?? -1)
                guard batch.text.count + bytes.count < 1 << 31 else { throw reader.malformed("shorter texts") }
                guard String(validating: bytes, as: UTF8.self) != nil else { throw reader.malformed("text in UTF-8") }
                bits.append(Batch.textReference(offset: batch.text.count, byteCount: bytes.count))
                batch.text.append(contentsOf: bytes)
            }
            return bits
        }
    }
}
