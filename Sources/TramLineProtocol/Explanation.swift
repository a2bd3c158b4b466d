import TramColumnar

/// Puts a refusal into words for the person who configures the sender: what is wrong, and what to send instead.
struct Explanation {
    /// The refused line, or as much of it as is kept.
    let line: [UInt8]
    let refusal: Refusal
    let configuration: LineProtocolConfiguration
    /// An open quote has made the line swallow what follows it.
    let isSwallowing: Bool

    static let maximumExcerptBytes = 120
    private static let maximumQuoteBytes = 40

    /// The text of a range of the line, shortened, in quotes.
    private func quoted(_ range: Range<Int>) -> String {
        let range = range.clamped(to: 0..<line.count)
        guard range.count > Explanation.maximumQuoteBytes else { return "\"\(text(range))\"" }
        return "\"\(text(characters(range.lowerBound, Explanation.maximumQuoteBytes)))…\""
    }

    /// The text of a range, control characters made visible: a message is one line.
    private func text(_ range: Range<Int>) -> String {
        var text = ""
        for scalar in String(decoding: line[range.clamped(to: 0..<line.count)], as: UTF8.self).unicodeScalars {
            text += scalar.value < 0x20 || scalar.value == 0x7f ? scalar.escaped(asASCII: false) : String(scalar)
        }
        return text
    }

    private func isContinuation(_ index: Int) -> Bool {
        line[index] & 0xc0 == 0x80
    }

    /// At most `maximum` bytes from `start` on, moved to whole characters.
    private func characters(_ start: Int, _ maximum: Int) -> Range<Int> {
        var start = max(0, min(start, line.count))
        var end = min(start + maximum, line.count)
        // No character has more than three continuation bytes; bytes that are not text must not make the cut wander.
        for _ in 0..<3 where start < end && isContinuation(start) { start += 1 }
        for _ in 0..<3 where end > start && end < line.count && isContinuation(end) { end -= 1 }
        return start..<end
    }

    /// At most 120 bytes of the line, the place of the refusal among them.
    var excerpt: String {
        let place = refusal.range.lowerBound
        let start = place < Explanation.maximumExcerptBytes - 20 ? 0 : place - Explanation.maximumExcerptBytes / 2
        var text = String(decoding: line[characters(start, Explanation.maximumExcerptBytes)], as: UTF8.self)
        // Bytes that are not UTF-8 become three bytes each.
        while text.utf8.count > Explanation.maximumExcerptBytes { text.removeLast() }
        return text
    }

    /// What is wrong and what to do.
    var sentence: String {
        let sentence = ownSentence
        let tellsItself = refusal.reason == .unterminatedString || refusal.reason == .lineTooLong
        if !isSwallowing || tellsItself { return sentence }
        return sentence + "; a double quote on this line is never closed, so the lines after it were taken for its text"
    }

    private var ownSentence: String {
        let what = quoted(refusal.range)
        switch refusal.reason {
        case .missingMeasurement: return "the line starts with a comma; begin it with the name of a measurement"
        case .missingTagKey: return "a tag needs a name before its \"=\"; remove the extra comma or write key=value"
        case .missingTagValue: return "\(what) is a tag without a value; leave the tag out or write key=value"
        case .badTag:
            return
                "\(what) is followed by a second \"=\"; write \\= for one that belongs to the value, and no backslash before "
                + "the space that ends the tags"
        case .duplicateTag: return "the tag \(what) stands twice on this line; send it once"
        case .missingFields: return "the line ends before its fields; write a space and name=value after the tags"
        case .missingFieldKey: return "a field needs a name before its \"=\"; write name=value"
        case .missingFieldValue: return "\(what) has no value; leave out a field that has no reading"
        case .badField: return badField(what)
        case .badValue: return badValue(what)
        case .valueOutOfRange: return valueOutOfRange(what)
        case .unterminatedString:
            return
                "the double quote at \(what) is never closed, so everything after it, later lines too, was taken for its "
                + "text; close it, and write \\\" for a quote inside"
        case .badTimestamp: return badTimestamp(what)
        case .timestampOutOfRange:
            return "\(what) lies outside the years 1677 to 2262 in this precision; check the precision of the request"
        case .trailingText: return "\(what) stands after the timestamp; end the line there"
        case .keyTooLong:
            return
                "measurement, tags and field name take more than \(configuration.maximumKeyBytes) bytes together; shorten them"
        case .stringTooLong:
            return "the text is longer than \(configuration.maximumStringBytes) bytes; shorten it or send it in parts"
        case .lineTooLong:
            return "the line is longer than \(configuration.maximumLineBytes) bytes"
                + (isSwallowing ? "; a double quote on it is not closed, so later lines were taken for its text" : "")
                + "; the next whole line was read again"
        case .tooManyTags: return "the line has more than \(configuration.maximumTags) tags; send fewer"
        case .tooManyFields:
            return
                "the line has more than \(configuration.maximumFields) fields; spread them over lines with the same timestamp"
        case .invalidUTF8: return "this byte is not part of any UTF-8 character; send text as UTF-8"
        case .badCharacter: return "a control character stands in a name; remove it"
        case .limitReached: return "there are no numbers left for new series"
        case .typeConflict, .tooOld, .tooNew: return what
        }
    }

