public import TramQuery

/// When an alert is raised, how long its condition must hold, and what is said.
///
/// The query, `when` and `clear` are run elsewhere, by the query module over each row of the rule's standing query;
/// what arrives here has been judged true, false or null already.
public struct Rule: Hashable, Sendable {
    /// What the rule's query gives.
    public enum Kind: Hashable, Sendable {
        /// Windows, one row a group: a group without a row in a closed window has no data there.
        case windows
        /// Stored rows, each judged on arrival; a row's time is both ends of its window.
        case rows
        /// Silences of at least so many nanoseconds. Needs no `when`: silence is the condition.
        case stale(after: Int64)
    }

    /// The text that receivers read, one for each language.
    public struct Summary: Hashable, Sendable {
        public var vi: SummaryTemplate
        public var en: SummaryTemplate

        public init(vi: SummaryTemplate, en: SummaryTemplate) {
            self.vi = vi
            self.en = en
        }
    }

    /// How many instances may be active where a rule does not say.
    public static let defaultLimit = 1000

    public var name: String
    public var group: String
    public var kind: Kind
    /// `for`: nanoseconds of event time from the start of the first true window to the start of the one that fires.
    public var hold: Int64
    /// `keep`: nanoseconds from the start of the first window that clears to the start of the one that resolves.
    public var keep: Int64
    /// Whether the rule has a `clear` expression; without one a false condition clears.
    public var hasClear: Bool
    public var severity: Severity
    public var noData: AlertStage.NoData
    /// Nil: a text made of the rule's name, the labels and the value.
    public var summary: Summary?
    /// Lowest level first; empty when the rule says nothing.
    public var escalation: [EscalationStep]
    /// Most instances that may be pending or firing at once, 0 for any number. Beyond it the rule raises one alert
    /// about itself and begins no further instance.
    public var limit: Int
    /// Added to the labels of every event; the query's own label wins where both have the name.
    public var labels: [WindowResult.Label]

    public init(
        name: String, group: String = "", kind: Kind = .windows, hold: Int64 = 0, keep: Int64 = 0,
        hasClear: Bool = false, severity: Severity = .warning, noData: AlertStage.NoData = .keep,
        summary: Summary? = nil, escalation: [EscalationStep] = [], limit: Int = Rule.defaultLimit,
        labels: [WindowResult.Label] = []
    ) {
        self.name = name
        self.group = group
        self.kind = kind
        self.hold = hold
        self.keep = keep
        self.hasClear = hasClear
        self.severity = severity
        self.noData = noData
        self.summary = summary
        self.escalation = escalation
        self.limit = limit
        self.labels = labels
    }
}
