import TramColumnar
import TramStorage

/// Which series are meant: those of a measurement, or of all, that have all of these tags.
public struct SeriesMatcher: Sendable {
    /// Nil for all measurements.
    public var measurement: String?
    public var tags: [(key: String, value: String)] = []

    public init() {}

    /// The series of a store that match now, rising. O(series of the rarest tag).
    func series(in snapshot: Snapshot) -> [SeriesID] {
        var codes: [(key: String, code: UInt32)] = []
        for tag in tags {
            // A text that the store has never met is the value of no tag.
            guard let code = snapshot.strings.existingCode(tag.value) else { return [] }
            codes.append((tag.key, code))
        }
        let measurements = measurement.map { [$0] } ?? snapshot.measurements
        return measurements.flatMap { snapshot.series(of: $0, matching: codes) }.sorted()
    }
}
