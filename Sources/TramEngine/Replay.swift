public import TramAlerting
public import TramColumnar
public import TramLineProtocol
public import TramQuery
public import TramStorage
public import TramStreaming

/// Recorded feeds through standing queries and rules, in event time, at full speed.
///
/// Each feed is a source of its own. Feeds are read a chunk at a time, always the one whose time has come least far,
/// and a window closes only when every feed has passed it: the outcome does not depend on the machine's clock or speed.
public final class Replay {
    /// What a replay tells while it runs.
    public enum Output {
        case alert(AlertEvent)
        /// A window row of a standing query: its number among the replay's streams, and the row.
        case window(stream: Int, WindowResult)
        case rejected(feed: String, RejectedLine)
    }

    public struct Summary: Sendable {
        public var lines = 0
        public var accepted = 0
        public var newPoints = 0
        public var rejectedByClass: [RejectedLine.Class: Int] = [:]
        public var windows = 0
        public var alerts: [AlertEvent.State: Int] = [:]
        public var droppedLate = 0
        /// Plain bytes of line protocol.
        public var bytes = 0
        public var measurements: [Measurement] = []

        public init() {}

        public struct Measurement: Sendable {
            public var name: String
            public var points: Int
            public var series: Int
            public var fields: Int
            public var extent: TimeRange?
        }

        public var rejected: Int { rejectedByClass.values.reduce(0, +) }
    }

    private final class Feed {
        let reader: FeedReader
        let path: IngestPath
        var newest: Int64 = .min
        var isFinished = false
        var rejectedTold = 0

        init(reader: FeedReader, path: IngestPath) {
            self.reader = reader
            self.path = path
        }
    }

    public let store: Store
    public let streams: [ContinuousQuery]
    public let rules: [AlertPath]
    private let feeds: [Feed]
    private let now: Int64?
    private let precision: Precision
    private var schemas: [String: Schema] = [:]
    public private(set) var summary = Summary()
    /// Bytes of all feeds that have been read, and the length of all where it is known.
    public var progress: (read: Int, total: Int?) {
        let known = feeds.compactMap(\.reader.byteCount)
        return (
            feeds.reduce(0) { $0 + $1.reader.bytesRead }, known.count == feeds.count ? known.reduce(0, +) : nil
        )
    }

    /// - Parameters:
    ///   - streams: name and text of plain standing queries, whose windows are told.
    ///   - precision: the unit of the feeds' timestamps.
    ///   - now: the time of lines without a timestamp; nil refuses them, so that nothing depends on the clock.
    public init(
        feeds: [FeedReader], rules: [RuleText], streams: [(name: String, query: String)], context: QueryContext,
        now: Int64?, precision: Precision = .nanosecond, includesPending: Bool = false
    ) throws(ReplayError) {
        do {
            store = try Store()
        } catch {
            throw ReplayError.store(error)
        }
        self.now = now
        self.precision = precision
        var paths: [AlertPath] = []
        for (index, rule) in rules.enumerated() {
            do {
                paths.append(
                    try AlertPath(
                        rule, schemas: [:], strings: store.strings, context: context, sources: feeds.count,
                        includesPending: includesPending))
            } catch {
                throw ReplayError.rule(index, error)
            }
        }
        self.rules = paths
        var queries: [ContinuousQuery] = []
        for (index, stream) in streams.enumerated() {
            do {
                queries.append(
                    try ContinuousQuery(
                        name: stream.name, query: stream.query, when: nil, clear: nil, schemas: [:],
                        strings: store.strings, context: context, policy: LatePolicy(), sources: feeds.count))
            } catch {
                throw ReplayError.stream(index, error)
            }
        }
        self.streams = queries
        let store = store
        let isListening = !rules.isEmpty || !streams.isEmpty
        self.feeds = feeds.map { Feed(reader: $0, path: IngestPath(store: store, keepsBatches: isListening)) }
    }

