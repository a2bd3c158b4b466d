import TramColumnar

/// Turns stretches of a batch's columns into rows that lie in memory as those of a tail do, so that storing a row is
/// one copy.
///
/// Also where string values become codes of the store's table. One stretch at a time, in memory that is used again and
/// stays in the cache.
@safe final class BatchRows {
    /// Rows of one stretch.
    static let maximumCount = 1024

    private(set) var words: UnsafeMutablePointer<UInt64>
    private var capacity = 0
    private var texts = TextCodes()

    init() {
        unsafe words = .allocate(capacity: 1)
    }

    deinit { unsafe words.deallocate() }

    /// Fills the memory with the rows of `range`.
    ///
    /// - Parameter refused: rows of the batch whose texts get no code, when there are any.
    func fill(
        _ batch: Batch, _ range: Range<Int>, columns: [(column: Int, field: Int)], layout: RowLayout, refused: Bitmap?,
        strings: StringTable
    ) {
        let stride = layout.stride
        reserve(stride * range.count)
        for index in 0..<range.count {
            let row = unsafe words + index &* stride
            unsafe row[0] = UInt64(bitPattern: batch.timestamps[range.lowerBound &+ index])
            for word in 0..<layout.maskWords { unsafe row[1 &+ word] = 0 }
        }
        var slot = 0
        // Slots and columns are both in rising order of fields.
        for (column, field) in columns {
            while layout.fields[slot] != field { slot += 1 }
            let values = batch.columns[column].values
            let mask = unsafe words + (1 + slot >> 6)
            let target = unsafe words + layout.valueWord(slot)
            let bit: UInt64 = 1 << UInt64(slot & 63)
            if values.type == .string {
                for index in 0..<range.count {
                    let row = range.lowerBound + index
                    unsafe target[index &* stride] = 0
                    guard values.isPresent(row), !(refused?[row] ?? false) else { continue }
                    let text = batch.text.span.extracting(batch.textRange(values.bits[row]))
                    unsafe target[index &* stride] = UInt64(texts.code(of: text, in: strings))
                    unsafe mask[index &* stride] |= bit
                }
            } else if let presence = values.presence {
                for index in 0..<range.count {
                    let row = range.lowerBound &+ index
                    let isPresent = presence.words[row >> 6] >> UInt64(row & 63) & 1
                    unsafe target[index &* stride] = values.bits[row] & (0 &- isPresent)
                    unsafe mask[index &* stride] |= bit & (0 &- isPresent)
                }
            } else {
                unsafe values.bits.withUnsafeBufferPointer { bits in
                    let source = unsafe UnsafeBufferPointer(rebasing: bits[range])
                    for index in 0..<range.count {
                        unsafe target[index &* stride] = source[index]
                        unsafe mask[index &* stride] |= bit
                    }
                }
            }
        }
    }

    private func reserve(_ count: Int) {
        guard count > capacity else { return }
        unsafe words.deallocate()
        unsafe words = .allocate(capacity: count)
        capacity = count
    }
}
