import TramColumnar

/// One column while it is filled, and what the row loop needs to recognise its name: one cache line.
///
/// A field name that two types have been sent under has one slot per type; all of these are `isContested`.
@unsafe
struct FieldSlot {
    /// The first 16 bytes of `name=` as sent, zero after it, and the masks of the bytes that count.
    var name: (UInt64, UInt64)
    var mask: (UInt64, UInt64)
    var bits: UnsafeMutablePointer<UInt64>
    /// Rows filled; rows from here to the measurement's own count lack the field.
    var count: Int32 = 0
    /// The slot that followed this one when it was last seen.
    var next: Int32
    /// Bytes of `name=`.
    var length: Int32
    var type: FieldType
    var isContested = false
    /// Contested, or with a name of more than 16 bytes.
    var needsCare = false
    /// Fills the slot up to 64 bytes.
    var reserved: UInt64 = 0
}

/// The columns of one measurement while rows are added, in plain memory: one check of the capacity per row,
/// and no reference counting or exclusivity check in the row loop.
///
/// The memory belongs to a `BatchBuilder`.
@unsafe
struct OpenColumns {
    var rowCount = 0
    /// Rows that may be filled before `BatchBuilder.extend` is asked again; at most `capacity`.
    var rowLimit = 0
    var capacity = 0
    var series: UnsafeMutablePointer<UInt32>
    var timestamps: UnsafeMutablePointer<Int64>
    var lines: UnsafeMutablePointer<UInt32>
    var slots: UnsafeMutablePointer<FieldSlot>
    var slotCount = 0
    var slotCapacity = 0
    /// The slot that a row began with when one was last seen.
    var firstSlot: Int32 = 0
    /// Values written; a field that stands twice on a line counts twice.
    var presentCount = 0
    var text: UnsafeMutablePointer<UInt8>
    var textCount = 0
    var textCapacity = 0
}

/// Rows of one measurement on their way to a `Batch`, and its field names.
@safe
final class BatchBuilder {
    /// A batch is closed when more than 16 cells of 17 would be empty, so that lines that invent a name each cannot ask
    /// for rows × names of memory; up to this many empty cells are always allowed.
    static let toleratedEmptyCells = 16_384
    /// Field slots kept from one batch to the next; more are forgotten.
    static let maximumSlotsKept = 1024
    /// Rows of memory kept from one batch to the next; more is freed.
    static let maximumRowsKept = 65_536
    /// Where a batch's text is cut: offsets must fit in 32 bits with room for one more line.
    static let maximumTextBytes = 1 << 30
    static let maximumRows = 1 << 30

    private struct Name {
        var text: String
        /// `name=` as sent.
        var spelling: [UInt8]
        /// The next slot of the same name, -1 after the last.
        var alternate: Int32 = -1
        /// The rows before the slot's count that lack the field.
        var gaps: [Range<Int32>] = []
    }

    let measurement: String
    /// Points at memory of this object; valid until it is deinitialised.
    let columns: UnsafeMutablePointer<OpenColumns>
    private var names: [Name] = []
    /// First slot of each field name, by its spelling.
    private var slotByName: [[UInt8]: Int32] = [:]
    /// Of the first slots of the names on the line at hand: the line and which of its fields counts.
    private var chosen: [(line: Int, field: Int)] = []
    private var lineSerial = 0

    init(measurement: String) {
        self.measurement = measurement
        unsafe columns = .allocate(capacity: 1)
        unsafe columns.initialize(
            to: OpenColumns(
                series: .allocate(capacity: 0), timestamps: .allocate(capacity: 0), lines: .allocate(capacity: 0),
                slots: .allocate(capacity: 0), text: .allocate(capacity: 0)))
    }

    deinit {
        freeSlots()
        unsafe columns.pointee.series.deallocate()
        unsafe columns.pointee.timestamps.deallocate()
        unsafe columns.pointee.lines.deallocate()
        unsafe columns.pointee.slots.deallocate()
        unsafe columns.pointee.text.deallocate()
        unsafe columns.deallocate()
    }

    /// Rows not taken yet.
    var rowCount: Int { unsafe columns.pointee.rowCount }

    // MARK: Memory

    private static func resized<Element: BitwiseCopyable>(
        _ old: UnsafeMutablePointer<Element>, _ count: Int, _ capacity: Int
    ) -> UnsafeMutablePointer<Element> {
        let new = UnsafeMutablePointer<Element>.allocate(capacity: capacity)
        unsafe UnsafeMutableRawPointer(new).copyMemory(
            from: old, byteCount: count * MemoryLayout<Element>.stride)
        unsafe old.deallocate()
        return unsafe new
    }

