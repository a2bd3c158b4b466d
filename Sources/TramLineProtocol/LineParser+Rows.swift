import TramColumnar

/// The row loop: lines that look like lines before them, straight from the bytes into the columns.
///
/// Per line:
/// 1. Sixteen bytes at a time, look for the space that ends `measurement,tags` and hash what is before it. A known hash
///    means that these very bytes were checked before: no tag is read again.
/// 2. Compare `name=` with the field that followed last time by two masked words; read the value as the type of its
/// column.
/// 3. Read the timestamp eight digits at a time. Only then does the row count: all that was written stays invisible
/// until
///    `rowCount` moves past it.
///
/// Whatever is unexpected leaves the line, from its start, to the careful reader.
extension LineParser {
    private static let space = UInt8(ascii: " ")
    private static let comma = UInt8(ascii: ",")
    private static let newline = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")
    private static let backslash = UInt8(ascii: "\\")
    private static let quote = UInt8(ascii: "\"")

    /// Up to this many columns a field that was not guessed is looked for one by one; with more the careful reader does
    /// it.
    private static let maximumSearched = 32

    /// Reads rows until a line needs the careful reader, and returns where that line begins; `count` when none does.
    ///
    /// The last of `count` bytes is a newline, and `padding` more are readable.
    func readRows(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int {
        unsafe columns.withUnsafeBufferPointer { columns in
            unsafe readRows(bytes, count, columns)
        }
    }

    private func readRows(
        _ bytes: UnsafePointer<UInt8>, _ count: Int,
        _ measurements: UnsafeBufferPointer<UnsafeMutablePointer<OpenColumns>>
    ) -> Int {
        let end = unsafe bytes + count
        let seed = table.seed
        let (entries, mask) = unsafe (table.entries, table.mask)
        let longestKey = configuration.maximumKeyBytes - 16
        let longestLine = configuration.maximumLineBytes
        let builders = self.builders
        let times = Times(
            precision: current.precision, unit: current.precision == .auto ? 0 : current.precision.nanoseconds,
            now: current.now)
        var start = unsafe bytes
        var line = current.line
        var rows = 0
        lines: while unsafe start < end {
            // The key: hash it up to the space that ends it.
            var hash = KeyTable.Hash(seed)
            var cursor = unsafe start
            key: while true {
                let low = unsafe ByteWords.load(cursor)
                let high = unsafe ByteWords.load(cursor + 8)
                var lowStops = ByteWords.below(low, 0x21)
                var highStops = ByteWords.below(high, 0x21)
                while lowStops | highStops != 0 {
                    let index = lowStops != 0 ? ByteWords.firstIndex(lowStops) : 8 &+ ByteWords.firstIndex(highStops)
                    let stop = unsafe cursor + index
                    if unsafe stop == start {
                        guard unsafe stop.pointee == LineParser.newline else { break lines }
                        unsafe start += 1
                        line &+= 1
                        continue lines
                    }
                    guard unsafe stop.pointee == LineParser.space else { break lines }
                    if unsafe stop[-1] != LineParser.backslash {
                        let isLow = index < 8
                        let kept = ByteWords.low(index & 7)
                        hash.mix(isLow ? low & kept : low, isLow ? 0 : high & kept, seed)
                        unsafe cursor = stop
                        break key
                    }
                    if lowStops != 0 { lowStops &= lowStops &- 1 } else { highStops &= highStops &- 1 }
                }
                hash.mix(low, high, seed)
                unsafe cursor += 16
            }
            let length = unsafe cursor - start
            let entry = unsafe KeyTable.slot(of: hash, entries, mask).pointee
            guard !entry.isFree, length <= longestKey else { break }
            unsafe cursor += 1
            while unsafe cursor.pointee == LineParser.space { unsafe cursor += 1 }

            let measurement = Int(entry.measurement)
            let columns = unsafe measurements[measurement]
            let row = unsafe columns.pointee.rowCount
            if unsafe row == columns.pointee.rowLimit, !builders[measurement].extend() { break }
            let textStart = unsafe columns.pointee.textCount
            let rowEnd = unsafe readRow(
                cursor, end, columns, row: row, measurement: measurement, keyLength: length, builders, times)
            guard unsafe rowEnd.time != RowEnd.unread, unsafe rowEnd.cursor - start <= longestLine else {
                unsafe LineParser.rollBack(columns, row: row, textCount: textStart)
                break
            }
            unsafe columns.pointee.series[row] = entry.key
            unsafe columns.pointee.timestamps[row] = rowEnd.time
            unsafe columns.pointee.lines[row] = UInt32(truncatingIfNeeded: line)
            unsafe columns.pointee.rowCount = row &+ 1
            if row == 0 { open.append(entry.measurement) }
            if unsafe columns.pointee.textCount != textStart {
                line &+= unsafe LineParser.newlines(columns.pointee.text, textStart..<columns.pointee.textCount)
            }
            line &+= 1
            rows &+= 1
            unsafe start = rowEnd.cursor
        }
        current.line = line
        body.lineCount += rows
        return unsafe start - bytes
    }

    private static func newlines(_ text: UnsafeMutablePointer<UInt8>, _ range: Range<Int>) -> Int {
        var found = 0
        for index in range where unsafe text[index] == newline { found &+= 1 }
        return found
    }

    /// Takes back what was written of a row that the careful reader will read again.
    private static func rollBack(_ columns: UnsafeMutablePointer<OpenColumns>, row: Int, textCount: Int) {
        unsafe columns.pointee.textCount = textCount
        for slot in unsafe 0..<columns.pointee.slotCount where unsafe columns.pointee.slots[slot].count > row {
            unsafe columns.pointee.slots[slot].count = Int32(truncatingIfNeeded: row)
        }
    }

    /// Where a row ends and what its time is; the time is `.min` when the careful reader has to look.
    @unsafe
    private struct RowEnd {
        var cursor: UnsafePointer<UInt8>
        var time: Int64

        static let unread = Int64.min
    }

    /// Reads fields and timestamp into row `row` from `start` on, past the line's end.
    @inline(__always)
    private func readRow(
        _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ columns: UnsafeMutablePointer<OpenColumns>,
        row: Int,
        measurement: Int, keyLength: Int, _ builders: [BatchBuilder], _ times: Times
    ) -> RowEnd {
        let unread = unsafe RowEnd(cursor: start, time: RowEnd.unread)
        var cursor = unsafe start
        let (slots, slotCount) = unsafe (columns.pointee.slots, columns.pointee.slotCount)
        guard slotCount > 0 else { return unsafe unread }
        var slot = unsafe slots + Int(columns.pointee.firstSlot)
        var previous: UnsafeMutablePointer<FieldSlot>?
        var fields = configuration.maximumFields
        while true {
            if unsafe !LineParser.matches(slot, cursor) {
                guard let found = unsafe LineParser.search(slots, slotCount, cursor) else { return unsafe unread }
                unsafe slot = slots + found
                if let previous = unsafe previous {
                    unsafe previous.pointee.next = Int32(truncatingIfNeeded: found)
                } else {
                    unsafe columns.pointee.firstSlot = Int32(truncatingIfNeeded: found)
                }
            }
            let length = unsafe Int(slot.pointee.length)
            if unsafe slot.pointee.needsCare {
                guard unsafe !slot.pointee.isContested, keyLength &+ length &- 1 <= configuration.maximumKeyBytes,
                    unsafe builders[measurement].matchesTail(slot - slots, cursor)
                else { return unsafe unread }
            }
            let filled = unsafe Int(slot.pointee.count)
            fields &-= 1
            if filled < row || fields < 0 {
                // A column that the batch does not have yet may make it too sparse: the careful way asks that.
                guard filled > 0, fields >= 0 else { return unsafe unread }
                unsafe builders[measurement].fillGap(slot - slots, upTo: row)
            }
            unsafe cursor += length
            let bits: UInt64
            switch unsafe slot.pointee.type {
            case .float:
                guard let value = unsafe LineParser.float(&cursor) else { return unsafe unread }
                bits = value.bitPattern
            case .int:
                guard let value = unsafe LineParser.integer(&cursor) else { return unsafe unread }
                bits = UInt64(bitPattern: value)
            case .uint:
                guard let value = unsafe LineParser.unsigned(&cursor) else { return unsafe unread }
                bits = value
            case .bool:
                guard let value = unsafe LineParser.boolean(&cursor) else { return unsafe unread }
                bits = value ? 1 : 0
            case .string:
                let textStart = unsafe columns.pointee.textCount
                guard let next = unsafe string(cursor, end, columns, builders[measurement]) else {
                    return unsafe unread
                }
                unsafe cursor = next
                bits = unsafe Batch.textReference(offset: textStart, byteCount: columns.pointee.textCount &- textStart)
            }
            unsafe slot.pointee.bits[row] = bits
            unsafe slot.pointee.count = Int32(truncatingIfNeeded: row &+ 1)
            guard unsafe cursor.pointee == LineParser.comma else { break }
            unsafe cursor += 1
            unsafe previous = slot
            unsafe slot = slots + Int(slot.pointee.next)
        }
        unsafe columns.pointee.presentCount &+= configuration.maximumFields &- fields
        return unsafe LineParser.readTime(cursor, times, unread)
    }

    /// Whether the first 16 bytes of a slot's `name=` stand at `name`.
    @inline(__always)
    private static func matches(_ slot: UnsafeMutablePointer<FieldSlot>, _ name: UnsafePointer<UInt8>) -> Bool {
        let low = unsafe (ByteWords.load(name) ^ slot.pointee.name.0) & slot.pointee.mask.0
        let high = unsafe (ByteWords.load(name + 8) ^ slot.pointee.name.1) & slot.pointee.mask.1
        return low | high == 0
    }

    private static func search(
        _ slots: UnsafeMutablePointer<FieldSlot>, _ count: Int, _ name: UnsafePointer<UInt8>
    ) -> Int? {
        guard count <= maximumSearched else { return nil }
        for index in 0..<count where unsafe matches(slots + index, name) && slots[index].length <= 16 { return index }
        return nil
    }

    // MARK: Values

    /// Whether a value may end before this byte.
    @inline(__always)
    private static func endsValue(_ byte: UInt8) -> Bool {
        byte == comma || byte == space || byte == newline || byte == carriageReturn
    }

    /// Reads a float. What comes next must be known soon, so the value's end is found by one comparison (all bytes that
    /// may follow a value are below `-`, `.` and the digits), and the digits are worked out beside that chain.
    @inline(__always)
    private static func float(_ cursor: inout UnsafePointer<UInt8>) -> Double? {
        let isNegative = unsafe cursor.pointee == UInt8(ascii: "-")
        let text = unsafe cursor + (isNegative ? 1 : 0)
        let word = unsafe ByteWords.load(text)
        let ends = ByteWords.below(word, UInt8(ascii: "-"))
        guard ends != 0 else { return unsafe longFloat(&cursor, text, isNegative) }
        let length = ByteWords.firstIndex(ends)
        // The text at the top of the word, its digits as 0...9; zeros below it, which are digits that do not count. Of
        // what is left only the point and bytes that belong in no number have bit 4.
        var values = (word ^ ByteWords.zeros) &<< UInt64(truncatingIfNeeded: (8 &- length) &<< 3)
        var fraction = 0
        let marked = values & 0x1010_1010_1010_1010
        if marked != 0 {
            // Close the gap of the first one: what is before it moves up by a byte.
            let place = ByteWords.firstIndex(marked)
            let upTo = ((marked & (0 &- marked)) &<< 4) &- 1
            let byte = UInt8(truncatingIfNeeded: values &>> UInt64(truncatingIfNeeded: place &<< 3))
            guard byte == UInt8(ascii: ".") ^ UInt8(ascii: "0"), length > 1 else { return unsafe anyFloat(&cursor) }
            values ^= (values ^ (values &<< 8)) & upTo
            fraction = 7 &- place
        }
        guard ((values &+ 0x7676_7676_7676_7676) | values) & ByteWords.highs == 0 else {
            return unsafe anyFloat(&cursor)
        }
        let magnitude = Double(Int64(truncatingIfNeeded: ByteWords.eightValues(values))) / power(fraction)
        unsafe cursor = text + length
        return Double(bitPattern: magnitude.bitPattern | (isNegative ? 1 &<< 63 : 0))
    }

    /// Reads a float of more than eight bytes: up to seven digits, a point, and up to twelve more.
    @inline(never)
    private static func longFloat(
        _ cursor: inout UnsafePointer<UInt8>, _ text: UnsafePointer<UInt8>, _ isNegative: Bool
    ) -> Double? {
        let word = unsafe ByteWords.load(text)
        let whole = ByteWords.firstIndex(ByteWords.firstNonDigit(word))
        guard whole < 8, unsafe text[whole] == UInt8(ascii: ".") else { return unsafe anyFloat(&cursor) }
        var mantissa = appended(0, word, whole)
        var next = unsafe text + (whole &+ 1)
        var fraction = 0
        while true {
            let word = unsafe ByteWords.load(next)
            let count = ByteWords.firstIndex(ByteWords.firstNonDigit(word))
            unsafe next += count
            fraction &+= count
            guard whole &+ fraction <= 19 else { return unsafe anyFloat(&cursor) }
            if count < 8 {
                mantissa = appended(mantissa, word, count)
                break
            }
            mantissa = mantissa &* 100_000_000 &+ ByteWords.eightDigits(word)
        }
        guard unsafe endsValue(next.pointee) else { return unsafe anyFloat(&cursor) }
        unsafe cursor = next
        let magnitude =
            mantissa <= 1 << 53
            ? Double(Int64(truncatingIfNeeded: mantissa)) / NumberParser.exactPowers[fraction]
            : NumberParser.nearest(mantissa, -fraction)
        return isNegative ? -magnitude : magnitude
    }

    /// 10^`exponent`, 0...7.
    @inline(__always)
    private static func power(_ exponent: Int) -> Double {
        switch exponent {
        case 0: 1
        case 1: 10
        case 2: 100
        case 3: 1000
        case 4: 1e4
        case 5: 1e5
        case 6: 1e6
        default: 1e7
        }
    }

    private static func anyFloat(_ cursor: inout UnsafePointer<UInt8>) -> Double? {
        let decimal = unsafe NumberParser.scan(cursor)
        guard decimal.digitCount > 0, unsafe endsValue(cursor[decimal.length]) else { return nil }
        let value = unsafe NumberParser.double(decimal, cursor)
        guard value.isFinite else { return nil }
        unsafe cursor += decimal.length
        return value
    }

    @inline(__always)
    private static func integer(_ cursor: inout UnsafePointer<UInt8>) -> Int64? {
        let isNegative = unsafe cursor.pointee == UInt8(ascii: "-")
        unsafe cursor += isNegative ? 1 : 0
        guard let magnitude = unsafe digits(&cursor), unsafe cursor.pointee == UInt8(ascii: "i"),
            unsafe endsValue(cursor[1])
        else { return nil }
        unsafe cursor += 1
        return NumberParser.signed(magnitude, isNegative: isNegative)
    }

    @inline(__always)
    private static func unsigned(_ cursor: inout UnsafePointer<UInt8>) -> UInt64? {
        guard let magnitude = unsafe digits(&cursor), unsafe cursor.pointee == UInt8(ascii: "u"),
            unsafe endsValue(cursor[1])
        else { return nil }
        unsafe cursor += 1
        return magnitude
    }

    /// Reads 1...19 digits; nil when there are none or more.
    @inline(__always)
    private static func digits(_ cursor: inout UnsafePointer<UInt8>) -> UInt64? {
        let first = unsafe ByteWords.load(cursor)
        let count = ByteWords.firstIndex(ByteWords.firstNonDigit(first))
        if count < 8 {
            guard count > 0 else { return nil }
            unsafe cursor += count
            return ByteWords.eightDigits(first &<< UInt64(truncatingIfNeeded: (8 &- count) &<< 3))
        }
        return unsafe manyDigits(&cursor, ByteWords.eightDigits(first))
    }

    /// Reads on after the eight digits that make `first`: up to eleven more.
    @inline(__always)
    private static func manyDigits(_ cursor: inout UnsafePointer<UInt8>, _ first: UInt64) -> UInt64? {
        let second = unsafe ByteWords.load(cursor + 8)
        let count = ByteWords.firstIndex(ByteWords.firstNonDigit(second))
        if count < 8 {
            unsafe cursor += 8 &+ count
            return appended(first, second, count)
        }
        let sixteen = first &* 100_000_000 &+ ByteWords.eightDigits(second)
        let third = unsafe ByteWords.load(cursor + 16)
        let rest = ByteWords.firstIndex(ByteWords.firstNonDigit(third))
        guard rest <= 3 else { return nil }
        unsafe cursor += 16 &+ rest
        return appended(sixteen, third, rest)
    }

    /// `value` with the first `count` digits of `word` behind it, 0...7.
    @inline(__always)
    private static func appended(_ value: UInt64, _ word: UInt64, _ count: Int) -> UInt64 {
        let digits = (word &<< UInt64(truncatingIfNeeded: (7 &- count) &<< 3)) &<< 8
        return value &* wholePower(count) &+ ByteWords.eightDigits(digits)
    }

    /// 10^`exponent`, 0...7.
    @inline(__always)
    private static func wholePower(_ exponent: Int) -> UInt64 {
        switch exponent {
        case 0: 1
        case 1: 10
        case 2: 100
        case 3: 1000
        case 4: 10_000
        case 5: 100_000
        case 6: 1_000_000
        default: 10_000_000
        }
    }

    @inline(__always)
    private static func boolean(_ cursor: inout UnsafePointer<UInt8>) -> Bool? {
        let word = unsafe ByteWords.load(cursor)
        let first = UInt8(truncatingIfNeeded: word)
        let isTrue = first | 0x20 == UInt8(ascii: "t")
        guard isTrue || first | 0x20 == UInt8(ascii: "f") else { return nil }
        var length = 1
        if unsafe !endsValue(cursor[1]) {
            switch (word & 0xffff_ffff, word & 0xff_ffff_ffff) {
            case (0x6575_7274, _), (0x6575_7254, _), (0x4555_5254, _): length = 4
            case (_, 0x65_736c_6166), (_, 0x65_736c_6146), (_, 0x45_534c_4146): length = 5
            default: return nil
            }
        }
        guard unsafe endsValue(cursor[length]) else { return nil }
        unsafe cursor += length
        return isTrue
    }

    /// Copies a quoted value behind the batch's text, escapes resolved, eight bytes at a time; returns where it ends.
    @inline(never)
    private func string(
        _ open: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ columns: UnsafeMutablePointer<OpenColumns>,
        _ builder: BatchBuilder
    ) -> UnsafePointer<UInt8>? {
        guard unsafe open.pointee == LineParser.quote else { return nil }
        var source = unsafe open + 1
        let start = unsafe columns.pointee.textCount
        guard start <= BatchBuilder.maximumTextBytes else { return nil }
        var count = start
        var seen: UInt64 = 0
        copy: while true {
            guard unsafe source < end, count &- start <= configuration.maximumStringBytes else { return nil }
            if unsafe count &+ 8 > columns.pointee.textCapacity {
                unsafe columns.pointee.textCount = count
                builder.growText(by: 8)
            }
            let word = unsafe ByteWords.load(source)
            let stops = ByteWords.equal(word, LineParser.quote) | ByteWords.equal(word, LineParser.backslash)
            unsafe ByteWords.store(word, columns.pointee.text + count)
            guard stops != 0 else {
                seen |= word
                unsafe source += 8
                count &+= 8
                continue
            }
            let index = ByteWords.firstIndex(stops)
            seen |= word & ByteWords.low(index)
            unsafe source += index
            count &+= index
            if unsafe source.pointee == LineParser.quote { break copy }
            // A backslash hides a quote or another backslash, and stands for itself before anything else.
            let next = unsafe source[1]
            if next == LineParser.quote || next == LineParser.backslash {
                unsafe columns.pointee.text[count] = next
                unsafe source += 2
            } else {
                unsafe source += 1
            }
            count &+= 1
        }
        let length = count &- start
        guard unsafe source < end, length <= configuration.maximumStringBytes, unsafe LineParser.endsValue(source[1])
        else { return nil }
        if seen & ByteWords.highs != 0, unsafe UTF8Check.firstInvalid(columns.pointee.text + start, length) != nil {
            return nil
        }
        unsafe columns.pointee.textCount = count
        return unsafe source + 1
    }

    // MARK: Time

    /// What the timestamps of a body mean.
    private struct Times {
        var precision: Precision
        /// Nanoseconds per unit; 0 for `auto`.
        var unit: Int64
        var now: Int64
    }

    /// Reads what follows the fields: an optional timestamp and the line's end.
    @inline(__always)
    private static func readTime(_ start: UnsafePointer<UInt8>, _ times: Times, _ unread: RowEnd) -> RowEnd {
        var cursor = unsafe start
        while unsafe cursor.pointee == space { unsafe cursor += 1 }
        var time = times.now
        if unsafe cursor.pointee > space {
            let isNegative = unsafe cursor.pointee == UInt8(ascii: "-")
            unsafe cursor += isNegative ? 1 : 0
            guard let magnitude = unsafe digits(&cursor),
                let value = NumberParser.signed(magnitude, isNegative: isNegative)
            else { return unsafe unread }
            if times.unit == 1 {
                guard Precision.storable.contains(value) else { return unsafe unread }
                time = value
            } else {
                guard let instant = times.precision.scaled(value) else { return unsafe unread }
                time = instant
            }
        }
        if unsafe cursor.pointee == carriageReturn { unsafe cursor += 1 }
        guard unsafe cursor.pointee == newline else { return unsafe unread }
        return unsafe RowEnd(cursor: cursor + 1, time: time)
    }
}
