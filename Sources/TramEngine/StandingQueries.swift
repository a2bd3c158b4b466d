public import TramAlerting
import TramColumnar
public import TramQuery
public import TramStreaming
import TramStorage

/// Plain standing queries and rules over the batches of one store, in the order in which the store took them.
///
/// Not safe for several threads.
public final class StandingQueries {
    /// What they have to tell.
    public enum Output {
        case alert(AlertEvent)
        /// A window row of a plain standing query: its number, and the row.
        case window(stream: Int, WindowResult)
    }

    /// A query that cannot go on.
    public enum Failure: Error {
        /// Number of the standing query.
        case stream(Int, QueryError)
        /// Number of the rule.
        case rule(Int, RuleError)
    }

    public let streams: [ContinuousQuery]
    public let rules: [AlertPath]
    /// Rows that standing queries and rules have given.
    public private(set) var windowCount = 0
    private let store: Store
    private var schemas: [String: Schema]
    /// Those that have failed are left alone from then on.
    private var failedStreams: Set<Int> = []
    private var failedRules: Set<Int> = []

    /// - Parameter schemas: those that the queries are bound to.
    init(streams: [ContinuousQuery], rules: [AlertPath], store: Store, schemas: [String: Schema] = [:]) {
        self.schemas = schemas
        self.streams = streams
        self.rules = rules
        self.store = store
    }

    /// The measurements that any of them reads.
    var measurements: Set<String> {
        Set(streams.flatMap(\.measurements) + rules.flatMap(\.query.measurements))
    }

    /// Feeds stored batches of one source.
    ///
    /// - Parameter fail: told of a query that cannot go on; when it throws, so does this.
    func process(
        _ batches: [StoredBatch], source: Int, fail: (Failure) throws -> Void, tell: (Output) throws -> Void
    ) throws {
        try refreshSchemas(batches, fail)
        let store = store
        for stored in batches {
            try each(fail, tell) { (query) throws(QueryError) in
                try query.process(
                    stored.batch, source: source, refused: stored.refusedRows, key: { store.key(of: $0) })
            }
        }
    }

    /// Notes that a source has ended.
    func finish(source: Int, fail: (Failure) throws -> Void, tell: (Output) throws -> Void) throws {
        try each(fail, tell) { (query) throws(QueryError) in try query.finish(source: source) }
    }

    /// The end of everything: closes what is open.
    func finish(fail: (Failure) throws -> Void, tell: (Output) throws -> Void) throws {
        try each(fail, tell) { (query) throws(QueryError) in try query.finish() }
    }

    /// Binds all again, under another catalogue.
    ///
    /// - Throws: the first that does not bind; those before it are bound again.
    func rebind(_ schemas: [String: Schema]) throws(Failure) {
        for (index, stream) in streams.enumerated() where !failedStreams.contains(index) {
            do {
                try stream.rebind(schemas: schemas)
            } catch {
                throw .stream(index, error)
            }
        }
        for (index, rule) in rules.enumerated() where !failedRules.contains(index) {
            do {
                try rule.rebind(schemas: schemas)
            } catch {
                throw .rule(index, error)
            }
        }
    }

    /// New fields and tags make queries that name them bind again.
    private func refreshSchemas(_ batches: [StoredBatch], _ fail: (Failure) throws -> Void) throws {
        let snapshot = store.snapshot()
        var changed: Set<String> = []
        for measurement in Set(batches.map(\.batch.measurement)) {
            let schema = snapshot.schema(of: measurement)
            if schema != schemas[measurement] {
                schemas[measurement] = schema
                changed.insert(measurement)
            }
        }
        guard !changed.isEmpty else { return }
        for (index, rule) in rules.enumerated()
        where !failedRules.contains(index) && !changed.isDisjoint(with: rule.query.measurements) {
            do {
                try rule.rebind(schemas: schemas)
            } catch {
                failedRules.insert(index)
                try fail(.rule(index, error))
            }
        }
        for (index, stream) in streams.enumerated()
        where !failedStreams.contains(index) && !changed.isDisjoint(with: stream.measurements) {
            do {
                try stream.rebind(schemas: schemas)
            } catch {
                failedStreams.insert(index)
                try fail(.stream(index, error))
            }
        }
    }

    /// Asks every standing query for its events, judges those of rules, and tells the rest.
    private func each(
        _ fail: (Failure) throws -> Void, _ tell: (Output) throws -> Void,
        _ events: (ContinuousQuery) throws(QueryError) -> [StandingEvent]
    ) throws {
        for (index, stream) in streams.enumerated() where !failedStreams.contains(index) {
            let told: [StandingEvent]
            do {
                told = try events(stream)
            } catch {
                failedStreams.insert(index)
                try fail(.stream(index, error))
                continue
            }
            for event in told {
                for row in event.rows {
                    windowCount += 1
                    try tell(.window(stream: index, row.result))
                }
            }
        }
        for (index, rule) in rules.enumerated() where !failedRules.contains(index) {
            let told: [StandingEvent]
            do {
                told = try events(rule.query)
            } catch {
                failedRules.insert(index)
                try fail(.rule(index, RuleError(part: .query, error: error)))
                continue
            }
            for event in told { if case .closed(_, _, let rows) = event { windowCount += rows.count } }
            for alert in rule.judge(told) { try tell(.alert(alert)) }
        }
    }
}
