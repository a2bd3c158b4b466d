public import TramQuery

/// A result row of a standing query with what a rule's conditions say of it.
public struct JudgedRow: Sendable {
    public var result: WindowResult
    /// `when`; nil when it is null. True for a query without condition.
    public var when: Bool?
    /// `clear`; nil when it is null or the rule has none.
    public var clear: Bool?
    /// The value of the column that `when` names first.
    public var value: Value

    public init(result: WindowResult, when: Bool?, clear: Bool?, value: Value) {
        self.result = result
        self.when = when
        self.clear = clear
        self.value = value
    }
}

/// What a standing query has to say, in the order in which it became known.
public enum StandingEvent: Sendable {
    /// A window has closed; `rows` are those of every group that has some, in the order of their columns. Windows without any
    /// row are told too, so that a missing group is noticed.
    case closed(start: Int64, end: Int64, rows: [JudgedRow])
    /// A late row has changed a closed window.
    case revised(JudgedRow)
    /// A stored row of a query without aggregation.
    case row(JudgedRow)
    /// A group has been silent: its last row was at `since`, and `at` is when the silence was long enough.
    case silent(labels: [WindowResult.Label], since: Int64, at: Int64)
    /// A silent group has sent a row at `at`.
    case heard(labels: [WindowResult.Label], at: Int64)
}
