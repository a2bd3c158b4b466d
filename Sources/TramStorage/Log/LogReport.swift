/// What reading a log back found.
public struct LogReport: Equatable, Sendable {
    /// The end of the newest file that was no whole record.
    public struct TornTail: Equatable, Sendable {
        public var file: String
        public var offset: Int
        public var byteCount: Int
        /// Whole records behind the first broken one; none of them was ever acknowledged.
        public var recordCount: Int
    }

    /// A place where the log is not as it was written.
    public struct Damage: Equatable, Sendable {
        /// What is wrong there.
        public enum Reason: String, Equatable, Sendable {
            /// Bytes that are no record.
            case checksum
            /// The disk does not give them any more.
            case unreadable
            /// Whole records, but some between them are not there.
            case gap
            /// The head of the file.
            case header
            /// The file, or several in a row, is not there.
            case missing
            /// The file is of another log.
            case foreign
        }

        public var file: String
        public var offset: Int
        public var byteCount: Int
        public var reason: Reason
        /// The numbers of the records that are lost; empty when none is, nil when nobody can tell.
        public var lost: Range<LSN>?
        /// The name under which the damaged file is kept, also when the log needs it no longer.
        public var keptAs: String?
        /// Whether records that are still needed are lost, or may be.
        public var isLoss: Bool
    }

    /// Files of the log, and the records that were handed over.
    public var fileCount = 0
    public var recordCount = 0
    public var byteCount = 0
    /// Zeros at the end of the newest file, reserved and never written.
    public var paddingBytes = 0
    public var tornTail: TornTail?
    /// In the order of the files.
    public var damages: [Damage] = []
    /// The lowest record still needed, as the newest checkpoint says.
    public var checkpoint: LSN?
    /// Damaged files that were kept, now or at an earlier start, and that nobody has removed yet.
    public var damagedFiles: [String] = []
    /// Unfinished files, which were removed.
    public var removedFiles: [String] = []
    /// Names in the folder that the log knows nothing of; they were left alone.
    public var strayNames: [String] = []
    /// Number of the next record.
    public var nextLSN: LSN = 1

    /// The report of a log that is not there yet.
    public init() {}

    var epoch: UInt64?
    var nextSequence: UInt64 = 1
    var files: [LogFileEntry] = []

    /// Whether records that are still needed are lost.
    public var isDegraded: Bool { damages.contains { $0.isLoss } }
}

/// A file of the log that takes no more records.
struct LogFileEntry: Equatable, Sendable {
    var sequence: UInt64
    var name: String
    /// Number of the first record that is not in it.
    var nextLSN: LSN
}
