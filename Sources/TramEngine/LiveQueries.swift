import Synchronization
public import TramAlerting
import TramColumnar
public import TramQuery
public import TramStreaming
import TramStorage

/// A plain standing query as text.
public struct StreamText: Hashable, Sendable {
    public var name: String
    public var query: String
    public var policy: LatePolicy
    /// The database it reads; nil for every one.
    public var database: String?

    public init(name: String, query: String, policy: LatePolicy = LatePolicy(), database: String? = nil) {
        self.name = name
        self.query = query
        self.policy = policy
        self.database = database
    }
}

/// The standing queries and rules that a server runs, and what they are bound under.
public struct LiveDefinitions: Sendable {
    public var streams: [StreamText]
    public var rules: [RuleText]
    public var zone: TimeZoneRules
    public var units: (any UnitResolver)?
    /// Equal for equal zones and catalogues within one process.
    public var contextID: Int

    public init(
        streams: [StreamText] = [], rules: [RuleText] = [], zone: TimeZoneRules = .hoChiMinh,
        units: (any UnitResolver)? = nil, contextID: Int = 0
    ) {
        self.streams = streams
        self.rules = rules
        self.zone = zone
        self.units = units
        self.contextID = contextID
    }

    func context(now: Int64) -> QueryContext {
        QueryContext(now: now, zone: zone, zones: ZoneFiles(), units: units)
    }
}

/// The standing queries and rules of one database at work, and what they have found.
///
/// Safety of `@unchecked Sendable`: `work` is used by `judge` only, which the database's commits call one at a time;
/// `book` has a lock of its own.
final class LiveQueries: @unchecked Sendable {
    private struct Book {
        var windows: [KeptWindows]
        var columns: [[ColumnInfo]]
        var watermarks: [Int64?]
        var streamErrors: [Int: QueryError] = [:]
        var ruleErrors: [Int: RuleError] = [:]
        /// By rule and labels, those that are not resolved.
        var active: [String: ActiveAlert] = [:]
        /// By rule, label sets that are pending or have an open incident.
        var activeCounts: [String: Int] = [:]
    }

    let streams: [StreamText]
    /// The measurements that are listened to.
    let measurements: Set<String>
    private let contextID: Int
    private let zone: TimeZoneRules
    private let units: LiveUnits?
    private let work: StandingQueries
    private let book: Mutex<Book>
    private let metrics: EngineMetrics

    /// - Parameters:
    ///   - before: Those that are at work so far and whose place these take; what has not changed is taken over with
    ///     all that it has seen. Nobody may call their `judge` any more.
    /// - Throws: the first query that does not bind.
    init(
        _ definitions: LiveDefinitions, database: String, store: Store, context: QueryContext, windowRows: Int,
        metrics: EngineMetrics, before: LiveQueries? = nil
    ) throws(StandingQueries.Failure) {
        self.metrics = metrics
        contextID = definitions.contextID
        zone = definitions.zone
        streams = definitions.streams.filter { $0.database ?? database == database }
        // In another zone the windows are other ones. Another catalogue only says other things of what comes from now
        // on.
        let hadUnits = before?.units != nil
        let before = before?.zone == definitions.zone && hadUnits == (definitions.units != nil) ? before : nil
        units = before?.units ?? definitions.units.map(LiveUnits.init)
        var context = context
        context.units = units
        let schemas = LiveQueries.schemas(of: store)
        var old: (any UnitResolver)?
        if let before, before.contextID != definitions.contextID, let new = definitions.units {
            old = units?.replace(with: new)
        }
        let work: StandingQueries
        let fresh: Book
        do throws(StandingQueries.Failure) {
            let (queries, rules, book) = try LiveQueries.made(
                definitions, streams, database, store, context, schemas, windowRows, before)
            work = StandingQueries(streams: queries, rules: rules, store: store, schemas: schemas)
            fresh = book
            if old != nil {
                do throws(StandingQueries.Failure) {
                    try work.rebind(schemas)
                } catch .rule(let index, let error) {
                    // Among all rules, as it is for those that are bound anew.
                    let text = rules[index].text
                    throw .rule(definitions.rules.firstIndex(of: text) ?? index, error)
                }
            }
        } catch {
            // Those of before go on as they were.
            if let old {
                units?.replace(with: old)
                try? before?.work.rebind(schemas)
            }
            throw error
        }
        self.work = work
        measurements = work.measurements
        book = Mutex(fresh)
    }

