import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import TramColumnar
import TramEngine
import TramLineProtocol
import TramStorage
import TramSystem

/// The three write doors that clients of InfluxDB know: one way in, three ways of asking and answering.
struct WriteDoor: Sendable {
    let engine: Engine
    let log: RefusalLog

    var routes: [Route] {
        [
            Route(.post, "/write", .v1) { try await write($0, $1, .v1) },
            Route(.post, "/api/v2/write", .v2) { try await write($0, $1, .v2) },
            Route(.post, "/api/v3/write_lp", .v3) { try await write($0, $1, .v3) },
        ]
    }

    /// Pieces smaller than this are put together first: a body that comes in drops costs no more than one in floods.
    private static let pieceBytes = 16 << 10

    private func write(
        _ request: Request, _ context: TramRequestContext, _ shape: AnswerShape
    ) async throws -> Response {
        let parameters = try RequestParameters(url: request)
        let name = try WriteDoor.database(parameters, shape)
        let precision = try WriteDoor.precision(parameters["precision"], shape)
        let wholly = try WriteDoor.isWhole(parameters)
        let length = try declaredLength(request)
        let encoding = try WriteDoor.encoding(request)

        var pieces: [ByteBuffer] = []
        let sender = EngineMetrics.Peer(door: WriteDoor.door(shape), address: context.peerAddress)
        let outcome: WriteOutcome
        do {
            let body = try WriteBody(
                into: name, of: engine, from: sender, precision: precision, encoding: encoding,
                now: engine.time.now())
            try await read(request.body, length, into: body, &pieces)
            outcome = try await body.commit(wholly: wholly)
        } catch let refusal as WriteRefusal {
            throw WriteDoor.failure(refusal, shape)
        }
        if outcome.isStored { log.note(before1971: outcome.before1971, from: sender) }
        if outcome.refusedCount == 0 { return try WriteDoor.success(outcome, shape) }
        let lines = outcome.described { feed in
            for piece in pieces { feed(piece.readableBytesSpan) }
        }
        log.note(lines, from: sender)
        return WriteAnswer(outcome: outcome, lines: lines, id: context.requestID).response(shape)
    }

    /// Feeds the body as it comes. Pieces are kept as well, without a copy where they are large: the few lines that the
    /// store refuses are looked up in them.
    private func read(
        _ source: RequestBody, _ length: Int?, into body: WriteBody, _ pieces: inout [ByteBuffer]
    ) async throws {
        var total = 0
        var pending = ByteBuffer()
        for try await piece in source {
            total += piece.readableBytes
            if pending.readableBytes == 0, piece.readableBytes >= WriteDoor.pieceBytes {
                try body.feed(piece.readableBytesSpan)
                pieces.append(piece)
                continue
            }
            pending.writeImmutableBuffer(piece)
            if pending.readableBytes >= WriteDoor.pieceBytes {
                try body.feed(pending.readableBytesSpan)
                pieces.append(pending)
                pending = ByteBuffer()
            }
        }
        // A connection that breaks off can look like the end of the body; what did not come whole is not stored.
        if let length, length != total { throw ConnectionEnded() }
        if pending.readableBytes > 0 {
            try body.feed(pending.readableBytesSpan)
            pieces.append(pending)
        }
    }

    // MARK: - What is asked

    private static func door(_ shape: AnswerShape) -> EngineMetrics.Door {
        switch shape {
        case .v1, .tram: .v1
        case .v2: .v2
        case .v3: .v3
        }
    }

