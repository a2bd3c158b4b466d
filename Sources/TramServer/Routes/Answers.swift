import HTTPTypes
import Hummingbird
import NIOCore
import TramColumnar

/// Answers with a body.
enum Answers {
    static func json(_ bytes: [UInt8], status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
        Answers.bytes(bytes, "application/json", status: status, headers: headers)
    }

    static func text(_ text: String, type: String = "text/plain; charset=utf-8") -> Response {
        bytes(Array(text.utf8), type)
    }

    static func bytes(
        _ bytes: [UInt8], _ type: String, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) -> Response {
        var headers = headers
        headers[.contentType] = type
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// A failure in the shape of the interface it was asked by.
    static func failure(
        _ failure: RequestFailure, shape: AnswerShape, id: String, language: Language
    ) -> Response {
        var headers = HTTPFields()
        if let retryAfter = failure.retryAfter { headers[.retryAfter] = String(retryAfter) }
        if failure.closes { headers[.connection] = "close" }
        var object = JSONObject()
        switch shape {
        case .tram:
            let answer = ErrorAnswer(
                code: failure.code, message: failure.message.text(language), place: failure.place,
                hint: failure.hint?.text(language), id: id)
            return json(answer.json, status: failure.status, headers: headers)
        case .v1:
            object.add("error", failure.message.en)
            headers[.influxError] = headerText(failure.message.en)
        case .v2:
            let code = v2Code(failure.status)
            object.add("code", code)
            object.add("message", failure.message.en)
            headers[.platformErrorCode] = code
        case .v3: object.add("error", failure.message.en)
        }
        object.add("tram_code", failure.code)
        object.add("id", id)
        return json(object.bytes + [UInt8(ascii: "\n")], status: failure.status, headers: headers)
    }

    /// What can stand in a header: one line of ASCII.
    static func headerText(_ text: String) -> String {
        var shown = ""
        for scalar in text.unicodeScalars.prefix(512) {
            switch scalar.value {
            case 0x20..<0x7f: shown.unicodeScalars.append(scalar)
            case 0x0a, 0x0d, 0x09: shown += " "
            default: shown += "?"
            }
        }
        return shown.trimmingSpaces
    }

    static func v2Code(_ status: HTTPResponse.Status) -> String {
        switch status.code {
        case 400: "invalid"
        case 401: "unauthorized"
        case 403: "forbidden"
        case 404: "not found"
        case 405: "method not allowed"
        case 409: "conflict"
        case 413: "request too large"
        case 415: "invalid"
        case 422: "unprocessable entity"
        case 429: "too many requests"
        case 501: "not implemented"
        case 503: "unavailable"
        default: "internal error"
        }
    }
}

extension String {
    fileprivate var trimmingSpaces: String {
        var text = self[...]
        while text.last == " " { text.removeLast() }
        while text.first == " " { text.removeFirst() }
        return String(text)
    }
}
