public import TramColumnar

extension QueryError {
    /// The line of the query, a caret under the place, then what is wrong and how to mend it:
    ///
    ///     traffic[1h] | avg speed
    ///                   ^ line 1, column 15: "avg" is not a stage. To average: | mean(speed)
    ///
    /// Without a place, only the sentence. The caret counts columns of a terminal: marks take none, wide letters two.
    public func rendered(in text: String, language: Language) -> String {
        let sentence = sentence(language)
        guard let at, let place = place(in: text) else { return sentence }
        let bytes = Array(text.utf8)
        let newline = UInt8(ascii: "\n")
        let start = min(max(at.start, 0), bytes.count)
        let lineStart = bytes[..<start].lastIndex(of: newline).map { $0 + 1 } ?? 0
        let lineEnd = bytes[start...].firstIndex(of: newline) ?? bytes.count
        let line = QueryError.printable(String(decoding: bytes[lineStart..<lineEnd], as: UTF8.self))
        // A tab is given back as a tab, so that the caret moves as far as the text did.
        var indent = ""
        for scalar in QueryError.printable(String(decoding: bytes[lineStart..<start], as: UTF8.self)).unicodeScalars {
            indent += scalar == "\t" ? "\t" : String(repeating: " ", count: TerminalWidth.columns(of: scalar))
        }
        let position =
            language == .vi
            ? "dòng \(place.line), cột \(place.column)" : "line \(place.line), column \(place.column)"
        return "\(line)\n\(indent)^ \(position): \(sentence)"
    }

    /// Message and hint as running text.
    public func sentence(_ language: Language) -> String {
        let message = message.text(language)
        guard let hint = hint?.text(language), !hint.isEmpty else { return message }
        let isClosed = message.last.map { ".!?:".contains($0) } ?? true
        return message + (isClosed ? " " : ". ") + hint
    }

    /// Control characters become blanks: the text may go to a terminal or a log.
    private static func printable(_ text: String) -> String {
        var shown = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control where scalar != "\t", .lineSeparator, .paragraphSeparator: shown.append(" ")
            default: shown.append(scalar)
            }
        }
        return String(shown)
    }
}

/// How many columns of a terminal a letter takes.
enum TerminalWidth {
    static func columns(of scalar: Unicode.Scalar) -> Int {
        if scalar.isASCII { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: return isWide(scalar) ? 2 : 1
        }
    }

    /// East Asian wide and full-width blocks, and emoji shown as pictures (Unicode Standard Annex 11).
    private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
            0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
            0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
            true
        default: false
        }
    }
}
