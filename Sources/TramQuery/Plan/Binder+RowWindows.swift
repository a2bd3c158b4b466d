import TramColumnar

/// Windows that the rows cut: `session`, `every … rows`, `runs`.
extension Binder {
    /// Binds the window when it is one of these; the value of `runs` becomes the last of the groups' columns, unless it
    /// is among them. It is called as the column is, `value` where the text has an expression.
    func bindRowWindow(
        _ window: WindowExpression?, _ scope: any Scope, _ aggregation: inout Aggregation
    ) throws(QueryError) {
        guard let window else { return }
        switch window.kind {
        case .every: return
        case .everyRows(let count):
            if isStanding { throw notAvailable("every … rows", window.at) }
            aggregation.rowWindow = .rows(count)
        case .session(let gap):
            if isStanding { throw notAvailable("session", window.at) }
            guard let nanoseconds = gap.fixedNanoseconds, nanoseconds > 0 else {
                throw QueryError(
                    .badDuration, at: window.at, en: "session needs a length of time such as 20m",
                    vi: "session cần khoảng thời gian như 20m")
            }
            aggregation.rowWindow = .session(gap: nanoseconds)
        case .runs(let expression):
            if isStanding { throw notAvailable("runs", window.at) }
            let value = try binder(scope).bind(expression)
            var name = "value"
            if case .name(_, let column) = expression { name = column.text }
            let isGroup = aggregation.groups.contains { $0.name == name }
            aggregation.rowWindow = .runs(value, givesValue: !isGroup)
            if !isGroup { aggregation.groups.append(Aggregation.Group(name: name, value: value)) }
        }
    }
}
