/// Which groups have been silent for longer than a duration, judged in event time.
struct SilenceTracker {
    enum Change {
        case silent(key: [UInt64?], since: Int64, at: Int64)
        case heard(key: [UInt64?], at: Int64)
    }

    private struct Group {
        var last: Int64
        var isSilent: Bool
    }

    private let duration: Int64
    private var groups: [[UInt64?]: Group] = [:]
    /// No group's silence begins before this time.
    private var nextDeadline: Int64 = .max

    init(duration: Int64) {
        self.duration = duration
    }

    private func deadline(_ last: Int64) -> Int64 {
        let (sum, overflow) = last.addingReportingOverflow(duration)
        return overflow ? .max : sum
    }

    /// A row of a group. A row that is not newer than the group's newest changes nothing.
    mutating func observe(_ key: [UInt64?], at time: Int64) -> [Change] {
        guard let group = groups[key] else {
            groups[key] = Group(last: time, isSilent: false)
            nextDeadline = min(nextDeadline, deadline(time))
            return []
        }
        guard time > group.last else { return [] }
        var changes: [Change] = []
        if !group.isSilent && time > deadline(group.last) {
            // Nobody else moved time past the deadline before this row came.
            changes.append(.silent(key: key, since: group.last, at: deadline(group.last)))
        }
        if group.isSilent || !changes.isEmpty { changes.append(.heard(key: key, at: time)) }
        groups[key] = Group(last: time, isSilent: false)
        nextDeadline = min(nextDeadline, deadline(time))
        return changes
    }

    /// Time has come to `time`: groups whose last row is more than the duration before it are silent, longest first.
    mutating func advance(to time: Int64) -> [Change] {
        guard time > nextDeadline else { return [] }
        var silent: [(key: [UInt64?], last: Int64)] = []
        nextDeadline = .max
        for (key, group) in groups where !group.isSilent {
            if time > deadline(group.last) {
                silent.append((key, group.last))
            } else {
                nextDeadline = min(nextDeadline, deadline(group.last))
            }
        }
        silent.sort { left, right in
            left.last != right.last
                ? left.last < right.last
                : left.key.lexicographicallyPrecedes(right.key) { ($0 ?? 0) < ($1 ?? 0) }
        }
        for (key, _) in silent { groups[key]?.isSilent = true }
        return silent.map { .silent(key: $0.key, since: $0.last, at: deadline($0.last)) }
    }
}