    /// Allows more rows than `rowLimit`, which is reached; false when the batch has to be closed instead. The limit
    /// doubles, so that a batch is looked over now and then whatever memory it has. Amortised O(1).
    func extend() -> Bool {
        let limit = unsafe columns.pointee.rowLimit
        if limit >= BatchBuilder.maximumRows || mustClose(adding: 0) { return false }
        if unsafe limit == columns.pointee.capacity { growRows() }
        unsafe columns.pointee.rowLimit = min(max(64, 2 * limit), columns.pointee.capacity)
        return true
    }

    private func growRows() {
        let (count, old) = unsafe (columns.pointee.rowCount, columns.pointee.capacity)
        let capacity = max(64, 2 * old)
        unsafe columns.pointee.series = BatchBuilder.resized(columns.pointee.series, count, capacity)
        unsafe columns.pointee.timestamps = BatchBuilder.resized(columns.pointee.timestamps, count, capacity)
        unsafe columns.pointee.lines = BatchBuilder.resized(columns.pointee.lines, count, capacity)
        for slot in unsafe 0..<columns.pointee.slotCount {
            let filled = unsafe Int(columns.pointee.slots[slot].count)
            unsafe columns.pointee.slots[slot].bits = BatchBuilder.resized(
                columns.pointee.slots[slot].bits, min(filled, old), capacity)
        }
        unsafe columns.pointee.capacity = capacity
    }

    /// Makes room for `count` more bytes of text, and seven for wide stores. Amortised O(count).
    func growText(by count: Int) {
        let needed = unsafe columns.pointee.textCount + count + 8
        guard unsafe needed > columns.pointee.textCapacity else { return }
        let capacity = unsafe max(needed, 2 * columns.pointee.textCapacity, 1024)
        unsafe columns.pointee.text = BatchBuilder.resized(columns.pointee.text, columns.pointee.textCount, capacity)
        unsafe columns.pointee.textCapacity = capacity
    }

    private func freeSlots() {
        for slot in unsafe 0..<columns.pointee.slotCount { unsafe columns.pointee.slots[slot].bits.deallocate() }
        unsafe columns.pointee.slotCount = 0
        unsafe columns.pointee.firstSlot = 0
        names.removeAll()
        chosen.removeAll()
        slotByName.removeAll()
    }

    // MARK: Filling

    /// Marks the rows from the slot's count to `row` as lacking the field. O(rows).
    func fillGap(_ slot: Int, upTo row: Int) {
        let start = unsafe Int(columns.pointee.slots[slot].count)
        guard start < row else { return }
        unsafe (columns.pointee.slots[slot].bits + start).update(repeating: 0, count: row - start)
        names[slot].gaps.append(Int32(start)..<Int32(row))
        unsafe columns.pointee.slots[slot].count = Int32(row)
    }

    /// Whether the bytes at `name` are the rest of a slot's name of more than 16 bytes. The caller has compared these,
    /// and has as many readable bytes as the name has.
    func matchesTail(_ slot: Int, _ name: UnsafePointer<UInt8>) -> Bool {
        let spelling = names[slot].spelling
        for index in 16..<max(spelling.count, 16) where unsafe spelling[index] != name[index] { return false }
        return true
    }

    /// Adds `point`, whose bytes begin at `bytes`, as a row. O(fields + bytes of strings).
    ///
    /// Closes the batch first, and returns it, when this row would make it too sparse or too long.
    func append(_ point: borrowing PointText, _ bytes: UnsafePointer<UInt8>, key: UInt32, line: UInt32) -> Batch? {
        lineSerial += 1
        var heads: [Int32] = []
        heads.reserveCapacity(point.fields.count)
        var spellings: [[UInt8]] = []
        var newCount = 0
        var addedCount = 0
        for (index, field) in point.fields.enumerated() {
            // The `=` is part of the spelling.
            let spelling = unsafe [UInt8](
                UnsafeBufferPointer(start: bytes + field.key.lowerBound, count: field.key.count + 1))
            if let head = slotByName[spelling] {
                if chosen[Int(head)].line != lineSerial {
                    heads.append(head)
                    if unsafe columns.pointee.slots[Int(head)].count == 0 { addedCount += 1 }
                }
                chosen[Int(head)] = (lineSerial, index)
            } else {
                addedCount += 1
                newCount += 1
            }
            spellings.append(spelling)
        }
        var closed: Batch?
        if mustClose(adding: addedCount) {
            closed = take()
            // Slots may be gone: look the names up again.
            if unsafe columns.pointee.slotCount == 0 {
                _ = unsafe append(point, bytes, key: key, line: line)
                return closed
            }
        }
        if newCount > 0 {
            heads.removeAll()
            lineSerial += 1
            for (index, field) in point.fields.enumerated() {
                let head = slotByName[spellings[index]] ?? addSlot(spellings[index], field.type, afterHead: nil)
                if chosen[Int(head)].line != lineSerial { heads.append(head) }
                chosen[Int(head)] = (lineSerial, index)
            }
        }
        if unsafe columns.pointee.rowCount == columns.pointee.rowLimit { _ = extend() }
        unsafe write(point, bytes, heads)
        let row = unsafe columns.pointee.rowCount
        unsafe columns.pointee.series[row] = key
        unsafe columns.pointee.timestamps[row] = point.timestamp
        unsafe columns.pointee.lines[row] = line
        unsafe columns.pointee.rowCount = row + 1
        unsafe columns.pointee.presentCount += heads.count
        return closed
    }