    /// Runs to the end of every feed.
    ///
    /// - Parameters:
    ///   - tick: called after each chunk.
    /// - Throws: `ReplayError` when a feed cannot be read or a query cannot go on; what was told before stands.
    public func run(tick: () -> Void = {}, tell: (Output) throws -> Void) throws {
        for feed in feeds { feed.path.begin(precision: precision, now: now) }
        var chunk: [UInt8] = []
        while let index = nextFeed() {
            let feed = feeds[index]
            let hasMore: Bool
            do {
                hasMore = try feed.reader.next(into: &chunk)
            } catch {
                throw ReplayError.feed(error)
            }
            if hasMore {
                summary.bytes += chunk.count
                feed.path.feed(chunk)
                try take(feed.path.take(), feed, index, tell)
            } else {
                try take(feed.path.finish(), feed, index, tell)
                feed.isFinished = true
                try each(tell) { (query) throws(QueryError) in try query.finish(source: index) }
            }
            tick()
        }
        try each(tell) { (query) throws(QueryError) in try query.finish() }
        finishSummary()
    }

    /// The feed whose time has come least far.
    private func nextFeed() -> Int? {
        feeds.indices.filter { !feeds[$0].isFinished }.min { feeds[$0].newest < feeds[$1].newest }
    }

    private func take(
        _ outcome: IngestPath.Outcome, _ feed: Feed, _ source: Int, _ tell: (Output) throws -> Void
    ) throws {
        summary.lines += outcome.lineCount
        summary.accepted += outcome.acceptedCount
        summary.newPoints += outcome.newPoints
        summary.rejectedByClass.merge(outcome.rejectedByClass) { $0 + $1 }
        for line in outcome.rejected where feed.rejectedTold < LineProtocolConfiguration().maximumRejectedKept {
            feed.rejectedTold += 1
            try tell(.rejected(feed: feed.reader.path, line))
        }
        guard !outcome.batches.isEmpty else { return }
        try refreshSchemas(outcome.batches)
        let store = store
        for stored in outcome.batches {
            feed.newest = max(feed.newest, stored.batch.timestamps.max() ?? .min)
            try each(tell) { (query) throws(QueryError) in
                try query.process(
                    stored.batch, source: source, refused: stored.refusedRows,
                    key: { store.key(of: $0) })
            }
        }
    }

    /// New fields and tags make queries that name them bind again.
    private func refreshSchemas(_ batches: [IngestPath.StoredBatch]) throws {
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
        for (index, rule) in rules.enumerated() where !changed.isDisjoint(with: rule.query.measurements) {
            do {
                try rule.rebind(schemas: schemas)
            } catch {
                throw ReplayError.rule(index, error)
            }
        }
        for (index, stream) in streams.enumerated() where !changed.isDisjoint(with: stream.measurements) {
            do {
                try stream.rebind(schemas: schemas)
            } catch {
                throw ReplayError.stream(index, error)
            }
        }
    }

    /// Asks every standing query for its events, judges those of rules, and tells the rest.
    private func each(
        _ tell: (Output) throws -> Void, _ events: (ContinuousQuery) throws(QueryError) -> [StandingEvent]
    ) throws {
        for (index, stream) in streams.enumerated() {
            let told: [StandingEvent]
            do {
                told = try events(stream)
            } catch {
                throw ReplayError.stream(index, error)
            }
            for event in told {
                for row in event.rows {
                    summary.windows += 1
                    try tell(.window(stream: index, row.result))
                }
            }
        }
        for (index, rule) in rules.enumerated() {
            let told: [StandingEvent]
            do {
                told = try events(rule.query)
            } catch {
                throw ReplayError.rule(index, RuleError(part: .query, error: error))
            }
            for event in told { if case .closed(_, _, let rows) = event { summary.windows += rows.count } }
            for alert in rule.judge(told) {
                summary.alerts[alert.state, default: 0] += 1
                try tell(.alert(alert))
            }
        }
    }

    private func finishSummary() {
        summary.droppedLate = streams.reduce(0) { $0 + $1.droppedLate } + rules.reduce(0) { $0 + $1.query.droppedLate }
        let snapshot = store.snapshot()
        summary.measurements = snapshot.measurements.map { name in
            Summary.Measurement(
                name: name, points: snapshot.pointCount(of: name), series: snapshot.series(of: name).count,
                fields: snapshot.schema(of: name)?.fields.count ?? 0, extent: snapshot.extent(of: name))
        }
    }
}

/// Why a replay could not begin or go on.
public enum ReplayError: Error {
    case store(StorageError)
    case feed(FeedError)
    /// Number of the rule among those given.
    case rule(Int, RuleError)
    /// Number of the standing query among those given.
    case stream(Int, QueryError)
}
