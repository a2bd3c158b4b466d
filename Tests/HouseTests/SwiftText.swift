/// Swift source without its comments and without what stands in string literals, line for line: code alone.
///
/// The code of interpolations stays, and so do the quotes. Good enough to look for words and signs; no parser.
struct SwiftText {
    private(set) var lines: [String] = [""]
    /// For each line, whether it is part of a string literal over several lines.
    private(set) var isInsideLiteral: [Bool] = [false]
    private var characters: [Character]
    private var position = 0

    private struct Literal {
        var hashes: Int
        var isMultiline: Bool
    }

    init(_ text: String) {
        characters = Array(text)
        code(until: nil)
    }

    private func starts(_ text: String) -> Bool {
        characters[position...].starts(with: text)
    }

    private mutating func put(_ text: String) {
        lines[lines.count - 1] += text
    }

    private mutating func newLine(insideLiteral: Bool) {
        lines.append("")
        isInsideLiteral.append(insideLiteral)
        position += 1
    }

    /// Code up to the end, or up to the parenthesis that ends an interpolation.
    private mutating func code(until end: Character?) {
        var depth = 0
        while position < characters.count {
            let character = characters[position]
            if starts("//") {
                while position < characters.count, !characters[position].isNewline { position += 1 }
            } else if starts("/*") {
                blockComment()
            } else if let literal = literalStart() {
                string(literal)
            } else if character.isNewline {
                newLine(insideLiteral: false)
            } else {
                if character == end, depth == 0 { return }
                if character == "(" { depth += 1 }
                if character == ")" { depth -= 1 }
                put(String(character))
                position += 1
            }
        }
    }

    private mutating func blockComment() {
        var depth = 0
        while position < characters.count {
            if starts("/*") {
                depth += 1
                position += 2
            } else if starts("*/") {
                depth -= 1
                position += 2
                if depth == 0 { return }
            } else if characters[position].isNewline {
                newLine(insideLiteral: false)
            } else {
                position += 1
            }
        }
    }

    /// Passes the opening quotes of a literal, if some stand here.
    private mutating func literalStart() -> Literal? {
        let hashes = characters[position...].prefix { $0 == "#" }.count
        let start = position + hashes
        guard start < characters.count, characters[start] == "\"" else { return nil }
        let isMultiline = characters[start...].starts(with: "\"\"\"")
        position = start + (isMultiline ? 3 : 1)
        put("\"")
        return Literal(hashes: hashes, isMultiline: isMultiline)
    }

    private mutating func string(_ literal: Literal) {
        let hashes = String(repeating: "#", count: literal.hashes)
        let end = (literal.isMultiline ? "\"\"\"" : "\"") + hashes
        while position < characters.count {
            if starts(end) {
                position += end.count
                put("\"")
                return
            } else if starts("\\" + hashes + "(") {
                position += 2 + literal.hashes
                put("(")
                code(until: ")")
                if position < characters.count {
                    put(")")
                    position += 1
                }
            } else if starts("\\" + hashes) {
                position += 1 + literal.hashes
                if position < characters.count, !characters[position].isNewline { position += 1 }
            } else if characters[position].isNewline {
                guard literal.isMultiline else { return }
                newLine(insideLiteral: true)
            } else {
                position += 1
            }
        }
    }
}
