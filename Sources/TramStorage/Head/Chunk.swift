import TramCodec
import TramColumnar

/// 1...1,024 rows of one series as columns, strictly rising in time, that may still be changed.
///
/// Snapshots share it: the writer changes a chunk only when nobody else holds it, and a copy of it otherwise.
final class Chunk: @unchecked Sendable {
    // Sendable: changed only by the one writer, under the store's lock, after it has checked that it is the only
    // holder.
    private(set) var timestamps: [Int64]
    /// Numbers of the fields of which the chunk has a value, rising.
    private(set) var fields: [Int]
    /// Parallel to `fields`.
    private(set) var columns: [Vector]

    private let gauge: MemoryGauge
    /// What the gauge was told: as many rows and columns as there were at first. A chunk is open for a short while.
    private let gaugedByteCount: Int

    init(timestamps: [Int64], fields: [Int], columns: [Vector], gauge: MemoryGauge) {
        self.timestamps = timestamps
        self.fields = fields
        self.columns = columns
        self.gauge = gauge
        gaugedByteCount = max(timestamps.count, 16) * (1 + columns.count) * 8
        gauge.add(gaugedByteCount)
    }

    deinit { gauge.remove(gaugedByteCount) }

    /// What stands where a chunk is taken out to be changed, and is never read.
    static let nothing = Chunk(timestamps: [.min], fields: [], columns: [], gauge: MemoryGauge())

    /// The rows of a block, to be changed.
    ///
    /// - Throws: when the block's bytes are not as they were written.
    convenience init(_ block: SealedBlock, gauge: MemoryGauge) throws(CodecError) {
        let (timestamps, fields, columns) = try block.decodeAll()
        self.init(timestamps: timestamps, fields: fields, columns: columns, gauge: gauge)
    }

    /// The first `count` rows of `buffer`. O(rows · fields).
    convenience init(_ buffer: RowBuffer, count: Int, gauge: MemoryGauge) {
        var fields: [Int] = []
        var columns: [Vector] = []
        for slot in buffer.layout.fields.indices {
            guard let column = buffer.column(slot, 0..<count) else { continue }
            fields.append(buffer.layout.fields[slot])
            columns.append(column)
        }
        self.init(timestamps: buffer.timestamps(0..<count), fields: fields, columns: columns, gauge: gauge)
    }

    /// A chunk of one row.
    convenience init(_ row: RowReference, gauge: MemoryGauge) {
        self.init(timestamps: [], fields: [], columns: [], gauge: gauge)
        insert(row, at: 0)
    }

    func copy() -> Chunk {
        Chunk(timestamps: timestamps, fields: fields, columns: columns, gauge: gauge)
    }

    var count: Int { timestamps.count }

    /// Time of the first row; a chunk is never empty.
    var first: Int64 { timestamps[0] }

    var last: Int64 { timestamps[timestamps.count - 1] }

    func column(of field: Int) -> Vector? {
        let place = place(of: field)
        return place < fields.count && fields[place] == field ? columns[place] : nil
    }

