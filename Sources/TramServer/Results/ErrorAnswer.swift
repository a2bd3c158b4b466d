public import TramColumnar
public import TramQuery

/// What is said to a client whose request failed.
public enum ErrorAnswer {
    /// `{"code":"query.unknown_field","message":"…","line":1,"column":20,"hint":"…"}` and a line end.
    ///
    /// The keys are always all there: `line` and `column` (from 1, in characters) are null when no place is to blame,
    /// `hint`
    /// when there is none.
    ///
    /// - Parameters:
    ///   - text: The query, in which the error's place is looked up.
    ///   - id: The request, by which it is found in the log; the key `id` is left out without it.
    public static func json(
        _ error: QueryError, in text: String, language: Language, id: String? = nil
    ) -> [UInt8] {
        var bytes = Array(#"{"code":"\#(error.code.rawValue)","message":"#.utf8)
        JSONText.append(error.message.text(language), to: &bytes)
        if let place = error.place(in: text) {
            bytes.append(contentsOf: #","line":\#(place.line),"column":\#(place.column),"hint":"#.utf8)
        } else {
            bytes.append(contentsOf: #","line":null,"column":null,"hint":"#.utf8)
        }
        if let hint = error.hint {
            JSONText.append(hint.text(language), to: &bytes)
        } else {
            bytes.append(contentsOf: "null".utf8)
        }
        if let id {
            bytes.append(contentsOf: #","id":"#.utf8)
            JSONText.append(id, to: &bytes)
        }
        bytes.append(contentsOf: "}\n".utf8)
        return bytes
    }
}
