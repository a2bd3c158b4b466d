import TramColumnar
public import TramAlerting
public import TramQuery
import Yams

/// A file of alert rules, laid out as Prometheus lays them out, with queries in TQL.
///
/// Queries and conditions stay text with their place: whoever knows the schema parses and binds them, and reports their
/// errors with `DefinitionError.init(_:in:file:)`.
public struct RulesFile: Hashable, Sendable {
    public struct Group: Hashable, Sendable {
        public var name: String
        /// Nil: that of the configuration.
        public var allowedLateness: Int64?
        /// The database its rules read; nil for every one.
        public var database: String?
        public var rules: [RuleDefinition]
    }

    public var file: String
    public var groups: [Group]

    /// - Throws: everything that is wrong in the file.
    public static func parse(_ bytes: [UInt8], file: String) throws(DefinitionErrors) -> RulesFile {
        var reader = DefinitionReader(file: file)
        var groups: [Group] = []
        if let root = reader.open(bytes), let keys = reader.entries(root, known: ["groups"]) {
            if keys["groups"] == nil {
                reader.fail(root, en: "the key \"groups\" is missing", vi: "thiếu khoá \"groups\"")
            }
            for node in reader.items(keys["groups"], of: "groups") {
                guard let group = reader.group(node) else { continue }
                if groups.contains(where: { $0.name == group.name }) {
                    reader.fail(
                        node, en: "the group \"\(group.name)\" is there already", vi: "nhóm \"\(group.name)\" đã có")
                }
                groups.append(group)
            }
        }
        try reader.finish()
        let result = RulesFile(file: file, groups: groups)
        try unique([result])
        return result
    }

    /// Checks that no two rules of several files share a name: incidents are named by it.
    public static func unique(_ files: [RulesFile]) throws(DefinitionErrors) {
        var errors: [DefinitionError] = []
        var seen: [String: (file: String, line: Int)] = [:]
        for file in files {
            for rule in file.groups.flatMap(\.rules) {
                guard let first = seen[rule.name.text] else {
                    seen[rule.name.text] = (file.file, rule.name.line)
                    continue
                }
                errors.append(
                    DefinitionError(
                        file: file.file, line: rule.name.line, column: rule.name.column,
                        en: "the alert \"\(rule.name.text)\" is there already",
                        vi: "cảnh báo \"\(rule.name.text)\" đã có",
                        hint: Bilingual(
                            vi: "xem \(first.file):\(first.line); mỗi cảnh báo cần một tên riêng",
                            en: "see \(first.file):\(first.line); every alert needs a name of its own")))
            }
        }
        guard errors.isEmpty else { throw DefinitionErrors(errors) }
    }
}

/// One rule as its file says it.
public struct RuleDefinition: Hashable, Sendable {
    public struct Summary: Hashable, Sendable {
        public var templates: Rule.Summary
        var vi: SourceText
        var en: SourceText
    }

    public var file: String
    public var name: SourceText
    public var group: String
    public var query: SourceText
    /// Nil only makes sense for a query that ends in `stale`.
    public var when: SourceText?
    public var clear: SourceText?
    public var hold: Int64
    public var keep: Int64
    public var severity: Severity
    public var noData: AlertStage.NoData
    public var summary: Summary?
    public var escalation: [EscalationStep]
    public var limit: Int
    public var labels: [WindowResult.Label]

    /// The rule, once its query told what kind it is.
    public func rule(_ kind: Rule.Kind) -> Rule {
        Rule(
            name: name.text, group: group, kind: kind, hold: hold, keep: keep, hasClear: clear != nil,
            severity: severity,
            noData: noData, summary: summary?.templates, escalation: escalation, limit: limit, labels: labels)
    }

    /// The names in the summaries that are none of `names`: labels and columns of the rule's query.
    public func summaryErrors(names: [String]) -> [DefinitionError] {
        guard let summary else { return [] }
        var errors: [DefinitionError] = []
        for (template, text) in [(summary.templates.vi, summary.vi), (summary.templates.en, summary.en)] {
            guard let error = template.firstUnknown(among: names + labels.map(\.name)) else { continue }
            let place = text.place(offset: error.offset)
            let found = DefinitionError(
                file: file, line: place.line, column: place.column, en: error.message.en, vi: error.message.vi,
                hint: error.hint)
            if !errors.contains(found) { errors.append(found) }
        }
        return errors
    }
}

// MARK: - Reading

extension DefinitionReader {
    private static let groupKeys = ["name", "interval", "limit", "allowed_lateness", "db", "rules"]
    private static let ruleKeys = [
        "alert", "query", "when", "for", "keep", "clear", "severity", "nodata", "summary", "escalate", "limit",
        "labels",
    ]

    fileprivate mutating func group(_ node: Node) -> RulesFile.Group? {
        guard let keys = entries(node, known: DefinitionReader.groupKeys) else { return nil }
        guard let name = required("name", keys, node) else { return nil }
        // Prometheus' evaluation interval: rules here are judged when a window closes, so it is only checked.
        _ = nanoseconds(keys["interval"], of: "interval")
        let limit = count(keys["limit"], of: "limit")
        let lateness = nanoseconds(keys["allowed_lateness"], of: "allowed_lateness")
        var rules: [RuleDefinition] = []
        for item in items(keys["rules"], of: "rules") {
            if let rule = rule(item, group: name.text, limit: limit) { rules.append(rule) }
        }
        return RulesFile.Group(
            name: name.text, allowedLateness: lateness, database: text(keys["db"], of: "db")?.text, rules: rules)
    }

