import HTTPTypes
import Hummingbird
import TramEngine
import TramColumnar
import TramLineProtocol

/// The answer to a body with bad lines, in the words of the door that was used.
///
/// Every shape has the same facts behind its own keys: `accepted`, `rejected`, `lines` (at most a hundred, with line,
/// column, class and what to do) and the request's `id`.
struct WriteAnswer {
    let outcome: WriteOutcome
    /// The first refused lines, in order.
    let lines: [RejectedLine]
    let id: String

    private static let originalBytes = 20

    /// Lines that storage refused, not the parser.
    private var droppedCount: Int {
        outcome.refusedByClass.filter { WriteAnswer.isOfStorage($0.key) }.map(\.value).reduce(0, +)
    }

    private var hasBadText: Bool { outcome.refusedByClass.contains { !WriteAnswer.isOfStorage($0.key) } }

    private static func isOfStorage(_ reason: RejectedLine.Class) -> Bool {
        switch reason {
        case .typeConflict, .tooOld, .tooNew, .limitReached: true
        default: false
        }
    }

    func response(_ shape: AnswerShape) -> Response {
        var object = JSONObject()
        var headers = HTTPFields()
        let status: HTTPResponse.Status
        switch shape {
        case .v1, .tram:
            status = .badRequest
            let text = influxText
            object.add("error", text)
            headers[.influxError] = Answers.headerText(text)
        case .v2:
            status = hasBadText || outcome.isStored == false ? .badRequest : .unprocessableContent
            let code = Answers.v2Code(status)
            object.add("code", code)
            object.add(
                "message",
                (hasBadText ? influxText : "failure writing points to database: \(influxText)")
                    + (lines.first.map { " (\($0.message))" } ?? ""))
            headers[.platformErrorCode] = code
        case .v3:
            let isLimit = outcome.refusedByClass[.limitReached] != nil
            status = isLimit ? .unprocessableContent : .badRequest
            if outcome.isStored {
                object.add("error", "partial write of line protocol occurred")
                object.add("data", array: lines.map(v3Line))
            } else {
                object.add("error", "line protocol parsing error")
                if let first = lines.first { object.add("data", raw: v3Line(first)) }
            }
        }
        if shape != .v2 {
            object.add("code", Answers.v2Code(status))
            if let first = lines.first { object.add("message", first.message) }
        }
        if let first = lines.first { object.add("line", first.line) }
        object.add("accepted", outcome.acceptedCount)
        object.add("rejected", outcome.refusedCount)
        object.add("lines", array: lines.map(line))
        object.add("id", id)
        return Answers.json(object.bytes + [UInt8(ascii: "\n")], status: status, headers: headers)
    }

    /// As InfluxDB 1.x words it, which clients look into: the reason for each line, and how many points were dropped.
    private var influxText: String {
        let text = lines.map { line in
            WriteAnswer.isOfStorage(line.reason)
                ? storageText(line) : "unable to parse '\(line.excerpt)': \(WriteAnswer.words(line.reason))"
        }.joined(separator: "\n")
        if !outcome.isStored || (outcome.acceptedCount == 0 && droppedCount == 0) { return text }
        return "partial write: \(text) dropped=\(droppedCount)"
    }

    private func storageText(_ line: RejectedLine) -> String {
        let refusal = outcome.refusals.first { $0.line == line.line && $0.reason == line.reason }
        if let refusal, let field = refusal.field, let conflict = refusal.conflict {
            return
                "field type conflict: input field \"\(field)\" on measurement \"\(refusal.measurement)\" is type \(WriteAnswer.influxName(conflict.sent)), already exists as type \(WriteAnswer.influxName(conflict.has))"
        }
        switch line.reason {
        case .tooOld: return "points beyond retention policy"
        case .limitReached: return "max-series-per-database limit exceeded"
        default: return line.text
        }
    }

    private static func influxName(_ type: FieldType) -> String {
        switch type {
        case .float: "float"
        case .int: "integer"
        case .uint: "unsigned"
        case .bool: "boolean"
        case .string: "string"
        }
    }

    /// `missing-field-value` as `missing field value`.
    private static func words(_ reason: RejectedLine.Class) -> String {
        String(reason.rawValue.map { $0 == "-" ? " " : $0 })
    }

    private func v3Line(_ line: RejectedLine) -> [UInt8] {
        var object = JSONObject()
        object.add("error_message", "\(line.reason.rawValue): \(line.text)")
        object.add("line_number", line.line)
        var original = line.excerpt
        while original.utf8.count > WriteAnswer.originalBytes { original.removeLast() }
        object.add("original_line", original)
        return object.bytes
    }

    private func line(_ line: RejectedLine) -> [UInt8] {
        var object = JSONObject()
        object.add("line", line.line)
        object.add("column", line.column)
        object.add("class", line.reason.rawValue)
        object.add("text", line.text)
        return object.bytes
    }
}
