public import TramColumnar

/// Reads line protocol: bytes of any number of bodies in, columns out.
///
/// A parser keeps, from body to body, the series keys it has met and a guess of each measurement's next fields, so give
/// each connection loop or feed one of its own. It is plain single-threaded code: no locks, no clock, no tasks.
///
/// Nothing in the bytes can make it trap, and a refused line leaves no trace in the columns. Its memory grows with the
/// series met and with the rows not yet taken, not with the length of a body: an unfinished line is kept up to
/// `maximumLineBytes`, then refused, and reading goes on at the next newline.
///
/// How it works:
/// 1. The row loop (`LineParser+Rows.swift`) reads lines that look like ones before: one pass over the key finds its
///    end and hashes it, the hash finds the series, and the guessed fields are compared by name and read by type
///    straight into the columns.
/// 2. Every line it does not understand goes to the careful reader (`PointReader`), which knows the whole grammar. It
/// either
///    explains what is wrong or makes the new series, columns and guesses.
@safe
public final class LineParser {
    let configuration: LineProtocolConfiguration

    /// Gives series keys the numbers that `Batch.series` holds.
    private let numbers: any SeriesNumbers
    /// The key at hand.
    private var key = SeriesKeyList()
    private var tags: [PointText.Tag] = []
    /// The measurement of the last new spelling.
    private var lastMeasurement: (spelling: [UInt8], number: UInt32) = ([], 0)
    private var measurementNumbers: [String: UInt32] = [:]
    var builders: [BatchBuilder] = []
    /// `columns` of each builder, which owns them.
    var columns: [UnsafeMutablePointer<OpenColumns>] = unsafe []
    var table = KeyTable()

    /// The body at hand.
    var current = OpenBody(now: nil)
    /// Measurements with rows that are not taken yet, in order of arrival.
    var open: [UInt32] = []
    /// What is ready to be taken.
    var body = ParsedBody()
    private var point = PointText()

    /// A parser that gives series keys numbers of its own, in order of arrival, and remembers them.
    public convenience init(configuration: LineProtocolConfiguration = LineProtocolConfiguration()) {
        self.init(configuration: configuration, numbers: KeyNumbers())
    }

    /// A parser that asks for the numbers of series keys, and remembers spellings and numbers but no keys.
    package init(configuration: LineProtocolConfiguration, numbers: any SeriesNumbers) {
        self.configuration = configuration
        self.numbers = numbers
    }

    /// The series met so far by their number, when the numbers are the parser's own. It only grows.
    public var keys: SeriesKeyList { (numbers as? KeyNumbers)?.keys ?? [] }

    /// The time of a point that has none when there is no clock: below every instant that can be sent.
    public static let noTime = Int64.min

    // MARK: The door

    /// Parses a whole body.
    ///
    /// - Parameters:
    ///   - bytes: Line protocol in UTF-8. The last line needs no newline.
    ///   - precision: The unit of its timestamps.
    ///   - now: The clock reading for points without a timestamp, nanoseconds UTC; truncated down to the precision.
    /// - Returns: Good lines as columns, bad lines as `rejected`.
    /// - Complexity: O(bytes).
    public func parse(_ bytes: RawSpan, precision: Precision = .nanosecond, now: Int64) -> ParsedBody {
        begin(precision: precision, now: now)
        feed(bytes)
        return finish()
    }

    /// Begins a body; what an unfinished one has left is dropped. Its lines count from 1.
    ///
    /// - Parameter now: As for `parse`; nil when there is no clock: points without a timestamp then get `noTime`.
    public func begin(precision: Precision = .nanosecond, now: Int64?) {
        _ = take()
        current = OpenBody(precision: precision, now: now)
    }

    /// Parses the next bytes of `body`, cut anywhere, and hands over what they gave; another body may come before the
    /// next piece. Whatever this parser was reading before has been taken or is dropped.
    ///
    /// - Complexity: O(bytes + rows × columns).
    public func feed(_ bytes: RawSpan, of body: inout OpenBody) -> ParsedBody {
        _ = take()
        swap(&current, &body)
        defer { swap(&current, &body) }
        feed(bytes)
        return take()
    }

    /// Ends `body`: reads its last line when that has no newline.
    public func finish(_ body: inout OpenBody) -> ParsedBody {
        _ = take()
        swap(&current, &body)
        defer { swap(&current, &body) }
        return finish()
    }

