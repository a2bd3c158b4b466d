/// How a log writes.
public struct LogConfiguration: Equatable, Sendable {
    /// When a record counts as kept.
    public enum Durability: Equatable, Sendable {
        /// After a sync that covers it.
        case sync
        /// After it was written; a sync follows within this time, and a power cut takes what came since the last one.
        /// A killed process loses nothing.
        case interval(milliseconds: Int)
    }

    public var durability: Durability
    /// Bytes reserved for a file of the log. A record that is longer gets a file of its own.
    public var fileBytes: Int
    /// Bytes of a payload at most.
    public var maximumRecordBytes: Int
    /// Bytes of records that may wait for the disk. Beyond it `append` refuses.
    public var queueBytes: Int
    /// While fewer bytes are free, records are refused.
    public var minimumFreeBytes: Int
    /// How often the log looks whether a full or failing disk works again, and how much room there is.
    public var retryMilliseconds: Int

    public init(
        durability: Durability = .sync, fileBytes: Int = 64 << 20, maximumRecordBytes: Int = 64 << 20,
        queueBytes: Int = 256 << 20, minimumFreeBytes: Int = 256 << 20, retryMilliseconds: Int = 1000
    ) {
        self.durability = durability
        self.fileBytes = fileBytes
        self.maximumRecordBytes = maximumRecordBytes
        self.queueBytes = queueBytes
        self.minimumFreeBytes = minimumFreeBytes
        self.retryMilliseconds = retryMilliseconds
    }

    /// - Throws: `StorageError.invalidConfiguration` with the first key whose value makes no sense.
    public func validate() throws(StorageError) {
        if case .interval(let milliseconds) = durability, !(1...60_000).contains(milliseconds) {
            throw .invalidConfiguration(key: "durability", expected: "sync, or an interval of 1...60000 milliseconds")
        }
        guard (8192...1 << 40).contains(fileBytes) else {
            throw .invalidConfiguration(key: "fileBytes", expected: "8192...1099511627776")
        }
        guard (1...LogRecordHead.maximumPayloadBytes).contains(maximumRecordBytes) else {
            throw .invalidConfiguration(key: "maximumRecordBytes", expected: "1...1073741824")
        }
        guard queueBytes >= LogRecordHead.footprint(maximumRecordBytes), queueBytes <= 1 << 40 else {
            throw .invalidConfiguration(key: "queueBytes", expected: "room for the longest record, up to 1099511627776")
        }
        guard minimumFreeBytes >= 0 else {
            throw .invalidConfiguration(key: "minimumFreeBytes", expected: "0 or more")
        }
        guard (1...3_600_000).contains(retryMilliseconds) else {
            throw .invalidConfiguration(key: "retryMilliseconds", expected: "1...3600000")
        }
    }
}
