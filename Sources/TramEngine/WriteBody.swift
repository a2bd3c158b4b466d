import TramCodec
import TramColumnar
public import TramLineProtocol
public import TramStorage

/// One body of line protocol on its way in: parsed as it comes, stored when it is whole.
///
/// Nothing of it is visible before `commit`, and a body that is dropped or refused leaves nothing behind. Not safe for
/// several threads; make one for each request.
public final class WriteBody {
    public enum Encoding: Sendable {
        case identity, gzip
    }

    private let engine: Engine
    private var database: Database
    private let peer: EngineMetrics.Peer
    private let encoding: Encoding
    private let decoder: (any StreamDecoder)?
    private let times: TimeGuard
    private var body: OpenBody
    private var rows = ParsedRows()
    private var inflated: [UInt8] = []
    private var sentBytes = 0
    private var plainBytes = 0
    private var reservedBytes = 0

    /// - Parameters:
    ///   - now: The clock reading for lines without a timestamp and for the guard of times, nanoseconds UTC.
    /// - Throws: `.outOfMemory`.
    public init(
        into name: String, of engine: Engine, from peer: EngineMetrics.Peer, precision: Precision, encoding: Encoding,
        now: Int64
    ) throws(WriteRefusal) {
        self.engine = engine
        do {
            database = try engine.databaseToWrite(name)
        } catch {
            throw .database(error)
        }
        self.peer = peer
        self.encoding = encoding
        do {
            decoder = encoding == .gzip ? try Compression.gzip.makeDecoder() : nil
        } catch {
            throw .overloaded
        }
        times = TimeGuard(
            now: now, aheadNanoseconds: engine.configuration.aheadNanoseconds,
            keptNanoseconds: engine.configuration.keptNanoseconds)
        body = OpenBody(precision: precision, now: now)
    }

    deinit { engine.metrics.release(reservedBytes) }

    /// Takes the next bytes as they were sent, cut anywhere. O(inflated bytes).
    ///
    /// - Throws: `WriteRefusal` when the body cannot be taken; nothing of it is stored then.
    public func feed(_ bytes: RawSpan) throws(WriteRefusal) {
        sentBytes += bytes.byteCount
        guard sentBytes <= engine.configuration.bodyBytes else {
            throw refused(.tooLarge(allowed: engine.configuration.bodyBytes))
        }
        guard let decoder else { return try take(bytes) }
        decoder.push(unsafe bytes.withUnsafeBytes { unsafe Array($0) })
        // A span of a class's property would outlive the access to it.
        var inflated: [UInt8] = []
        swap(&inflated, &self.inflated)
        defer { swap(&inflated, &self.inflated) }
        while true {
            do {
                guard try decoder.nextChunk(into: &inflated, maximumByteCount: 256 << 10) else { return }
            } catch {
                throw refused(.corrupt(error.description))
            }
            try unsafe take(inflated.span.bytes)
        }
    }

    private func take(_ bytes: RawSpan) throws(WriteRefusal) {
        let configuration = engine.configuration
        plainBytes += bytes.byteCount
        guard plainBytes <= configuration.inflatedBodyBytes else {
            throw refused(.inflatedTooLarge(allowed: configuration.inflatedBodyBytes))
        }
        if plainBytes > configuration.ratioFreeBytes, plainBytes / max(sentBytes, 1) > configuration.inflationRatio {
            throw refused(.swellsTooMuch(allowed: configuration.inflationRatio))
        }
        guard engine.metrics.reserve(bytes.byteCount, of: configuration.openBodyBytes) else {
            throw refused(.overloaded)
        }
        reservedBytes += bytes.byteCount
        database.withPath { path in path.parse(bytes, of: &body, guarding: times, into: &rows) }
    }

    private func refused(_ refusal: WriteRefusal) -> WriteRefusal {
        engine.metrics.note(refusedBody: refusal.code.description)
        return refusal
    }