    /// Parses the next bytes of the body, cut anywhere. An unfinished last line is kept until the rest of it comes.
    ///
    /// - Complexity: O(bytes), however small the pieces are.
    public func feed(_ bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { buffer in
            unsafe buffer.withMemoryRebound(to: UInt8.self) { bytes in
                guard let start = bytes.baseAddress else { return }
                unsafe feed(start, bytes.count)
            }
        }
    }

    /// Hands over what is parsed so far and makes room; the body goes on. Line numbers run on too.
    ///
    /// - Complexity: O(rows × columns), a plain copy.
    public func take() -> ParsedBody {
        var taken = ParsedBody()
        swap(&taken, &body)
        for measurement in open {
            if let batch = builders[Int(measurement)].take() { taken.batches.append(batch) }
        }
        open.removeAll(keepingCapacity: true)
        return taken
    }

    /// Ends the body: reads the last line when it has no newline, and hands over what was not taken yet.
    public func finish() -> ParsedBody {
        if current.isCarrying {
            current.carry.append(UInt8(ascii: "\n"))
            parseCarry(isFinal: true)
        }
        current.isSkipping = false
        return take()
    }

    /// Rows that `take()` would hand over now. O(measurements with rows).
    public var pendingRowCount: Int {
        open.reduce(body.rowCount) { $0 + builders[Int($1)].rowCount }
    }

    // MARK: Chunks

    /// Readable bytes that `parseLines` needs after the last newline.
    static let padding = 64

    private func feed(_ bytes: UnsafePointer<UInt8>, _ count: Int) {
        var offset = 0
        while offset < count {
            if current.isSkipping {
                guard let newline = unsafe LineParser.firstNewline(bytes, offset..<count) else { return }
                current.line += 1
                current.isSkipping = false
                offset = newline + 1
            } else if current.isCarrying {
                offset += unsafe resume(bytes + offset, count - offset)
            } else {
                offset += unsafe parseChunk(bytes + offset, count - offset)
            }
        }
    }

    /// Parses the whole lines of a chunk in place and returns how many bytes that were. Its last line or two, which
    /// have no padding behind them, are copied to where they have.
    private func parseChunk(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int {
        var done = 0
        if let newline = unsafe LineParser.lastNewline(bytes, count - LineParser.padding) {
            done = unsafe parseLines(bytes, newline + 1, isFinal: false)
        }
        if !current.isSkipping, let newline = unsafe LineParser.lastNewline(bytes, count), newline >= done {
            var tail = unsafe [UInt8](UnsafeBufferPointer(start: bytes + done, count: newline + 1 - done))
            done += parsePadded(&tail, isFinal: false)
        }
        if !current.isSkipping && done < count {
            current.isCarrying = true
            current.lineEnd = LineEnd()
        }
        return done
    }

    /// Reads on in the line that `current.carry` has the beginning of, and returns how many bytes that took.
    private func resume(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int {
        let room = configuration.maximumLineBytes + 1 - current.lineEnd.length
        let reading = min(count, max(room, 0))
        if let newline = unsafe current.lineEnd.advance(bytes, reading) {
            unsafe current.carry.append(contentsOf: UnsafeBufferPointer(start: bytes, count: newline + 1))
            parseCarry(isFinal: false)
            return newline + 1
        }
        if current.lineEnd.state == .comment {
            skipCarry()
            return reading
        }
        unsafe current.carry.append(contentsOf: UnsafeBufferPointer(start: bytes, count: reading))
        if reading == room {
            refuse(
                Refusal(.lineTooLong, at: configuration.maximumLineBytes), current.carry,
                isSwallowing: current.lineEnd.quote != nil)
            current.line += current.carry.reduce(0) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) }
            skipCarry()
        }
        return reading
    }

    private func skipCarry() {
        current.carry.removeAll(keepingCapacity: true)
        current.isCarrying = false
        current.isSkipping = true
    }

    private func parseCarry(isFinal: Bool) {
        var whole: [UInt8] = []
        swap(&whole, &current.carry)
        current.isCarrying = false
        _ = parsePadded(&whole, isFinal: isFinal)
        whole.removeAll(keepingCapacity: true)
        swap(&whole, &current.carry)
    }

