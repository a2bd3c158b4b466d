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
        let line = TerminalText.printable(String(decoding: bytes[lineStart..<lineEnd], as: UTF8.self))
        // A tab is given back as a tab, so that the caret moves as far as the text did.
        var indent = ""
        for scalar in TerminalText.printable(String(decoding: bytes[lineStart..<start], as: UTF8.self)).unicodeScalars {
            indent += scalar == "\t" ? "\t" : String(repeating: " ", count: TerminalText.columns(of: scalar))
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
}
