import TramColumnar
public import TramQuery

// One rule over all its instances:
//
// 1. A row of a window newer than what its instance has seen goes through the transition function, and the step (the
//    state before, the input) is kept as long as late data may come for it.
// 2. When a grid window is closed, every instance without a row in it takes the step "missing".
// 3. A row of a window that was judged already replaces that step (or comes between two of them), and the steps after
//    it are taken again. What comes out is compared with what receivers were told, never with nothing: an alert that
//    late data raises is sent and marked late; an incident that it disproves is resolved by an event; one it confirms
//    keeps its id.
//
// Instances stand in order of first arrival, so that equal inputs give equal events in equal order.

/// The instances of one rule: takes judged rows, closed windows and silences in order of event time, gives events.
///
/// No clock and no input of its own: equal calls give equal events. Not safe from several threads at once.
public struct Evaluator: Sendable {
    /// Most steps kept for late data per instance, whatever the time they span.
    static let maximumHeldSteps = 256
    /// So many times the rule's limit may be known label sets, of which most are not active.
    static let knownPerLimit = 100

    struct Step: Sendable {
        var before: AlertState
        var input: AlertInput
        var value: Value
        var values: [Value]
        var revision: Int
    }

    struct Instance: Sendable {
        /// Those of events, sorted.
        var labels: [WindowResult.Label]
        var state = AlertState()
        /// Oldest first, starts strictly rising.
        var steps: [Step] = []
        /// Whether every step since the first is still there.
        var isWhole = true
    }

    public let rule: Rule
    private(set) var columns: [String: Int] = [:]
    let includesPending: Bool
    var active = 0
    /// When the rule's alert about itself began; nil while there is none.
    var overLimitSince: Int64?
    private let held: Int64
    private var instances: [Instance] = []
    private var numbers: [[WindowResult.Label]: Int] = [:]

    /// - Parameters:
    ///   - columns: of the rule's standing query, parallel to `WindowResult.values`; a silence has `time` and `age`.
    ///   - heldNanoseconds: how long after its end a window may still be revised: the allowed lateness.
    ///   - includesPending: whether pending events are given too.
    public init(
        rule: Rule, columns: [ColumnInfo] = [], heldNanoseconds: Int64 = 3_600_000_000_000,
        includesPending: Bool = false
    ) {
        self.rule = rule
        self.includesPending = includesPending
        held = heldNanoseconds
        bind(columns: columns)
    }

    /// Takes the columns of the standing query, which may have grown: new fields of a query without aggregation.
    public mutating func bind(columns: [ColumnInfo]) {
        if case .stale = rule.kind {
            self.columns = ["time": 0, "age": 1]
            return
        }
        self.columns = [:]
        for (number, column) in columns.enumerated() { self.columns[column.name] = number }
    }

    /// How many label sets the rule has seen.
    public var knownCount: Int { instances.count }

    /// How many of them are pending or have an open incident.
    public var activeCount: Int { active }

    /// The state of a label set as the query gives it; nil when it was never seen.
    public func state(of labels: [WindowResult.Label]) -> AlertState? {
        numbers[labels].map { instances[$0].state }
    }

    /// Takes rows in the order in which the standing query gave them. O(rows); a row of an old window O(steps since).
    ///
    /// Of a rule over rows, one that is older than the newest judged of its series changes nothing.
    public mutating func judge(_ rows: [JudgedRow]) -> [AlertEvent] {
        var events: [AlertEvent] = []
        for row in rows { judge(row, into: &events) }
        return events
    }

    /// Takes the end of a grid window, after all its rows: instances without a row in it had no data.
    ///
    /// Every window of the grid up to the watermark is closed, in order, the empty ones too. Only for rules over
    /// windows of time. O(instances).
    public mutating func close(windowStart start: Int64, end: Int64) -> [AlertEvent] {
        guard rule.kind == .windows else { return [] }
        var events: [AlertEvent] = []
        for number in instances.indices {
            guard let newest = instances[number].steps.last, newest.input.start < start else { continue }
            let step = Step(
                before: instances[number].state, input: .missing(start: start, end: end), value: .null, values: [],
                revision: 0)
            advance(number, by: step, isLate: false, into: &events)
        }
        return events
    }