    private func badField(_ what: String) -> String {
        let range = refusal.range
        if range.isEmpty { return "a field is missing here; remove the extra comma, and put no space after a comma" }
        if range.lowerBound > 0, line[range.lowerBound - 1] == UInt8(ascii: "\"") {
            return
                "\(what) follows a closing quote; write \\\" for a quote inside a text, and a comma or space after it"
        }
        let isNumber = line[range].allSatisfy { $0 &- UInt8(ascii: "0") < 10 }
        if isNumber {
            return "\(what) is not name=value; a decimal point is \".\", and a timestamp stands after the fields"
        }
        return "\(what) is not name=value; write an \"=\" and a value after the name"
    }

    private func badTimestamp(_ what: String) -> String {
        let text = text(refusal.range)
        if text.contains("=") { return "\(what) is not a timestamp; separate fields by commas without spaces" }
        if text.contains("-") && text.contains(":") || text.hasSuffix("Z") {
            return "\(what) is not a timestamp; send the time as a whole number since 1970-01-01 UTC"
        }
        return "\(what) is not a timestamp; send a whole number in the precision of the request"
    }

    private func valueOutOfRange(_ what: String) -> String {
        switch line[max(refusal.range.upperBound - 1, 0)] {
        case UInt8(ascii: "i"):
            return "\(what) does not fit in a signed 64-bit integer; send it as a float, without the i"
        case UInt8(ascii: "u"):
            return "\(what) does not fit in an unsigned 64-bit integer; send it as a float, without the u"
        default: return "\(what) is larger than any 64-bit float; send it in a larger unit"
        }
    }

    private func badValue(_ what: String) -> String {
        let text = text(refusal.range.lowerBound..<min(refusal.range.upperBound, refusal.range.lowerBound + 64))
        let lower = text.lowercased()
        let bare = lower.hasPrefix("-") || lower.hasPrefix("+") ? String(lower.dropFirst()) : lower
        if ["nan", "inf", "infinity", "null", "none", "nil"].contains(bare) {
            return "\(what) cannot be stored; leave out a field that has no reading"
        }
        if ["true", "false"].contains(lower) { return "\(what) is not a boolean; write true or false" }
        if ["yes", "no", "on", "off"].contains(lower) {
            return "\(what) is not a boolean; write true or false, or put text in double quotes"
        }
        if text.hasPrefix("'") { return "\(what) is not a text; put text in double quotes" }
        if line[refusal.range].contains(UInt8(ascii: "\r")) {
            return "\(what) holds a carriage return; it may stand only at the end of a line"
        }
        if text.hasPrefix("+") { return "\(what) is not a number; leave out the plus sign" }
        if lower.hasPrefix("0x") { return "\(what) is not a number; write it in decimal digits" }
        return notANumber(what, text)
    }

    private func notANumber(_ what: String, _ text: String) -> String {
        let terminated = line[refusal.range.clamped(to: 0..<line.count)] + [0]
        let number = unsafe terminated.withUnsafeBufferPointer {
            unsafe $0.baseAddress.map { unsafe NumberParser.scan($0) }
        }
        if number?.digitCount ?? 0 == 0 {
            return "\(what) is not a number, boolean or quoted text; put text in double quotes"
        }
        let digits = text.prefix(while: { "-+.eE0123456789".contains($0) })
        switch text.dropFirst(digits.count) {
        case "i": return "\(what) is not an integer; leave out the i for a number with a fraction or an exponent"
        case "u": return "\(what) is not an unsigned integer; it has digits only, and i marks integers with a sign"
        case let rest where rest.isEmpty || rest.first == "_" || rest.first?.isNumber == true:
            return "\(what) is not a number; write digits and at most one decimal point, as in 1234.5"
        default: return "\(what) is not a number; send \(digits) and put the unit in the field name"
        }
    }
}
