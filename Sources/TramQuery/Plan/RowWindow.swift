/// Windows that the rows of a group cut themselves, in time order: where the clock's windows have a `WindowGrid`.
///
/// A window's time is that of its first row. Rows of equal time come in the order of their tags.
package enum RowWindow {
    /// `session 20m`: closes when no row comes for longer than `gap` nanoseconds. It ends with its last row.
    case session(gap: Int64)
    /// `every 100 rows`: the last window of a group may be short. It ends with its last row.
    case rows(Int)
    /// `runs state`: a stretch of rows with one value; of true, when it is a condition. A row without a value belongs
    /// to no stretch and ends none. A stretch lasts until the first row of the next one (for a condition: until the
    /// first row for which it is false), the last until its last row.
    case runs(BoundExpression, givesValue: Bool)
}

extension Aggregation {
    /// Whether its rows are windows, whoever cuts them: then they have a time, and `partial`.
    package var hasWindows: Bool { grid != nil || rowWindow != nil }

    /// How many of `groups` tell rows apart; the value of `runs` stands behind these.
    var keyCount: Int {
        if case .runs(_, givesValue: true) = rowWindow { groups.count - 1 } else { groups.count }
    }
}
