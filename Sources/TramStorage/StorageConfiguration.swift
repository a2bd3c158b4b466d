/// How much a store keeps, and when it moves rows from memory and log to segments.
public struct StorageConfiguration: Equatable, Sendable {
    /// New series beyond this number are refused; known ones go on.
    public var maximumSeries: Int
    /// Rows are sealed into a segment when the log has grown by this many bytes since the last time: a restart has to
    /// read so much of it. For all stores of a server together, which are sealed largest first.
    public var sealAfterLogBytes = 64 << 20
    /// Rows are sealed when the last time was so long ago.
    public var sealAfterSeconds = 3600
    /// Rows in memory, bytes: from half of this on, in all stores of a server together, they are sealed; beyond all of
    /// it, in one store, writes are told to come again.
    public var headBytes = 2 << 30
    /// Rows are kept for so long, rounded up to whole days (UTC); nil for ever.
    public var keptNanoseconds: Int64?

    public init(maximumSeries: Int = 5_000_000) {
        self.maximumSeries = maximumSeries
    }

    /// - Throws: `StorageError.invalidConfiguration` with the first key whose value makes no sense.
    public func validate() throws(StorageError) {
        // Ids have 32 bits, and the highest one marks refused rows.
        guard maximumSeries > 0, maximumSeries < Int(UInt32.max) else {
            throw .invalidConfiguration(key: "maximumSeries", expected: "1...4294967294")
        }
        guard sealAfterLogBytes > 0 else {
            throw .invalidConfiguration(key: "sealAfterLogBytes", expected: "1 or more")
        }
        guard sealAfterSeconds > 0 else {
            throw .invalidConfiguration(key: "sealAfterSeconds", expected: "1 or more")
        }
        guard headBytes >= 1 << 20 else {
            throw .invalidConfiguration(key: "headBytes", expected: "1048576 or more")
        }
    }
}
