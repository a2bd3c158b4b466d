import TramColumnar

/// A line taken apart: where its names lie, and what its values are. All ranges are byte offsets in the line.
struct PointText {
    struct Tag {
        var key: Range<Int>
        var value: Range<Int>
    }

    struct Field {
        /// As sent; an `=` follows.
        var key: Range<Int>
        var type: FieldType
        /// The value as in `Vector.bits`, 0 for strings.
        var bits: UInt64 = 0
        /// Of a string the bytes between its quotes, escapes unresolved.
        var text = 0..<0
    }

    var measurement = 0..<0
    var tags: [Tag] = []
    var fields: [Field] = []
    /// Nanoseconds UTC.
    var timestamp: Int64 = 0
    /// Measurement and tags, as sent.
    var key: Range<Int> { measurement.lowerBound..<(tags.last?.value.upperBound ?? measurement.upperBound) }
}

/// The first thing on a line that cannot be read.
struct Refusal: Error {
    var reason: RejectedLine.Class
    /// Where it begins, and the bytes that the message quotes. Byte offsets in the line.
    var range: Range<Int>

    init(_ reason: RejectedLine.Class, _ range: Range<Int>) {
        self.reason = reason
        self.range = range
    }

    init(_ reason: RejectedLine.Class, at offset: Int) {
        self.init(reason, offset..<offset)
    }
}

/// Resolves the escapes of measurements, tags and field keys: `\,` `\=` and `\ `.
///
/// A backslash before any other byte stands for itself. One rule serves all names: a comma, equals sign or space that
/// stands in a name without a backslash is one that the name need not escape.
enum Escapes {
    static func name(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        for byte in bytes {
            switch byte {
            case UInt8(ascii: ","), UInt8(ascii: " "), UInt8(ascii: "="):
                if text.last == UInt8(ascii: "\\") { text.removeLast() }
            default: break
            }
            text.append(byte)
        }
        return String(decoding: text, as: UTF8.self)
    }
}
