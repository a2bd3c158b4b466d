/// A result row of a standing query with what a rule's conditions say of it.
public struct JudgedRow: Sendable {
    public var result: WindowResult
    /// `when`; nil when it is null. True for a query without condition.
    public var when: Bool?
    /// `clear`; nil when it is null or the rule has none.
    public var clear: Bool?
    /// The value of the column that `when` names first.
    public var value: Value

    public init(result: WindowResult, when: Bool?, clear: Bool? = nil, value: Value = .null) {
        self.result = result
        self.when = when
        self.clear = clear
        self.value = value
    }
}
