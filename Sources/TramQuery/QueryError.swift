public import TramColumnar

/// Why a query was refused or stopped, said so that whoever typed it can mend it.
public struct QueryError: Error, Equatable, Sendable {
    /// The stable name in answers, logs and metrics. Never renamed.
    public enum Code: String, Sendable, CaseIterable {
        case syntax = "query.syntax"
        case badDuration = "query.bad_duration"
        case badInstant = "query.bad_instant"
        case badRange = "query.bad_range"
        case unknownMeasurement = "query.unknown_measurement"
        case unknownField = "query.unknown_field"
        case unknownColumn = "query.unknown_column"
        case unknownFunction = "query.unknown_function"
        case unknownStage = "query.unknown_stage"
        case unknownZone = "query.unknown_zone"
        case unknownUnit = "query.unknown_unit"
        case wrongArguments = "query.wrong_arguments"
        case typeMismatch = "query.type_mismatch"
        case nameNeeded = "query.name_needed"
        case duplicateName = "query.duplicate_name"
        case badPattern = "query.bad_pattern"
        case misplaced = "query.misplaced"
        case notAvailable = "query.not_available"
        case overflow = "query.overflow"
        case tooLong = "query.too_long"
        case tooDeep = "query.too_deep"
        case rowLimit = "query.row_limit"
        case windowLimit = "query.window_limit"
        case memoryLimit = "query.memory_limit"
        case timeLimit = "query.time_limit"
        case cancelled = "query.cancelled"
    }

    public var code: Code
    /// What is wrong, one sentence, without the place.
    public var message: Bilingual
    /// How to mend it.
    public var hint: Bilingual?
    /// Where; nil when no place in the text is to blame.
    public var at: SourceRange?

    public init(_ code: Code, at: SourceRange?, en: String, vi: String, hint: Bilingual? = nil) {
        self.code = code
        self.at = at
        message = Bilingual(vi: vi, en: en)
        self.hint = hint
    }

    /// Line and column of `at` in `text`, both from 1, the column in characters.
    public func place(in text: String) -> (line: Int, column: Int)? {
        guard let at else { return nil }
        let before = Array(text.utf8.prefix(at.start))
        let newline = UInt8(ascii: "\n")
        let line = before.count { $0 == newline } + 1
        let lineStart = before.lastIndex(of: newline).map { $0 + 1 } ?? 0
        return (line, String(decoding: before[lineStart...], as: UTF8.self).count + 1)
    }
}
