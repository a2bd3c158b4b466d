import TramColumnar
public import TramLineProtocol
import TramSystem

/// Lines that come in over a connection which stays open, or in datagrams: each piece is stored as it comes.
///
/// Not safe for several threads; make one for each connection.
public final class LineStream {
    /// What became of a piece.
    public struct Piece: Sendable {
        /// The lines that were refused, the first hundred of each piece with their place.
        public var rejected: [RejectedLine] = []
        /// Rows of 1970 and before.
        public var before1971 = 0

        static func + (first: Piece, second: Piece) -> Piece {
            Piece(rejected: first.rejected + second.rejected, before1971: first.before1971 + second.before1971)
        }
    }

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

    /// Stores the whole lines that `read` brings; the beginning of the next one is kept. O(bytes).
    ///
    /// - Parameters:
    ///   - byteCount: how many bytes `read` brings, for the count.
    ///   - read: hands the bytes to what it is given.
    /// - Throws: when there is no database to write to.
    public func feed(byteCount: Int, _ read: ((RawSpan) -> Void) -> Void) async throws(EngineError) -> Piece {
        let (target, rows) = try parse { path, times, rows in
            read { bytes in path.parse(bytes, of: &body, guarding: times, into: &rows) }
        }
        return try await store(rows, in: target, byteCount: byteCount, isBody: false)
    }

    /// Stores one datagram: whole lines, the last with or without a newline.
    public func datagram(byteCount: Int, _ read: ((RawSpan) -> Void) -> Void) async throws(EngineError) -> Piece {
        let first = try await feed(byteCount: byteCount, read)
        return try await first + finish()
    }

    /// Ends the stream, or one datagram of it: a last line without a newline counts. Line numbers begin anew.
    public func finish() async throws(EngineError) -> Piece {
        let (target, rows) = try parse { path, times, rows in
            path.finish(&body, guarding: times, into: &rows)
        }
        body = OpenBody(precision: precision, now: engine.time.now())
        return try await store(rows, in: target, byteCount: 0, isBody: true)
    }

    private func parse(
        _ work: (IngestPath, TimeGuard, inout ParsedRows) -> Void
    ) throws(EngineError) -> (Database, ParsedRows) {
        let now = engine.time.now()
        body.beginPiece(now: now)
        let times = TimeGuard(
            now: now, aheadNanoseconds: engine.configuration.aheadNanoseconds,
            keptNanoseconds: engine.configuration.keptNanoseconds)
        // A database that was dropped or is not made yet is looked for again with each piece.
        let target = try engine.databaseToWrite(name)
        var rows = ParsedRows()
        target.withPath { path in work(path, times, &rows) }
        return (target, rows)
    }

    private func store(
        _ rows: ParsedRows, in target: Database, byteCount: Int, isBody: Bool
    ) async throws(EngineError) -> Piece {
        var rejected = rows.rejected
        var refused = rows.rejectedByClass
        var accepted = 0
        if !rows.batches.isEmpty {
            let (commit, _) = try await engine.adopt(target).commit(rows, wholly: false)
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
            figures.before1971 += rows.before1971
            figures.refused.merge(refused) { $0 + $1 }
        }
        return Piece(rejected: rejected, before1971: rows.before1971)
    }
}
