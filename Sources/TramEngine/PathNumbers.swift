import TramColumnar
import TramLineProtocol
import TramStorage

/// The numbers that series have on one path: those of the store, and for keys that were met before the store had them,
/// marked ones of the path's own.
///
/// Keys that are new here are looked for when their rows are committed, all at once, and what became of them is read
/// from the body that brought them. They are kept here until there are many: then those that have got a number of the
/// store take it, and the others are forgotten, to be met anew. So a path costs the store's series their spellings and
/// no more, and keys that the store refuses for ever fill nothing.
final class PathNumbers: SeriesNumbers {
    /// A key without a number of the store: the body in which it was last met, and its place in that body's new keys.
    private struct Pending {
        var body = -1
        var place: UInt32 = 0
    }

    private let store: Store
    private var keys = SeriesKeyList()
    private var pending: [Pending] = []
    private var bodies: [NewSeries] = []
    /// The store's series as of the end of the last piece; asking takes a lock.
    private var storeCount = 0

    /// Pending keys of which few enough are kept to go through all spellings for them.
    private static let fewPending = 16_384

    init(store: Store) { self.store = store }

    var pendingCount: Int { pending.count }

    var count: Int { storeCount + pending.count }

    func number(of key: UnsafeRawBufferPointer) -> UInt32? {
        let number = UInt32(truncatingIfNeeded: pending.count)
        guard number < ParsedRows.newSeriesMark - 1 else { return nil }
        unsafe keys.append(key)
        pending.append(Pending())
        return number | ParsedRows.newSeriesMark
    }

    /// Gives the marked ones of `series` the number of the store, or, marked, their key's place among the new keys of
    /// `rows`. O(rows).
    ///
    /// - Parameter early: the rows that will be refused anyway.
    func resolve(_ series: inout [UInt32], besides early: [Int: RejectedLine.Class], _ rows: inout ParsedRows) {
        var body: Int?
        for row in series.indices where series[row] & ParsedRows.newSeriesMark != 0 {
            guard early.isEmpty || early[row] == nil else { continue }
            let index = Int(series[row] & ~ParsedRows.newSeriesMark)
            let known = pending[index]
            if known.body >= 0, bodies[known.body] === rows.newSeries {
                series[row] = known.place | ParsedRows.newSeriesMark
                continue
            }
            if let id = id(known) {
                series[row] = id
                continue
            }
            if body == nil {
                body = bodies.count
                bodies.append(rows.newSeries)
            }
            let place = UInt32(truncatingIfNeeded: rows.newKeys.count)
            unsafe keys.withBytes(of: index) { unsafe rows.newKeys.append($0) }
            pending[index] = Pending(body: body ?? 0, place: place)
            series[row] = place | ParsedRows.newSeriesMark
        }
    }

    /// Ends a piece: all its rows have been resolved, and `parser` holds no more.
    func endPiece(of parser: LineParser) {
        storeCount = store.seriesCount
        // An eighth, since all spellings are gone through.
        guard pending.count > max(PathNumbers.fewPending, parser.spellingCount / 8) else { return }
        parser.renumber { number in
            number & ParsedRows.newSeriesMark == 0 ? number : id(pending[Int(number & ~ParsedRows.newSeriesMark)])
        }
        pending = []
        keys = SeriesKeyList()
        bodies = []
    }

    private func id(_ known: Pending) -> SeriesID? {
        known.body < 0 ? nil : bodies[known.body].id(at: Int(known.place))
    }
}
