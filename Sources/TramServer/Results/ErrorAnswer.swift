public import TramColumnar
public import TramQuery

/// What is said to a client whose request failed, in Tram's own shape:
///
///     {"code":"query.unknown_field","message":"…","line":1,"column":20,"hint":"…","id":"…"}
public struct ErrorAnswer: Sendable {
    /// Stable: clients and people search for it.
    public var code: String
    /// What is wrong, one sentence.
    public var message: String
    /// Line and column in the text of the request, from 1, in characters; nil when no place is to blame.
    public var place: (line: Int, column: Int)?
    /// How to mend it.
    public var hint: String?
    /// The request, by which it is found in the log; left out when nil.
    public var id: String?

    public init(
        code: String, message: String, place: (line: Int, column: Int)? = nil, hint: String? = nil, id: String? = nil
    ) {
        self.code = code
        self.message = message
        self.place = place
        self.hint = hint
        self.id = id
    }

    /// - Parameter text: The query, in which the error's place is looked up.
    public init(_ error: QueryError, in text: String, language: Language, id: String? = nil) {
        self.init(
            code: error.code.rawValue, message: error.message.text(language), place: error.place(in: text),
            hint: error.hint?.text(language), id: id)
    }

    /// What a person reads: the line of `text` with a caret under the place, the message, the hint.
    public func rendered(in text: String, language: Language) -> String {
        var at: SourceRange?
        if let place {
            let lines = text.split(separator: "\n", maxSplits: place.line - 1, omittingEmptySubsequences: false)
            if place.line >= 1, place.column >= 1, lines.count >= place.line {
                let start = lines[place.line - 1]
                let index = start.index(start.startIndex, offsetBy: place.column - 1, limitedBy: start.endIndex)
                let offset = text.utf8.distance(from: text.startIndex, to: index ?? start.endIndex)
                at = SourceRange(offset, offset)
            }
        }
        // Only the words count here: those of a server may be of a newer version than ours.
        let error = QueryError(
            QueryError.Code(rawValue: code) ?? .syntax, at: at, en: message, vi: message,
            hint: hint.map { Bilingual(vi: $0, en: $0) })
        return error.rendered(in: text, language: language)
    }

    /// The object and a line end. `line`, `column` and `hint` are always there, null where there is nothing to say.
    public var json: [UInt8] {
        var object = JSONObject()
        object.add("code", code)
        object.add("message", message)
        object.add("line", place?.line)
        object.add("column", place?.column)
        object.add("hint", hint)
        if let id, !id.isEmpty { object.add("id", id) }
        return object.bytes + [UInt8(ascii: "\n")]
    }
}
