import TramColumnar
import TramQuery

// What is said: events from changes of state, their texts, and the alert of a rule about itself.

extension Evaluator {
    /// The event of `change`, which `step` brought about; nil for a pending one that nobody asked for.
    func event(_ change: AlertChange, of instance: Instance, _ step: Step, isLate: Bool) -> AlertEvent? {
        let state: AlertEvent.State
        let opened: Int64
        switch change {
        case .pending(let since):
            guard includesPending else { return nil }
            (state, opened) = (.pending, since)
        case .firing(let incident): (state, opened) = (.firing, incident)
        case .resolved(let incident): (state, opened) = (.resolved, incident)
        case .stale(let incident): (state, opened) = (.stale, incident ?? step.before.heardUntil ?? step.input.start)
        }
        var event = AlertEvent(
            rule: rule.name, state: state, at: step.input.knownAt, labels: instance.labels,
            value: state == .stale ? .null : step.value, severity: rule.severity,
            window: state == .stale ? nil : window(of: step), revision: step.revision,
            incident: Fingerprint.incident(rule: rule.name, labels: instance.labels, opened: opened),
            summary: Bilingual(vi: "", en: ""), isLate: isLate)
        event.summary = Bilingual(
            vi: summary(of: event, step, .vi), en: summary(of: event, step, .en))
        return event
    }

    /// Nil for rules over silence: what they say is caused by silence, not by a window.
    func window(of step: Step) -> TimeRange? {
        if case .stale = rule.kind { return nil }
        return TimeRange(start: step.input.start, end: step.input.knownAt)
    }

    private func summary(of event: AlertEvent, _ step: Step, _ language: Language) -> String {
        // A template speaks of values; of an instance that went stale there are none.
        guard event.state != .stale, let summary = rule.summary else {
            return plainSummary(of: event, step, language)
        }
        let template = language == .vi ? summary.vi : summary.en
        return template.text(language) { name in
            if let column = columns[name], column < step.values.count { return step.values[column] }
            if let label = event.labels.first(where: { $0.name == name }) { return .string(label.value) }
            switch name {
            case "rule": return .string(event.rule)
            case "severity": return .string(event.severity.rawValue)
            case "value": return event.value
            case "time": return .time(event.at)
            default: return nil
            }
        }
    }

    /// The text where the rule gives none: `congestion (sensor=765171): value 18.4`.
    private func plainSummary(of event: AlertEvent, _ step: Step, _ language: Language) -> String {
        let labels = event.labels.map { "\($0.name)=\($0.value)" }.joined(separator: ", ")
        let subject = labels.isEmpty ? event.rule : "\(event.rule) (\(labels))"
        if event.state == .stale {
            let since = step.before.heardUntil.map { Timestamp(nanoseconds: $0).rfc3339 } ?? "–"
            return language == .vi ? "\(subject): không có số liệu từ \(since)" : "\(subject): no data since \(since)"
        }
        if case .silent(let last, _) = step.input {
            let since = Timestamp(nanoseconds: last).rfc3339
            return language == .vi ? "\(subject): mất tín hiệu từ \(since)" : "\(subject): no signal since \(since)"
        }
        if case .stale = rule.kind {
            return language == .vi ? "\(subject): có tín hiệu trở lại" : "\(subject): signal is back"
        }
        guard event.value != .null else { return subject }
        let value = SummaryTemplate.text(event.value, language)
        return language == .vi ? "\(subject): giá trị \(value)" : "\(subject): value \(value)"
    }
}

// MARK: - The limit

extension Evaluator {
    /// Whether an instance may enter `state`: a new active one only below the rule's limit.
    func admits(_ state: AlertState, instead before: AlertState) -> Bool {
        rule.limit <= 0 || !state.isActive || before.isActive || active < rule.limit
    }

    /// Raises the rule's alert about itself, once until it is lifted.
    mutating func raiseLimit(at: Int64, window: TimeRange?, into events: inout [AlertEvent]) {
        guard overLimitSince == nil else { return }
        overLimitSince = at
        events.append(limitEvent(.firing, opened: at, at: at, window: window))
    }

    /// Ends it when a tenth of the room is free again: at the limit itself it would come and go with every row.
    mutating func liftLimit(at: Int64, window: TimeRange?, into events: inout [AlertEvent]) {
        guard let opened = overLimitSince, active <= rule.limit - (rule.limit + 9) / 10,
            knownCount / Evaluator.knownPerLimit < rule.limit
        else { return }
        overLimitSince = nil
        events.append(limitEvent(.resolved, opened: opened, at: at, window: window))
    }

    private func limitEvent(
        _ state: AlertEvent.State, opened: Int64, at: Int64, window: TimeRange?
    ) -> AlertEvent {
        let labels = [WindowResult.Label(name: "tram_limit", value: String(rule.limit))]
        let summary =
            state == .firing
            ? Bilingual(
                vi: "\(rule.name): vượt giới hạn \(rule.limit) cảnh báo của quy tắc, các cảnh báo mới không được mở",
                en: "\(rule.name): more than the rule's limit of \(rule.limit) alerts, new ones are not opened")
            : Bilingual(
                vi: "\(rule.name): số cảnh báo đã xuống dưới giới hạn \(rule.limit)",
                en: "\(rule.name): the number of alerts is below the limit of \(rule.limit) again")
        return AlertEvent(
            rule: rule.name, state: state, at: at, labels: labels, value: .int(Int64(active)), severity: rule.severity,
            window: window, revision: 0,
            incident: Fingerprint.incident(rule: rule.name, labels: labels, opened: opened), summary: summary,
            isLate: false)
    }
}

extension WindowResult {
    var range: TimeRange { TimeRange(start: start, end: end) }
}
