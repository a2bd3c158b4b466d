public import TramColumnar
public import TramQuery

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

    /// An error of a query that stands in a file, placed where the query stands.
    public init(_ error: QueryError, in text: SourceText, file: String) {
        let inside = error.place(in: text.text) ?? (1, 1)
        let place = text.place(line: inside.line, column: inside.column)
        self.init(
            file: file, line: place.line, column: place.column, en: error.message.en, vi: error.message.vi,
            hint: error.hint)
    }

    /// `rules/road.yaml:12:5: unknown key "querry"; did you mean "query"?`
    public func rendered(_ language: Language) -> String {
        var text = file
        if let line {
            text += ":\(line)"
            if let column { text += ":\(column)" }
        }
        text += ": " + message.text(language)
        if let hint { text += "; " + hint.text(language) }
        return text
    }
}

/// Everything that is wrong with a definition, at least one thing; in the order of the files' lines.
public struct DefinitionErrors: Error, Equatable, Sendable {
    public var errors: [DefinitionError]

    public init(_ errors: [DefinitionError]) {
        self.errors = errors
    }

    /// One line for each.
    public func rendered(_ language: Language) -> String {
        errors.map { $0.rendered(language) }.joined(separator: "\n")
    }
}