    private func write(_ point: borrowing PointText, _ bytes: UnsafePointer<UInt8>, _ heads: [Int32]) {
        let row = unsafe columns.pointee.rowCount
        var previous: Int32 = -1
        for head in heads {
            let index = chosen[Int(head)].field
            let field = point.fields[index]
            let slot = slot(ofType: field.type, head: head)
            fillGap(Int(slot), upTo: row)
            let value = field.type == .string ? unsafe appendText(field, bytes) : field.bits
            unsafe columns.pointee.slots[Int(slot)].bits[row] = value
            unsafe columns.pointee.slots[Int(slot)].count = Int32(row + 1)
            if previous < 0 {
                unsafe columns.pointee.firstSlot = slot
            } else {
                unsafe columns.pointee.slots[Int(previous)].next = slot
            }
            previous = slot
        }
    }

    private func appendText(_ field: PointText.Field, _ bytes: UnsafePointer<UInt8>) -> UInt64 {
        let start = unsafe columns.pointee.textCount
        growText(by: field.text.count)
        var count = start
        var index = field.text.lowerBound
        while index < field.text.upperBound {
            if unsafe bytes[index] == UInt8(ascii: "\\"),
                unsafe bytes[index + 1] == UInt8(ascii: "\"") || bytes[index + 1] == UInt8(ascii: "\\")
            {
                index += 1
            }
            unsafe columns.pointee.text[count] = unsafe bytes[index]
            count += 1
            index += 1
        }
        unsafe columns.pointee.textCount = count
        return Batch.textReference(offset: start, byteCount: count - start)
    }

    private func slot(ofType type: FieldType, head: Int32) -> Int32 {
        var slot = head
        while unsafe columns.pointee.slots[Int(slot)].type != type {
            let alternate = names[Int(slot)].alternate
            if alternate < 0 { return addSlot(names[Int(slot)].spelling, type, afterHead: slot) }
            slot = alternate
        }
        return slot
    }

    /// Adds a slot; `afterHead` is the last slot with the same name, nil when there is none.
    private func addSlot(_ spelling: [UInt8], _ type: FieldType, afterHead: Int32?) -> Int32 {
        var name: (UInt64, UInt64) = (0, 0)
        var mask: (UInt64, UInt64) = (0, 0)
        for (offset, byte) in spelling.prefix(16).enumerated() {
            let shift = UInt64(8 * (offset & 7))
            if offset < 8 {
                name.0 |= UInt64(byte) << shift
                mask.0 |= 0xff << shift
            } else {
                name.1 |= UInt64(byte) << shift
                mask.1 |= 0xff << shift
            }
        }
        let count = unsafe columns.pointee.slotCount
        if unsafe count == columns.pointee.slotCapacity {
            unsafe columns.pointee.slotCapacity = max(8, 2 * count)
            unsafe columns.pointee.slots = BatchBuilder.moved(columns.pointee.slots, count, max(8, 2 * count))
        }
        let capacity = unsafe columns.pointee.capacity
        var slot = unsafe FieldSlot(
            name: name, mask: mask, bits: .allocate(capacity: capacity), next: 0, length: Int32(spelling.count),
            type: type, needsCare: spelling.count > 16)
        let index = Int32(count)
        if let afterHead {
            unsafe slot.isContested = true
            unsafe slot.needsCare = true
            names[Int(afterHead)].alternate = index
            unsafe columns.pointee.slots[Int(afterHead)].isContested = true
            unsafe columns.pointee.slots[Int(afterHead)].needsCare = true
        } else {
            slotByName[spelling] = index
        }
        unsafe (columns.pointee.slots + count).initialize(to: slot)
        unsafe columns.pointee.slotCount = count + 1
        names.append(Name(text: Escapes.name(spelling.dropLast()), spelling: spelling))
        chosen.append((0, 0))
        return index
    }

