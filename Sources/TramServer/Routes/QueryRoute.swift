import HTTPTypes
import Hummingbird
import NIOCore
import NIOPosix
import Synchronization
import TramColumnar
import TramEngine
import TramQuery
import TramStorage
import TramSystem

/// `GET|POST /api/tram/query`: a question in TQL, answered as JSON, CSV or NDJSON.
struct QueryRoute: Sendable {
    let engine: Engine
    let gate: QueryGate
    /// Queries run on threads of their own: a long one must not hold up the threads that take writes.
    let threads: NIOThreadPool
    let limits: ServerLimits
    let language: Language

    var routes: [Route] {
        [Route(.get, "/api/tram/query", .tram, answer), Route(.post, "/api/tram/query", .tram, answer)]
    }

    @Sendable private func answer(_ request: Request, _ context: TramRequestContext) async throws -> Response {
        // A body that is longer holds a query that is: percent signs make three bytes of one, JSON at most six.
        let parameters = try await RequestParameters(
            reading: request, maximumBytes: max(RequestParameters.maximumBodyBytes, 8 * limits.queryTextBytes),
            tooLarge: Question.tooLong(limits, closes: true))
        let language = try Question.language(parameters, request) ?? language
        do {
            return try await answer(Question(parameters, language, limits), parameters.text("db"), context.channel)
        } catch var failure as RequestFailure {
            failure.language = language
            throw failure
        }
    }

    private func answer(
        _ question: Question, _ name: String?, _ channel: (any Channel)?
    ) async throws -> Response {
        let database = try DatabaseChoice.toRead(name, engine)
        guard await gate.enter() else {
            throw RequestFailure(
                .serviceUnavailable, "query.busy",
                "\(limits.queries) queries run, and this one got no turn among \(limits.queuedQueries) that may wait \(limits.queryWaitSeconds) s; come again",
                vi:
                    "\(limits.queries) truy vấn đang chạy, truy vấn này chưa đến lượt (tối đa \(limits.queuedQueries) truy vấn chờ \(limits.queryWaitSeconds) giây); hãy thử lại",
                retryAfter: 2)
        }
        let begun = engine.time.monotonic()
        let result: QueryResult
        do {
            defer { gate.leave() }
            let asker = Asker(channel)
            // A server that stops takes the turn away from who has not come to the end in time.
            result = try await withTaskCancellationHandler {
                let prepared = try prepare(question, over: database, for: asker)
                // What is over in a moment is not worth another thread.
                if prepared.query.estimatedRows <= QueryRoute.rowsReadAtOnce {
                    return try run(prepared.query, over: database)
                }
                return try await threads.runIfActive { try run(prepared.query, over: database) }
            } onCancel: {
                asker.giveUp()
            }
        } catch let error as QueryError {
            gate.note(error.code)
            throw QueryRoute.failure(error, in: question.text)
        }
        let elapsed = Double(engine.time.monotonic() - begun) / 1e6
        guard let held = gate.hold(result.rowCount * result.columns.count * QueryRoute.valueBytes) else {
            throw RequestFailure(
                .serviceUnavailable, "query.busy", "too many answers are waiting to be read; come again",
                vi: "đang có quá nhiều kết quả chưa được đọc; hãy thử lại", retryAfter: 2)
        }
        return respond(result, question, elapsed, holding: held)
    }

    /// Rows that are read without changing threads: a fraction of a millisecond.
    private static let rowsReadAtOnce = 20_000

    /// A query on its way to the thread that runs it.
    private struct Prepared: @unchecked Sendable {
        // Sendable: whoever has it has it alone.
        let query: PreparedQuery
    }

    private func prepare(
        _ question: Question, over database: Database, for asker: Asker
    ) throws(QueryError) -> Prepared {
        let deadline = engine.time.monotonic() + Int64(limits.querySeconds) * 1_000_000_000
        let time = engine.time
        var context = engine.queryContext(
            now: question.now, zone: question.zone, rows: limits.queryRows,
            cache: question.isCached ? database.windows : nil)
        if let tree = question.tree { context.tree = tree }
        context.limits.windows = limits.queryWindows
        context.limits.memoryBytes = limits.queryMemoryBytes
        context.limits.textBytes = limits.queryTextBytes
        context.limits.nesting = limits.queryNesting
        context.limits.seconds = limits.querySeconds
        context.interruption = {
            if asker.hasGone { return .cancelled }
            return time.monotonic() > deadline ? .timeLimit : nil
        }
        return Prepared(
            query: try PreparedQuery(
                question.text, source: StoreSource(database.store.snapshot()), context: context))
    }

