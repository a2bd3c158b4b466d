/// Why the store refused a call.
public enum StorageError: Error, Equatable, Sendable {
    /// More series than `StorageConfiguration.maximumSeries`.
    case seriesLimit(allowed: Int)
    /// A value of `StorageConfiguration` that makes no sense: the name of its key, and what it must be.
    case invalidConfiguration(key: String, expected: String)
    /// A log record whose checksum is right and whose content is not: what was expected at a byte of its payload.
    case malformedRecord(offset: Int, expected: String)

    /// The stable name in answers, logs and metrics. Never renamed.
    public var code: StaticString {
        switch self {
        case .seriesLimit: "storage.series_limit"
        case .invalidConfiguration: "storage.invalid_configuration"
        case .malformedRecord: "storage.malformed_record"
        }
    }
}

extension StorageError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .seriesLimit(let allowed): "no more than \(allowed) series are kept"
        case .invalidConfiguration(let key, let expected): "\(key) must be \(expected)"
        case .malformedRecord(let offset, let expected):
            "a record of the log is malformed: byte \(offset) should begin \(expected)"
        }
    }
}
