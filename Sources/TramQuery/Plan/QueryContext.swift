/// What a query is bound and run under.
public struct QueryContext: Sendable {
    /// The range of a source that names none.
    public enum DefaultRange: Sendable {
        /// `[1h]`: ad-hoc questions to a server.
        case lastHour
        /// Everything: recorded feeds.
        case all
    }

    /// Read once a query, nanoseconds UTC.
    public var now: Int64
    public var zone: TimeZoneRules
    public var zones: any ZoneProvider
    public var units: (any UnitResolver)?
    /// Of which time the administrative tree is, where a text does not say with `tree`.
    public var tree = TreeTime.row
    public var defaultRange: DefaultRange
    public var limits: QueryLimits
    /// Whoever runs parts of a query at the same time; nil for one after the other.
    public var workers: QueryWorkers?
    /// Keeps windows from one query to the next; nil for none.
    public var cache: WindowCache?
    /// A number that changes whenever the definitions do that queries are bound by, for the cache.
    public var generation = 0
    /// Asked between two blocks; what it gives ends the query.
    public var interruption: (@Sendable () -> QueryError.Code?)?

    public init(
        now: Int64, zone: TimeZoneRules, zones: any ZoneProvider, units: (any UnitResolver)? = nil,
        defaultRange: DefaultRange = .lastHour, limits: QueryLimits = QueryLimits()
    ) {
        self.now = now
        self.zone = zone
        self.zones = zones
        self.units = units
        self.defaultRange = defaultRange
        self.limits = limits
    }
}

/// How much one query may ask for; beyond it the query ends with an error that names the number.
public struct QueryLimits: Sendable {
    /// Rows of a result.
    public var rows: Int
    /// Windows of one group.
    public var windows: Int
    /// States held at once: groups times windows.
    public var states: Int
    /// Bytes that states, groups, tables and texts of the query take together.
    public var memoryBytes = 512 << 20
    /// Bytes of the query's text.
    public var textBytes = QueryParser.longestText
    /// Parentheses and pipes inside each other.
    public var nesting = QueryParser.deepestNesting
    /// How long `interruption` lets the query run, for the error; nil where it does not say.
    public var seconds: Int?

    public init(rows: Int = 1_000_000, windows: Int = 100_000, states: Int = 8_000_000) {
        self.rows = rows
        self.windows = windows
        self.states = states
    }

    /// For what is bounded elsewhere.
    static var none: QueryLimits {
        var limits = QueryLimits(rows: .max, windows: .max, states: .max)
        limits.memoryBytes = .max
        return limits
    }
}

/// Threads that a query may share its work among.
public struct QueryWorkers: Sendable {
    /// How many parts run at once, at least 1.
    public var count: Int
    /// Runs the body once for every number below the first argument, several at a time, and returns when all are done.
    public var perform: @Sendable (Int, @Sendable (Int) -> Void) -> Void

    public init(count: Int, perform: @escaping @Sendable (Int, @Sendable (Int) -> Void) -> Void) {
        self.count = count
        self.perform = perform
    }
}
