/// The one way in which a query is written, with its comments: `tram query --fmt`.
///
/// The words are those of `QueryPrinter`. What is longer than a hundred columns has each stage on a line of its own,
/// beginning with `|`; so has what has comments between its stages. Formatting what is formatted changes nothing.
public enum QueryFormatter {
    /// Columns of a line, as far as lines can be cut between stages.
    public static let widestLine = 100

    /// - Throws: what keeps the text from being a query, with its place.
    public static func format(_ text: String) throws(QueryError) -> String {
        let statement = try QueryParser.parse(text)
        let comments = Comments(text)
        var parts = statement.bindings.map { binding in
            Part(pipe: binding.pipe, before: "let \(QueryPrinter.quoted(binding.name.text)) = ", after: ";")
        }
        parts.append(Part(pipe: statement.pipe, before: statement.isExplain ? "explain " : "", after: ""))
        var first = 0
        for index in parts.indices {
            parts[index].segments = first..<(first + parts[index].pipe.stages.count + 1)
            first = parts[index].segments.upperBound
        }
        let whole = parts.map(\.line).joined(separator: " ")
        var lines: [String] = []
        if comments.areAround(0..<first), TerminalText.columns(of: whole) <= widestLine {
            lines = comments.around(0..<first, [whole])
        } else {
            for part in parts {
                let isShort = comments.areAround(part.segments) && TerminalText.columns(of: part.line) <= widestLine
                lines += isShort ? comments.around(part.segments, [part.line]) : part.wrapped(comments)
            }
        }
        return (lines + comments.tail).joined(separator: "\n")
    }

    /// A binding, or the query itself.
    private struct Part {
        var pipe: Pipe
        var before: String
        var after: String
        /// The numbers of its source and stages among all of the text.
        var segments = 0..<0

        var line: String { before + QueryPrinter.print(pipe) + after }

        func wrapped(_ comments: Comments) -> [String] {
            let indent = after.isEmpty ? "" : "  "
            var bare = pipe
            bare.stages = []
            var texts = [before + QueryPrinter.print(bare)]
            texts += pipe.stages.map { "\(indent)| \(QueryPrinter.print($0))" }
            texts[texts.count - 1] += after
            var lines: [String] = []
            for (segment, text) in zip(segments, texts) {
                lines += comments.around(
                    segment..<(segment + 1), [text], indent: segment == segments.lowerBound ? "" : indent)
            }
            return lines
        }
    }
}

/// The comments of a text, each with the source or stage that it stands at.
private struct Comments {
    /// Before a source or stage, each on a line of its own.
    private var leading: [Int: [String]] = [:]
    /// Behind a source or stage, on its line.
    private var trailing: [Int: String] = [:]
    /// Behind everything.
    private(set) var tail: [String] = []

    init(_ text: String) {
        let bytes = Array(text.utf8)
        let tokens = Lexer.tokens(of: text)
        let segments = Comments.segments(tokens)
        var place = 0
        for token in tokens {
            // Between two tokens there are blanks and comments only.
            while place < token.at.start {
                guard bytes[place] == UInt8(ascii: "#") else {
                    place += 1
                    continue
                }
                let end = bytes[place...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
                let comment = Comments.trimmed(String(decoding: bytes[place..<end], as: UTF8.self))
                add(comment, at: place, segments, bytes)
                place = end
            }
            place = max(place, token.at.end)
        }
    }

    private mutating func add(_ comment: String, at place: Int, _ segments: [Range<Int>], _ bytes: [UInt8]) {
        let next = segments.firstIndex { $0.upperBound > place } ?? segments.count
        let isInside = next < segments.count && segments[next].lowerBound < place
        if !isInside, next > 0, trailing[next - 1] == nil,
            !bytes[segments[next - 1].upperBound..<place].contains(UInt8(ascii: "\n"))
        {
            trailing[next - 1] = comment
        } else if next < segments.count {
            leading[next, default: []].append(comment)
        } else {
            tail.append(comment)
        }
    }

    /// Where sources and stages lie: what `|` and `;` outside brackets part.
    private static func segments(_ tokens: [Token]) -> [Range<Int>] {
        var segments: [Range<Int>] = []
        var depth = 0
        var start: Int?
        var end = 0
        for token in tokens {
            switch token.kind {
            case .symbol(.openParenthesis), .symbol(.openBracket): depth += 1
            case .symbol(.closeParenthesis), .symbol(.closeBracket): depth -= 1
            case .symbol(.pipe) where depth == 0, .symbol(.semicolon) where depth == 0, .end:
                if let start { segments.append(start..<end) }
                start = nil
                continue
            default: break
            }
            if start == nil { start = token.at.start }
            end = token.at.end
        }
        return segments
    }

    private static func trimmed(_ text: String) -> String {
        var text = text[...]
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }

    /// Whether comments stand before the first of the segments and behind the last one only.
    func areAround(_ segments: Range<Int>) -> Bool {
        segments.allSatisfy { segment in
            (segment == segments.lowerBound || leading[segment] == nil)
                && (segment == segments.upperBound - 1 || trailing[segment] == nil)
        }
    }

    /// Lines with the comments before and behind them.
    func around(_ segments: Range<Int>, _ lines: [String], indent: String = "") -> [String] {
        var lines = lines
        if let comment = trailing[segments.upperBound - 1], !lines.isEmpty { lines[lines.count - 1] += "  \(comment)" }
        return (leading[segments.lowerBound] ?? []).map { indent + $0 } + lines
    }
}
