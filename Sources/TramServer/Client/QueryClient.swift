import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
public import TramColumnar
public import TramQuery
import TramSystem

/// Asks a server over HTTP what `tram query` was asked.
public struct QueryClient: Sendable {
    /// What is asked. Nil leaves the choice to the server.
    public struct Question: Sendable {
        public var text: String
        public var database: String?
        public var now: Int64?
        public var language: Language
        public var epoch: Epoch?
        /// Of which time the administrative tree is: `row`, `today`, a day.
        public var tree: String?

        public init(
            _ text: String, database: String?, now: Int64?, language: Language, epoch: Epoch?, tree: String? = nil
        ) {
            self.tree = tree
            self.text = text
            self.database = database
            self.now = now
            self.language = language
            self.epoch = epoch
        }
    }

    public enum Failure: Error, Sendable {
        /// A server was reached and did not answer in time.
        case slow(seconds: Int)
        /// No server answers at the address, and why.
        case unreachable(String)
        /// The server has refused the question.
        case refused(ErrorAnswer, status: Int)
        /// Something answers that is no Tram server.
        case foreign(status: Int)
        case badURL
    }

    /// `http://HOST:PORT`.
    private let url: String
    private static let timeoutSeconds: Int64 = 60

    /// - Parameter url: `http://HOST:PORT`; without `http://` that is meant.
    public init(url text: String) throws(Failure) {
        let url = text.contains("://") ? text : "http://\(text)"
        guard let parts = URLComponents(string: url), ["http", "https"].contains(parts.scheme ?? ""),
            let host = parts.host, !host.isEmpty
        else { throw .badURL }
        self.url = url.hasSuffix("/") ? String(url.dropLast()) : url
    }

    /// Hands the answer on as it comes, in the format that was asked for.
    public func stream(
        _ question: Question, format: ResultFormat, to emit: ([UInt8]) throws -> Void
    ) async throws {
        try await ask(question, format: format) { response in
            for try await piece in response.body { try emit(Array(piece.readableBytesView)) }
        }
    }

    /// The answer as a result, and the warnings that came with it.
    public func result(_ question: Question) async throws -> QueryResult {
        var bytes = ByteBuffer()
        try await ask(question, format: .json) { response in
            for try await piece in response.body { bytes.writeImmutableBuffer(piece) }
        }
        return try AnsweredResult.result(of: Data(bytes.readableBytesView))
    }

    private func ask(
        _ question: Question, format: ResultFormat, _ read: (HTTPClientResponse) async throws -> Void
    ) async throws {
        var form = URLComponents()
        var items = [
            URLQueryItem(name: "q", value: question.text), URLQueryItem(name: "format", value: format.rawValue),
            URLQueryItem(name: "lang", value: question.language.rawValue),
        ]
        if let database = question.database { items.append(URLQueryItem(name: "db", value: database)) }
        if let now = question.now { items.append(URLQueryItem(name: "now", value: String(now))) }
        if let tree = question.tree { items.append(URLQueryItem(name: "tree", value: tree)) }
        if let epoch = question.epoch { items.append(URLQueryItem(name: "epoch", value: epoch.rawValue)) }
        form.queryItems = items
        // A plus sign in a form is a space; URLComponents leaves it as it is.
        let body = (form.percentEncodedQuery ?? "").replacing("+", with: "%2B")
        var request = HTTPClientRequest(url: url + "/api/tram/query")
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
        request.body = .bytes(ByteBuffer(string: body))
        try await send(request, read)
    }

    /// Asks for a list of the catalogue, such as `/api/tram/units`.
    ///
    /// - Parameter parameters: those that are nil are left out.
    public func list(_ path: String, _ parameters: [(String, String?)]) async throws -> QueryResult {
        var form = URLComponents()
        form.queryItems = parameters.compactMap { name, value in value.map { URLQueryItem(name: name, value: $0) } }
        let text = (form.percentEncodedQuery ?? "").replacing("+", with: "%2B")
        var bytes = ByteBuffer()
        try await send(HTTPClientRequest(url: "\(url)\(path)?\(text)")) { response in
            for try await piece in response.body { bytes.writeImmutableBuffer(piece) }
        }
        return try AnsweredResult.result(of: Data(bytes.readableBytesView))
    }

