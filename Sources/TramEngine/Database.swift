import Synchronization
import TramAlerting
public import TramColumnar
import TramLineProtocol
public import TramQuery
public import TramStorage

/// A database: its store, its ways in, and the standing queries and rules over it. Safe from any thread.
public final class Database: Sendable {
    public let name: String
    public let store: Store
    /// Windows that dashboards ask for again and again.
    public let windows = WindowCache()
    /// Paths that nobody is using; each keeps the tables of the series it has met.
    private let paths = Mutex<[IngestPath]>([])
    private let live: Live
    private let committer: Committer

    /// The standing queries at work, where the committer finds them.
    private final class Live: Sendable {
        let queries: Mutex<LiveQueries>

        init(_ queries: LiveQueries) { self.queries = Mutex(queries) }
    }

    /// Keys that a path may remember beyond those of the store before it is thrown away: series that were refused.
    private static let spareKeys = 100_000

    init(name: String, store: Store, live: LiveQueries) {
        self.name = name
        self.store = store
        let live = Live(live)
        self.live = live
        committer = Committer(store: store) { live.queries.withLock { $0 } }
    }

    var liveQueries: LiveQueries { live.queries.withLock { $0 } }

    /// Puts other standing queries in place of those at work, between two commits.
    func replaceQueries(
        _ make: @escaping @Sendable (_ before: LiveQueries) throws(StandingQueries.Failure) -> LiveQueries
    ) async throws(StandingQueries.Failure) {
        try await committer.perform { () throws(StandingQueries.Failure) in
            let queries = try make(self.liveQueries)
            self.live.queries.withLock { $0 = queries }
        }
    }

    /// Lets `work` use a path that nobody else is using.
    func withPath<Result>(_ work: (IngestPath) -> Result) -> Result {
        let path = paths.withLock { $0.popLast() } ?? IngestPath(store: store)
        defer {
            if path.keyCount < store.seriesCount + Database.spareKeys { paths.withLock { $0.append(path) } }
        }
        return work(path)
    }

    /// Stores the rows and judges them by the standing queries. When this returns, queries see them all, and windows
    /// and alerts that they brought are there.
    ///
    /// - Parameter wholly: store nothing when one row would be refused; the refusals then say which.
    /// - Throws: why nothing of them was kept.
    func commit(_ rows: ParsedRows, wholly: Bool) async throws(StorageError) -> (commit: Commit, isStored: Bool) {
        try await committer.commit(rows, wholly: wholly)
    }

    /// Takes rows away that are visible now. When this returns, that is as durable as the store is. Windows and alerts
    /// that they have given stay.
    ///
    /// - Returns: how many rows are gone.
    /// - Throws: why they are all still there.
    @discardableResult
    public func delete(_ matcher: SeriesMatcher, in range: TimeRange) async throws(StorageError) -> Int {
        try await committer.delete(matcher, in: range)
    }

    /// The windows that a plain standing query has given, those that begin in `range`; nil when none has this name.
    ///
    /// - Throws: why it cannot go on.
    public func windows(of name: String, in range: TimeRange) throws(QueryError) -> StandingWindows? {
        try liveQueries.windows(of: name, in: range)
    }

    /// How many label sets of a rule are pending: their condition is true, not yet for long enough.
    public func pendingCount(of rule: String) -> Int { liveQueries.pendingCount(of: rule) }

    /// Alerts that are firing or stale now, oldest first.
    public var activeAlerts: [ActiveAlert] { liveQueries.activeAlerts }

    /// Standing queries and rules that cannot go on, by name.
    public var failures: [String: QueryError] { liveQueries.failures }
}
