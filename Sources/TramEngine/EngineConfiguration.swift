public import TramStorage
public import TramSystem

/// How much a server takes at once and keeps in memory.
public struct EngineConfiguration: Sendable {
    /// Longest body as it is sent, plain or compressed.
    public var bodyBytes: Int
    /// Longest body once it is inflated.
    public var inflatedBodyBytes: Int
    /// Most times that a body may swell when it is inflated, once it has given `ratioFreeBytes`.
    public var inflationRatio: Int
    public var ratioFreeBytes: Int
    /// Inflated bytes of all bodies that are being read; further ones are told to come again.
    public var openBodyBytes: Int
    /// Series of one database.
    public var series: Int
    public var databases: Int
    /// How far in the future a time may lie; nil for any.
    public var aheadNanoseconds: Int64?
    /// How old a time may be; nil for any.
    public var keptNanoseconds: Int64?
    /// Whether a write makes a database that is not there.
    public var createsDatabases: Bool
    /// Rows that one standing query keeps; the oldest windows go first.
    public var windowRows: Int
    /// Peers that are counted apart; the others share one count.
    public var peers: Int
    /// Where databases are kept; nil keeps them in memory only.
    public var folder: String?
    /// Each database reserves two files of the log; smaller ones than a lone log would have, for there may be many.
    public var log = LogConfiguration(fileBytes: 16 << 20)
    /// When rows go from memory and log to segments, and how many may be in memory.
    public var storage = StorageConfiguration()
    /// Whether a thread sees to the stores; tests may rather do so themselves.
    public var keepsStores = true
    /// The file system that logs and segments are written to; tests pass one that fails.
    public var fileSystem: any FileSystem = LocalFileSystem()
    /// What is done about a log or a segment that is damaged.
    public var recovery = LogRecovery.Mode.repair

    public init(
        bodyBytes: Int = 10 << 20, inflatedBodyBytes: Int = 64 << 20, inflationRatio: Int = 200,
        ratioFreeBytes: Int = 1 << 20, openBodyBytes: Int = 512 << 20, series: Int = 5_000_000, databases: Int = 1000,
        aheadNanoseconds: Int64? = 86_400_000_000_000, keptNanoseconds: Int64? = nil, createsDatabases: Bool = true,
        windowRows: Int = 100_000, peers: Int = 1024
    ) {
        self.bodyBytes = bodyBytes
        self.inflatedBodyBytes = inflatedBodyBytes
        self.inflationRatio = inflationRatio
        self.ratioFreeBytes = ratioFreeBytes
        self.openBodyBytes = openBodyBytes
        self.series = series
        self.databases = databases
        self.aheadNanoseconds = aheadNanoseconds
        self.keptNanoseconds = keptNanoseconds
        self.createsDatabases = createsDatabases
        self.windowRows = windowRows
        self.peers = peers
    }
}
