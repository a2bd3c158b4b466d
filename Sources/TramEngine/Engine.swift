import Synchronization
import TramColumnar
public import TramQuery
import TramStorage
public import TramSystem

/// A server's databases, and what runs over them. Safe from any thread.
public final class Engine: Sendable {
    private struct State {
        var databases: [String: Database] = [:]
        var definitions: LiveDefinitions
        /// How often they were replaced.
        var generation = 0
    }

    public let configuration: EngineConfiguration
    public let time: any TimeSource
    public let metrics: EngineMetrics
    private let state: Mutex<State>
    private let keeper = Mutex<StoreKeeper?>(nil)

    /// The database that is meant where nobody names one and there are several.
    public static let defaultDatabase = "default"
    static let maximumNameBytes = 255

    /// - Throws: the first standing query or rule that does not bind.
    public init(
        configuration: EngineConfiguration = EngineConfiguration(), definitions: LiveDefinitions = LiveDefinitions(),
        time: any TimeSource
    ) throws(StandingQueries.Failure) {
        self.configuration = configuration
        self.time = time
        metrics = EngineMetrics(maximumPeers: configuration.peers)
        state = Mutex(State(definitions: definitions))
        try check(definitions)
    }

    /// The definitions at work.
    public var definitions: LiveDefinitions { state.withLock { $0.definitions } }

