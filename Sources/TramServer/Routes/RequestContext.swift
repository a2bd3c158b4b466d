import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import TramColumnar

/// What is known of a request beside itself.
struct TramRequestContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The address of the peer, without its port.
    let peerAddress: String
    /// The connection that it came by.
    let channel: any Channel
    /// By which the request is found in the log; the caller's own where it sent one.
    var requestID = ""

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
        peerAddress = source.channel.remoteAddress?.ipAddress ?? "local"
    }
}

/// Numbers for requests that bring none: 16 hex digits.
enum RequestID {
    static func next() -> String {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// The caller's, when it can stand in a log and in a header.
    static func accepted(_ text: String?) -> String? {
        guard let text, !text.isEmpty, text.utf8.count <= 128,
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") })
        else { return nil }
        return text
    }
}

extension HTTPField.Name {
    static let requestID = HTTPField.Name("X-Request-Id") ?? .trailer
    static let requestIDShort = HTTPField.Name("Request-Id") ?? .trailer
    static let influxVersion = HTTPField.Name("X-Influxdb-Version") ?? .trailer
    static let influxBuild = HTTPField.Name("X-Influxdb-Build") ?? .trailer
    static let influxError = HTTPField.Name("X-Influxdb-Error") ?? .trailer
    static let platformErrorCode = HTTPField.Name("X-Platform-Error-Code") ?? .trailer
    static let tramWarning = HTTPField.Name("X-Tram-Warning") ?? .trailer
}

/// A request that is not done, and what its sender is told.
struct RequestFailure: Error {
    var status: HTTPResponse.Status
    var code: String
    var message: Bilingual
    var place: (line: Int, column: Int)?
    var hint: Bilingual?
    /// Seconds after which the same request may be tried again.
    var retryAfter: Int?
    /// Whether the connection has to end: the rest of the request is not read.
    var closes: Bool
    /// The language that the request asked for, where its body said so.
    var language: Language?

    init(
        _ status: HTTPResponse.Status, _ code: String, _ message: Bilingual, place: (line: Int, column: Int)? = nil,
        hint: Bilingual? = nil, retryAfter: Int? = nil, closes: Bool = false
    ) {
        self.status = status
        self.code = code
        self.message = message
        self.place = place
        self.hint = hint
        self.retryAfter = retryAfter
        self.closes = closes
    }

    /// What only programs and those who write them read is said in English.
    init(
        _ status: HTTPResponse.Status, _ code: String, _ message: String, vi: String? = nil, hint: Bilingual? = nil,
        retryAfter: Int? = nil, closes: Bool = false
    ) {
        self.init(
            status, code, Bilingual(vi: vi ?? message, en: message), hint: hint, retryAfter: retryAfter, closes: closes)
    }
}

extension Bilingual {
    /// A text that is the same in both languages, or for those who write programs.
    static func both(_ text: String) -> Bilingual { Bilingual(vi: text, en: text) }
}

/// The language that a request is answered in.
enum RequestLanguage {
    /// `lang=` of the URL, else what the browser prefers; nil when neither says one of ours.
    static func of(_ request: Request) -> Language? {
        if let parameters = try? RequestParameters(url: request), let name = parameters.text("lang"),
            let language = Language(rawValue: name)
        {
            return language
        }
        let accepted = request.headers[.acceptLanguage]?.lowercased() ?? ""
        if accepted.hasPrefix("vi") { return .vi }
        return accepted.hasPrefix("en") ? .en : nil
    }
}
