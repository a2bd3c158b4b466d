import TramAlerting
import TramColumnar
import TramQuery
import Yams

/// Walks the nodes of one YAML file, and collects what is wrong with line and column.
///
/// Every function returns nil after adding an error, so that one pass names all faults of a file.
struct DefinitionReader {
    /// A larger file is refused before it is read.
    static let maximumBytes = 4 << 20
    /// No more errors are collected than a person reads.
    static let maximumErrors = 100

    let file: String
    private(set) var errors: [DefinitionError] = []
    private var lines: [Substring] = []

    init(file: String) {
        self.file = file
    }

    /// The top mapping's entries; empty for an empty file.
    mutating func open(_ bytes: [UInt8]) -> Node? {
        guard bytes.count <= DefinitionReader.maximumBytes else {
            fail(en: "the file is larger than 4 MiB", vi: "tệp lớn hơn 4 MiB")
            return nil
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            fail(en: "the file is not UTF-8 text", vi: "tệp không phải văn bản UTF-8")
            return nil
        }
        guard !DefinitionReader.hasAliases(bytes) else {
            fail(
                en: "YAML anchors and aliases (&name, *name) are not accepted",
                vi: "không chấp nhận anchor và alias của YAML (&tên, *tên)",
                hint: Bilingual(vi: "viết lại nội dung thay cho alias", en: "write the content again instead"))
            return nil
        }
        lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        do {
            // The basic resolver leaves every scalar the text it is: codes keep their zeros, `off` stays a word.
            return try compose(yaml: text, .basic) ?? Node([(Node, Node)]())
        } catch let error as YamlError {
            fail(error, bytes)
        } catch {
            fail(en: "the file is not YAML", vi: "tệp không phải YAML")
        }
        return nil
    }

    /// Whether the text has both an anchor and an alias: a few lines of them unfold to any number of nodes.
    ///
    /// Looks at bytes, so `&x` and `*x` inside texts count as well; a file with both in its texts has to write `* x`.
    private static func hasAliases(_ bytes: [UInt8]) -> Bool {
        var hasAnchor = false
        var hasAlias = false
        var before = UInt8(ascii: "\n")
        for index in bytes.indices {
            let byte = bytes[index]
            if byte == UInt8(ascii: "&") || byte == UInt8(ascii: "*"), index + 1 < bytes.count,
                isNameByte(bytes[index + 1]), before >= 0x80 || " \t\r\n[{,:".utf8.contains(before)
            {
                if byte == UInt8(ascii: "&") { hasAnchor = true } else { hasAlias = true }
            }
            before = byte
        }
        return hasAnchor && hasAlias
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    // MARK: - Errors

    mutating func fail(
        line: Int? = nil, column: Int? = nil, en: String, vi: String, hint: Bilingual? = nil
    ) {
        add(DefinitionError(file: file, line: line, column: column, en: en, vi: vi, hint: hint))
    }

    mutating func fail(_ node: Node, en: String, vi: String, hint: Bilingual? = nil) {
        fail(line: node.mark?.line, column: node.mark?.column, en: en, vi: vi, hint: hint)
    }

    mutating func fail(_ text: SourceText, offset: Int = 0, _ message: Bilingual, hint: Bilingual? = nil) {
        let place = text.place(offset: offset)
        fail(line: place.line, column: place.column, en: message.en, vi: message.vi, hint: hint)
    }

    mutating func add(_ error: DefinitionError) {
        if errors.count < DefinitionReader.maximumErrors { errors.append(error) }
    }

    private mutating func fail(_ error: YamlError, _ bytes: [UInt8]) {
        func fail(_ problem: String, _ mark: Mark?) {
            self.fail(
                line: mark?.line, column: mark?.column, en: "this is not YAML: \(problem)",
                vi: "không phải YAML: \(problem)",
                hint: Bilingual(
                    vi: "kiểm tra thụt lề, dấu hai chấm và dấu nháy trước vị trí này",
                    en: "look at indentation, colons and quotes before this place"))
        }
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            fail(problem, mark)
        case .duplicatedKeysInMapping(let names, let context):
            let list = names.map { "\"\($0)\"" }.joined(separator: ", ")
            self.fail(
                line: context.mark.line, column: context.mark.column, en: "the key \(list) is there twice",
                vi: "khoá \(list) xuất hiện hai lần")
        case .reader(let problem, let offset, _, _):
            let line = offset.map { offset in bytes.prefix(offset).count { $0 == UInt8(ascii: "\n") } + 1 }
            self.fail(line: line, en: "this is not YAML: \(problem)", vi: "không phải YAML: \(problem)")
        default: fail("it cannot be read", nil)
        }
    }