    /// Queries and rules: those of before where nothing has changed, else bound anew.
    private static func made(
        _ definitions: LiveDefinitions, _ streams: [StreamText], _ database: String, _ store: Store,
        _ context: QueryContext, _ schemas: [String: Schema], _ windowRows: Int, _ before: LiveQueries?
    ) throws(StandingQueries.Failure) -> ([ContinuousQuery], [AlertPath], Book) {
        let known = before?.book.withLock { $0 }
        var fresh = Book(windows: [], columns: [], watermarks: [])
        var queries: [ContinuousQuery] = []
        for (index, stream) in streams.enumerated() {
            let place = before?.streams.firstIndex(of: stream)
            if let place, let before, let known, known.streamErrors[place] == nil {
                queries.append(before.work.streams[place])
                fresh.windows.append(known.windows[place])
                fresh.columns.append(known.columns[place])
                fresh.watermarks.append(known.watermarks[place])
                continue
            }
            do {
                let query = try ContinuousQuery(
                    name: stream.name, query: stream.query, when: nil, clear: nil, schemas: schemas,
                    strings: store.strings, context: context, policy: stream.policy, sources: 1)
                queries.append(query)
                fresh.windows.append(KeptWindows(limit: windowRows))
                fresh.columns.append(query.columns)
                fresh.watermarks.append(nil)
            } catch {
                throw .stream(index, error)
            }
        }
        var paths: [AlertPath] = []
        for (index, rule) in definitions.rules.enumerated() where rule.database ?? database == database {
            let place = before?.work.rules.firstIndex { $0.text == rule }
            if let place, let before, let known, known.ruleErrors[place] == nil {
                paths.append(before.work.rules[place])
                let name = rule.rule.name
                fresh.activeCounts[name] = known.activeCounts[name]
                fresh.active.merge(known.active.filter { $0.value.event.rule == name }) { $1 }
                continue
            }
            do {
                paths.append(
                    try AlertPath(
                        rule, schemas: schemas, strings: store.strings, context: context, sources: 1,
                        includesPending: false))
            } catch {
                throw .rule(index, error)
            }
        }
        return (queries, paths, fresh)
    }

    private static func schemas(of store: Store) -> [String: Schema] {
        let snapshot = store.snapshot()
        var schemas: [String: Schema] = [:]
        for name in snapshot.measurements { schemas[name] = snapshot.schema(of: name) }
        return schemas
    }

    /// Judges batches. To be called by one at a time, in the order in which the store took them.
    func judge(_ batches: [StoredBatch]) {
        // Neither closure throws, so neither does this.
        try? work.process(
            batches, source: 0,
            fail: { failure in
                book.withLock { book in
                    switch failure {
                    case .stream(let index, let error): book.streamErrors[index] = error
                    case .rule(let index, let error): book.ruleErrors[index] = error
                    }
                }
            },
            tell: { output in
                switch output {
                case .window(let stream, let row):
                    metrics.noteWindowRow()
                    book.withLock { $0.windows[stream].add(row) }
                case .alert(let event): note(event)
                }
            })
        book.withLock { book in
            for (index, stream) in work.streams.enumerated() {
                book.columns[index] = stream.columns
                book.watermarks[index] = stream.watermarkTime
            }
            for rule in work.rules { book.activeCounts[rule.rule.name] = rule.activeCount }
        }
    }

    private func note(_ event: AlertEvent) {
        metrics.note(event)
        book.withLock { book in
            let key = event.rule + "\u{0}" + event.fingerprint
            let known = book.active[key]
            book.active[key] =
                event.state == .resolved
                ? nil
                : ActiveAlert(
                    event: event, since: known?.event.incident == event.incident ? known?.since ?? event.at : event.at)
        }
    }

    /// The windows of a plain standing query that begin in `range`; nil when there is none of this name.
    ///
    /// - Throws: the reason for which it cannot go on.
    func windows(of name: String, in range: TimeRange) throws(QueryError) -> StandingWindows? {
        guard let index = streams.firstIndex(where: { $0.name == name }) else { return nil }
        let (windows, error) = book.withLock { book in
            (
                StandingWindows(
                    name: name, query: streams[index].query, columns: book.columns[index],
                    rows: book.windows[index].rows(in: range), watermark: book.watermarks[index]),
                book.streamErrors[index]
            )
        }
        if let error { throw error }
        return windows
    }

    /// How many label sets of a rule are pending: their condition is true, not yet for long enough.
    func pendingCount(of rule: String) -> Int {
        book.withLock { book in
            let open = book.active.values.count { $0.event.rule == rule && $0.event.state == .firing }
            return max(0, book.activeCounts[rule, default: 0] - open)
        }
    }

    /// What is firing or stale now, oldest first.
    var activeAlerts: [ActiveAlert] {
        book.withLock { Array($0.active.values) }.sorted { ($0.since, $0.event.rule) < ($1.since, $1.event.rule) }
    }

    /// Standing queries and rules that cannot go on, by name.
    var failures: [String: QueryError] {
        let (streamErrors, ruleErrors) = book.withLock { ($0.streamErrors, $0.ruleErrors) }
        var failures: [String: QueryError] = [:]
        for (index, error) in streamErrors { failures[streams[index].name] = error }
        for (index, error) in ruleErrors { failures[work.rules[index].text.rule.name] = error.error }
        return failures
    }
}

/// An alert that is not resolved.
public struct ActiveAlert: Sendable {
    /// The last that was said of it.
    public var event: AlertEvent
    /// The event time of the first that was said of this incident.
    public var since: Int64
}