    /// All databases, by name.
    public var databases: [Database] {
        state.withLock { Array($0.databases.values) }.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    public func database(_ name: String) -> Database? { state.withLock { $0.databases[name] } }

    /// The database to read where a request names none, or the one that it names.
    ///
    /// Without a name: the only one there is, else `default`.
    public func databaseToRead(_ name: String?) throws(EngineError) -> Database {
        let databases = databases
        return databases[try Engine.choice(of: name, among: databases.map(\.name))]
    }

    /// The place of the database that is meant by `name`, or by none.
    static func choice(of name: String?, among known: [String]) throws(EngineError) -> Int {
        if let name, !name.isEmpty {
            if let found = known.firstIndex(of: name) { return found }
            throw .databaseNotFound(name, known: known)
        }
        if known.count == 1 { return 0 }
        if let found = known.firstIndex(of: defaultDatabase) { return found }
        throw known.isEmpty ? .noDatabase : .databaseNeeded(known: known)
    }

    /// The database to write to. One that is not there yet, where writes may make one, is nobody else's until it is
    /// adopted: a body that is refused leaves no database behind.
    func databaseToWrite(_ name: String) throws(EngineError) -> Database {
        if let known = database(name) { return known }
        guard configuration.createsDatabases else {
            throw .databaseNotFound(name, known: databases.map(\.name))
        }
        guard Engine.isFitName(name) else { throw .badDatabaseName(name) }
        let (count, definitions) = state.withLock { ($0.databases.count, $0.definitions) }
        guard count < configuration.databases else { throw .tooManyDatabases(allowed: configuration.databases) }
        do {
            return try make(name, definitions)
        } catch let error as StorageError {
            throw .storage(error.description)
        } catch {
            // Definitions were checked before they came here.
            throw .storage("a standing query cannot begin")
        }
    }

    /// Makes a database of `databaseToWrite` one that everybody sees; the one of its name that came first, if any.
    func adopt(_ database: Database) throws(EngineError) -> Database {
        let outcome = state.withLock { state -> Result<Database, EngineError> in
            if let known = state.databases[database.name] { return .success(known) }
            guard state.databases.count < configuration.databases else {
                return .failure(.tooManyDatabases(allowed: configuration.databases))
            }
            do {
                // What was parsed for it names no series by number yet, so it may go into another store.
                let kept =
                    configuration.folder == nil ? database : try make(database.name, state.definitions, kept: true)
                state.databases[database.name] = kept
                return .success(kept)
            } catch {
                return .failure(.storage("\(error)"))
            }
        }
        return try outcome.get()
    }

    /// Opens the databases that are kept in the folder. To be called once, before anything is written.
    ///
    /// - Parameter tell: hears the name of each before it is read, and what was found.
    /// - Throws: the first that cannot be opened; an error of the folder itself has no name.
    public func open(tell: (DatabaseOpening) -> Void) throws(DatabaseFailure) {
        guard let folder = configuration.folder else { return }
        let names: [String]
        do {
            try Directory.create(Engine.databasesFolder(folder))
            names = try Directory.names(in: Engine.databasesFolder(folder))
        } catch {
            throw DatabaseFailure(database: nil, error: .logUnreadable(error))
        }
        for entry in names {
            if entry.hasPrefix(DatabaseFolder.droppedPrefix) {
                try? Directory.removeTree(Engine.databasesFolder(folder) + "/" + entry)
                continue
            }
            guard let name = DatabaseFolder.database(of: entry) else { continue }
            tell(.reading(name))
            do {
                let database = try make(name, definitions, kept: true)
                state.withLock { $0.databases[name] = database }
                if let recovery = database.store.recovery { tell(.opened(name, recovery)) }
            } catch let error as StorageError {
                throw DatabaseFailure(database: name, error: error)
            } catch {
                throw DatabaseFailure(database: name, error: .logClosed)
            }
        }
        guard configuration.keepsStores else { return }
        do throws(SystemError) {
            let keeper = try StoreKeeper(time: time) { [weak self] in self?.databases.map(\.store) ?? [] }
            self.keeper.withLock { $0 = keeper }
        } catch {
            throw DatabaseFailure(database: nil, error: .storeUnreadable(error))
        }
    }

    /// Makes everything durable that was accepted, and ends all logs.
    public func close() {
        let keeper = keeper.withLock { keeper -> StoreKeeper? in
            defer { keeper = nil }
            return keeper
        }
        keeper?.stop()
        for database in databases {
            // It takes a moment, and saves the next start from reading the log. When it fails, the log has all rows.
            if keeper != nil, database.store.unsealedLogBytes >= Engine.leastBytesSealedAtClose {
                try? database.store.seal(clock: time)
            }
            database.store.close()
        }
    }

    private static let leastBytesSealedAtClose = 1 << 20

    private static func databasesFolder(_ folder: String) -> String { DataDirectory.home(of: folder) }

    /// Makes a database; the one of this name when it is there.
    @discardableResult
    public func createDatabase(_ name: String) throws(EngineError) -> Database {
        if let known = database(name) { return known }
        guard Engine.isFitName(name) else { throw .badDatabaseName(name) }
        let definitions = definitions
        do {
            return try adopt(make(name, definitions))
        } catch let error as EngineError {
            throw error
        } catch {
            throw .storage("\(error)")
        }
    }

    /// Takes a database and everything in it away; whoever reads it now reads on.
    public func dropDatabase(_ name: String) {
        guard let database = state.withLock({ $0.databases.removeValue(forKey: name) }) else { return }
        database.store.close()
        guard let folder = configuration.folder else { return }
        let home = Engine.databasesFolder(folder)
        let grave = "\(home)/\(DatabaseFolder.droppedPrefix)\(time.monotonic())"
        // Once it has the other name it is gone, also when the rest waits for the next start.
        guard (try? Directory.rename("\(home)/\(DatabaseFolder.name(of: name))", to: grave)) != nil else { return }
        try? Directory.removeTree(grave)
    }

    /// Puts other standing queries, rules, zone and units in place. Those that are defined as before, under the same
    /// zone and catalogue, go on with what they have seen; others begin now.
    ///
    /// - Throws: the first that does not bind; then everything stays as it was.
    public func install(_ definitions: LiveDefinitions) async throws(StandingQueries.Failure) {
        try check(definitions)
        let databases = state.withLock { state in
            state.definitions = definitions
            state.generation += 1
            return Array(state.databases.values)
        }
        for database in databases {
            try await database.replaceQueries { (before) throws(StandingQueries.Failure) in
                try self.live(definitions, database.name, database.store, before: before)
            }
        }
    }

    /// A context to run a query under.
    ///
    /// - Parameter cache: that of the database's windows; nil where none are to be kept.
    public func queryContext(
        now: Int64?, zone: TimeZoneRules?, rows: Int?, cache: WindowCache? = nil
    ) -> QueryContext {
        let (definitions, generation) = state.withLock { ($0.definitions, $0.generation) }
        var limits = QueryLimits()
        if let rows { limits.rows = min(limits.rows, rows) }
        var context = QueryContext(
            now: now ?? time.now(), zone: zone ?? definitions.zone, zones: ZoneFiles(), units: definitions.units,
            defaultRange: .lastHour, limits: limits)
        context.workers = QueryThreads.workers
        context.cache = cache
        context.generation = generation
        return context
    }

    private func check(_ definitions: LiveDefinitions) throws(StandingQueries.Failure) {
        guard let store = try? Store() else { return }
        // Each is bound once, whatever database it names.
        var all = definitions
        for index in all.streams.indices { all.streams[index].database = nil }
        for index in all.rules.indices { all.rules[index].database = nil }
        _ = try live(all, "", store)
    }

    // Called under the lock of `state` where a database is adopted.
    private func make(_ name: String, _ definitions: LiveDefinitions, kept: Bool = false) throws -> Database {
        var limits = configuration.storage
        limits.maximumSeries = configuration.series
        limits.keptNanoseconds = configuration.keptNanoseconds
        let store: Store
        if kept, let folder = configuration.folder {
            store = try Store(
                folder: "\(Engine.databasesFolder(folder))/\(DatabaseFolder.name(of: name))", configuration: limits,
                log: configuration.log, mode: configuration.recovery, fileSystem: configuration.fileSystem, time: time)
        } else {
            store = try Store(configuration: limits)
        }
        return Database(name: name, store: store, live: try live(definitions, name, store))
    }

    private func live(
        _ definitions: LiveDefinitions, _ name: String, _ store: Store, before: LiveQueries? = nil
    ) throws(StandingQueries.Failure) -> LiveQueries {
        try LiveQueries(
            definitions, database: name, store: store, context: definitions.context(now: time.now()),
            windowRows: configuration.windowRows, metrics: metrics, before: before)
    }

    private static func isFitName(_ name: String) -> Bool {
        !name.isEmpty && DatabaseFolder.name(of: name).utf8.count <= DatabaseFolder.maximumNameBytes
            && name.utf8.count <= maximumNameBytes
            && name.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }
    }
}

/// Why a database could not be had.
public enum EngineError: Error, Equatable, Sendable {
    case databaseNotFound(String, known: [String])
    /// Several are there, none is called `default`, and the request names none.
    case databaseNeeded(known: [String])
    /// There is none at all yet.
    case noDatabase
    case badDatabaseName(String)
    case tooManyDatabases(allowed: Int)
    case storage(String)

    /// The stable name in answers, logs and metrics. Never renamed.
    public var code: StaticString {
        switch self {
        case .databaseNotFound: "database.not_found"
        case .databaseNeeded: "database.needed"
        case .noDatabase: "database.none"
        case .badDatabaseName: "database.bad_name"
        case .tooManyDatabases: "database.limit"
        case .storage: "storage.failed"
        }
    }
}
