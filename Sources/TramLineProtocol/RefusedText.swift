/// Looks up, in the text of a body, the lines that storage refused: what a gateway sent is not kept with its columns,
/// so the few lines that need a place are read again.
///
/// Feed it the body once more, in order, then ask. Keeps the bytes of the wanted lines and no others.
public struct RefusedText {
    private var wanted: Set<Int>
    private var texts: [Int: [UInt8]] = [:]
    private var line = 1
    private var current: [UInt8] = []
    private let maximumLineBytes: Int

    /// - Parameter lines: Physical lines of the body, from 1.
    public init(lines: some Sequence<Int>, configuration: LineProtocolConfiguration = LineProtocolConfiguration()) {
        wanted = Set(lines)
        maximumLineBytes = configuration.maximumLineBytes
    }

    /// Whether all wanted lines are found, so that the rest of the body need not be read.
    public var isComplete: Bool { texts.count == wanted.count }

    /// Reads the next bytes of the body. O(bytes).
    public mutating func feed(_ bytes: RawSpan) {
        for index in 0..<bytes.byteCount {
            let byte = unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)
            if byte == UInt8(ascii: "\n") {
                endLine()
            } else if current.count < maximumLineBytes, wanted.contains(line) {
                current.append(byte)
            }
        }
    }

    /// Ends the body: its last line may have no newline.
    public mutating func finish() { endLine() }

    private mutating func endLine() {
        if wanted.contains(line) { texts[line] = current }
        current.removeAll(keepingCapacity: true)
        line += 1
    }

    /// A refusal as `line`, `column` and excerpt say it.
    ///
    /// - Parameters:
    ///   - field: The field to blame; nil blames the timestamp.
    ///   - text: What is wrong and what to do.
    public func rejected(line: Int, field: String?, reason: RejectedLine.Class, text: String) -> RejectedLine {
        let bytes = texts[line] ?? []
        let range = field.map { RefusedText.place(ofField: $0, in: bytes) } ?? RefusedText.placeOfTime(in: bytes)
        let explanation = Explanation(
            line: bytes, refusal: Refusal(reason, range), configuration: LineProtocolConfiguration(),
            isSwallowing: false)
        return RejectedLine(
            line: line, column: range.lowerBound + 1, reason: reason, text: text, excerpt: explanation.excerpt)
    }

    /// Where the value of the last field of this name stands; the start of the line when it has none.
    private static func place(ofField name: String, in line: [UInt8]) -> Range<Int> {
        let padded = line + [0]
        var point = PointText()
        return unsafe padded.withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return 0..<0 }
            var reader = unsafe PointReader(
                start, count: line.count, configuration: LineProtocolConfiguration(), precision: .nanosecond, now: 0)
            // The precision is not the body's, so the timestamp may be refused; the fields are read by then.
            _ = try? reader.point(into: &point)
            let field = point.fields.last { field in
                unsafe Escapes.name(UnsafeBufferPointer(rebasing: buffer[field.key])) == name
            }
            guard let field else { return 0..<0 }
            return min(field.key.upperBound + 1, line.count)..<line.count
        }
    }

    /// Where the last word of the line stands, which is its timestamp when it has one.
    private static func placeOfTime(in line: [UInt8]) -> Range<Int> {
        var end = line.count
        while end > 0, line[end - 1] == UInt8(ascii: " ") || line[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        let start = line[..<end].lastIndex(of: UInt8(ascii: " ")).map { $0 + 1 } ?? 0
        return start..<end
    }
}
