public import TramAlerting
public import TramColumnar
public import TramQuery
public import TramStreaming

/// A rule's definition with its query and conditions as text.
public struct RuleText: Hashable, Sendable {
    public var rule: Rule
    public var query: String
    public var when: String?
    public var clear: String?
    public var policy: LatePolicy
    /// The database it reads; nil for every one.
    public var database: String?

    public init(
        rule: Rule, query: String, when: String?, clear: String?, policy: LatePolicy = LatePolicy(),
        database: String? = nil
    ) {
        self.rule = rule
        self.query = query
        self.when = when
        self.clear = clear
        self.policy = policy
        self.database = database
    }
}

/// One rule at work: its standing query, and the evaluator that its windows go through.
public final class AlertPath {
    public let text: RuleText
    public let query: ContinuousQuery
    private var evaluator: Evaluator
    private let part: ([String: Schema]) -> RuleError.Part

    /// - Throws: `QueryError` in the query's text; for an error in `when` or `clear` see `RulePart`.
    public init(
        _ text: RuleText, schemas: [String: Schema], strings: StringTable, context: QueryContext, sources: Int,
        includesPending: Bool
    ) throws(RuleError) {
        self.text = text
        let when = try AlertPath.condition(text.when, .when)
        let clear = try AlertPath.condition(text.clear, .clear)
        do {
            query = try ContinuousQuery(
                name: text.rule.name, query: text.query, when: when, clear: clear, schemas: schemas, strings: strings,
                context: context, policy: text.policy, sources: sources)
        } catch {
            throw RuleError(part: AlertPath.part(of: text, schemas, strings, context), error: error)
        }
        part = { AlertPath.part(of: text, $0, strings, context) }
        if text.when == nil, case .silence = query.shape {
        } else if text.when == nil {
            throw RuleError(
                part: .query,
                error: QueryError(
                    .misplaced, at: nil, en: "the rule needs a condition", vi: "quy tắc cần một điều kiện",
                    hint: Bilingual(vi: "Thêm: when: mean < 20", en: "Add: when: mean < 20")))
        }
        var rule = text.rule
        switch query.shape {
        case .windows: rule.kind = .windows
        case .rows: rule.kind = .rows
        case .silence(let duration): rule.kind = .stale(after: duration)
        }
        evaluator = Evaluator(
            rule: rule, columns: query.columns, heldNanoseconds: text.policy.allowedLateness,
            includesPending: includesPending)
        if let silence = evaluator.silenceNanoseconds { query.silentAfter(silence) }
    }

    /// Which of a rule's texts is at fault when they do not bind together: the first that does not bind with those
    /// before it.
    private static func part(
        of text: RuleText, _ schemas: [String: Schema], _ strings: StringTable, _ context: QueryContext
    ) -> RuleError.Part {
        func binds(_ when: String?) -> Bool {
            let condition = when.flatMap { try? QueryParser.parseExpression($0) }
            let query = try? ContinuousQuery(
                name: text.rule.name, query: text.query, when: condition, clear: nil, schemas: schemas,
                strings: strings,
                context: context, policy: text.policy, sources: 1)
            return query != nil
        }
        if !binds(nil) { return .query }
        return binds(text.when) ? .clear : .when
    }

    private static func condition(_ text: String?, _ part: RuleError.Part) throws(RuleError) -> Expression? {
        guard let text else { return nil }
        do {
            return try QueryParser.parseExpression(text)
        } catch {
            throw RuleError(part: part, error: error)
        }
    }

    public var rule: Rule { evaluator.rule }

    /// How many label sets are pending or have an open incident.
    public var activeCount: Int { evaluator.activeCount }

    /// Takes up new fields and tags.
    public func rebind(schemas: [String: Schema]) throws(RuleError) {
        do {
            try query.rebind(schemas: schemas)
        } catch {
            throw RuleError(part: part(schemas), error: error)
        }
        evaluator.bind(columns: query.columns)
    }

    /// What the standing query has said, judged.
    public func judge(_ events: [StandingEvent]) -> [AlertEvent] {
        var alerts: [AlertEvent] = []
        for event in events {
            switch event {
            case .closed(let start, let end, let rows):
                alerts += evaluator.judge(rows)
                alerts += evaluator.close(windowStart: start, end: end)
            case .revised(let row):
                alerts += evaluator.judge([row])
            case .row(let row, let series):
                alerts += evaluator.judge([row])
                let isOpen = evaluator.state(of: row.result.labels)?.isActive ?? false
                query.watch(series: series, isOpen)
            case .silent(let labels, let since, _):
                alerts += evaluator.silence(labels: labels, last: since)
            case .heard(let labels, let at):
                alerts += evaluator.heard(labels: labels, at: at)
            }
        }
        return alerts
    }
}

/// An error in one of a rule's texts.
public struct RuleError: Error, Sendable {
    public enum Part: String, Sendable {
        case query, when, clear
    }

    public var part: Part
    public var error: QueryError

    public init(part: Part, error: QueryError) {
        self.part = part
        self.error = error
    }
}
