import TramColumnar

/// Which stretches of time had rows put in or taken away, and when last: so that whoever keeps an answer knows which
/// part of it still holds. Kept in memory since the store was opened; under the store's lock.
struct ChangeLog {
    /// A stretch is ten minutes long.
    static let stretch: Int64 = 600_000_000_000
    private static let mostStretches = 1 << 20

    /// Grows with every change.
    private(set) var moment: UInt64 = 0

    private struct Changes {
        /// When rows of any time may have changed.
        var everywhere: UInt64 = 0
        /// By number of the stretch since 1970.
        var stretches: [Int64: UInt64] = [:]
    }

    private var measurements: [Changes] = []

    /// Notes rows of these times. O(rows), and little of it while they lie in one stretch.
    mutating func note(_ times: [Int64], of measurement: Int) {
        begin(measurement)
        var (low, high) = (Int64.max, Int64.min)
        for time in times where time < low || time >= high {
            let number = ChangeLog.number(time)
            measurements[measurement].stretches[number] = moment
            low = number.multipliedReportingOverflow(by: ChangeLog.stretch).partialValue
            high = low.addingReportingOverflow(ChangeLog.stretch).partialValue
            // At the ends of time a stretch is looked up for every row.
            if high < low || low > time { (low, high) = (.max, .min) }
        }
        if measurements[measurement].stretches.count > ChangeLog.mostStretches { noteEverywhere(measurement) }
    }

    /// Notes that rows of any time may have changed.
    mutating func noteEverywhere(_ measurement: Int) {
        begin(measurement)
        measurements[measurement] = Changes(everywhere: moment)
    }

    private mutating func begin(_ measurement: Int) {
        moment += 1
        while measurements.count <= measurement { measurements.append(Changes()) }
    }

    /// Stretches in `range` that have changed since, rising; they may reach over its ends. O(changes + log).
    func changes(of measurement: Int, since: UInt64, in range: TimeRange) -> [TimeRange] {
        guard measurement < measurements.count, !range.isEmpty else { return [] }
        let changes = measurements[measurement]
        if changes.everywhere > since { return [range] }
        let first = ChangeLog.number(range.start)
        let last = ChangeLog.number(range.end - 1)
        return changes.stretches.filter { $0.value > since && $0.key >= first && $0.key <= last }.keys.sorted().map {
            let start = $0.multipliedReportingOverflow(by: ChangeLog.stretch)
            let end = start.partialValue.addingReportingOverflow(ChangeLog.stretch)
            return TimeRange(
                start: start.overflow ? .min : start.partialValue, end: end.overflow ? .max : end.partialValue)
        }
    }

    private static func number(_ time: Int64) -> Int64 {
        time / stretch - (time % stretch < 0 ? 1 : 0)
    }
}
