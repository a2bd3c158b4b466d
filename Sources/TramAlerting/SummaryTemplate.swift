public import TramColumnar
import TramQuery

/// A text with places for labels and columns: `Congestion at {sensor}: {mean:.0f} km/h`.
///
/// `{name}` is a label or a column of the row, `{name:.2f}` a number with two digits after the point, `{{` and `}}`
/// braces. Beside labels and columns there are `{rule}`, `{severity}`, `{value}` (of the judged column) and `{time}`
/// (of the event).
public struct SummaryTemplate: Hashable, Sendable {
    /// Names that need no label or column; one of the same name wins.
    public static let builtInNames = ["rule", "severity", "value", "time"]

    private enum Part: Hashable, Sendable {
        case text(String)
        case place(name: String, digits: Int?, offset: Int)
    }

    /// The text as it was written.
    public let source: String
    private let parts: [Part]

    public init(_ source: String) throws(SummaryTemplateError) {
        self.source = source
        var parts: [Part] = []
        var literal = ""
        var rest = Array(source)[...]
        while let character = rest.popFirst() {
            switch character {
            case "{" where rest.first == "{", "}" where rest.first == "}":
                literal.append(character)
                rest.removeFirst()
            case "{":
                let offset = rest.startIndex - 1
                guard let end = rest.firstIndex(of: "}") else {
                    throw SummaryTemplateError(
                        en: "\"{\" has no \"}\"", vi: "\"{\" không có \"}\"", offset: offset, hint: .braces)
                }
                if !literal.isEmpty { parts.append(.text(literal)) }
                literal = ""
                parts.append(try SummaryTemplate.place(String(rest[..<end]), offset: offset))
                rest = rest[(end + 1)...]
            case "}":
                throw SummaryTemplateError(
                    en: "\"}\" has no \"{\"", vi: "\"}\" không có \"{\"", offset: rest.startIndex - 1, hint: .braces)
            default:
                literal.append(character)
            }
        }
        if !literal.isEmpty { parts.append(.text(literal)) }
        self.parts = parts
    }

    private static func place(_ text: String, offset: Int) throws(SummaryTemplateError) -> Part {
        let halves = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let name = halves[0]
        guard !name.isEmpty, !name.contains(where: { $0 == "{" || $0.isWhitespace }) else {
            throw SummaryTemplateError(
                en: "between the braces the name of a label or column is missing",
                vi: "giữa hai dấu ngoặc thiếu tên nhãn hoặc cột", offset: offset, hint: .braces)
        }
        guard halves.count == 2 else { return .place(name: String(name), digits: nil, offset: offset) }
        let format = halves[1].utf8.map { $0 }
        guard format.count == 3, format[0] == UInt8(ascii: "."), format[2] == UInt8(ascii: "f"),
            let digits = Int(String(decoding: format[1...1], as: UTF8.self))
        else {
            throw SummaryTemplateError(
                en: "\"\(halves[1])\" is not a number format", vi: "\"\(halves[1])\" không phải định dạng số",
                offset: offset,
                hint: Bilingual(
                    vi: "viết {\(name):.0f} đến {\(name):.9f}", en: "write {\(name):.0f} up to {\(name):.9f}"))
        }
        return .place(name: String(name), digits: digits, offset: offset)
    }

    /// The first place whose name is none of `names` (labels and columns of the rule's query) and not built in.
    public func firstUnknown(among names: [String]) -> SummaryTemplateError? {
        for case .place(let name, _, let offset) in parts
        where !names.contains(name) && !SummaryTemplate.builtInNames.contains(name) {
            let known = (names + SummaryTemplate.builtInNames).map { "{\($0)}" }.joined(separator: " ")
            return SummaryTemplateError(
                en: "the rule's query gives no label or column \"\(name)\"",
                vi: "truy vấn của quy tắc không có nhãn hay cột \"\(name)\"", offset: offset,
                hint: Bilingual(vi: "có: \(known)", en: "there are: \(known)"))
        }
        return nil
    }

    /// The text with every place filled by `value(name)`; what has no value is written `–`.
    func text(_ language: Language, value: (String) -> Value?) -> String {
        var text = ""
        for part in parts {
            switch part {
            case .text(let literal): text += literal
            case .place(let name, let digits, _):
                text += SummaryTemplate.text(value(name) ?? .null, digits: digits, language)
            }
        }
        return text
    }

    /// A value for people: decimal comma in Vietnamese, point in English.
    static func text(_ value: Value, digits: Int? = nil, _ language: Language) -> String {
        switch value {
        case .null: "–"
        case .float(let number) where !number.isFinite: "–"
        case .float(let number):
            localized(digits.map { NumberText.fixed(number, digits: $0) } ?? NumberText.shortest(number), language)
        case .int(let number): localized(whole(String(number), digits), language)
        case .uint(let number): localized(whole(String(number), digits), language)
        case .bool(let isTrue):
            switch language {
            case .vi: isTrue ? "đúng" : "sai"
            case .en: isTrue ? "true" : "false"
            }
        case .string(let text): text
        case .time(let nanoseconds): Timestamp(nanoseconds: nanoseconds).rfc3339
        case .duration(let nanoseconds): Value.durationText(nanoseconds)
        }
    }

    private static func whole(_ text: String, _ digits: Int?) -> String {
        guard let digits, digits > 0 else { return text }
        return text + "." + String(repeating: "0", count: digits)
    }

    private static func localized(_ number: String, _ language: Language) -> String {
        language == .vi ? String(number.map { $0 == "." ? "," : $0 }) : number
    }
}

/// What is wrong in a summary, and where.
public struct SummaryTemplateError: Error, Hashable, Sendable {
    public var message: Bilingual
    public var hint: Bilingual?
    /// Characters before the place in the text.
    public var offset: Int
}

extension SummaryTemplateError {
    fileprivate init(en: String, vi: String, offset: Int, hint: Bilingual?) {
        self.init(message: Bilingual(vi: vi, en: en), hint: hint, offset: offset)
    }
}

extension Bilingual? {
    fileprivate static var braces: Bilingual? {
        Bilingual(vi: "dấu ngoặc thật viết {{ và }}", en: "a brace itself is written {{ or }}")
    }
}
