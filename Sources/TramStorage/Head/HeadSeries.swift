import TramColumnar

/// The rows of one series: chunks of columns in time order, and after them a tail of rows.
///
/// 1. A row newer than all others is written behind the tail: one stretch of memory, one cache line for a handful of
///    fields.
/// 2. A full tail becomes a chunk; a reader turns the tail that it sees into columns for itself.
/// 3. A row that comes late goes into the tail when it is newer than the chunks, and otherwise into the chunk that
///    covers its time; a full chunk is split in the middle.
/// 4. A row of a time that is there already replaces only the values that it brings.
@safe struct HeadSeries {
    /// `buffer?.words`, here so that the usual append touches no reference.
    private(set) var words: UnsafeMutablePointer<UInt64>?
    /// Time of the newest row; meaningless while there is none.
    var last: Int64 = .min
    /// Rows in the tail.
    var count: Int32 = 0
    /// Rows that the tail has room for.
    private(set) var capacity: Int32 = 0
    /// Number of the measurement in the upper half, of the tail's layout in the lower one.
    private(set) var shape: UInt64
    private(set) var buffer: RowBuffer?
    private(set) var chunks: [Chunk] = []
    /// Time of the newest row in the chunks, here so that a row for the tail touches none of them.
    private var chunksEnd: Int64 = .min

    init(measurement: Int) {
        unsafe words = nil
        shape = HeadSeries.shape(measurement: measurement, layout: RowLayout.unshared)
    }

    static func shape(measurement: Int, layout: UInt32) -> UInt64 {
        UInt64(UInt32(truncatingIfNeeded: measurement)) << 32 | UInt64(layout)
    }

    var measurement: Int { Int(shape >> 32) }

    var isEmpty: Bool { count == 0 && chunks.isEmpty }

    var lastTimestamp: Int64? { isEmpty ? nil : last }

    // A tail grows from 8...15 rows by four, so that a million series of few rows stay small. Series that report at one
    // rate fill up together; different first lengths spread the work of growing over time.
    private static func firstCapacity(_ id: Int) -> Int { 8 + id % 8 }

    // A tail of very many fields is closed early: most of its words may be absent values, which a chunk does not keep
    // for fields that none of its rows has. 32,768 words are 1,024 rows of 30 fields.
    private static let maximumTailWords = 32_768

    /// Rows at which the tail becomes a chunk.
    private func limit(_ id: Int, _ layout: RowLayout) -> Int {
        // Different lengths of the first chunk spread the closing of tails over time, too.
        let rows = chunks.isEmpty ? 512 + id &* 37 % 512 : Vector.maximumCount
        return max(1, min(rows, HeadSeries.maximumTailWords / layout.stride))
    }

    /// Adds a row that has a value, wherever its time belongs. O(1) for the newest, else O(rows of a chunk · fields).
    ///
    /// - Returns: whether the time is new to the series.
    mutating func insert(_ row: RowReference, id: Int, measurement: MeasurementHead) -> Bool {
        let time = row.time
        if isEmpty || time > last {
            if isTailLong(id) { closeTail() }
            prepareTail(for: row, id: id, measurement: measurement, isChanged: false)
            if let target = buffer?.row(Int(count)) { row.write(to: target) }
            count += 1
            last = time
            return true
        }
        if count > 0, time > chunksEnd || chunks.isEmpty {
            // The newest row of all is in the tail, so some row of it is at or after `time`.
            let position = buffer?.position(of: time, count: Int(count)) ?? 0
            if buffer?.time(position) == time {
                prepareTail(for: row, id: id, measurement: measurement, isChanged: true)
                if let target = buffer?.row(position) { row.overwrite(target) }
                return false
            }
            if !isTailLong(id) {
                prepareTail(for: row, id: id, measurement: measurement, isChanged: true)
                buffer?.openGap(at: position, count: Int(count))
                if let target = buffer?.row(position) { row.write(to: target) }
                count += 1
                return true
            }
            closeTail()
        }
        return insertIntoChunks(row)
    }

    private func isTailLong(_ id: Int) -> Bool {
        guard count > 0, let buffer else { return false }
        return Int(count) >= limit(id, buffer.layout)
    }

