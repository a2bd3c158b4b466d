/// How patient a server is, and how much it does at once. What belongs to bodies stands in `EngineConfiguration`.
public struct ServerLimits: Sendable, Hashable {
    /// Longest request line and header fields together, in bytes.
    public var headBytes = 32 << 10
    /// Most header fields of a request.
    public var headFields = 100
    /// From the first byte of a head to its end.
    public var headSeconds = 10
    /// A body has to bring `bodyProgressBytes` in this time, again and again.
    public var bodySeconds = 30
    public var bodyProgressBytes = 1024
    /// How long a connection may stay open with nothing on it.
    public var idleSeconds = 75
    /// How long an answer may wait for a reader that does not read.
    public var writeSeconds = 30
    public var connections = 4096
    public var connectionsPerAddress = 512
    /// Queries that run at once; further ones queue.
    public var queries: Int
    public var queuedQueries = 32
    public var queryWaitSeconds = 10
    /// How long one query may run.
    public var querySeconds = 30
    public var queryTextBytes = 16 << 10
    /// Parentheses and pipes inside each other.
    public var queryNesting = 64
    /// Most rows of a result.
    public var queryRows = 1_000_000
    /// Most windows of one group.
    public var queryWindows = 100_000
    /// What one query may hold: states, groups, tables and texts, in bytes.
    public var queryMemoryBytes = 512 << 20
    /// Rows of all results that are not sent to their end, in bytes; further answers are told to come again.
    public var answerBytes = 512 << 20
    /// How long answers that are under way may take once the server is told to stop.
    public var drainSeconds = 10
    /// Longest datagram or line of the line listeners is that of line protocol; this is what one TCP read may bring.
    public var lineReadBytes = 256 << 10

    public init(cores: Int) {
        queries = max(cores, 1) * 2
    }
}
