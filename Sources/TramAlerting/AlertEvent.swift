public import TramColumnar
public import TramQuery

/// What a rule says: to `tram run`, to webhooks, to the incidents.
public struct AlertEvent: Hashable, Sendable {
    public enum State: String, Hashable, Sendable, CaseIterable {
        /// Told only to who asked for it.
        case pending
        case firing
        case stale
        case resolved
    }

    public var rule: String
    public var state: State
    /// The event time at which it became known: the window's end, or the moment silence was established.
    public var at: Int64
    /// Sorted by the bytes of their names.
    public var labels: [WindowResult.Label]
    /// Of the column that was judged.
    public var value: Value
    public var severity: Severity
    /// Nil when silence caused the event. For a row both ends are its time.
    public var window: TimeRange?
    /// How often the window had been revised.
    public var revision: Int
    /// 16 hex digits, the same from the first event of an incident to its last, and on every run over the same input.
    /// A stale event of an instance with nothing open names the silence; it opens no incident.
    public var incident: String
    public var summary: Bilingual
    /// Whether late data caused the event, after its window had been judged already.
    public var isLate: Bool

    /// The hash of the labels, 16 hex digits, as Alertmanager computes it.
    public var fingerprint: String {
        Fingerprint.text(of: labels)
    }
}