    /// How long after the last value a silence counts, with the rule's `for`; nil for rules that are not about silence.
    public var silenceNanoseconds: Int64? {
        guard case .stale(let after) = rule.kind else { return nil }
        return EventTime.adding(max(rule.hold, 0), to: after)
    }

    /// Takes that nothing came since `last` for as long as `silenceNanoseconds`. Said once or more often.
    public mutating func silence(labels: [WindowResult.Label], last: Int64) -> [AlertEvent] {
        guard let silence = silenceNanoseconds else { return [] }
        var events: [AlertEvent] = []
        let at = EventTime.adding(silence, to: last)
        guard let number = instance(labels, at: at, window: nil, into: &events) else { return events }
        let state = instances[number].state
        guard last >= state.heardUntil ?? last else { return events }
        let step = Step(
            before: state, input: .silent(last: last, at: at), value: .null, values: [.time(last), .duration(silence)],
            revision: 0)
        advance(number, by: step, isLate: false, into: &events)
        return events
    }

    /// Takes that a value with time `at` came. Does nothing unless the labels are silent; older values change nothing.
    public mutating func heard(labels: [WindowResult.Label], at: Int64) -> [AlertEvent] {
        guard case .stale = rule.kind, let number = numbers[labels] else { return [] }
        let state = instances[number].state
        guard state.isActive, let last = state.heardUntil, at > last else { return [] }
        var events: [AlertEvent] = []
        let age = EventTime.distance(from: last, to: at)
        let step = Step(
            before: state, input: .judged(start: at, end: at, when: false, clear: true), value: .null,
            values: [.time(at), .duration(age)], revision: 0)
        advance(number, by: step, isLate: false, into: &events)
        return events
    }
}

// MARK: - Steps

extension Evaluator {
    private mutating func judge(_ row: JudgedRow, into events: inout [AlertEvent]) {
        let result = row.result
        if case .stale = rule.kind { return }
        // A label set is known from its first value on: what never had one cannot fall silent.
        if row.when == nil, numbers[result.labels] == nil { return }
        guard let number = instance(result.labels, at: result.end, window: result.range, into: &events) else { return }
        let step = Step(
            before: instances[number].state,
            input: .judged(start: result.start, end: result.end, when: row.when, clear: row.clear), value: row.value,
            values: result.values, revision: result.revision)
        guard let newest = instances[number].steps.last, result.start <= newest.input.start else {
            advance(number, by: step, isLate: result.isLate, into: &events)
            return
        }
        if rule.kind == .rows, result.start < newest.input.start { return }
        judgeAgain(number, with: step, into: &events)
    }

    /// The number of the instance with these labels; nil when there are too many to know another.
    private mutating func instance(
        _ labels: [WindowResult.Label], at: Int64, window: TimeRange?, into events: inout [AlertEvent]
    ) -> Int? {
        if let known = numbers[labels] { return known }
        if rule.limit > 0, instances.count / Evaluator.knownPerLimit >= rule.limit {
            raiseLimit(at: at, window: window, into: &events)
            return nil
        }
        var all = labels
        for label in rule.labels where !labels.contains(where: { $0.name == label.name }) { all.append(label) }
        all.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        instances.append(Instance(labels: all))
        numbers[labels] = instances.count - 1
        return instances.count - 1
    }

    private mutating func advance(_ number: Int, by step: Step, isLate: Bool, into events: inout [AlertEvent]) {
        var (state, change) = step.before.next(step.input, under: rule)
        if !admits(state, instead: step.before) {
            state = AlertState(heardUntil: state.heardUntil)
            change = nil
            raiseLimit(at: step.input.knownAt, window: window(of: step), into: &events)
        }
        enter(state, number)
        instances[number].keep(step, held: held, onlyNewest: rule.kind != .windows)
        if let change, let event = event(change, of: instances[number], step, isLate: isLate) { events.append(event) }
        liftLimit(at: step.input.knownAt, window: window(of: step), into: &events)
    }