    private func run(_ query: PreparedQuery, over database: Database) throws(QueryError) -> QueryResult {
        var result = try query.run()
        // Asked after the question, which may have been the first to read them.
        let damagedCount = database.store.damagedBlocks.count
        if damagedCount > 0 {
            result.isPartial = true
            result.warnings.append(
                Bilingual(
                    vi: "\(damagedCount) khối số liệu của \(database.name) bị hỏng và không được tính; xem /health",
                    en: "\(damagedCount) blocks of \(database.name) are damaged and left out; see /health"))
        }
        return result
    }

    /// What a value of a result takes, and whether it is there.
    private static let valueBytes = 9

    private func respond(
        _ result: QueryResult, _ question: Question, _ elapsed: Double, holding held: HeldAnswer
    ) -> Response {
        var result = result
        for name in question.foreign.prefix(8) {
            let near = Suggestions.closest(to: name, among: Question.names).first
            result.warnings.append(
                Bilingual(
                    vi: "không có tham số \(name.prefix(32))\(near.map { "; có phải ý bạn là \($0)?" } ?? "")",
                    en: "there is no parameter \(name.prefix(32))\(near.map { "; did you mean \($0)?" } ?? "")"))
        }
        if let limit = question.limit, result.rowCount > limit {
            result.truncate(to: limit)
            result.warnings.append(
                Bilingual(
                    vi: "chỉ trả về \(limit) dòng đầu (limit)", en: "only the first \(limit) rows are given (limit)"))
        }
        let writer = ResultWriter(format: question.format, epoch: question.epoch, language: question.language)
        var pieces = writer.pieces(
            of: result,
            statistics: ResultStatistics(
                rows: result.rowsRead, blocks: result.blocksRead, blocksDecoded: result.blocksDecoded,
                elapsedMilliseconds: elapsed))
        var headers: HTTPFields = [.contentType: question.contentType, .cacheControl: "no-store"]
        if question.format != .json {
            for warning in result.warnings {
                headers.append(HTTPField(name: .tramWarning, value: Answers.headerText(warning.en)))
            }
        }
        let first = pieces.next() ?? []
        if pieces.isAtEnd {
            return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: first)))
        }
        let rest = pieces
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                try await writer.write(ByteBuffer(bytes: first))
                defer { withExtendedLifetime(held) {} }
                var rest = rest
                while let piece = rest.next() { try await writer.write(ByteBuffer(bytes: piece)) }
                try await writer.finish(nil)
            })
    }

    static func failure(_ error: QueryError, in text: String) -> RequestFailure {
        let status: HTTPResponse.Status =
            switch error.code {
            case .timeLimit: .requestTimeout
            case .rowLimit, .windowLimit, .memoryLimit: .unprocessableContent
            case .notAvailable: .notImplemented
            case .cancelled: .serviceUnavailable
            default: .badRequest
            }
        return RequestFailure(
            status, error.code.rawValue, error.message, place: error.place(in: text), hint: error.hint)
    }
}

/// Whoever waits for an answer. Safe from any thread.
private final class Asker: Sendable {
    private let channel: (any Channel)?
    private let hasGivenUp = Atomic(false)

    init(_ channel: (any Channel)?) {
        self.channel = channel
    }

    /// Whether nobody is there any more.
    var hasGone: Bool { hasGivenUp.load(ordering: .relaxed) || channel.map { !$0.isActive } ?? false }

    func giveUp() { hasGivenUp.store(true, ordering: .relaxed) }
}

/// A question with the settings that its request brings.
struct Question: Sendable {
    var text: String
    var format = ResultFormat.json
    var epoch: Epoch?
    var now: Int64?
    var zone: TimeZoneRules?
    var tree: TreeTime?
    var language: Language
    var limit: Int?
    /// Whether windows may come from the cache: `cache=off` computes everything anew.
    var isCached = true
    /// Names that mean nothing here: told, and not refused, for proxies and browsers add their own.
    var foreign: [String]

    static let names = ["q", "db", "format", "epoch", "now", "tz", "tree", "lang", "limit", "cache"]

