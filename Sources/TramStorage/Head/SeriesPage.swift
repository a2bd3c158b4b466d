/// The heads of 64 series with neighbouring ids: what a snapshot shares with the writer as one piece.
///
/// After a snapshot the writer copies a page, not its rows, when it first touches a series of it.
@safe final class SeriesPage: @unchecked Sendable {
    // Sendable: written only by the one writer, under the store's lock, while no snapshot holds the page, save for
    // series that are newer than the snapshots that do.
    static let shift = 6
    static let count = 1 << shift
    static let mask = count - 1

    let series: UnsafeMutablePointer<HeadSeries>

    init() {
        unsafe series = .allocate(capacity: SeriesPage.count)
        unsafe series.initialize(repeating: HeadSeries(measurement: 0), count: SeriesPage.count)
    }

    private init(copying other: SeriesPage) {
        unsafe series = .allocate(capacity: SeriesPage.count)
        unsafe series.initialize(from: other.series, count: SeriesPage.count)
    }

    deinit {
        unsafe series.deinitialize(count: SeriesPage.count)
        unsafe series.deallocate()
    }

    func copy() -> SeriesPage { SeriesPage(copying: self) }

    /// The head of the series at `place` in the page, as a value.
    subscript(place: Int) -> HeadSeries { unsafe series[place & SeriesPage.mask] }
}
