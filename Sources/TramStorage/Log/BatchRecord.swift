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

    /// What a batch's record says of its rows besides their series: made ahead, before it is known which numbers new
    /// series get, by whoever has the time. It is right when the batch is kept whole.
    package struct Columns: Sendable {
        fileprivate var bytes: [UInt8] = []

        /// O(rows · columns).
        package init(_ batch: Batch) {
            // What a usual reading takes; more is found when it is needed.
            bytes.reserveCapacity(256 + batch.count * (4 + 3 * batch.columns.count))
            let scratch = Scratch(count: batch.count)
            BatchRecord.append(batch, columns: batch.columns.indices, scratch, to: &bytes)
        }
    }

    /// Appends the payload for the accepted rows of `staged`. O(rows · columns).
    ///
    /// - Parameters:
    ///   - ahead: of each batch in turn; empty when nothing was made ahead. O(rows) then.
    ///   - newSeries: keys with ids that rise by one from `firstID`.
    package static func encode(
        _ staged: StagedRows, _ ahead: [Columns] = [], firstID: SeriesID, newSeries: SeriesKeyList,
        to bytes: inout [UInt8]
    ) {
        bytes.reserveCapacity(
            bytes.count + zip(ahead, staged.batches).reduce(64) { $0 + $1.0.bytes.count + 5 * $1.1.batch.count + 64 })
        bytes.append(version)
        bytes.append(varint: UInt64(newSeries.count))
        bytes.append(varint: UInt64(firstID))
        // Keys lie in a list as they do in a record.
        bytes.append(contentsOf: newSeries.bytes)
        let kept = staged.batches.indices.filter { index in
            let batch = staged.batches[index]
            return batch.refused.count < batch.batch.count && !batch.columns.isEmpty
        }
        bytes.append(varint: UInt64(kept.count))
        for index in kept {
            let batch = staged.batches[index]
            if batch.isWhole, index < ahead.count {
                appendSeries(batch.batch, to: &bytes)
                bytes.append(contentsOf: ahead[index].bytes)
            } else {
                append(batch, to: &bytes)
            }
        }
    }

    private static func append(_ staged: StagedBatch, to bytes: inout [UInt8]) {
        let batch = staged.refusedRows.map { staged.batch.rows(besides: $0) } ?? staged.batch
        appendSeries(batch, to: &bytes)
        append(batch, columns: staged.columns.map(\.column), Scratch(count: batch.count), to: &bytes)
    }

    private static func appendSeries(_ batch: Batch, to bytes: inout [UInt8]) {
        bytes.append(text: batch.measurement)
        bytes.append(varint: UInt64(batch.count))
        unsafe batch.series.withUnsafeBufferPointer { unsafe PackedIntegers.encode($0, to: &bytes) }
    }

    private static func append(
        _ batch: Batch, columns: some Collection<Int>, _ scratch: Scratch, to bytes: inout [UInt8]
    ) {
        unsafe batch.timestamps.withUnsafeBufferPointer { unsafe PackedIntegers.encode($0, to: &bytes) }
        bytes.append(varint: UInt64(columns.count))
        for column in columns { append(batch.columns[column], of: batch, scratch, to: &bytes) }
    }

    private static func append(
        _ column: Batch.Column, of batch: Batch, _ scratch: Scratch, to bytes: inout [UInt8]
    ) {
        bytes.append(text: column.name)
        bytes.append(code(of: column.values.type))
        let isSparse = column.values.presence != nil
        bytes.append(isSparse ? 1 : 0)
        unsafe column.values.bits.withUnsafeBufferPointer { bits in
            guard let presence = column.values.presence else {
                return unsafe append(bits, column.values.type, batch, scratch, to: &bytes)
            }
            for index in 0..<(bits.count + 7) / 8 {
                bytes.append(UInt8(truncatingIfNeeded: presence.words[index >> 3] >> UInt64(8 * (index & 7))))
            }
            let present = unsafe scratch.present
            var count = 0
            for row in 0..<bits.count where presence.words[row >> 6] >> UInt64(row & 63) & 1 != 0 {
                unsafe present[count] = bits[row]
                count += 1
            }
            unsafe append(
                UnsafeBufferPointer(start: present, count: count), column.values.type, batch, scratch, to: &bytes)
        }
    }

    private static func append(
        _ bits: UnsafeBufferPointer<UInt64>, _ type: FieldType, _ batch: Batch, _ scratch: Scratch,
        to bytes: inout [UInt8]
    ) {
        switch type {
        case .float:
            if let scale = unsafe decimals(bits, scratch.whole) {
                bytes.append(UInt8(scale))
                unsafe PackedIntegers.encode(
                    UnsafeBufferPointer(start: scratch.whole, count: bits.count), to: &bytes)
            } else {
                bytes.append(plainFloats)
                for index in bits.indices { unsafe bytes.append(littleEndian: bits[index]) }
            }
        case .int, .uint, .bool:
            unsafe bits.withMemoryRebound(to: Int64.self) { unsafe PackedIntegers.encode($0, to: &bytes) }
        case .string:
            let lengths = unsafe scratch.whole
            var total = 0
            for index in bits.indices {
                let count = unsafe batch.textRange(bits[index]).count
                unsafe lengths[index] = Int64(count)
                total += count
            }
            unsafe PackedIntegers.encode(UnsafeBufferPointer(start: lengths, count: bits.count), to: &bytes)
            unsafe append(texts: bits, total, batch, to: &bytes)
        }
    }

    /// Appends the bytes of string values, `total` of them.
    private static func append(
        texts bits: UnsafeBufferPointer<UInt64>, _ total: Int, _ batch: Batch, to bytes: inout [UInt8]
    ) {
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: total))
        unsafe bytes.withUnsafeMutableBytes { target in
            unsafe batch.text.withUnsafeBytes { text in
                guard var place = target.baseAddress, let source = text.baseAddress else { return }
                unsafe place += start
                let (end, sourceEnd) = unsafe (place + total, source + text.count)
                for index in bits.indices {
                    let range = unsafe batch.textRange(bits[index])
                    let from = unsafe source + range.lowerBound
                    // States are short words: eight bytes at once where both sides have them.
                    if range.count <= 8, unsafe end - place >= 8, unsafe sourceEnd - from >= 8 {
                        unsafe place.storeBytes(of: from.loadUnaligned(as: UInt64.self), as: UInt64.self)
                    } else {
                        unsafe place.copyMemory(from: from, byteCount: range.count)
                    }
                    unsafe place += range.count
                }
            }
        }
    }

    /// Memory for the values of one column at a time.
    @safe private final class Scratch {
        let whole: UnsafeMutablePointer<Int64>
        let present: UnsafeMutablePointer<UInt64>

        init(count: Int) {
            unsafe whole = .allocate(capacity: max(count, 1))
            unsafe present = .allocate(capacity: max(count, 1))
        }

        deinit {
            unsafe whole.deallocate()
            unsafe present.deallocate()
        }
    }

    /// Puts the values as whole numbers over a power of ten into `whole`, when every one comes back to the bit.
    ///
    /// - Returns: the exponent of the power.
    private static func decimals(
        _ bits: UnsafeBufferPointer<UInt64>, _ whole: UnsafeMutablePointer<Int64>
    ) -> Int? {
        let step = max(1, bits.count / 32)
        for scale in 0...maximumScale {
            let isLikely = stride(from: 0, to: bits.count, by: step).allSatisfy { index in
                unsafe isWhole(UnsafeBufferPointer(rebasing: bits[index...index]), scale, whole)
            }
            if isLikely, unsafe isWhole(bits, scale, whole) { return scale }
        }
        return nil
    }

    private static let powers: [Double] = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]
    /// Added to a number between -2^51 and 2^51 it rounds it to a whole one, which is in the lowest bits of the sum.
    private static let rounding: Double = 6_755_399_441_055_744

    private static func isWhole(
        _ bits: UnsafeBufferPointer<UInt64>, _ scale: Int, _ whole: UnsafeMutablePointer<Int64>
    ) -> Bool {
        let (power, rounding) = (powers[scale], rounding)
        var difference: UInt64 = 0
        for index in 0..<bits.count {
            let value = unsafe bits[index]
            let sum = Double(bitPattern: value) * power + rounding
            // Sign or exponent differ when the number is out of range, or none.
            difference |= (sum.bitPattern ^ rounding.bitPattern) >> 52
            difference |= ((sum - rounding) / power).bitPattern ^ value
            unsafe whole[index] = Int64(bitPattern: sum.bitPattern &- rounding.bitPattern)
        }
        return difference == 0
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

extension Batch {
    /// A copy without the rows that are set in `refused`.
    fileprivate func rows(besides refused: Bitmap) -> Batch {
        let kept = timestamps.indices.filter { !refused[$0] }
        var batch = Batch(measurement: measurement)
        batch.series = kept.map { series[$0] }
        batch.timestamps = kept.map { timestamps[$0] }
        batch.lines = kept.map { lines[$0] }
        batch.text = text
        batch.columns = columns.map { column in
            var values = Vector(type: column.values.type, bits: kept.map { column.values.bits[$0] })
            if column.values.presence != nil {
                var presence = Bitmap(repeating: false, count: kept.count)
                for (index, row) in kept.enumerated() where column.values.isPresent(row) { presence[index] = true }
                values.presence = presence
            }
            return Batch.Column(name: column.name, values: values)
        }
        return batch
    }
}