    init(_ parameters: RequestParameters, _ language: Language, _ limits: ServerLimits) throws {
        self.language = language
        foreign = parameters.foreign(to: Question.names)
        guard let text = parameters.text("q") else {
            throw RequestFailure(
                .badRequest, "missing_parameter", "the parameter q is missing: the question in TQL",
                vi: "thiếu tham số q: câu hỏi viết bằng TQL", hint: .both("q=traffic[1h] | count()"))
        }
        guard text.utf8.count <= limits.queryTextBytes else { throw Question.tooLong(limits) }
        self.text = text
        if let name = parameters.text("format") {
            guard let format = ResultFormat(rawValue: name), format != .table else {
                throw Question.wrong("format", name, "json, csv or ndjson")
            }
            self.format = format
        }
        epoch = try Question.value("epoch", parameters, "ns, us, ms or s") { Epoch(rawValue: $0) }
        now = try Question.value("now", parameters, "RFC 3339, or nanoseconds since 1970") {
            Int64($0) ?? Timestamp(rfc3339: $0)?.nanoseconds
        }
        zone = try Question.value("tz", parameters, "the name of a time zone, such as Asia/Ho_Chi_Minh") {
            ZoneFiles().zone(named: $0)
        }
        tree = try Question.value("tree", parameters, "row, today, or a day such as 2025-06-30") {
            try? QueryParser.parseTreeTime($0)
        }
        limit = try Question.value("limit", parameters, "a whole number of rows") { text in
            Int(text).flatMap { $0 >= 0 ? $0 : nil }
        }
        isCached = try Question.value("cache", parameters, "on or off") { ["on": true, "off": false][$0] } ?? true
    }

    var contentType: String { format.contentType }

    static func tooLong(_ limits: ServerLimits, closes: Bool = false) -> RequestFailure {
        RequestFailure(
            .badRequest, QueryError.Code.tooLong.rawValue, "the query is longer than \(limits.queryTextBytes) bytes",
            vi: "truy vấn dài quá \(limits.queryTextBytes) byte", closes: closes)
    }

    static func language(_ parameters: RequestParameters, _ request: Request) throws -> Language? {
        try value("lang", parameters, "vi or en", { Language(rawValue: $0) }) ?? RequestLanguage.of(request)
    }

    static func value<Value>(
        _ name: String, _ parameters: RequestParameters, _ expected: String, _ read: (String) -> Value?
    ) throws -> Value? {
        guard let text = parameters.text(name) else { return nil }
        guard let value = read(text) else { throw wrong(name, text, expected) }
        return value
    }

    private static func wrong(_ name: String, _ text: String, _ expected: String) -> RequestFailure {
        RequestFailure(
            .badRequest, "bad_parameter", "\(name)=\(text.prefix(64)) is not understood; it takes \(expected)",
            vi: "không hiểu \(name)=\(text.prefix(64)); tham số này nhận \(expected)")
    }
}

/// Finds the database that a request means.
enum DatabaseChoice {
    static func toRead(_ name: String?, _ engine: Engine) throws -> Database {
        do {
            return try engine.databaseToRead(name)
        } catch {
            throw failure(error)
        }
    }

    static func failure(_ error: EngineError) -> RequestFailure {
        let code = error.code.description
        func list(_ names: [String]) -> Bilingual? {
            let shown = names.prefix(20).joined(separator: ", ")
            return names.isEmpty ? nil : Bilingual(vi: "Có: \(shown)", en: "There are: \(shown)")
        }
        switch error {
        case .databaseNotFound(let name, let known):
            return RequestFailure(
                .notFound, code, "database not found: \"\(name)\"", vi: "không có cơ sở dữ liệu \"\(name)\"",
                hint: list(known))
        case .databaseNeeded(let known):
            return RequestFailure(
                .badRequest, code, "several databases are there; say which: db=NAME (tram query --db NAME)",
                vi: "có nhiều cơ sở dữ liệu; hãy chọn một: db=TÊN (tram query --db TÊN)", hint: list(known))
        case .noDatabase:
            return RequestFailure(
                .notFound, code, "there is no database yet; the first write makes one",
                vi: "chưa có cơ sở dữ liệu nào; lần ghi đầu tiên sẽ tạo ra",
                hint: Bilingual(
                    vi: "Gửi line protocol bằng POST tới /write?db=TÊN", en: "POST line protocol to /write?db=NAME"))
        case .badDatabaseName(let name):
            return RequestFailure(
                .badRequest, code,
                "\"\(name.prefix(64))\" cannot be the name of a database: 1 to 255 bytes without control characters")
        case .tooManyDatabases(let allowed):
            return RequestFailure(
                .unprocessableContent, code, "there are \(allowed) databases already, and no more may be made")
        case .storage(let reason): return RequestFailure(.internalServerError, code, reason)
        }
    }
}
