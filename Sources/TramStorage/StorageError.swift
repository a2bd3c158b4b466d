public import TramSystem

/// Why the store refused a call.
public enum StorageError: Error, Equatable, Sendable {
    /// More series than `StorageConfiguration.maximumSeries`.
    case seriesLimit(allowed: Int)
    /// A value of a configuration that makes no sense: the name of its key, and what it must be.
    case invalidConfiguration(key: String, expected: String)
    /// A log record whose checksum is right and whose content is not: what was expected at a byte of its payload.
    case malformedRecord(offset: Int, expected: String)

    /// The log's queue is full: the disk is slower than the writers. Nothing was kept; the same call may succeed in a
    /// moment.
    case overloaded(queuedBytes: Int, allowedBytes: Int)
    /// The payload is longer than `LogConfiguration.maximumRecordBytes`. It never fits.
    case recordTooLarge(byteCount: Int, allowed: Int)
    /// The disk has too little room. Nothing was kept; the log takes records again by itself when there is room.
    case diskFull(freeBytes: Int, neededBytes: Int)
    /// A call to the disk failed at this byte of this file. Nothing was kept; the log goes on in another file as soon
    /// as one can be made.
    case logFailed(file: String, offset: Int, SystemError)
    /// The log was closed.
    case logClosed
    /// In strict mode: the log has lost records that it once held. `lost` are their numbers, nil when not even those
    /// are known; `damages` of the report has every place.
    case logDamaged(file: String, offset: Int, lost: Range<LSN>?)
    /// The log's folder or one of its files could not be read at all. Nothing was changed.
    case logUnreadable(SystemError)
    /// A file of the store, which is not one of its log, is not as it was written. Nothing was changed.
    case segmentDamaged(file: String, offset: Int, reason: String)
    /// The store's folder or one of its files could not be read at all. Nothing was changed.
    case storeUnreadable(SystemError)
    /// A file of the store could not be written. What was acknowledged is still in the log.
    case storeFailed(file: String, SystemError)
    /// A newer Tram wrote this file. Nothing was changed.
    case newerFormat(file: String, found: Int, supported: Int)

    /// The stable name in answers, logs and metrics. Never renamed.
    public var code: StaticString {
        switch self {
        case .seriesLimit: "storage.series_limit"
        case .invalidConfiguration: "storage.invalid_configuration"
        case .overloaded: "storage.overloaded"
        case .recordTooLarge: "storage.record_too_large"
        case .diskFull: "storage.disk_full"
        case .logFailed: "storage.log_failed"
        case .logClosed: "storage.log_closed"
        case .logDamaged: "storage.log_damaged"
        case .logUnreadable: "storage.log_unreadable"
        case .segmentDamaged: "storage.segment_damaged"
        case .storeUnreadable: "storage.unreadable"
        case .storeFailed: "storage.write_failed"
        case .newerFormat: "storage.newer_format"
        case .malformedRecord: "storage.malformed_record"
        }
    }
}

extension StorageError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .seriesLimit(let allowed): "no more than \(allowed) series are kept"
        case .invalidConfiguration(let key, let expected): "\(key) must be \(expected)"
        case .overloaded(let queued, let allowed):
            "the disk is slower than the writers: \(queued) bytes wait for it, and \(allowed) may"
        case .recordTooLarge(let byteCount, let allowed):
            "\(byteCount) bytes are too many: a record has up to \(allowed)"
        case .diskFull(let free, let needed): "the disk is full: \(free) bytes are free, and \(needed) are needed"
        case .logFailed(let file, let offset, let error): "\(file), byte \(offset): \(error.call): \(error.reason)"
        case .logClosed: "the log is closed"
        case .logDamaged(let file, let offset, let lost?):
            "\(file), byte \(offset): the log is damaged; records \(lost.lowerBound)..<\(lost.upperBound) are lost"
        case .logDamaged(let file, let offset, nil):
            "\(file), byte \(offset): the log is damaged; how many records are lost is not known"
        case .logUnreadable(let error): error.description
        case .segmentDamaged(let file, let offset, let reason): "\(file), byte \(offset): \(reason)"
        case .storeUnreadable(let error): error.description
        case .storeFailed(let file, let error): "\(file): \(error.call): \(error.reason)"
        case .newerFormat(let file, let found, let supported):
            "\(file) has format \(found), and this Tram reads up to \(supported)"
        case .malformedRecord(let offset, let expected):
            "a record of the log is malformed: byte \(offset) should begin \(expected)"
        }
    }
}
