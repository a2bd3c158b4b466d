import TramColumnar
package import TramLineProtocol
package import TramStorage

/// The way of bytes to rows of a store: a parser, and the numbers that its series have in the store.
///
/// The tables grow with the series met, so a path serves one body after another, or pieces of many in turn.
///
/// Safety of `@unchecked Sendable`: a path is used by one thread at a time. `Database` hands it out under a lock and
/// takes it back; `Replay` keeps it to itself.
package final class IngestPath: @unchecked Sendable {
    private let store: Store
    private let parser: LineParser
    private static let unresolved = UInt32.max - 1

    /// From the parser's key numbers to ids of the store.
    private var seriesByKey: [UInt32] = []

    package init(store: Store, configuration: LineProtocolConfiguration = LineProtocolConfiguration()) {
        self.store = store
        parser = LineParser(configuration: configuration)
    }

    /// How many series keys the parser remembers.
    var keyCount: Int { parser.keys.count }

    /// Parses the next bytes of `body` into `rows`. O(bytes).
    package func parse(
        _ bytes: RawSpan, of body: inout OpenBody, guarding times: TimeGuard, into rows: inout ParsedRows
    ) {
        add(parser.feed(bytes, of: &body), guarding: times, into: &rows)
    }

    /// Ends `body`.
    package func finish(_ body: inout OpenBody, guarding times: TimeGuard, into rows: inout ParsedRows) {
        add(parser.finish(&body), guarding: times, into: &rows)
    }

    private func add(_ body: ParsedBody, guarding times: TimeGuard, into rows: inout ParsedRows) {
        rows.rejected += body.rejected
        rows.rejectedByClass.merge(body.rejectedByClass) { $0 + $1 }
        rows.lineCount += body.lineCount
        for batch in body.batches {
            var pending = ParsedRows.Pending(batch: batch)
            for row in batch.timestamps.indices {
                let time = batch.timestamps[row]
                if time < ParsedRows.year1971 {
                    if time == LineParser.noTime { pending.early[row] = .badTimestamp } else { rows.before1971 += 1 }
                }
                if time > times.newest || time < times.oldest, let reason = times.verdict(on: time) {
                    pending.early[row] = reason
                }
            }
            resolveSeries(&pending, &rows.newKeys)
            rows.add(pending)
        }
    }

    private func resolveSeries(_ pending: inout ParsedRows.Pending, _ newKeys: inout [SeriesKey]) {
        let keyCount = parser.keys.count
        if seriesByKey.count < keyCount {
            seriesByKey += [UInt32](repeating: IngestPath.unresolved, count: keyCount - seriesByKey.count)
        }
        var places: [UInt32: UInt32] = [:]
        var series: [UInt32] = []
        swap(&series, &pending.batch.series)
        for row in series.indices {
            let key = series[row]
            let known = seriesByKey[Int(key)]
            if known != IngestPath.unresolved {
                series[row] = known
            } else if let id = store.existingSeriesID(for: parser.keys[Int(key)]) {
                seriesByKey[Int(key)] = id
                series[row] = id
            } else if pending.early[row] == nil {
                let place = places[key] ?? UInt32(truncatingIfNeeded: newKeys.count)
                if places[key] == nil {
                    places[key] = place
                    newKeys.append(parser.keys[Int(key)])
                }
                series[row] = ParsedRows.newSeriesMark | place
            }
        }
        if !pending.early.isEmpty {
            for row in pending.early.keys { series[row] = Store.refusedSeries }
        }
        swap(&series, &pending.batch.series)
    }
}