    private static func moved(
        _ old: UnsafeMutablePointer<FieldSlot>, _ count: Int, _ capacity: Int
    ) -> UnsafeMutablePointer<FieldSlot> {
        let new = UnsafeMutablePointer<FieldSlot>.allocate(capacity: capacity)
        unsafe new.moveInitialize(from: old, count: count)
        unsafe old.deallocate()
        return unsafe new
    }

    /// Whether one more row, with values in `added` columns that have none yet, would make the batch too sparse or too
    /// long.
    private func mustClose(adding added: Int) -> Bool {
        let rows = unsafe columns.pointee.rowCount
        guard rows > 0 else { return false }
        if unsafe columns.pointee.textCount > BatchBuilder.maximumTextBytes || rows >= BatchBuilder.maximumRows {
            return true
        }
        guard unsafe added > 0 || rows == columns.pointee.rowLimit else { return false }
        var filled = added
        for slot in unsafe 0..<columns.pointee.slotCount where unsafe columns.pointee.slots[slot].count > 0 {
            filled += 1
        }
        return unsafe filled * (rows + 1) > 16 * columns.pointee.presentCount + BatchBuilder.toleratedEmptyCells
    }

    // MARK: Handing over

    /// The rows so far as a batch, nil when there are none; the next row begins a new one. O(rows × columns).
    func take() -> Batch? {
        let rows = unsafe columns.pointee.rowCount
        var batch: Batch?
        if rows > 0 {
            var filled = Batch(measurement: measurement)
            unsafe filled.series = Array(UnsafeBufferPointer(start: columns.pointee.series, count: rows))
            unsafe filled.timestamps = Array(UnsafeBufferPointer(start: columns.pointee.timestamps, count: rows))
            unsafe filled.lines = Array(UnsafeBufferPointer(start: columns.pointee.lines, count: rows))
            let textCount = unsafe columns.pointee.textCount
            unsafe filled.text = Array(UnsafeBufferPointer(start: columns.pointee.text, count: textCount))
            for slot in unsafe 0..<columns.pointee.slotCount {
                if let column = column(slot, rows) { filled.columns.append(column) }
            }
            batch = filled
        }
        unsafe columns.pointee.rowCount = 0
        unsafe columns.pointee.rowLimit = 0
        unsafe columns.pointee.textCount = 0
        unsafe columns.pointee.presentCount = 0
        for slot in unsafe 0..<columns.pointee.slotCount { unsafe columns.pointee.slots[slot].count = 0 }
        for slot in names.indices where !names[slot].gaps.isEmpty { names[slot].gaps.removeAll() }
        trim()
        return batch
    }

    /// The column of a slot, nil when no row of the batch has the field. O(rows).
    private func column(_ slot: Int, _ rows: Int) -> Batch.Column? {
        guard unsafe columns.pointee.slots[slot].count > 0 else { return nil }
        fillGap(slot, upTo: rows)
        let gaps = names[slot].gaps
        let missing = gaps.reduce(0) { $0 + $1.count }
        guard missing < rows else { return nil }
        let (type, bits) = unsafe (columns.pointee.slots[slot].type, columns.pointee.slots[slot].bits)
        var values = unsafe Vector(type: type, bits: Array(UnsafeBufferPointer(start: bits, count: rows)))
        if missing > 0 {
            var presence = Bitmap(repeating: true, count: rows)
            for gap in gaps {
                for row in gap { presence[Int(row)] = false }
            }
            values.presence = presence
        }
        return Batch.Column(name: names[slot].text, values: values)
    }

    /// Gives memory back that only an unusual batch needed.
    private func trim() {
        if unsafe columns.pointee.slotCount > BatchBuilder.maximumSlotsKept { freeSlots() }
        if unsafe columns.pointee.capacity > BatchBuilder.maximumRowsKept {
            unsafe columns.pointee.capacity = 0
            growRows()
        }
        if unsafe columns.pointee.textCapacity > 1 << 20 {
            unsafe columns.pointee.text.deallocate()
            unsafe columns.pointee.text = .allocate(capacity: 0)
            unsafe columns.pointee.textCapacity = 0
        }
    }
}