    /// Sees to it that the tail has room for one more row and a slot for every field of `row`.
    ///
    /// - Parameter isChanged: rows that are there already will be changed, so the memory must not be a snapshot's, too.
    private mutating func prepareTail(for row: RowReference, id: Int, measurement: MeasurementHead, isChanged: Bool) {
        // Asked before anything below holds the buffer as well.
        let isShared = isChanged && !isKnownUniquelyReferenced(&buffer)
        guard let old = buffer else {
            let layout = measurement.layout(of: row.presentFields)
            adopt(RowBuffer(layout: layout, capacity: min(HeadSeries.firstCapacity(id), limit(id, layout))))
            return
        }
        let fits = row.fits(old.layout)
        let isFull = count >= capacity
        if fits, !isFull, !isShared { return }
        let layout = fits ? old.layout : measurement.layout(of: union(old.layout.fields, row.presentFields))
        let wanted = isFull ? Int(capacity) * 4 : Int(capacity)
        // A wider layout may have a lower limit than rows are there already.
        let new = RowBuffer(layout: layout, capacity: max(min(wanted, limit(id, layout)), Int(count) + 1))
        for index in 0..<Int(count) { old.row(index).write(to: new.row(index)) }
        adopt(new)
    }

    private mutating func adopt(_ new: RowBuffer?) {
        buffer = new
        unsafe words = unsafe new?.words
        capacity = Int32(new?.capacity ?? 0)
        shape = HeadSeries.shape(measurement: measurement, layout: new?.layout.number ?? RowLayout.unshared)
    }

    /// Turns the tail into a chunk.
    private mutating func closeTail() {
        guard let chunk = buffer.map({ Chunk($0, count: Int(count)) }) else { return }
        chunks.append(chunk)
        chunksEnd = last
        count = 0
        // A snapshot may still read the rows: then the memory is its own from now on.
        if !isKnownUniquelyReferenced(&buffer) { adopt(nil) }
    }

    private mutating func insertIntoChunks(_ row: RowReference) -> Bool {
        let time = row.time
        let after = firstChunk(after: time)
        if after == 0 {
            // Before all chunks; there is one, else the row had been the newest.
            if chunks[0].count < Vector.maximumCount {
                writableChunk(0).insert(row, at: 0)
            } else {
                chunks.insert(Chunk(row), at: 0)
            }
            return true
        }
        let index = after - 1
        let position = chunks[index].position(of: time)
        if position == chunks[index].count {
            // Behind this chunk and before the next.
            if position < Vector.maximumCount {
                writableChunk(index).insert(row, at: position)
            } else {
                chunks.insert(Chunk(row), at: after)
            }
            return true
        }
        let chunk = writableChunk(index)
        if chunk.timestamps[position] == time {
            chunk.overwrite(position, by: row)
            return false
        }
        if chunk.count < Vector.maximumCount {
            chunk.insert(row, at: position)
            return true
        }
        let upper = chunk.split()
        chunks.insert(upper, at: after)
        if position <= chunk.count {
            chunk.insert(row, at: position)
        } else {
            upper.insert(row, at: position - chunk.count)
        }
        return true
    }

    /// The chunk as the writer's own: a copy when a snapshot holds it.
    private mutating func writableChunk(_ index: Int) -> Chunk {
        if !isKnownUniquelyReferenced(&chunks[index]) { chunks[index] = chunks[index].copy() }
        return chunks[index]
    }

    /// The first chunk that begins after `time`. O(log).
    private func firstChunk(after time: Int64) -> Int {
        var low = 0
        var high = chunks.count
        while low < high {
            let middle = (low + high) / 2
            if chunks[middle].first <= time { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Hands every stretch of rows that overlaps `range` to `visit`, in time order.
    func blocks<Failure: Error>(
        fields: [Int], in range: TimeRange, visit: (StoredBlock) throws(Failure) -> Void
    ) throws(Failure) {
        guard !range.isEmpty else { return }
        var index = max(firstChunk(after: range.start) - 1, 0)
        while index < chunks.count, chunks[index].first < range.end {
            let chunk = chunks[index]
            if chunk.last >= range.start {
                try visit(StoredBlock(timestamps: chunk.timestamps, columns: fields.map { chunk.column(of: $0) }))
            }
            index += 1
        }
        guard let buffer, count > 0 else { return }
        let start = buffer.position(of: range.start, count: Int(count))
        let end = buffer.position(of: range.end, count: Int(count))
        guard start < end else { return }
        let columns = fields.map { field -> Vector? in
            guard let slot = buffer.layout.fields.firstIndex(of: field) else { return nil }
            return buffer.column(slot, start..<end)
        }
        try visit(StoredBlock(timestamps: buffer.timestamps(start..<end), columns: columns))
    }
}

/// Two rising lists as one.
private func union(_ left: [Int], _ right: [Int]) -> [Int] {
    var result: [Int] = []
    result.reserveCapacity(left.count + right.count)
    var (i, j) = (0, 0)
    while i < left.count || j < right.count {
        if j == right.count || i < left.count && left[i] < right[j] {
            result.append(left[i])
            i += 1
        } else {
            if i < left.count, left[i] == right[j] { i += 1 }
            result.append(right[j])
            j += 1
        }
    }
    return result
}