    private mutating func required(_ key: String, _ keys: [String: Node], _ node: Node) -> SourceText? {
        guard let value = keys[key] else {
            fail(node, en: "the key \"\(key)\" is missing", vi: "thiếu khoá \"\(key)\"")
            return nil
        }
        return text(value, of: key)
    }

    private mutating func rule(_ node: Node, group: String, limit: Int?) -> RuleDefinition? {
        guard !isPrometheus(node) else { return nil }
        let foreign = [
            "keep_firing_for": Bilingual(vi: "trong Tram là \"keep\"", en: "Tram calls it \"keep\""),
            "annotations": Bilingual(vi: "trong Tram là \"summary\"", en: "Tram calls it \"summary\""),
            "name": Bilingual(vi: "tên cảnh báo là \"alert\"", en: "the name of a rule is \"alert\""),
        ]
        guard let keys = entries(node, known: DefinitionReader.ruleKeys, foreign: foreign) else { return nil }
        let name = required("alert", keys, node)
        let query = required("query", keys, node)
        let when = text(keys["when"], of: "when")
        let clear = text(keys["clear"], of: "clear")
        if keys["clear"] != nil, keys["when"] == nil {
            fail(node, en: "\"clear\" needs \"when\"", vi: "\"clear\" cần có \"when\"")
        }
        let hold = nanoseconds(keys["for"], of: "for")
        let keep = nanoseconds(keys["keep"], of: "keep")
        let severity = word(keys["severity"], of: "severity", as: Severity.self)
        let noData = word(keys["nodata"], of: "nodata", as: AlertStage.NoData.self)
        let summary = summary(keys["summary"])
        let escalation = escalation(keys["escalate"])
        let own = count(keys["limit"], of: "limit")
        let labels = labels(keys["labels"])
        guard let name, let query else { return nil }
        return RuleDefinition(
            file: file, name: name, group: group, query: query, when: when, clear: clear, hold: hold ?? 0,
            keep: keep ?? 0, severity: severity ?? .warning, noData: noData ?? .keep, summary: summary,
            escalation: escalation, limit: own ?? limit ?? Rule.defaultLimit, labels: labels)
    }

    /// Whether the rule is one of Prometheus, in PromQL; said once, in place of an error for each of its keys.
    private mutating func isPrometheus(_ node: Node) -> Bool {
        guard case .mapping(let mapping) = node else { return false }
        for (key, _) in mapping {
            guard case .scalar(let name) = key else { continue }
            if name.string == "expr" {
                fail(
                    key, en: "rules in PromQL (\"expr\") are not read yet",
                    vi: "chưa đọc được quy tắc PromQL (\"expr\")",
                    hint: Bilingual(
                        vi:
                            "viết \"query\" bằng TQL và \"when\", ví dụ query: traffic | mean(speed) by sensor every 15m",
                        en:
                            "write \"query\" in TQL and \"when\", such as query: traffic | mean(speed) by sensor every 15m"
                    ))
                return true
            }
            if name.string == "record" {
                fail(
                    key, en: "a rules file holds alerts, not recording rules (\"record\")",
                    vi: "tệp quy tắc chỉ chứa cảnh báo, không chứa \"record\"",
                    hint: Bilingual(
                        vi: "khai báo truy vấn thường trực trong \"streams\" của tệp cấu hình",
                        en: "a standing query is one of \"streams\" in the configuration file"))
                return true
            }
        }
        return false
    }

    private mutating func summary(_ node: Node?) -> RuleDefinition.Summary? {
        guard let node else { return nil }
        var vi: SourceText?
        var en: SourceText?
        if case .scalar = node {
            vi = text(node, of: "summary")
            en = vi
        } else if let keys = entries(node, known: ["vi", "en"]) {
            vi = text(keys["vi"], of: "vi")
            en = text(keys["en"], of: "en")
        }
        // One language alone speaks for both: better the other tongue than a text that nobody wrote.
        guard let viText = vi ?? en, let enText = en ?? vi else { return nil }
        guard let viTemplate = template(viText) else { return nil }
        guard viText != enText else {
            return .init(templates: .init(vi: viTemplate, en: viTemplate), vi: viText, en: enText)
        }
        guard let enTemplate = template(enText) else { return nil }
        return .init(templates: .init(vi: viTemplate, en: enTemplate), vi: viText, en: enText)
    }

    private mutating func template(_ text: SourceText) -> SummaryTemplate? {
        do {
            return try SummaryTemplate(text.text)
        } catch {
            fail(text, offset: error.offset, error.message, hint: error.hint)
            return nil
        }
    }

    private mutating func escalation(_ node: Node?) -> [EscalationStep] {
        guard let text = text(node, of: "escalate") else { return [] }
        do {
            return try EscalationStep.chain(text.text)
        } catch {
            let example = "commune > province 15m > central 2h"
            fail(
                text, offset: error.offset, error.message,
                hint: Bilingual(vi: "ví dụ: \(example)", en: "for example: \(example)"))
            return []
        }
    }

    private mutating func labels(_ node: Node?) -> [WindowResult.Label] {
        guard let node else { return [] }
        guard case .mapping(let mapping) = node else {
            fail(node, en: "\"labels\" takes names and texts", vi: "\"labels\" cần các cặp tên và văn bản")
            return []
        }
        var labels: [WindowResult.Label] = []
        for (key, value) in mapping {
            guard case .scalar(let name) = key, let text = text(value, of: name.string) else { continue }
            if name.string == "severity" {
                fail(
                    key, en: "\"severity\" is a key of the rule, not a label",
                    vi: "\"severity\" là khoá của quy tắc, không phải nhãn")
            }
            labels.append(WindowResult.Label(name: name.string, value: text.text))
        }
        return labels
    }
}
