/// Why one line of a body was refused, and where.
public struct RejectedLine: Error, Equatable, Sendable {
    /// Stable identifiers, one per bad line; the last four come from storage, not from the parser.
    public enum Class: String, Sendable, CaseIterable {
        case missingMeasurement = "missing-measurement"
        case missingTagKey = "missing-tag-key"
        case missingTagValue = "missing-tag-value"
        case badTag = "bad-tag"
        case duplicateTag = "duplicate-tag"
        case missingFields = "missing-fields"
        case missingFieldKey = "missing-field-key"
        case missingFieldValue = "missing-field-value"
        case badField = "bad-field"
        case badValue = "bad-value"
        case valueOutOfRange = "value-out-of-range"
        case unterminatedString = "unterminated-string"
        case badTimestamp = "bad-timestamp"
        case timestampOutOfRange = "timestamp-out-of-range"
        case trailingText = "trailing-text"
        case keyTooLong = "key-too-long"
        case stringTooLong = "string-too-long"
        case lineTooLong = "line-too-long"
        case tooManyTags = "too-many-tags"
        case tooManyFields = "too-many-fields"
        case invalidUTF8 = "invalid-utf8"
        case badCharacter = "bad-character"
        case typeConflict = "type-conflict"
        case tooOld = "too-old"
        case tooNew = "too-new"
        case limitReached = "limit-reached"
    }

    /// Physical line in the body, from 1; of a point that spans lines the first.
    public var line: Int
    /// Byte column in that line, from 1, of the first thing that could not be read.
    public var column: Int
    public var reason: Class
    /// What is wrong and what to do: `"28°C" is not a number; send 28 and put the unit in the field name`.
    public var text: String
    /// At most 120 bytes of the line, cut at a character's end.
    public var excerpt: String

    public init(line: Int, column: Int, reason: Class, text: String, excerpt: String) {
        self.line = line
        self.column = column
        self.reason = reason
        self.text = text
        self.excerpt = excerpt
    }

    /// `line 3, column 9: bad-value: "28°C" is not a number; …`
    public var message: String {
        "line \(line), column \(column): \(reason.rawValue): \(text)"
    }
}
