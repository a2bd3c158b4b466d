import TramColumnar
import TramServer

/// The errors of a body that refuses a definition.
func refusals(_ body: () throws -> Void) -> [DefinitionError] {
    do {
        try body()
        return []
    } catch let refused as DefinitionErrors {
        return refused.errors
    } catch {
        return []
    }
}

/// `line:column message (hint)` of each error, in English.
func brief(_ errors: [DefinitionError]) -> [String] {
    errors.map { error in
        let place = "\(error.line.map { "\($0)" } ?? "-"):\(error.column.map { "\($0)" } ?? "-")"
        return "\(place) \(error.message.en)" + (error.hint.map { " (\($0.en))" } ?? "")
    }
}
