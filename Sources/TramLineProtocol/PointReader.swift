import TramColumnar

/// The grammar of one line, one function per production; reads left to right and stops at the first thing it cannot
/// read.
///
/// This is the careful reader: it checks everything and knows where it is. The row loop reads the lines that look like
/// their predecessors, and hands every other line to this one.
///
///     point     = measurement { "," tag } sp field { "," field } [ sp timestamp ] { " " } .
///     tag       = key "=" tagvalue .
///     field     = key "=" value .
///     value     = float | int | uint | bool | string .
///     timestamp = [ "-" ] digits .
@safe
struct PointReader {
    /// The line, its blanks in front included, its end excluded. The byte after it is readable and no digit.
    let bytes: UnsafePointer<UInt8>
    let count: Int
    let configuration: LineProtocolConfiguration
    let precision: Precision
    /// The time of lines without one.
    let now: Int64
    private var position = 0

    private static let space = UInt8(ascii: " ")
    private static let comma = UInt8(ascii: ",")
    private static let equals = UInt8(ascii: "=")
    private static let quote = UInt8(ascii: "\"")
    private static let backslash = UInt8(ascii: "\\")

    init(
        _ bytes: UnsafePointer<UInt8>, count: Int, configuration: LineProtocolConfiguration, precision: Precision,
        now: Int64
    ) {
        unsafe self.bytes = bytes
        self.count = count
        self.configuration = configuration
        self.precision = precision
        self.now = now
    }

    @inline(__always)
    private func byte(at index: Int) -> UInt8 { unsafe bytes[index] }

    /// The byte at the position, nil at the line's end.
    private var next: UInt8? { position < count ? byte(at: position) : nil }

    /// Reads the line into `point`; false when it is blank. O(bytes + tags²).
    mutating func point(into point: inout PointText) throws(Refusal) -> Bool {
        while let byte = next, byte == PointReader.space || byte == UInt8(ascii: "\t") { position += 1 }
        guard next != nil else { return false }
        point.tags.removeAll(keepingCapacity: true)
        point.fields.removeAll(keepingCapacity: true)
        point.measurement = try measurement()
        while next == PointReader.comma { try tag(&point) }
        if point.key.count > configuration.maximumKeyBytes {
            throw Refusal(.keyTooLong, at: point.key.lowerBound + configuration.maximumKeyBytes)
        }
        skipSpaces()
        guard next != nil else { throw Refusal(.missingFields, at: position) }
        repeat { try field(&point) } while endsWithComma()
        skipSpaces()
        point.timestamp = now
        if next != nil { point.timestamp = try timestamp() }
        skipSpaces()
        guard next == nil else { throw Refusal(.trailingText, position..<count) }
        return true
    }

    private mutating func skipSpaces() {
        while next == PointReader.space { position += 1 }
    }

    private mutating func endsWithComma() -> Bool {
        guard next == PointReader.comma else { return false }
        position += 1
        return true
    }

    // MARK: Names

    /// Reads up to an unescaped comma or space, and up to an unescaped `=` where that ends the name.
    private mutating func name(endsAtEquals: Bool) throws(Refusal) -> Range<Int> {
        let start = position
        var previous: UInt8 = 0
        var isASCII = true
        while let byte = next {
            if byte == PointReader.space || byte == PointReader.comma || (byte == PointReader.equals && endsAtEquals) {
                if previous != PointReader.backslash { break }
            } else if (byte < 0x20 && byte != UInt8(ascii: "\t")) || byte == 0x7f {
                throw Refusal(.badCharacter, position..<(position + 1))
            }
            if byte >= 0x80 { isASCII = false }
            previous = byte
            position += 1
        }
        if !isASCII { try checkUTF8(start..<position) }
        return start..<position
    }

    private func checkUTF8(_ range: Range<Int>) throws(Refusal) {
        if let bad = unsafe UTF8Check.firstInvalid(bytes + range.lowerBound, range.count) {
            throw Refusal(.invalidUTF8, (range.lowerBound + bad)..<(range.lowerBound + bad + 1))
        }
    }

    private mutating func measurement() throws(Refusal) -> Range<Int> {
        let name = try name(endsAtEquals: false)
        if name.isEmpty { throw Refusal(.missingMeasurement, at: name.lowerBound) }
        return name
    }

    /// Reads `,key=value`.
    private mutating func tag(_ point: inout PointText) throws(Refusal) {
        position += 1
        let key = try name(endsAtEquals: true)
        if key.isEmpty { throw Refusal(.missingTagKey, at: key.lowerBound) }
        guard next == PointReader.equals else { throw Refusal(.missingTagValue, key.lowerBound..<position) }
        position += 1
        let value = try name(endsAtEquals: true)
        if next == PointReader.equals { throw Refusal(.badTag, key.lowerBound..<position) }
        if value.isEmpty { throw Refusal(.missingTagValue, key.lowerBound..<value.lowerBound) }
        if point.tags.count == configuration.maximumTags {
            throw Refusal(.tooManyTags, key)
        }
        for tag in point.tags where equal(tag.key, key) { throw Refusal(.duplicateTag, key) }
        point.tags.append(PointText.Tag(key: key, value: value))
    }

