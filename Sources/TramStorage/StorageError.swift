/// Why the store refused a call.
public enum StorageError: Error, Equatable, Sendable {
    /// More series than `StorageConfiguration.maximumSeries`.
    case seriesLimit(allowed: Int)
}