    /// The file's faults, if any, in the order of its lines.
    func finish() throws(DefinitionErrors) {
        guard !errors.isEmpty else { return }
        throw DefinitionErrors(
            errors.enumerated().sorted { left, right in
                let places = (left.element.line ?? 0, right.element.line ?? 0)
                return places.0 == places.1 ? left.offset < right.offset : places.0 < places.1
            }.map(\.element))
    }

    // MARK: - Nodes

    /// Whether the node is written as nothing: `streams:` and no more.
    static func isEmpty(_ node: Node) -> Bool {
        guard case .scalar(let scalar) = node, scalar.style == .plain || scalar.style == .any else { return false }
        return scalar.string.isEmpty || scalar.string == "~" || scalar.string == "null"
    }

    /// The entries of a mapping by key; keys that are not `known` are errors, `foreign` ones with a hint of their own.
    /// Keys written without a value are left out.
    mutating func entries(
        _ node: Node, known: [String], foreign: [String: Bilingual] = [:], ignoresOthers: Bool = false
    ) -> [String: Node]? {
        if DefinitionReader.isEmpty(node) { return [:] }
        guard case .mapping(let mapping) = node else {
            let list = known.joined(separator: ", ")
            fail(
                node, en: "a mapping of keys and values belongs here", vi: "ở đây cần các cặp khoá và giá trị",
                hint: Bilingual(vi: "các khoá: \(list)", en: "its keys: \(list)"))
            return nil
        }
        var entries: [String: Node] = [:]
        for (key, value) in mapping {
            guard case .scalar(let name) = key else {
                fail(key, en: "a key must be a text", vi: "khoá phải là văn bản")
                continue
            }
            guard known.contains(name.string) else {
                if !ignoresOthers { failUnknown(key, name.string, known: known, foreign: foreign) }
                continue
            }
            if !DefinitionReader.isEmpty(value) { entries[name.string] = value }
        }
        return entries
    }

    private mutating func failUnknown(
        _ key: Node, _ name: String, known: [String], foreign: [String: Bilingual]
    ) {
        let hint: Bilingual
        if let own = foreign[name] {
            hint = own
        } else if let near = Suggestions.closest(to: name, among: known).first {
            hint = Bilingual(vi: "có phải \"\(near)\"?", en: "did you mean \"\(near)\"?")
        } else {
            let list = known.joined(separator: ", ")
            hint = Bilingual(vi: "các khoá: \(list)", en: "known keys: \(list)")
        }
        fail(key, en: "unknown key \"\(name)\"", vi: "khoá không biết \"\(name)\"", hint: hint)
    }

    /// The items of a list; nothing is an empty one.
    mutating func items(_ node: Node?, of key: String) -> [Node] {
        guard let node, !DefinitionReader.isEmpty(node) else { return [] }
        guard case .sequence(let sequence) = node else {
            fail(node, en: "\"\(key)\" takes a list", vi: "\"\(key)\" cần một danh sách")
            return []
        }
        return Array(sequence)
    }

    /// The text of a scalar with its place; an error for lists, mappings and nothing.
    mutating func text(_ node: Node?, of key: String) -> SourceText? {
        guard let node else { return nil }
        guard case .scalar(let scalar) = node, !DefinitionReader.isEmpty(node) else {
            fail(node, en: "\"\(key)\" takes a text", vi: "\"\(key)\" cần một văn bản")
            return nil
        }
        return source(scalar)
    }

    /// A list of texts, or one text alone.
    mutating func texts(_ node: Node?, of key: String) -> [SourceText] {
        guard let node, !DefinitionReader.isEmpty(node) else { return [] }
        if case .scalar = node { return text(node, of: key).map { [$0] } ?? [] }
        var texts: [SourceText] = []
        for item in items(node, of: key) {
            if let text = text(item, of: key) { texts.append(text) }
        }
        return texts
    }