    private func send(
        _ request: HTTPClientRequest, _ read: (HTTPClientResponse) async throws -> Void
    ) async throws {
        let response: HTTPClientResponse
        do {
            response = try await HTTPClient.shared.execute(request, timeout: .seconds(QueryClient.timeoutSeconds))
        } catch let error as HTTPClientError where error == .deadlineExceeded || error == .readTimeout {
            throw Failure.slow(seconds: Int(QueryClient.timeoutSeconds))
        } catch {
            throw Failure.unreachable(QueryClient.reason(error))
        }
        guard response.status == .ok else {
            let answer = try await response.body.collect(upTo: 1 << 20)
            throw QueryClient.failure(Data(answer.readableBytesView), Int(response.status.code))
        }
        try await read(response)
    }

    private static func failure(_ body: Data, _ status: Int) -> Failure {
        struct Answer: Decodable {
            var code: String
            var message: String
            var line: Int?
            var column: Int?
            var hint: String?
            var id: String?
        }
        guard let answer = try? JSONDecoder().decode(Answer.self, from: body) else { return .foreign(status: status) }
        var place: (line: Int, column: Int)?
        if let line = answer.line, let column = answer.column { place = (line, column) }
        return .refused(
            ErrorAnswer(code: answer.code, message: answer.message, place: place, hint: answer.hint, id: answer.id),
            status: status)
    }

    /// The kernel's words where it has some: `Connection refused`.
    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            return error.connectionErrors.first.map { reason($0.error) } ?? "\(error)"
        case let error as IOError: return SystemError(errno: error.errnoCode, call: "connect", path: "").reason
        case is SocketAddressError: return "the host is not known"
        case let error where "\(error)".contains("handshake"): return "no TLS there; try http://"
        default: return "\(error)"
        }
    }
}

/// A result that came as JSON.
private struct AnsweredResult: Decodable {
    struct Column: Decodable {
        var name: String
        var type: String
    }

    enum Cell: Decodable {
        case null
        case bool(Bool)
        case int(Int64)
        case uint(UInt64)
        case float(Double)
        case text(String)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .null
            } else if let text = try? container.decode(String.self) {
                self = .text(text)
            } else if let number = try? container.decode(Int64.self) {
                self = .int(number)
            } else if let number = try? container.decode(UInt64.self) {
                self = .uint(number)
            } else if let number = try? container.decode(Double.self) {
                self = .float(number)
            } else {
                self = .bool(try container.decode(Bool.self))
            }
        }

        func value(_ type: ColumnType) -> Value {
            switch (self, type) {
            case (.null, _): .null
            case (.bool(let flag), _): .bool(flag)
            case (.text(let text), .time): Timestamp(rfc3339: text).map { .time($0.nanoseconds) } ?? .string(text)
            case (.text(let text), _): .string(text)
            case (.int(let number), .float): .float(Double(number))
            case (.int(let number), .uint): .uint(UInt64(bitPattern: number))
            case (.int(let number), .duration): .duration(number)
            case (.int(let number), .time): .time(number)
            case (.int(let number), _): .int(number)
            case (.uint(let number), .float): .float(Double(number))
            case (.uint(let number), _): .uint(number)
            case (.float(let number), _): .float(number)
            }
        }
    }

    var columns: [Column]
    var rows: [[Cell]]
    var partial: Bool
    var warnings: [String]

    static func result(of bytes: Data) throws -> QueryResult {
        guard let answer = try? JSONDecoder().decode(AnsweredResult.self, from: bytes) else {
            throw QueryClient.Failure.foreign(status: 200)
        }
        var columns: [ColumnInfo] = []
        for column in answer.columns {
            guard let type = ColumnType(rawValue: column.type) else { throw QueryClient.Failure.foreign(status: 200) }
            columns.append(ColumnInfo(name: column.name, type: type))
        }
        guard answer.rows.allSatisfy({ $0.count == columns.count }) else {
            throw QueryClient.Failure.foreign(status: 200)
        }
        return QueryResult(
            columns: columns,
            rows: answer.rows.map { row in zip(row, columns).map { $0.value($1.type) } },
            isPartial: answer.partial, warnings: answer.warnings.map { Bilingual(vi: $0, en: $0) })
    }
}
