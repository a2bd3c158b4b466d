import TramColumnar

/// Which fields a row has room for, and where. Rows are stretches of 64-bit words:
///
///     word              content
///     0                 timestamp
///     1...maskWords     bit s of these words: the value of slot s is present
///     then              one value per slot; 0 where it is absent
///
/// Slots are in rising order of field numbers. Layouts of series are shared by all series of a measurement that have
/// the same fields.
final class RowLayout: Sendable {
    /// Its number among the layouts of its measurement; `unshared` for one that only a batch has.
    let number: UInt32
    let fields: [Int]
    /// Parallel to `fields`.
    let types: [FieldType]
    let maskWords: Int
    /// Words of a row.
    let stride: Int

    static let unshared = UInt32.max

    init(number: UInt32, fields: [Int], types: [FieldType]) {
        self.number = number
        self.fields = fields
        self.types = types
        maskWords = (fields.count + 63) / 64
        stride = 1 + maskWords + fields.count
    }

    /// The word of the value in `slot`.
    func valueWord(_ slot: Int) -> Int { 1 + maskWords + slot }
}

/// A row in memory that somebody else owns. Made and used within one call that keeps the memory.
@safe struct RowReference {
    let layout: RowLayout
    private let words: UnsafeMutablePointer<UInt64>

    /// - Parameter words: `layout.stride` words, valid as long as this value is used.
    @unsafe init(words: UnsafeMutablePointer<UInt64>, layout: RowLayout) {
        unsafe self.words = unsafe words
        self.layout = layout
    }

    var time: Int64 { unsafe Int64(bitPattern: words[0]) }

    /// `slot` is one of the layout's.
    func isPresent(_ slot: Int) -> Bool {
        unsafe words[1 + slot >> 6] >> UInt64(slot & 63) & 1 != 0
    }

    /// 0 where it is absent.
    func value(_ slot: Int) -> UInt64 { unsafe words[layout.valueWord(slot)] }

    func set(_ value: UInt64, _ slot: Int) {
        unsafe words[1 + slot >> 6] |= 1 << UInt64(slot & 63)
        unsafe words[layout.valueWord(slot)] = value
    }

    /// Makes it a row of this time without a value.
    func clear(time: Int64) {
        unsafe words.update(repeating: 0, count: layout.stride)
        unsafe words[0] = UInt64(bitPattern: time)
    }

    /// Numbers of the fields that the row has, rising.
    var presentFields: [Int] {
        layout.fields.indices.filter { isPresent($0) }.map { layout.fields[$0] }
    }

    /// Whether `other` has a slot for every field that is present here.
    func fits(_ other: RowLayout) -> Bool {
        if layout === other { return true }
        var target = 0
        for slot in layout.fields.indices where isPresent(slot) {
            while target < other.fields.count, other.fields[target] < layout.fields[slot] { target += 1 }
            guard target < other.fields.count, other.fields[target] == layout.fields[slot] else { return false }
        }
        return true
    }

    /// Makes the row at `target` equal to this one; its layout fits.
    func write(to target: RowReference) {
        if layout === target.layout {
            unsafe target.words.update(from: words, count: layout.stride)
            return
        }
        target.clear(time: time)
        overwrite(target)
    }

    /// Replaces in the row at `target` the values that are present here; its layout fits.
    func overwrite(_ target: RowReference) {
        var place = 0
        for slot in layout.fields.indices where isPresent(slot) {
            while target.layout.fields[place] < layout.fields[slot] { place += 1 }
            target.set(value(slot), place)
        }
    }
}

/// The memory of a tail: room for `capacity` rows of one layout.
///
/// It does not know how many rows it holds; each holder of it has its own count. So the writer may go on behind the
/// last row that a snapshot can see, without a copy: rows below a holder's count are not changed while it has holders
/// besides the writer.
@safe final class RowBuffer: @unchecked Sendable {
    // Sendable: the one writer works under the store's lock and keeps to the rule above; readers read below their
    // counts only, which they got under the same lock.
    let words: UnsafeMutablePointer<UInt64>
    let layout: RowLayout
    let capacity: Int
    private let gauge: MemoryGauge

    init(layout: RowLayout, capacity: Int, gauge: MemoryGauge) {
        self.layout = layout
        self.capacity = capacity
        self.gauge = gauge
        unsafe words = .allocate(capacity: max(layout.stride * capacity, 1))
        gauge.add(byteCount)
    }

    deinit {
        unsafe words.deallocate()
        gauge.remove(byteCount)
    }

    private var byteCount: Int { layout.stride * capacity * 8 }

    func row(_ index: Int) -> RowReference {
        unsafe RowReference(words: words + index * layout.stride, layout: layout)
    }

    /// Moves the rows from `index` to `count` one place back; there is room for it. The row at `index` is then to be
    /// written.
    func openGap(at index: Int, count: Int) {
        let gap = unsafe words + index * layout.stride
        unsafe (gap + layout.stride).update(from: gap, count: (count - index) * layout.stride)
    }

    func time(_ index: Int) -> Int64 { unsafe Int64(bitPattern: words[index * layout.stride]) }

    /// The first of `count` rows at or after `time`; `count` when there is none. O(log).
    ///
    /// Steps back from the newest row, each step twice the one before, and searches what the last one covers: a row
    /// that comes late is late by a few rows, which lie in the cache; halving all rows touches a line of memory a step.
    func position(of time: Int64, count: Int) -> Int {
        var low = 0
        var high = count
        var step = 1
        while high > 0 {
            let probe = max(count - step, 0)
            if self.time(probe) < time {
                low = probe + 1
                break
            }
            high = probe
            step *= 2
        }
        while low < high {
            let middle = (low + high) / 2
            if self.time(middle) < time { low = middle + 1 } else { high = middle }
        }
        return low
    }

    func timestamps(_ range: Range<Int>) -> [Int64] {
        range.map { time($0) }
    }

    /// The values of a slot in the rows of `range`; nil when none of them has one. O(rows).
    func column(_ slot: Int, _ range: Range<Int>) -> Vector? {
        let stride = layout.stride
        let first = unsafe words + range.lowerBound * stride
        let mask = unsafe first + (1 + slot >> 6)
        var (all, any) = (UInt64.max, UInt64(0))
        for index in 0..<range.count {
            let word = unsafe mask[index &* stride]
            all &= word
            any |= word
        }
        let bit: UInt64 = 1 << UInt64(slot & 63)
        guard any & bit != 0 else { return nil }
        let values = unsafe first + layout.valueWord(slot)
        let bits = unsafe [UInt64](unsafeUninitializedCapacity: range.count) { buffer, count in
            for index in 0..<range.count { unsafe buffer[index] = values[index &* stride] }
            count = range.count
        }
        guard all & bit == 0 else { return Vector(type: layout.types[slot], bits: bits) }
        var present = Bitmap(repeating: false, count: range.count)
        for index in 0..<range.count where unsafe mask[index &* stride] & bit != 0 { present[index] = true }
        return Vector(type: layout.types[slot], bits: bits, presence: present)
    }
}
