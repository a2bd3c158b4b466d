import TramCodec
import TramColumnar

/// The rows of one series: stretches in time order, and after them a tail of rows.
///
/// 1. A row newer than all others is written behind the tail: one piece of memory, one cache line for a handful of
///    fields.
/// 2. A full tail is sealed into a block; a reader turns the tail that it sees into columns for itself.
/// 3. A row that comes late goes into the tail when it is newer than the stretches, and otherwise into the stretch that
///    covers its time: a block is opened for it, into a chunk, and sealed again later; a full chunk is split in the
///    middle. So stretches never overlap, and no reader has to merge any.
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
    private(set) var stretches: [Stretch] = [] { didSet { stretchesEnd = stretches.last?.last ?? .min } }
    /// Time of the newest row in the stretches, here so that a row for the tail touches none of them.
    private var stretchesEnd: Int64 = .min

    init(measurement: Int) {
        unsafe words = nil
        shape = HeadSeries.shape(measurement: measurement, layout: RowLayout.unshared)
    }

    static func shape(measurement: Int, layout: UInt32) -> UInt64 {
        UInt64(UInt32(truncatingIfNeeded: measurement)) << 32 | UInt64(layout)
    }

    var measurement: Int { Int(shape >> 32) }

    var isEmpty: Bool { count == 0 && stretches.isEmpty }

    var lastTimestamp: Int64? { isEmpty ? nil : last }

    var firstTimestamp: Int64? {
        if let first = stretches.first { return first.first }
        return count > 0 ? buffer?.time(0) : nil
    }

    var rowCount: Int { stretches.reduce(Int(count)) { $0 + $1.count } }

    // A tail grows from 2...4 rows by four, so that a million series of few rows stay small. Series that report at one
    // rate fill up together; different first lengths spread the work of growing over time.
    private static func firstCapacity(_ id: Int) -> Int { 2 + id % 3 }

    // A tail of very many fields is sealed early: most of its words may be absent values, which a block does not keep
    // for fields that none of its rows has. 32,768 words are 1,024 rows of 30 fields.
    private static let maximumTailWords = 32_768

    /// Rows at which the tail is sealed.
    private func limit(_ id: Int, _ layout: RowLayout, _ limits: HeadLimits) -> Int {
        // Different lengths of the first block spread the sealing of tails over time, too.
        let rows = stretches.isEmpty ? limits.tailRows / 2 + id &* 37 % (limits.tailRows / 2) : limits.tailRows
        return max(1, min(rows, HeadSeries.maximumTailWords / layout.stride))
    }

    /// Adds a row that has a value, wherever its time belongs. O(1) for the newest, else O(rows of a block · fields).
    ///
    /// - Returns: how many times are new to the series: 1, or 0 when it has this one; negative when a damaged block had
    ///   to give way.
    mutating func insert(_ row: RowReference, id: Int, measurement: MeasurementHead) -> Int {
        let time = row.time
        if isEmpty || time > last {
            if isTailLong(id, measurement.limits) { sealTail(id, measurement) }
            if count == 0 { reopenTail(id, measurement) }
            prepareTail(for: row, id: id, measurement: measurement, isChanged: false)
            if let target = buffer?.row(Int(count)) { row.write(to: target) }
            count += 1
            last = time
            return 1
        }
        if count > 0, time > stretchesEnd || stretches.isEmpty {
            // The newest row of all is in the tail, so some row of it is at or after `time`.
            let position = buffer?.position(of: time, count: Int(count)) ?? 0
            if buffer?.time(position) == time {
                prepareTail(for: row, id: id, measurement: measurement, isChanged: true)
                if let target = buffer?.row(position) { row.overwrite(target) }
                return 0
            }
            if !isTailLong(id, measurement.limits) {
                prepareTail(for: row, id: id, measurement: measurement, isChanged: true)
                buffer?.openGap(at: position, count: Int(count))
                if let target = buffer?.row(position) { row.write(to: target) }
                count += 1
                return 1
            }
            sealTail(id, measurement)
        }
        return insertIntoStretches(row, id, measurement)
    }

    private func isTailLong(_ id: Int, _ limits: HeadLimits) -> Bool {
        guard count > 0, let buffer else { return false }
        return Int(count) >= limit(id, buffer.layout, limits)
    }

    /// Sees to it that the tail has room for one more row and a slot for every field of `row`.
    ///
    /// - Parameter isChanged: rows that are there already will be changed, so the memory must not be a snapshot's, too.
    private mutating func prepareTail(for row: RowReference, id: Int, measurement: MeasurementHead, isChanged: Bool) {
        // Asked before anything below holds the buffer as well.
        let isShared = isChanged && !isKnownUniquelyReferenced(&buffer)
        let limits = measurement.limits
        guard let old = buffer else {
            let layout = measurement.layout(of: row.presentFields)
            let capacity = min(HeadSeries.firstCapacity(id), limit(id, layout, limits))
            adopt(RowBuffer(layout: layout, capacity: capacity, gauge: limits.gauge))
            return
        }
        let fits = row.fits(old.layout)
        let isFull = count >= capacity
        if fits, !isFull, !isShared { return }
        let layout = fits ? old.layout : measurement.layout(of: union(old.layout.fields, row.presentFields))
        let wanted = isFull ? Int(capacity) * 4 : Int(capacity)
        // A wider layout may have a lower limit than rows are there already.
        let new = RowBuffer(
            layout: layout, capacity: max(min(wanted, limit(id, layout, limits)), Int(count) + 1), gauge: limits.gauge)
        for index in 0..<Int(count) { old.row(index).write(to: new.row(index)) }
        adopt(new)
    }

    private mutating func adopt(_ new: RowBuffer?) {
        buffer = new
        unsafe words = unsafe new?.words
        capacity = Int32(new?.capacity ?? 0)
        shape = HeadSeries.shape(measurement: measurement, layout: new?.layout.number ?? RowLayout.unshared)
    }

    /// Turns the tail into a block.
    private mutating func sealTail(_ id: Int, _ measurement: MeasurementHead) {
        guard let chunk = buffer.map({ Chunk($0, count: Int(count), gauge: measurement.limits.gauge) }) else { return }
        // Late rows have opened them; those that come now are rather late for what is sealed here.
        var place = stretches.count - 1
        while place >= 0, case .open(let before) = stretches[place] {
            stretches[place] = .sealed(measurement.seal(before, of: SeriesID(id)))
            place -= 1
        }
        stretches.append(.sealed(measurement.seal(chunk, of: SeriesID(id))))
        count = 0
        // A snapshot may still read the rows: then the memory is its own from now on.
        if !isKnownUniquelyReferenced(&buffer) { adopt(nil) }
    }

    /// Turns the last stretch into a tail again when it is short: it was written out before it was full.
    private mutating func reopenTail(_ id: Int, _ measurement: MeasurementHead) {
        let limits = measurement.limits
        guard let end = stretches.last, end.count < limits.reopenRows else { return }
        let chunk: Chunk
        switch end {
        case .open(let open): chunk = open
        case .sealed(let block):
            // A damaged one stays where it is, and is named when it is read.
            guard let opened = try? Chunk(block, gauge: limits.gauge) else { return }
            chunk = opened
        }
        let layout = measurement.layout(of: chunk.fields)
        let limit = limit(id, layout, limits)
        guard chunk.count <= limit / 2 else { return }
        let capacity = min(max(4, chunk.count * 2), limit)
        let rows = RowBuffer(layout: layout, capacity: capacity, gauge: limits.gauge)
        for index in 0..<chunk.count { chunk.write(index, to: rows.row(index)) }
        stretches.removeLast()
        adopt(rows)
        count = Int32(chunk.count)
    }

    private mutating func insertIntoStretches(_ row: RowReference, _ id: Int, _ measurement: MeasurementHead) -> Int {
        let time = row.time
        let gauge = measurement.limits.gauge
        let after = firstStretch(after: time)
        if after == 0 {
            // Before all stretches; there is one, else the row had been the newest.
            if stretches[0].count < Vector.maximumCount, let chunk = openedChunk(0, id, measurement).chunk {
                chunk.insert(row, at: 0)
            } else {
                stretches.insert(.open(Chunk(row, gauge: gauge)), at: 0)
            }
            return 1
        }
        let index = after - 1
        if stretches[index].last < time {
            // Behind this stretch and before the next.
            if stretches[index].count < Vector.maximumCount, let chunk = openedChunk(index, id, measurement).chunk {
                chunk.insert(row, at: chunk.count)
            } else {
                stretches.insert(.open(Chunk(row, gauge: gauge)), at: after)
            }
            return 1
        }
        let opened = openedChunk(index, id, measurement)
        guard let chunk = opened.chunk else {
            // Its rows cannot be read any more, and two stretches of the same time would hide that.
            stretches[index] = .open(Chunk(row, gauge: gauge))
            return 1 - opened.lost
        }
        let position = chunk.position(of: time)
        if chunk.timestamps[position] == time {
            chunk.overwrite(position, by: row)
            return 0
        }
        if chunk.count < Vector.maximumCount {
            chunk.insert(row, at: position)
            return 1
        }
        let upper = chunk.split()
        stretches.insert(.open(upper), at: after)
        if position <= chunk.count {
            chunk.insert(row, at: position)
        } else {
            upper.insert(row, at: position - chunk.count)
        }
        return 1
    }

    /// The stretch as a chunk of the writer's own: decoded when it is a block, a copy when a snapshot holds it. Nil
    /// when the block cannot be read, with the rows that are lost.
    private mutating func openedChunk(
        _ index: Int, _ id: Int, _ measurement: MeasurementHead
    ) -> (chunk: Chunk?, lost: Int) {
        switch stretches[index] {
        case .sealed(let block):
            do throws(CodecError) {
                let chunk = try Chunk(block, gauge: measurement.limits.gauge)
                stretches[index] = .open(chunk)
                return (chunk, 0)
            } catch {
                measurement.limits.damages.note(block, of: SeriesID(id), error)
                return (nil, block.count)
            }
        case .open:
            // Taken out, so that this is the only reference but for those of snapshots.
            var taken = Stretch.open(.nothing)
            swap(&taken, &stretches[index])
            guard case .open(var chunk) = consume taken else { return (nil, 0) }
            if !isKnownUniquelyReferenced(&chunk) { chunk = chunk.copy() }
            stretches[index] = .open(chunk)
            return (chunk, 0)
        }
    }

    /// The first stretch that begins after `time`. O(log).
    private func firstStretch(after time: Int64) -> Int {
        var low = 0
        var high = stretches.count
        while low < high {
            let middle = (low + high) / 2
            if stretches[middle].first <= time { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Hands every stretch of rows that overlaps `range` to `visit`, in time order; damaged blocks to `damaged`.
    func blocks<Failure: Error>(
        fields: [Int], in range: TimeRange, damaged: (SealedBlock, CodecError) -> Void,
        visit: (StoredBlock) throws(Failure) -> Void
    ) throws(Failure) {
        guard !range.isEmpty else { return }
        var index = max(firstStretch(after: range.start) - 1, 0)
        while index < stretches.count, stretches[index].first < range.end {
            if stretches[index].last >= range.start {
                switch stretches[index] {
                case .open(let chunk):
                    try visit(StoredBlock(timestamps: chunk.timestamps, columns: fields.map { chunk.column(of: $0) }))
                case .sealed(let block):
                    if let stored = HeadSeries.decoded(block, fields, damaged) { try visit(stored) }
                }
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

    private static func decoded(
        _ block: SealedBlock, _ fields: [Int], _ damaged: (SealedBlock, CodecError) -> Void
    ) -> StoredBlock? {
        do throws(CodecError) {
            return try block.decode(fields: fields)
        } catch {
            damaged(block, error)
            return nil
        }
    }

    // MARK: Segments

    /// Puts blocks of a segment in, rising in time, in place of all rows between their times; graves among them only
    /// take rows away. O(blocks of the series).
    mutating func load(_ entries: ArraySlice<SegmentEntry>, of segment: Segment) {
        // Newer segments have newer rows, but for those that came late.
        let isNewer = stretches.last.map { $0.last < (entries.first?.first ?? .min) } ?? true
        if !isNewer {
            stretches.removeAll { old in entries.contains { $0.first <= old.last && old.first <= $0.last } }
        }
        for entry in entries where entry.kind != .grave {
            let block = Stretch.sealed(SealedBlock(entry, in: segment))
            if isNewer {
                stretches.append(block)
            } else {
                stretches.insert(block, at: firstStretch(after: entry.first))
            }
        }
        last = stretches.last?.last ?? .min
    }

    /// Lets blocks of a segment take the place of what was written to it, where that is unchanged.
    ///
    /// - Parameters:
    ///   - written: the series as it was when it was written.
    ///   - graves: where rows were taken away since the segment before.
    ///   - blocks: for each of its stretches that were unsaved, in order, and then for its tail when it had one.
    mutating func adopt(
        _ blocks: ArraySlice<SegmentEntry>, of segment: Segment, for written: HeadSeries, graves: [TimeRange]
    ) {
        var blocks = blocks
        var place = 0
        for stretch in written.stretches where stretch.isUnsaved(graves) {
            // One that could not be read was not written.
            guard let entry = blocks.first else { return }
            guard entry.first == stretch.first else { continue }
            blocks.removeFirst()
            while place < stretches.count, stretches[place].first < stretch.first { place += 1 }
            guard place < stretches.count, stretches[place].isSame(as: stretch) else { continue }
            stretches[place] = .sealed(SealedBlock(entry, in: segment))
        }
        guard written.count > 0, let entry = blocks.popFirst(), buffer === written.buffer, count == written.count
        else { return }
        stretches.append(.sealed(SealedBlock(entry, in: segment)))
        adopt(nil)
        count = 0
    }

    /// Lets blocks of a segment take the place of those at `old`, stretches that follow each other and hold the same
    /// rows.
    ///
    /// - Returns: whether they are all still there; nothing is changed otherwise.
    mutating func replace(_ old: [BlockPlace], by new: [SegmentEntry], of segment: Segment) -> Bool {
        guard let head = old.first,
            let start = stretches.firstIndex(where: { $0.place == head }), start + old.count <= stretches.count
        else { return false }
        for (stretch, place) in zip(stretches[start...], old) where stretch.place != place { return false }
        stretches.replaceSubrange(
            start..<start + old.count, with: new.map { .sealed(SealedBlock($0, in: segment)) })
        return true
    }

    /// Brings blocks of `segments` back into memory. One that cannot be read stays.
    mutating func detach(_ segments: [Segment], id: Int, limits: HeadLimits) {
        for (index, stretch) in stretches.enumerated() {
            guard case .sealed(let block) = stretch, let segment = block.segment,
                segments.contains(where: { $0 === segment })
            else { continue }
            do throws(CodecError) {
                stretches[index] = .sealed(try SealedBlock(copying: block, gauge: limits.gauge))
            } catch {
                limits.damages.note(block, of: SeriesID(id), error)
            }
        }
    }

    // MARK: Removal

    /// Takes the rows in `range` away. O(blocks), and O(rows · fields) of those that are cut.
    ///
    /// - Returns: how many rows are gone.
    mutating func remove(_ range: TimeRange, id: Int, measurement: MeasurementHead) -> Int {
        guard !range.isEmpty, let first = firstTimestamp, first < range.end, last >= range.start else { return 0 }
        let before = rowCount
        let gauge = measurement.limits.gauge
        // The tail goes to the stretches first, so that there is one case only.
        if count > 0, last >= range.start, let buffer {
            stretches.append(.open(Chunk(buffer, count: Int(count), gauge: gauge)))
            count = 0
            adopt(nil)
        }
        var kept: [Stretch] = []
        kept.reserveCapacity(stretches.count)
        for (index, stretch) in stretches.enumerated() {
            guard stretch.first < range.end, stretch.last >= range.start else {
                kept.append(stretch)
                continue
            }
            if range.start <= stretch.first, stretch.last < range.end { continue }
            guard let chunk = openedChunk(index, id, measurement).chunk else { continue }
            let start = chunk.position(of: range.start)
            let end = chunk.position(of: range.end)
            if start > 0 { kept.append(.open(chunk.part(0..<start))) }
            if end < chunk.count { kept.append(.open(chunk.part(end..<chunk.count))) }
        }
        stretches = kept
        if count == 0 { last = stretches.last?.last ?? .min }
        return before - rowCount
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
