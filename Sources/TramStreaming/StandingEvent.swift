public import TramQuery

/// What a standing query has to say, in the order in which it became known.
public enum StandingEvent: Sendable {
    /// A window has closed; `rows` are those of every group that has some, in the order of their columns. Windows
    /// without any row are told too, so that a missing group is noticed.
    case closed(start: Int64, end: Int64, rows: [JudgedRow])
    /// A late row has changed a closed window.
    case revised(JudgedRow)
    /// A stored row of a query without aggregation.
    case row(JudgedRow, series: UInt32)
    /// A group has been silent: its last row was at `since`, and `at` is when the silence was long enough.
    case silent(labels: [WindowResult.Label], since: Int64, at: Int64)
    /// A silent group has sent a row at `at`.
    case heard(labels: [WindowResult.Label], at: Int64)
}

extension StandingEvent {
    /// The result rows that the event brings.
    public var rows: [JudgedRow] {
        switch self {
        case .closed(_, _, let rows): rows
        case .revised(let row), .row(let row, _): [row]
        case .silent, .heard: []
        }
    }
}
