import Synchronization
import TramStorage

/// What became of the series that were new in a body: the path that met them finds their ids here.
final class NewSeries: Sendable {
    private let ids = Mutex<[SeriesID]>([])

    /// Notes the ids of the body's new keys, in their order; `Store.refusedSeries` for those that got none.
    func note(_ ids: [SeriesID]) { self.ids.withLock { $0 = ids } }

    /// The id of a key; nil while it has none.
    func id(at place: Int) -> SeriesID? {
        ids.withLock { ids in
            place < ids.count && ids[place] != Store.refusedSeries ? ids[place] : nil
        }
    }
}
