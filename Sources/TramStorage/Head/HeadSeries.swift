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
    var stretches: [Stretch] = [] { didSet { stretchesEnd = stretches.last?.last ?? .min } }
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
        let newTimes = insertIntoStretches(row, id, measurement)
        // A chunk was changed behind the list's back.
        stretchesEnd = stretches.last?.last ?? .min
        return newTimes
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
        guard let end = stretches.last, end.isInSegment || end.count < limits.reopenRows else { return }
        let chunk: Chunk
        switch end {
        case .open(let open): chunk = open
        // A damaged one stays where it is, and is named when it is read.
        case .sealed(let block):
            guard let opened = try? Chunk(block, gauge: limits.gauge) else { return }
            chunk = opened
        case .run(let run):
            let block = run.block(run.places.upperBound - 1)
            guard block.count < limits.reopenRows, let opened = try? Chunk(block, gauge: limits.gauge) else { return }
            chunk = opened
        }
        let layout = measurement.layout(of: chunk.fields)
        let limit = limit(id, layout, limits)
        guard chunk.count <= limit / 2 else { return }
        let capacity = min(max(4, chunk.count * 2), limit)
        let rows = RowBuffer(layout: layout, capacity: capacity, gauge: limits.gauge)
        for index in 0..<chunk.count { chunk.write(index, to: rows.row(index)) }
        if case .run(let run) = end { isolate(stretches.count - 1, run.places.upperBound - 1) }
        stretches.removeLast()
        adopt(rows)
        count = Int32(chunk.count)
    }

    private mutating func insertIntoStretches(_ row: RowReference, _ id: Int, _ measurement: MeasurementHead) -> Int {
        let time = row.time
        let gauge = measurement.limits.gauge
        let host = max(firstStretch(after: time) - 1, 0)
        if case .run(let run) = stretches[host] { isolate(host, run.place(beginningUpTo: time)) }
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
        func opened(_ block: SealedBlock) -> (chunk: Chunk?, lost: Int) {
            let chunk = HeadSeries.chunk(block, id, measurement.limits)
            return (chunk, chunk == nil ? block.count : 0)
        }
        switch stretches[index] {
        case .sealed(let block):
            let found = opened(block)
            if let chunk = found.chunk { stretches[index] = .open(chunk) }
            return found
        case .run(let run):
            precondition(run.places.count == 1, "one block at a time is opened")
            let found = opened(run.block(run.places.lowerBound))
            if let chunk = found.chunk { stretches[index] = .open(chunk) }
            return found
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

    /// The rows of a block, to be changed; nil when it cannot be read, which is noted.
    static func chunk(_ block: SealedBlock, _ id: Int, _ limits: HeadLimits) -> Chunk? {
        do throws(CodecError) {
            return try Chunk(block, gauge: limits.gauge)
        } catch {
            limits.damages.note(block, of: SeriesID(id), error)
            return nil
        }
    }

    /// Cuts a run so that block `place` of it stands alone. O(blocks of the run).
    private mutating func isolate(_ index: Int, _ place: Int) {
        guard case .run(let run) = stretches[index], run.places.count > 1 else { return }
        stretches.replaceSubrange(
            index...index,
            with: run.parts(run.places.lowerBound..<place) + run.parts(place..<place + 1)
                + run.parts(place + 1..<run.places.upperBound))
    }

    /// The first stretch that begins after `time`. O(log).
    func firstStretch(after time: Int64) -> Int {
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
                case .run(let run):
                    for place in run.place(endingFrom: range.start)..<run.places.upperBound {
                        let block = run.block(place)
                        guard block.first < range.end else { break }
                        if let stored = HeadSeries.decoded(block, fields, damaged) { try visit(stored) }
                    }
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

    /// Hands every stretch of rows that overlaps `range` to `visit`, in time order, without reading it.
    func rows<Failure: Error>(
        in range: TimeRange, visit: (StoredRows) throws(Failure) -> Void
    ) throws(Failure) {
        guard !range.isEmpty else { return }
        var index = max(firstStretch(after: range.start) - 1, 0)
        while index < stretches.count, stretches[index].first < range.end {
            if stretches[index].last >= range.start {
                switch stretches[index] {
                case .open(let chunk): try visit(StoredRows(chunk))
                case .sealed(let block): try visit(StoredRows(block))
                case .run(let run):
                    for place in run.place(endingFrom: range.start)..<run.places.upperBound {
                        let entry = run.segment.entry(place)
                        guard entry.first < range.end else { break }
                        try visit(StoredRows(run, entry, place: place))
                    }
                }
            }
            index += 1
        }
        guard let buffer, count > 0 else { return }
        let start = buffer.position(of: range.start, count: Int(count))
        let end = buffer.position(of: range.end, count: Int(count))
        if start < end { try visit(StoredRows(buffer, start..<end)) }
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

    /// Gives up the tail, whose rows are elsewhere by now.
    mutating func leaveTail() {
        adopt(nil)
        count = 0
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
