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
        var body: OpenBody
        var newest: Int64 = .min
        var isFinished = false
        var rejectedTold = 0
        private var isAtStart = true

        init(reader: FeedReader, path: IngestPath, body: OpenBody) {
            self.reader = reader
            self.path = path
            self.body = body
        }

        /// Files from other systems begin with a byte order mark; it belongs to no name.
        func withoutMark(_ chunk: [UInt8]) -> ArraySlice<UInt8> {
            guard isAtStart, !chunk.isEmpty else { return chunk[...] }
            isAtStart = false
            return chunk.starts(with: [0xef, 0xbb, 0xbf]) ? chunk.dropFirst(3) : chunk[...]
        }
    }

    public let store: Store
    private let standing: StandingQueries
    private let feeds: [Feed]
    public private(set) var summary = Summary()
    public var streams: [ContinuousQuery] { standing.streams }
    public var rules: [AlertPath] { standing.rules }
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
        standing = StandingQueries(streams: queries, rules: paths, store: store)
        let store = store
        self.feeds = feeds.map {
            Feed(reader: $0, path: IngestPath(store: store), body: OpenBody(precision: precision, now: now))
        }
    }

    /// Runs to the end of every feed.
    ///
    /// - Parameters:
    ///   - tick: called after each chunk.
    /// - Throws: `ReplayError` when a feed cannot be read or a query cannot go on; what was told before stands.
    public func run(tick: () -> Void = {}, tell: (Output) throws -> Void) throws {
        let hear = { (output: StandingQueries.Output) throws in try self.pass(output, tell) }
        var chunk: [UInt8] = []
        while let index = nextFeed() {
            let feed = feeds[index]
            let hasMore: Bool
            do {
                hasMore = try feed.reader.next(into: &chunk)
            } catch {
                throw ReplayError.feed(error)
            }
            var rows = ParsedRows()
            if hasMore {
                summary.bytes += chunk.count
                let text = feed.withoutMark(chunk)
                unsafe feed.path.parse(text.span.bytes, of: &feed.body, guarding: TimeGuard(), into: &rows)
                try take(rows, feed, index, tell, hear)
            } else {
                feed.path.finish(&feed.body, guarding: TimeGuard(), into: &rows)
                try take(rows, feed, index, tell, hear)
                feed.isFinished = true
                try standing.finish(source: index, fail: Replay.stop, tell: hear)
            }
            tick()
        }
        try standing.finish(fail: Replay.stop, tell: hear)
        finishSummary()
    }

    /// The feed whose time has come least far.
    private func nextFeed() -> Int? {
        feeds.indices.filter { !feeds[$0].isFinished }.min { feeds[$0].newest < feeds[$1].newest }
    }

    private func take(
        _ rows: ParsedRows, _ feed: Feed, _ source: Int, _ tell: (Output) throws -> Void,
        _ hear: (StandingQueries.Output) throws -> Void
    ) throws {
        summary.lines += rows.lineCount
        summary.rejectedByClass.merge(rows.rejectedByClass) { $0 + $1 }
        var rejected = rows.rejected
        let isListening = !standing.streams.isEmpty || !standing.rules.isEmpty
        let commit = rows.commit(to: store, keeping: { _ in isListening })
        summary.accepted += commit.acceptedCount
        summary.newPoints += commit.newPoints
        summary.rejectedByClass.merge(commit.refusedByClass) { $0 + $1 }
        rejected += commit.refusals.map {
            RejectedLine(line: $0.line, column: 1, reason: $0.reason, text: $0.text, excerpt: "")
        }
        rejected.sort { ($0.line, $0.column) < ($1.line, $1.column) }
        for line in rejected where feed.rejectedTold < LineProtocolConfiguration().maximumRejectedKept {
            feed.rejectedTold += 1
            try tell(.rejected(feed: feed.reader.path, line))
        }
        guard !commit.batches.isEmpty else { return }
        for stored in commit.batches { feed.newest = max(feed.newest, stored.batch.timestamps.max() ?? .min) }
        try standing.process(commit.batches, source: source, fail: Replay.stop, tell: hear)
    }

    private func pass(_ output: StandingQueries.Output, _ tell: (Output) throws -> Void) throws {
        switch output {
        case .alert(let event):
            summary.alerts[event.state, default: 0] += 1
            try tell(.alert(event))
        case .window(let stream, let row): try tell(.window(stream: stream, row))
        }
    }

    /// A replay ends at the first query that cannot go on.
    private static func stop(_ failure: StandingQueries.Failure) throws {
        switch failure {
        case .stream(let index, let error): throw ReplayError.stream(index, error)
        case .rule(let index, let error): throw ReplayError.rule(index, error)
        }
    }

    private func finishSummary() {
        summary.windows = standing.windowCount
        summary.droppedLate = streams.reduce(0) { $0 + $1.droppedLate } + rules.reduce(0) { $0 + $1.query.droppedLate }
        let snapshot = store.snapshot()
        summary.measurements = snapshot.measurements.map { name in
            Summary.Measurement(
                name: name, points: snapshot.pointCount(of: name), series: snapshot.seriesCount(of: name),
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
