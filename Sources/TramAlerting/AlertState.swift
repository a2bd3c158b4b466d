import TramQuery

/// What one alert instance (a rule and a label set) is in, and the clocks it carries.
///
///     ok ─ true ─► pending ─ true for `for` ─► firing ─ cleared ─► recovering ─ cleared for `keep` ─► ok
///     pending ─ false ─► ok          recovering ─ no longer cleared ─► firing, the same incident
///     any ─ three windows without data, under `nodata: keep` ─► stale ─ a value ─► what the value says
///
/// All times are event times. An incident is named by the instant at which its clock began.
public struct AlertState: Hashable, Sendable {
    public enum Phase: Hashable, Sendable {
        case ok
        /// The condition is true since the window that starts at `since`, not yet for long enough.
        case pending(since: Int64)
        case firing(incident: Int64)
        /// Cleared since the window that starts at `since`, not yet for long enough; the incident is still open.
        case recovering(since: Int64, incident: Int64)
        /// Nothing was heard for three windows. An incident that was open still is.
        case stale(incident: Int64?)
    }

    /// So many windows without data in a row make an instance stale.
    public static let windowsUntilStale = 3

    public var phase: Phase
    /// Windows without data since the last value, no more than `windowsUntilStale`.
    public var missingWindows: Int
    /// The end of the newest window that had a value; nil before the first.
    public var heardUntil: Int64?

    public init(phase: Phase = .ok, missingWindows: Int = 0, heardUntil: Int64? = nil) {
        self.phase = phase
        self.missingWindows = missingWindows
        self.heardUntil = heardUntil
    }

    /// The open incident.
    public var incident: Int64? {
        switch phase {
        case .ok, .pending: nil
        case .firing(let incident), .recovering(_, let incident): incident
        case .stale(let incident): incident
        }
    }

    /// Whether the instance counts towards the rule's limit: pending, or with an open incident.
    public var isActive: Bool {
        if case .pending = phase { return true }
        return incident != nil
    }

    var isStale: Bool {
        if case .stale = phase { return true }
        return false
    }
}

/// What an instance learns.
public enum AlertInput: Hashable, Sendable {
    /// A closed window or a row; `when` nil is a condition that is null, `clear` is not looked at without a `clear`
    /// expression.
    case judged(start: Int64, end: Int64, when: Bool?, clear: Bool?)
    /// A closed window in which the group has no row.
    case missing(start: Int64, end: Int64)
    /// Of a rule over silence: no value since `last`, which was established at `at`.
    case silent(last: Int64, at: Int64)

    var start: Int64 {
        switch self {
        case .judged(let start, _, _, _), .missing(let start, _): start
        case .silent(let last, _): last
        }
    }

    /// When it became known: the end of the window, or the moment silence was established.
    var knownAt: Int64 {
        switch self {
        case .judged(_, let end, _, _), .missing(_, let end): end
        case .silent(_, let at): at
        }
    }
}

/// What receivers are told of a transition. Firing, stale and resolved name the incident.
public enum AlertChange: Hashable, Sendable {
    case pending(since: Int64)
    /// A new incident, or an open one that is heard of again after it was stale.
    case firing(incident: Int64)
    /// Nil: silence of an instance that had nothing open.
    case stale(incident: Int64?)
    case resolved(incident: Int64)
}

extension AlertState {
    /// The one transition function: what `input` makes of the state, and what there is to tell.
    ///
    /// Where the conventions leave a choice:
    /// - A row whose condition is null, and a window without a row, are the same thing: no data.
    /// - With `clear`, an instance is cleared when `clear` is true and `when` is not; null is not true. In between,
    ///   a firing instance fires on and a recovering one fires again: `clear` has to hold all through `keep`.
    /// - `nodata: ok` reads no data as false and cleared, whatever `clear` says; `nodata: alert` as true.
    /// - Rows without a value of the judged field are no silence: a rule over rows never goes stale by itself.
    /// - Any other instance goes stale under `nodata: keep`. Silence ends clocks but no incident: a pending instance
    ///   that went stale begins anew, an open incident fires on (and says so, since receivers saw it go stale) or
    ///   clears.
    public func next(_ input: AlertInput, under rule: Rule) -> (state: AlertState, change: AlertChange?) {
        switch input {
        case .judged(let start, let end, .some(let when), let clear):
            let cleared = rule.hasClear ? clear == true && !when : !when
            return heard(until: end).judged(at: start, isTrue: when, isCleared: cleared, under: rule)
        case .judged(let start, _, .none, _), .missing(let start, _):
            switch rule.noData {
            case .ok: return judged(at: start, isTrue: false, isCleared: true, under: rule)
            case .alert: return judged(at: start, isTrue: true, isCleared: false, under: rule)
            case .keep: return rule.kind == .windows ? withoutData() : (self, nil)
            }
        case .silent(let last, _):
            return heard(until: last).silent(since: last)
        }
    }

    private func heard(until end: Int64) -> AlertState {
        AlertState(phase: phase, missingWindows: 0, heardUntil: max(heardUntil ?? end, end))
    }

    private func entering(_ phase: Phase) -> AlertState {
        AlertState(phase: phase, missingWindows: missingWindows, heardUntil: heardUntil)
    }

    private func judged(
        at start: Int64, isTrue: Bool, isCleared: Bool, under rule: Rule
    ) -> (state: AlertState, change: AlertChange?) {
        switch phase {
        case .ok, .stale(incident: nil):
            guard isTrue else { return (entering(.ok), nil) }
            guard rule.hold > 0 else { return (entering(.firing(incident: start)), .firing(incident: start)) }
            return (entering(.pending(since: start)), .pending(since: start))
        case .pending(let since):
            guard isTrue else { return (entering(.ok), nil) }
            guard EventTime.distance(from: since, to: start) >= rule.hold else { return (self, nil) }
            return (entering(.firing(incident: since)), .firing(incident: since))
        case .firing(let incident), .stale(.some(let incident)):
            let isBack: AlertChange? = isStale ? .firing(incident: incident) : nil
            guard isCleared else { return (entering(.firing(incident: incident)), isBack) }
            guard rule.keep > 0 else { return (entering(.ok), .resolved(incident: incident)) }
            return (entering(.recovering(since: start, incident: incident)), isBack)
        case .recovering(let since, let incident):
            guard isCleared else { return (entering(.firing(incident: incident)), nil) }
            guard EventTime.distance(from: since, to: start) >= rule.keep else { return (self, nil) }
            return (entering(.ok), .resolved(incident: incident))
        }
    }

    private func withoutData() -> (state: AlertState, change: AlertChange?) {
        guard !isStale else { return (self, nil) }
        var state = self
        state.missingWindows += 1
        guard state.missingWindows >= AlertState.windowsUntilStale else { return (state, nil) }
        return (state.entering(.stale(incident: incident)), .stale(incident: incident))
    }

    private func silent(since last: Int64) -> (state: AlertState, change: AlertChange?) {
        if let incident { return (entering(.firing(incident: incident)), nil) }
        return (entering(.firing(incident: last)), .firing(incident: last))
    }
}

/// Arithmetic of instants that stops at the ends of Int64: times come from feeds and may lie anywhere.
enum EventTime {
    static func distance(from start: Int64, to end: Int64) -> Int64 {
        let (distance, overflow) = end.subtractingReportingOverflow(start)
        return overflow ? (end > start ? .max : .min) : distance
    }

    static func adding(_ duration: Int64, to instant: Int64) -> Int64 {
        let (sum, overflow) = instant.addingReportingOverflow(duration)
        return overflow ? (duration > 0 ? .max : .min) : sum
    }
}