    /// A text that must be one of `words`.
    mutating func word<Word: RawRepresentable & CaseIterable>(
        _ node: Node?, of key: String, as type: Word.Type
    ) -> Word? where Word.RawValue == String {
        guard let text = text(node, of: key) else { return nil }
        if let word = Word(rawValue: text.text) { return word }
        let words = type.allCases.map(\.rawValue)
        let list = words.joined(separator: ", ")
        var hint = Bilingual(vi: "một trong: \(list)", en: "one of: \(list)")
        if let near = Suggestions.closest(to: text.text, among: words).first {
            hint = Bilingual(vi: "có phải \"\(near)\"?", en: "did you mean \"\(near)\"?")
        }
        fail(
            text,
            Bilingual(vi: "\"\(key)\" không thể là \"\(text.text)\"", en: "\"\(key)\" cannot be \"\(text.text)\""),
            hint: hint)
        return nil
    }

    mutating func bool(_ node: Node?, of key: String) -> Bool? {
        guard let text = text(node, of: key) else { return nil }
        switch text.text {
        case "true": return true
        case "false": return false
        default:
            fail(text, Bilingual(vi: "\"\(key)\" là true hoặc false", en: "\"\(key)\" is true or false"))
            return nil
        }
    }

    /// A number from 0 up.
    mutating func count(_ node: Node?, of key: String) -> Int? {
        guard let text = text(node, of: key) else { return nil }
        guard let count = Int(text.text), count >= 0 else {
            fail(text, Bilingual(vi: "\"\(key)\" là số nguyên từ 0", en: "\"\(key)\" is a whole number from 0"))
            return nil
        }
        return count
    }

    /// A duration with months and years.
    mutating func duration(_ node: Node?, of key: String) -> Duration? {
        guard let text = text(node, of: key) else { return nil }
        guard let duration = DurationText.parse(text.text) else {
            failDuration(text, key)
            return nil
        }
        return duration
    }

    /// A duration in nanoseconds: calendar lengths are refused.
    mutating func nanoseconds(_ node: Node?, of key: String) -> Int64? {
        guard let text = text(node, of: key) else { return nil }
        guard let nanoseconds = DurationText.nanoseconds(text.text) else {
            failDuration(text, key)
            return nil
        }
        return nanoseconds
    }

    private mutating func failDuration(_ text: SourceText, _ key: String) {
        fail(
            text,
            Bilingual(
                vi: "\"\(key)\" không thể là \"\(text.text)\"", en: "\"\(key)\" cannot be \"\(text.text)\""),
            hint: Bilingual(
                vi: "viết liền số và đơn vị, ví dụ 30s, 15m, 1h30m, 2d",
                en: "write a duration as one word, such as 30s, 15m, 1h30m, 2d"))
    }

    /// Where the text of a scalar begins: behind its quote, or on the line after `|`.
    private func source(_ scalar: Node.Scalar) -> SourceText {
        let text = scalar.string
        guard let mark = scalar.mark else { return SourceText(text, line: 1, column: 1, isVerbatim: false) }
        switch scalar.style {
        case .literal, .folded:
            for number in mark.line..<max(lines.count, mark.line) where !lines[number].allSatisfy(\.isWhitespace) {
                let indentation = lines[number].prefix { $0 == " " }.count
                return SourceText(
                    text, line: number + 1, column: indentation + 1,
                    isVerbatim: scalar.style == .literal && text.hasPrefix(lines[number].dropFirst(indentation)))
            }
            return SourceText(text, line: mark.line, column: mark.column, isVerbatim: false)
        case .singleQuoted, .doubleQuoted:
            return inline(text, line: mark.line, column: mark.column + 1)
        case .any, .plain:
            return inline(text, line: mark.line, column: mark.column)
        }
    }

    private func inline(_ text: String, line: Int, column: Int) -> SourceText {
        guard line >= 1, line <= lines.count else {
            return SourceText(text, line: line, column: column, isVerbatim: false)
        }
        let rest = lines[line - 1].unicodeScalars.dropFirst(column - 1)
        return SourceText(
            text, line: line, column: column, isVerbatim: rest.starts(with: text.unicodeScalars))
    }
}
