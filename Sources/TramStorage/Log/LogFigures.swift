/// Whether a log takes records.
public enum LogState: Equatable, Sendable {
    case open
    /// It refuses for this reason, and looks again and again whether it can go on.
    case paused(StorageError)
    case closed
}

/// What a log has done since it was opened, for metrics.
public struct LogFigures: Equatable, Sendable {
    public var state = LogState.open
    /// Records that were kept, and the bytes of their payloads.
    public var records = 0
    public var bytes = 0
    /// Writes, each with all records that had come meanwhile.
    public var groups = 0
    public var syncs = 0
    public var syncNanoseconds: Int64 = 0
    public var longestSyncNanoseconds: Int64 = 0
    /// Records that wait for the disk or are being written, and the bytes that they take.
    public var queuedRecords = 0
    public var queuedBytes = 0
    public var longestQueueBytes = 0
    /// Refused at once because the queue was full.
    public var overloaded = 0
    /// Refused later because the disk was full or failed.
    public var refused = 0
    /// Acknowledged under `durability: interval` when the sync that was to follow failed: some of these may be lost.
    public var unsafeRecords = 0
    /// Files begun, the first one included.
    public var files = 0
    /// Nanoseconds that records waited because a file was full.
    public var rotationNanoseconds: Int64 = 0
    /// Writes and syncs that failed, and the last reason.
    public var failures = 0
    public var lastFailure: StorageError?
    /// Number of the next record.
    public var nextLSN: LSN = 1
    /// All records up to this one are on the disk.
    public var syncedLSN: LSN = 0
}
