public import TramColumnar

/// What is wrong in a file of rules, catalogue or configuration, and where.
public struct DefinitionError: Error, Equatable, Sendable {
    public var file: String
    /// From 1; nil when the whole file is to blame.
    public var line: Int?
    public var column: Int?
    public var message: Bilingual
    public var hint: Bilingual?

    public init(
        file: String, line: Int? = nil, column: Int? = nil, en: String, vi: String, hint: Bilingual? = nil
    ) {
        self.file = file
        self.line = line
        self.column = column
        message = Bilingual(vi: vi, en: en)
        self.hint = hint
    }
}
