import HTTPTypes
import Hummingbird
import TramColumnar

/// Keeps web pages of other hosts away from a server without tokens: a browser on this machine would carry their
/// requests to it.
///
/// A request has to be meant for this machine (`Host`), which a page that points its own name at 127.0.0.1 cannot say,
/// and must not come from a page of another host (`Origin`).
enum LoopbackGuard {
    static func refusal(of request: Request) -> RequestFailure? {
        // The first Host is the authority; what is left among the fields is a second one (RFC 9112, 3.2).
        if HTTPField.Name("Host").map({ request.headers.contains($0) }) ?? false {
            return RequestFailure(.badRequest, "two_hosts", "the request names its host twice", closes: true)
        }
        if let authority = request.head.authority, !authority.isEmpty, !isLoopback(host(of: authority)) {
            return RequestFailure(
                .forbidden, "foreign_host", "the request is meant for another host; this server answers to localhost",
                hint: .both(
                    "ask http://127.0.0.1 or http://localhost; other names need tokens, which this version has not"))
        }
        for origin in request.headers[values: .origin] where !isLoopback(hostOfOrigin(origin)) {
            return RequestFailure(
                .forbidden, "foreign_origin", "the request comes from a web page of another host")
        }
        return nil
    }

    /// The host of `Host: NAME:PORT`; an IPv6 address without its brackets.
    static func host(of authority: String) -> String {
        var text = authority[...]
        // user@host is no host of ours.
        if text.contains("@") { return "" }
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return "" }
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || (rest.hasPrefix(":") && UInt16(rest.dropFirst()) != nil) else { return "" }
            return String(text[text.index(after: text.startIndex)..<end])
        }
        if let colon = text.firstIndex(of: ":") {
            guard UInt16(text[text.index(after: colon)...]) != nil else { return "" }
            text = text[..<colon]
        }
        return String(text)
    }

    private static func hostOfOrigin(_ origin: String) -> String {
        for scheme in ["http://", "https://"] where origin.lowercased().hasPrefix(scheme) {
            return host(of: String(origin.dropFirst(scheme.count)))
        }
        return ""
    }

    /// Whether a host is this machine: `localhost`, 127.0.0.0/8, ::1.
    static func isLoopback(_ host: String) -> Bool {
        var name = host.lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        if name == "localhost" || name == "::1" || name == "0:0:0:0:0:0:0:1" { return true }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy {
                !$0.isEmpty && $0.count <= 3 && $0.utf8.allSatisfy { 48...57 ~= $0 } && UInt8($0) != nil
            }
    }
}
