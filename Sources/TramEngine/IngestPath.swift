import TramColumnar
package import TramLineProtocol
package import TramStorage

/// The way of bytes to rows of a store: a parser, and the numbers that its series have in the store.
///
/// A path remembers the spellings of the series met, 24 to 48 bytes each, so it serves one body after another, or
/// pieces of many in turn. Keys and texts are the store's alone.
///
/// Safety of `@unchecked Sendable`: a path is used by one thread at a time. `Database` hands it out under a lock and
/// takes it back; `Replay` keeps it to itself.
package final class IngestPath: @unchecked Sendable {
    private let parser: LineParser
    private let numbers: PathNumbers

    package init(store: Store, configuration: LineProtocolConfiguration = LineProtocolConfiguration()) {
        numbers = PathNumbers(store: store)
        parser = LineParser(configuration: configuration, numbers: numbers)
    }

    /// How many series keys the path remembers that the store did not have when they were last looked for.
    var keyCount: Int { numbers.pendingCount }

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
            var series: [UInt32] = []
            swap(&series, &pending.batch.series)
            numbers.resolve(&series, besides: pending.early, &rows)
            for row in pending.early.keys { series[row] = Store.refusedSeries }
            swap(&series, &pending.batch.series)
            rows.add(pending)
        }
        numbers.endPiece(of: parser)
    }
}
