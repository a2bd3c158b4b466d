import TramColumnar
public import TramLineProtocol
import TramSystem

/// Lines that come in over a connection which stays open, or in datagrams: each piece is stored as it comes.
///
/// Not safe for several threads; make one for each connection.
public final class LineStream {
    private let engine: Engine
    private let name: String
    private let peer: EngineMetrics.Peer
    private let precision: Precision
    private var body: OpenBody

    /// - Parameter name: The database, made with the first good line.
    public init(into name: String, of engine: Engine, from peer: EngineMetrics.Peer, precision: Precision) {
        self.engine = engine
        self.name = name
        self.peer = peer
        self.precision = precision
        body = OpenBody(precision: precision, now: engine.time.now())
    }

    /// Stores the whole lines that `bytes` end; the beginning of the next one is kept. O(bytes).
    ///
    /// - Returns: the lines that were refused, the first hundred of each piece with their place.
    /// - Throws: when there is no database to write to.
    public func feed(_ bytes: RawSpan) throws(EngineError) -> [RejectedLine] {
        try store(byteCount: bytes.byteCount, isBody: false) { path, times, rows in
            path.parse(bytes, of: &body, guarding: times, into: &rows)
        }
    }

    /// Ends the stream, or one datagram of it: a last line without a newline counts. Line numbers begin anew.
    public func finish() throws(EngineError) -> [RejectedLine] {
        let rejected = try store(byteCount: 0, isBody: true) { path, times, rows in
            path.finish(&body, guarding: times, into: &rows)
        }
        body = OpenBody(precision: precision, now: engine.time.now())
        return rejected
    }

    private func store(
        byteCount: Int, isBody: Bool, _ parse: (IngestPath, TimeGuard, inout ParsedRows) -> Void
    ) throws(EngineError) -> [RejectedLine] {
        let now = engine.time.now()
        body.beginPiece(now: now)
        let times = TimeGuard(
            now: now, aheadNanoseconds: engine.configuration.aheadNanoseconds,
            keptNanoseconds: engine.configuration.keptNanoseconds)
        // A database that was dropped or is not made yet is looked for again with each piece.
        let target = try engine.databaseToWrite(name)
        var rows = ParsedRows()
        target.withPath { path in parse(path, times, &rows) }
        var rejected = rows.rejected
        var refused = rows.rejectedByClass
        let before1971 = rows.before1971
        var accepted = 0
        if !rows.batches.isEmpty {
            let (commit, _) = try engine.adopt(target).commit(rows, wholly: false)
            accepted = commit.acceptedCount
            refused.merge(commit.refusedByClass) { $0 + $1 }
            rejected += commit.refusals.map {
                RejectedLine(line: $0.line, column: 1, reason: $0.reason, text: $0.text, excerpt: "")
            }
            rejected.sort { ($0.line, $0.column) < ($1.line, $1.column) }
        }
        engine.metrics.note(peer) { figures in
            figures.bytes += byteCount
            figures.bodies += isBody ? 1 : 0
            figures.accepted += accepted
            figures.before1971 += before1971
            figures.refused.merge(refused) { $0 + $1 }
        }
        return rejected
    }
}