    /// Ends the body and stores its good lines; with `wholly` all lines or none.
    public func commit(wholly: Bool = false) async throws(WriteRefusal) -> WriteOutcome {
        do {
            try decoder?.finish()
        } catch {
            throw refused(.corrupt(error.description))
        }
        database.withPath { path in path.finish(&body, guarding: times, into: &rows) }
        var outcome = WriteOutcome(rows, encoding: encoding)
        if outcome.lineCount > 0 {
            if wholly && !rows.rejectedByClass.isEmpty {
                outcome.isStored = false
            } else {
                var taken = ParsedRows()
                swap(&taken, &rows)
                if !taken.batches.isEmpty {
                    do {
                        database = try engine.adopt(database)
                    } catch {
                        throw refused(.database(error))
                    }
                }
                do {
                    let (commit, isStored) = try await database.commit(taken, wholly: wholly)
                    outcome.add(commit, isStored: isStored)
                } catch {
                    throw refused(.storage(error))
                }
            }
        }
        engine.metrics.note(peer) { figures in
            figures.bytes += sentBytes
            figures.bodies += 1
            figures.accepted += outcome.acceptedCount
            figures.before1971 += outcome.isStored ? outcome.before1971 : 0
            figures.refused.merge(outcome.refusedByClass) { $0 + $1 }
        }
        return outcome
    }
}

/// What became of the lines of a body.
public struct WriteOutcome: Sendable {
    /// Lines that are points or bad; blank lines and comments do not count.
    public private(set) var lineCount: Int
    public private(set) var acceptedCount = 0
    /// Rows of 1970 and before.
    public private(set) var before1971: Int
    /// The first lines that the parser refused.
    public private(set) var rejected: [RejectedLine]
    /// The first lines that the store refused.
    public private(set) var refusals: [StorageRefusal] = []
    public private(set) var refusedByClass: [RejectedLine.Class: Int]
    /// False when one bad line has kept the whole body out.
    public internal(set) var isStored = true
    private let encoding: WriteBody.Encoding

    init(_ rows: ParsedRows, encoding: WriteBody.Encoding) {
        lineCount = rows.lineCount
        before1971 = rows.before1971
        rejected = rows.rejected
        refusedByClass = rows.rejectedByClass
        self.encoding = encoding
    }

    mutating func add(_ commit: Commit, isStored: Bool) {
        self.isStored = isStored
        acceptedCount = isStored ? commit.acceptedCount : 0
        refusals = commit.refusals
        refusedByClass.merge(commit.refusedByClass) { $0 + $1 }
    }

    /// Lines that were refused; where `isStored` is false the good ones were not stored either.
    public var refusedCount: Int { refusedByClass.values.reduce(0, +) }

    /// Every described line in order, those of the store with the place that is to blame: the body is read again for
    /// them, which costs nothing as long as there are none.
    ///
    /// - Parameter body: hands the body as it was sent, piece by piece, to what it is given.
    public func described(reading body: ((RawSpan) -> Void) -> Void) -> [RejectedLine] {
        guard !refusals.isEmpty else { return rejected }
        var text = RefusedText(lines: refusals.map(\.line))
        let decoder = encoding == .gzip ? try? Compression.gzip.makeDecoder() : nil
        var inflated: [UInt8] = []
        body { bytes in
            guard !text.isComplete else { return }
            guard let decoder else { return text.feed(bytes) }
            decoder.push(unsafe bytes.withUnsafeBytes { unsafe Array($0) })
            // It was inflated without an error before.
            while (try? decoder.nextChunk(into: &inflated)) ?? false { unsafe text.feed(inflated.span.bytes) }
        }
        text.finish()
        let found = refusals.map {
            text.rejected(line: $0.line, field: $0.field, reason: $0.reason, text: $0.text)
        }
        return (rejected + found).sorted { ($0.line, $0.column) < ($1.line, $1.column) }
    }
}

/// Why a body was not taken; nothing of it is stored.
public enum WriteRefusal: Error, Equatable, Sendable {
    case tooLarge(allowed: Int)
    case inflatedTooLarge(allowed: Int)
    case swellsTooMuch(allowed: Int)
    /// It is not gzip, or it ends early.
    case corrupt(String)
    /// Too many bodies are being read at once.
    case overloaded
    /// The database is not there and may not be made.
    case database(EngineError)
    /// The rows could not be made durable.
    case storage(StorageError)

    /// The stable name in answers, logs and metrics. Never renamed.
    public var code: StaticString {
        switch self {
        case .tooLarge: "body_too_large"
        case .inflatedTooLarge: "inflated_body_too_large"
        case .swellsTooMuch: "inflation_ratio"
        case .corrupt: "bad_gzip"
        case .overloaded: "overloaded"
        case .database(let error): error.code
        case .storage(let error): error.code
        }
    }
}
