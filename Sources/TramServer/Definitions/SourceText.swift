/// A text of a definition file and where its first character stands there.
public struct SourceText: Hashable, Sendable {
    public var text: String
    /// From 1.
    public var line: Int
    /// From 1, in characters.
    public var column: Int
    /// Whether the file holds the text as it is, without escapes or folded lines, so that places inside can be told.
    public var isVerbatim: Bool

    public init(_ text: String, line: Int, column: Int, isVerbatim: Bool = true) {
        self.text = text
        self.line = line
        self.column = column
        self.isVerbatim = isVerbatim
    }

    /// The place in the file of a line and column of the text, all from 1; that of the text where it cannot be told.
    public func place(line: Int, column: Int) -> (line: Int, column: Int) {
        isVerbatim ? (self.line + line - 1, self.column + column - 1) : (self.line, self.column)
    }

    /// The place in the file of the character after `offset` characters of the text.
    func place(offset: Int) -> (line: Int, column: Int) {
        let before = text.prefix(offset)
        let line = before.count { $0.isNewline } + 1
        let column = before.reversed().prefix { !$0.isNewline }.count + 1
        return place(line: line, column: column)
    }
}