    private func equal(_ left: Range<Int>, _ right: Range<Int>) -> Bool {
        guard left.count == right.count else { return false }
        for offset in 0..<left.count
        where byte(at: left.lowerBound + offset) != byte(at: right.lowerBound + offset) { return false }
        return true
    }

    // MARK: Fields

    private mutating func field(_ point: inout PointText) throws(Refusal) {
        let key = try name(endsAtEquals: true)
        guard next == PointReader.equals else { throw Refusal(.badField, key.lowerBound..<position) }
        if key.isEmpty { throw Refusal(.missingFieldKey, at: key.lowerBound) }
        if point.key.count + key.count > configuration.maximumKeyBytes { throw Refusal(.keyTooLong, key) }
        if point.fields.count == configuration.maximumFields { throw Refusal(.tooManyFields, key) }
        position += 1
        switch next {
        case nil, PointReader.comma, PointReader.space:
            throw Refusal(.missingFieldValue, key.lowerBound..<position)
        case PointReader.quote:
            point.fields.append(try string(key))
        default:
            let start = position
            while let byte = next, byte != PointReader.comma, byte != PointReader.space { position += 1 }
            point.fields.append(try value(key, start..<position))
        }
    }

    /// Reads a quoted value. Only `\"` and `\\` are escapes; everything else stands for itself, newlines too.
    private mutating func string(_ key: Range<Int>) throws(Refusal) -> PointText.Field {
        let start = position
        position += 1
        var escapes = 0
        while let character = next, character != PointReader.quote {
            if character == PointReader.backslash, position + 1 < count {
                let escaped = byte(at: position + 1)
                if escaped == PointReader.quote || escaped == PointReader.backslash { escapes += 1 }
                position += 1
            }
            position += 1
        }
        guard next != nil else { throw Refusal(.unterminatedString, start..<count) }
        let text = (start + 1)..<position
        if text.count - escapes > configuration.maximumStringBytes { throw Refusal(.stringTooLong, start..<position) }
        try checkUTF8(text)
        position += 1
        if let byte = next, byte != PointReader.comma, byte != PointReader.space {
            throw Refusal(.badField, position..<count)
        }
        return PointText.Field(key: key, type: .string, text: text)
    }

    /// Reads the text of a number or boolean.
    private func value(_ key: Range<Int>, _ text: Range<Int>) throws(Refusal) -> PointText.Field {
        if let flag = boolean(text) { return PointText.Field(key: key, type: .bool, bits: flag ? 1 : 0) }
        let start = unsafe bytes + text.lowerBound
        let number = unsafe NumberParser.scan(start)
        guard number.digitCount > 0 else { throw Refusal(.badValue, text) }
        switch (text.count - number.length, byte(at: text.lowerBound + number.length)) {
        case (0, _):
            let double = unsafe NumberParser.double(number, start)
            guard double.isFinite else { throw Refusal(.valueOutOfRange, text) }
            return PointText.Field(key: key, type: .float, bits: double.bitPattern)
        case (1, UInt8(ascii: "i")) where number.isWhole:
            guard let magnitude = unsafe magnitude(number, start),
                let value = NumberParser.signed(magnitude, isNegative: number.isNegative)
            else { throw Refusal(.valueOutOfRange, text) }
            return PointText.Field(key: key, type: .int, bits: UInt64(bitPattern: value))
        case (1, UInt8(ascii: "u")) where number.isWhole && !number.isNegative:
            guard let value = unsafe magnitude(number, start) else { throw Refusal(.valueOutOfRange, text) }
            return PointText.Field(key: key, type: .uint, bits: value)
        default: throw Refusal(.badValue, text)
        }
    }

    private func magnitude(_ number: DecimalText, _ start: UnsafePointer<UInt8>) -> UInt64? {
        unsafe NumberParser.unsigned(number.isNegative ? start + 1 : start, number.digitCount)
    }

    private func boolean(_ text: Range<Int>) -> Bool? {
        guard text.count <= 5 else { return nil }
        switch unsafe String(
            decoding: UnsafeBufferPointer(start: bytes + text.lowerBound, count: text.count), as: UTF8.self)
        {
        case "t", "T", "true", "True", "TRUE": return true
        case "f", "F", "false", "False", "FALSE": return false
        default: return nil
        }
    }

    // MARK: Time

    private mutating func timestamp() throws(Refusal) -> Int64 {
        let start = position
        while let byte = next, byte != PointReader.space { position += 1 }
        let text = start..<position
        let isNegative = byte(at: start) == UInt8(ascii: "-")
        let digits = (start + (isNegative ? 1 : 0))..<text.upperBound
        guard !digits.isEmpty else { throw Refusal(.badTimestamp, text) }
        for index in digits where byte(at: index) &- UInt8(ascii: "0") > 9 { throw Refusal(.badTimestamp, text) }
        guard let magnitude = unsafe NumberParser.unsigned(bytes + digits.lowerBound, digits.count),
            let value = NumberParser.signed(magnitude, isNegative: isNegative),
            let instant = precision.scaled(value)
        else { throw Refusal(.timestampOutOfRange, text) }
        return instant
    }
}