    /// The first row at or after `time`; `count` when there is none. O(log).
    func position(of time: Int64) -> Int {
        var low = 0
        var high = timestamps.count
        while low < high {
            let middle = (low + high) / 2
            if timestamps[middle] < time { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Puts a row of a new time before row `position`. O(rows · fields).
    func insert(_ row: RowReference, at position: Int) {
        timestamps.insert(row.time, at: position)
        var slot = 0
        for place in columns.indices {
            while slot < row.layout.fields.count, row.layout.fields[slot] < fields[place] { slot += 1 }
            let isSent =
                slot < row.layout.fields.count && row.layout.fields[slot] == fields[place] && row.isPresent(slot)
            columns[place].insert(isSent ? row.value(slot) : nil, at: position)
        }
        // What the chunk has no column for yet.
        overwrite(position, by: row)
    }

    /// Replaces in row `position` the values that are present in `row`.
    func overwrite(_ position: Int, by row: RowReference) {
        for slot in row.layout.fields.indices where row.isPresent(slot) {
            let field = row.layout.fields[slot]
            let place = place(of: field)
            if place == fields.count || fields[place] != field {
                fields.insert(field, at: place)
                columns.insert(Vector(absentOf: row.layout.types[slot], count: count), at: place)
            }
            columns[place].set(row.value(slot), at: position)
        }
    }

    /// Writes row `index` to `target`, whose layout has all fields of the chunk and whose memory holds anything.
    func write(_ index: Int, to target: RowReference) {
        target.clear(time: timestamps[index])
        var slot = 0
        for (field, column) in zip(fields, columns) where column.isPresent(index) {
            while target.layout.fields[slot] != field { slot += 1 }
            target.set(column.bits[index], slot)
        }
    }

    /// Takes the rows from the middle on out of this chunk and into the one returned. O(rows · fields).
    func split() -> Chunk {
        let middle = count / 2
        let upper = part(middle..<count)
        let lower = part(0..<middle)
        timestamps = lower.timestamps
        fields = lower.fields
        columns = lower.columns
        return upper
    }

    /// The rows of `range`, which has some, in a chunk of their own. O(rows · fields).
    func part(_ range: Range<Int>) -> Chunk {
        let part = Chunk(timestamps: Array(timestamps[range]), fields: [], columns: [], gauge: gauge)
        for (place, field) in fields.enumerated() {
            guard let column = columns[place].part(range) else { continue }
            part.fields.append(field)
            part.columns.append(column)
        }
        return part
    }

    /// These rows and those of `other`, which are all newer; more than 1,024 may be. O(rows · fields).
    func joined(_ other: Chunk) -> Chunk {
        let all = Chunk(timestamps: timestamps + other.timestamps, fields: [], columns: [], gauge: gauge)
        var (left, right) = (0, 0)
        while left < fields.count || right < other.fields.count {
            let isLeft = left < fields.count && (right == other.fields.count || fields[left] <= other.fields[right])
            let field = isLeft ? fields[left] : other.fields[right]
            let isBoth = isLeft && right < other.fields.count && other.fields[right] == field
            let type = isLeft ? columns[left].type : other.columns[right].type
            var column = isLeft ? columns[left] : Vector(absentOf: type, count: count)
            column.append(isBoth || !isLeft ? other.columns[right] : Vector(absentOf: type, count: other.count))
            all.fields.append(field)
            all.columns.append(column)
            if isLeft { left += 1 }
            if isBoth || !isLeft { right += 1 }
        }
        return all
    }

    /// Where in `fields` a field is or would be. O(log).
    private func place(of field: Int) -> Int {
        var low = 0
        var high = fields.count
        while low < high {
            let middle = (low + high) / 2
            if fields[middle] < field { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension Vector {
    /// `count` rows without a value.
    fileprivate init(absentOf type: FieldType, count: Int) {
        self.init(
            type: type, bits: [UInt64](repeating: 0, count: count), presence: Bitmap(repeating: false, count: count))
    }

    /// Puts a row before row `position`, with `value` or without one.
    fileprivate mutating func insert(_ value: UInt64?, at position: Int) {
        if value == nil, presence == nil { presence = Bitmap(repeating: true, count: bits.count) }
        presence?.insert(value != nil, at: position)
        bits.insert(value ?? 0, at: position)
    }

    /// Puts the rows of `other` behind these.
    fileprivate mutating func append(_ other: Vector) {
        if presence != nil || other.presence != nil {
            var all = presence ?? Bitmap(repeating: true, count: bits.count)
            for row in 0..<other.count { all.append(other.isPresent(row)) }
            presence = all
        }
        bits += other.bits
    }

    fileprivate mutating func set(_ value: UInt64, at row: Int) {
        bits[row] = value
        presence?[row] = true
        if let presence, presence.isAllSet { self.presence = nil }
    }

    /// The rows of `range`; nil when none of them has a value.
    fileprivate func part(_ range: Range<Int>) -> Vector? {
        let bits = Array(bits[range])
        guard let presence else { return Vector(type: type, bits: bits) }
        let present = presence.slice(range)
        if present.setCount == 0 { return nil }
        return Vector(type: type, bits: bits, presence: present.isAllSet ? nil : present)
    }
}