    private func parsePadded(_ bytes: inout [UInt8], isFinal: Bool) -> Int {
        let count = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: LineParser.padding))
        return unsafe bytes.withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return 0 }
            return unsafe parseLines(start, count, isFinal: isFinal)
        }
    }

    private static func firstNewline(_ bytes: UnsafePointer<UInt8>, _ range: Range<Int>) -> Int? {
        for index in range where unsafe bytes[index] == UInt8(ascii: "\n") { return index }
        return nil
    }

    private static func lastNewline(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int? {
        var index = count - 1
        while index >= 0 {
            if unsafe bytes[index] == UInt8(ascii: "\n") { return index }
            index -= 1
        }
        return nil
    }

    private static func newlineCount(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int {
        var found = 0
        for index in 0..<count where unsafe bytes[index] == UInt8(ascii: "\n") { found += 1 }
        return found
    }

    // MARK: Lines

    /// Parses lines until all are read, or one does not end here, or `current.isSkipping`; returns how many bytes that
    /// took.
    ///
    /// The last of `count` bytes is a newline, and `padding` more are readable. `isFinal` says that nothing comes after
    /// it, and that the newline is not the sender's.
    private func parseLines(_ bytes: UnsafePointer<UInt8>, _ count: Int, isFinal: Bool) -> Int {
        var start = 0
        while !current.isSkipping {
            start += unsafe readRows(bytes + start, count - start)
            guard start < count else { break }
            guard let length = unsafe parseCarefully(bytes + start, count - start, isFinal: isFinal) else { break }
            start += length
        }
        return start
    }

    /// Parses one line with the careful reader. Returns its bytes, its newline included; nil when it does not end here.
    private func parseCarefully(_ bytes: UnsafePointer<UInt8>, _ count: Int, isFinal: Bool) -> Int? {
        var end = LineEnd()
        let limit = min(count, configuration.maximumLineBytes + 1)
        let newline: Int
        if let found = unsafe end.advance(bytes, limit) {
            newline = found
        } else if end.state == .comment {
            newline = unsafe LineParser.firstNewline(bytes, limit..<count) ?? count - 1
        } else if isFinal && count == limit {
            newline = count - 1
        } else if limit <= configuration.maximumLineBytes {
            return nil
        } else {
            return unsafe refuseLongLine(bytes, count, isSwallowing: end.quote != nil)
        }
        if end.state != .comment {
            var length = newline
            if unsafe length > 0 && bytes[length - 1] == UInt8(ascii: "\r") { length -= 1 }
            unsafe parsePoint(bytes, length, isSwallowing: end.quote != nil)
        }
        current.line += unsafe LineParser.newlineCount(bytes, newline) + 1
        return newline + 1
    }

    /// Refuses a line for its length and returns where the line after the next newline begins.
    private func refuseLongLine(_ bytes: UnsafePointer<UInt8>, _ count: Int, isSwallowing: Bool) -> Int {
        let limit = configuration.maximumLineBytes + 1
        let kept = unsafe [UInt8](UnsafeBufferPointer(start: bytes, count: limit))
        refuse(Refusal(.lineTooLong, at: configuration.maximumLineBytes), kept, isSwallowing: isSwallowing)
        current.line += unsafe LineParser.newlineCount(bytes, limit)
        guard let newline = unsafe LineParser.firstNewline(bytes, limit..<count) else {
            current.isSkipping = true
            return count
        }
        current.line += 1
        return newline + 1
    }

    private func parsePoint(_ bytes: UnsafePointer<UInt8>, _ count: Int, isSwallowing: Bool) {
        var reader = unsafe PointReader(
            bytes, count: count, configuration: configuration, precision: current.precision, now: current.now)
        do throws(Refusal) {
            guard try reader.point(into: &point) else { return }
            try unsafe accept(bytes)
        } catch {
            let isKept = current.describedCount < configuration.maximumRejectedKept
            let kept = unsafe [UInt8](UnsafeBufferPointer(start: bytes, count: isKept ? count : 0))
            refuse(error, kept, isSwallowing: isSwallowing)
        }
    }

    private func refuse(_ refusal: Refusal, _ bytes: [UInt8], isSwallowing: Bool) {
        body.lineCount += 1
        body.rejectedByClass[refusal.reason, default: 0] += 1
        guard current.describedCount < configuration.maximumRejectedKept else { return }
        current.describedCount += 1
        let explanation = Explanation(
            line: bytes, refusal: refusal, configuration: configuration, isSwallowing: isSwallowing)
        body.rejected.append(
            RejectedLine(
                line: current.line, column: refusal.range.lowerBound + 1, reason: refusal.reason,
                text: explanation.sentence,
                excerpt: explanation.excerpt))
    }

    // MARK: Series

    /// Adds `point`, whose line begins at `bytes`.
    private func accept(_ bytes: UnsafePointer<UInt8>) throws(Refusal) {
        let (key, measurement) = try unsafe resolve(bytes)
        let builder = builders[Int(measurement)]
        if builder.rowCount == 0 { open.append(measurement) }
        if let closed = unsafe builder.append(point, bytes, key: key, line: UInt32(clamping: current.line)) {
            body.batches.append(closed)
        }
        body.lineCount += 1
    }

    /// The numbers of the point's series key and measurement; new ones when it has not been met.
    private func resolve(_ bytes: UnsafePointer<UInt8>) throws(Refusal) -> (key: UInt32, measurement: UInt32) {
        let range = point.key
        let spelling = unsafe UnsafeBufferPointer(start: bytes + range.lowerBound, count: range.count)
        let hash = unsafe table.hash(spelling)
        if let entry = table.find(hash) { return (entry.key, entry.measurement) }

        // A local one: each access to a property is checked.
        var key = SeriesKeyList()
        swap(&key, &self.key)
        defer { swap(&key, &self.key) }
        key.removeAll(keepingCapacity: true)
        unsafe write(point, bytes, to: &key)
        guard let number = unsafe key.withBytes(of: 0, { unsafe numbers.number(of: $0) }) else {
            throw Refusal(.limitReached, range)
        }
        let measurement = unsafe measurementNumber(
            UnsafeBufferPointer(rebasing: UnsafeBufferPointer(start: bytes, count: range.upperBound)[point.measurement])
        )
        // A sender that shuffles its tags must not fill the memory.
        if table.count > 4 * numbers.count + 65_536 { table.removeAll() }
        table.insert(hash, key: number, measurement: measurement)
        return (number, measurement)
    }

    /// Appends the key of `point` to `key`.
    private func write(_ point: borrowing PointText, _ bytes: UnsafePointer<UInt8>, to key: inout SeriesKeyList) {
        func text(_ range: Range<Int>) -> UnsafeRawBufferPointer {
            unsafe UnsafeRawBufferPointer(start: bytes + range.lowerBound, count: range.count)
        }
        // Keys that are one text and not the same bytes are one key: a String knows that.
        let isPlain =
            unsafe !text(point.key).contains(UInt8(ascii: "\\"))
            && point.tags.allSatisfy { tag in unsafe !text(tag.key).contains { $0 >= 0x80 } }
        guard isPlain else {
            func name(_ range: Range<Int>) -> String { unsafe Escapes.name(text(range)) }
            return key.append(
                SeriesKey(
                    measurement: name(point.measurement),
                    tags: TagSet(point.tags.map { TagSet.Tag(key: name($0.key), value: name($0.value)) })))
        }
        var tags: [PointText.Tag] = []
        swap(&tags, &self.tags)
        defer { swap(&tags, &self.tags) }
        tags.removeAll(keepingCapacity: true)
        for tag in point.tags {
            var index = tags.count
            while index > 0, unsafe text(tag.key).lexicographicallyPrecedes(text(tags[index - 1].key)) { index -= 1 }
            tags.insert(tag, at: index)
        }
        unsafe key.append(text: text(point.measurement))
        key.append(number: tags.count)
        for tag in tags {
            unsafe key.append(text: text(tag.key))
            unsafe key.append(text: text(tag.value))
        }
        key.endKey()
    }

    /// Gives every key the number that `change` makes of its number, and forgets those for which it is nil: they are
    /// asked for again. No rows may be open. O(spellings).
    package func renumber(_ change: (UInt32) -> UInt32?) { table.renumber(change) }

    /// How many spellings of keys the parser remembers.
    package var spellingCount: Int { table.count }

    private func measurementNumber(_ spelling: UnsafeBufferPointer<UInt8>) -> UInt32 {
        if unsafe lastMeasurement.spelling.elementsEqual(spelling) { return lastMeasurement.number }
        let number = measurementNumber(unsafe Escapes.name(spelling))
        lastMeasurement = (unsafe Array(spelling), number)
        return number
    }

    private func measurementNumber(_ name: String) -> UInt32 {
        if let known = measurementNumbers[name] { return known }
        let number = UInt32(truncatingIfNeeded: builders.count)
        measurementNumbers[name] = number
        let builder = BatchBuilder(measurement: name)
        builders.append(builder)
        unsafe columns.append(builder.columns)
        return number
    }
}