    /// `db`, or `bucket` of the second interface, whose name may carry a retention policy behind a slash. All data of a
    /// database are kept alike, so the policy is taken and means nothing.
    private static func database(_ parameters: RequestParameters, _ shape: AnswerShape) throws -> String {
        if shape == .v2 {
            guard let bucket = parameters.text("bucket") ?? parameters.text("db") else {
                throw RequestFailure(
                    .notFound, "missing_parameter", "bucket not found", hint: .both("say which: bucket=NAME"))
            }
            let name = bucket.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)[0]
            return String(name)
        }
        guard let name = parameters.text("db") ?? (shape == .v3 ? parameters.text("bucket") : nil) else {
            throw RequestFailure(
                .badRequest, "missing_parameter",
                shape == .v1 ? "database is required" : "the parameter db is missing: the database to write to")
        }
        return name
    }

    private static func precision(_ name: String?, _ shape: AnswerShape) throws -> Precision {
        guard let name, !name.isEmpty else { return shape == .v3 ? .auto : .nanosecond }
        let known: [String]
        let message: String
        switch shape {
        case .v1, .tram:
            known = ["n", "ns", "u", "us", "µ", "µs", "μ", "μs", "ms", "s", "m", "h"]
            message = "invalid precision \"\(name.prefix(32))\" (use n, u, ms, s, m or h)"
        case .v2:
            known = ["n", "ns", "u", "us", "µ", "µs", "μ", "μs", "ms", "s"]
            message = "invalid precision; valid precision units are ns, us, ms, and s"
        case .v3:
            known = [
                "auto", "n", "ns", "u", "us", "ms", "s", "nanosecond", "microsecond", "millisecond", "second",
            ]
            message =
                "invalid precision \"\(name.prefix(32))\"; it is auto, nanosecond, microsecond, millisecond or second"
        }
        guard known.contains(name), let precision = Precision(name: name) else {
            throw RequestFailure(.badRequest, "bad_precision", message)
        }
        return precision
    }

    private static func isWhole(_ parameters: RequestParameters) throws -> Bool {
        switch parameters.text("accept_partial")?.lowercased() {
        case nil, "true", "1", "t": return false
        case "false", "0", "f": return true
        case .some(let text):
            throw RequestFailure(
                .badRequest, "bad_parameter", "accept_partial=\(text.prefix(32)) is not understood; it is true or false"
            )
        }
    }

    private func declaredLength(_ request: Request) throws -> Int? {
        guard let text = request.headers[.contentLength] else { return nil }
        guard let length = Int(text), length <= engine.configuration.bodyBytes else {
            throw WriteDoor.failure(
                .tooLarge(allowed: engine.configuration.bodyBytes), RouteTable.shape(of: request.uri.path))
        }
        return length
    }

    private static func encoding(_ request: Request) throws -> WriteBody.Encoding {
        switch request.headers[.contentEncoding]?.lowercased() {
        case nil, "", "identity": return .identity
        case "gzip", "x-gzip": return .gzip
        case .some(let name):
            throw RequestFailure(
                .unsupportedMediaType, "bad_encoding",
                "Content-Encoding \(name.prefix(32)) is not understood; send gzip or plain text", closes: true)
        }
    }

    // MARK: - What is answered

    private static func success(_ outcome: WriteOutcome, _ shape: AnswerShape) throws -> Response {
        if outcome.lineCount == 0, shape == .v3 {
            throw RequestFailure(.badRequest, "empty_write", "the body holds no line")
        }
        return Response(status: .noContent)
    }

    static func failure(_ refusal: WriteRefusal, _ shape: AnswerShape) -> RequestFailure {
        let code = refusal.code.description
        // What InfluxDB 1.x says, for the clients that look for it.
        let tooLarge = shape == .v1 ? "Request Entity Too Large: " : ""
        switch refusal {
        case .tooLarge(let allowed):
            return RequestFailure(
                .contentTooLarge, code, "\(tooLarge)the body is longer than \(allowed) bytes; send it in parts",
                closes: true)
        case .inflatedTooLarge(let allowed):
            return RequestFailure(
                .contentTooLarge, code,
                "\(tooLarge)the inflated body is longer than \(allowed) bytes; send it in parts", closes: true)
        case .swellsTooMuch(let allowed):
            return RequestFailure(
                .contentTooLarge, code,
                "\(tooLarge)the body swells more than \(allowed) times when it is inflated; send it in parts",
                closes: true)
        case .corrupt(let reason):
            return RequestFailure(
                .badRequest, code, "the body is not whole gzip: \(reason); nothing of it was stored", closes: true)
        case .overloaded:
            return RequestFailure(
                .serviceUnavailable, code, "too many bodies are on their way in; send this one again", retryAfter: 2,
                closes: true)
        case .database(let error): return DatabaseChoice.failure(error)
        case .storage(.overloaded):
            return RequestFailure(
                .tooManyRequests, "overloaded", "the disk is slower than the writers; send this body again",
                retryAfter: 1)
        case .storage(.recordTooLarge):
            return RequestFailure(
                .contentTooLarge, code, "\(tooLarge)the body is too long for one record of the log; send it in parts")
        case .storage(.diskFull):
            return RequestFailure(
                .serviceUnavailable, "disk_full", "the disk is full; nothing was stored; send this body again later",
                retryAfter: 10)
        case .storage(let error):
            return RequestFailure(
                .serviceUnavailable, code, "the body could not be made durable: \(error.description)", retryAfter: 5)
        }
    }
}