    private mutating func judgeAgain(_ number: Int, with revised: Step, into events: inout [AlertEvent]) {
        let instance = instances[number]
        let start = revised.input.start
        let position = instance.steps.firstIndex { $0.input.start >= start } ?? instance.steps.count
        let isHeld = position < instance.steps.count && instance.steps[position].input.start == start
        // A window between two that are held can be put there; one before the first only if nothing came before it.
        guard isHeld || position > 0 || instance.isWhole else { return }

        var steps = Array(instance.steps[..<position])
        var again = Array(instance.steps[position...])
        let before = again.first?.before ?? instance.state
        if isHeld { again.removeFirst() }
        again.insert(revised, at: 0)
        var state = before
        var changes: [(AlertChange, Step)] = []
        for var step in again {
            step.before = state
            let (next, change) = state.next(step.input, under: rule)
            if let change { changes.append((change, step)) }
            state = next
            steps.append(step)
        }
        let wasOpen =
            before.incident != nil || instance.steps[position...].contains { $0.before.incident != nil }
            || instance.state.incident != nil
        correct(number, to: state, steps: steps, changes: changes, because: revised, wasOpen: wasOpen, into: &events)
    }

    /// Compares what receivers were told (the instance's state) with what is true by now, and tells the difference.
    private mutating func correct(
        _ number: Int, to corrected: AlertState, steps: [Step], changes: [(AlertChange, Step)], because revised: Step,
        wasOpen: Bool, into events: inout [AlertEvent]
    ) {
        let told = instances[number].state
        var state = corrected
        if !admits(state, instead: told) {
            raiseLimit(at: revised.input.knownAt, window: window(of: revised), into: &events)
            return
        }
        var tellings: [(AlertChange, Step)] = []
        switch (told.incident, state.incident) {
        case (.none, .none):
            if !wasOpen { tellings = changes.filter { $0.0.isOfIncident } }
            if case .pending = told.phase { break }
            if case .pending(let since) = state.phase { tellings.append((.pending(since: since), revised)) }
        case (.none, .some(let incident)):
            let cause = changes.last { $0.0 == .firing(incident: incident) }?.1 ?? revised
            tellings = [(.firing(incident: incident), cause)]
            if state.isStale, let last = changes.last { tellings.append(last) }
        case (.some(let incident), .none):
            tellings = [(.resolved(incident: incident), revised)]
        case (.some(let incident), .some):
            state = state.renamed(to: incident)
            if told.isStale, !state.isStale { tellings = [(.firing(incident: incident), revised)] }
        }
        enter(state, number)
        instances[number].steps = steps
        for (change, step) in tellings {
            if let event = event(change, of: instances[number], step, isLate: true) { events.append(event) }
        }
        liftLimit(at: revised.input.knownAt, window: window(of: revised), into: &events)
    }

    private mutating func enter(_ state: AlertState, _ number: Int) {
        if instances[number].state.isActive { active -= 1 }
        if state.isActive { active += 1 }
        instances[number].state = state
    }
}

extension Evaluator.Instance {
    /// Keeps `step` as the newest, and lets go of those that no late row can reach any more.
    fileprivate mutating func keep(_ step: Evaluator.Step, held: Int64, onlyNewest: Bool) {
        steps.append(step)
        let maximum = onlyNewest ? 1 : Evaluator.maximumHeldSteps
        let horizon = EventTime.adding(-max(held, 0), to: step.input.knownAt)
        let kept = steps.dropLast().firstIndex { $0.input.knownAt > horizon } ?? steps.count - 1
        let dropped = max(kept, steps.count - maximum)
        guard dropped > 0 else { return }
        steps.removeFirst(dropped)
        isWhole = false
    }
}

extension AlertState {
    /// The same with the open incident under another name.
    fileprivate func renamed(to incident: Int64) -> AlertState {
        var state = self
        switch phase {
        case .ok, .pending, .stale(incident: nil): break
        case .firing: state.phase = .firing(incident: incident)
        case .recovering(let since, _): state.phase = .recovering(since: since, incident: incident)
        case .stale(.some): state.phase = .stale(incident: incident)
        }
        return state
    }
}

extension AlertChange {
    fileprivate var isOfIncident: Bool {
        switch self {
        case .firing, .resolved: true
        case .pending, .stale: false
        }
    }
}
