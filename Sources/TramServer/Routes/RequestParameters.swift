import Foundation
import Hummingbird
import HTTPTypes
import NIOCore
import TramColumnar

/// The names and values of a request: those of its URL, then those of a form or JSON body.
struct RequestParameters {
    private var values: [String: String] = [:]

    /// Longest body that holds parameters, where none of them may be longer.
    static let maximumBodyBytes = 256 << 10

    /// - Throws: `RequestFailure` for a percent sign that begins no byte.
    init(url request: Request) throws {
        try add(form: request.uri.query ?? "")
    }

    /// Also reads the body: a form, or a JSON object, as its content type says.
    ///
    /// - Parameters:
    ///   - maximumBytes: the longest body that is taken; what comes after is not read.
    ///   - tooLarge: what a longer one is told.
    init(
        reading request: Request, maximumBytes: Int = RequestParameters.maximumBodyBytes,
        tooLarge: @autoclosure () -> RequestFailure? = nil
    ) async throws {
        try self.init(url: request)
        guard request.method == .post else { return }
        var body = ByteBuffer()
        for try await piece in request.body {
            guard body.readableBytes + piece.readableBytes <= maximumBytes else {
                throw tooLarge()
                    ?? RequestFailure(
                        .contentTooLarge, "body_too_large", "the body is larger than \(maximumBytes) bytes",
                        closes: true)
            }
            body.writeImmutableBuffer(piece)
        }
        guard body.readableBytes > 0 else { return }
        let type = (request.headers[.contentType] ?? "").lowercased()
        let bytes = Array(body.readableBytesView)
        // No form begins with a brace, and not every client says what it sends.
        if type.hasPrefix("application/json") || bytes.first == UInt8(ascii: "{") {
            try add(json: bytes)
        } else {
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw RequestFailure(.badRequest, "bad_parameters", "the body is not UTF-8 text")
            }
            try add(form: text)
        }
    }

    subscript(_ name: String) -> String? { values[name] }

    /// Names that are none of `known`, sorted.
    func foreign(to known: [String]) -> [String] { values.keys.filter { !known.contains($0) }.sorted() }

    /// The value, nil also when it is empty.
    func text(_ name: String) -> String? {
        guard let value = values[name], !value.isEmpty else { return nil }
        return value
    }

    private mutating func add(form text: String) throws {
        for pair in text.utf8.split(separator: UInt8(ascii: "&")) {
            let end = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            let name = try RequestParameters.decoded(pair[..<end])
            let value = end < pair.endIndex ? try RequestParameters.decoded(pair[pair.index(after: end)...]) : ""
            values[name] = value
        }
    }

    private static func decoded(_ text: Substring.UTF8View) throws -> String {
        var bytes: [UInt8] = []
        var index = text.startIndex
        while index < text.endIndex {
            let byte = text[index]
            index = text.index(after: index)
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard index < text.endIndex, let high = digit(text[index]), text.index(after: index) < text.endIndex,
                    let low = digit(text[text.index(after: index)])
                else {
                    throw RequestFailure(
                        .badRequest, "bad_parameters", "a % in the parameters is not followed by two hex digits",
                        hint: .both("write %25 for a percent sign"))
                }
                bytes.append(high << 4 | low)
                index = text.index(index, offsetBy: 2)
            default: bytes.append(byte)
            }
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else {
            throw RequestFailure(.badRequest, "bad_parameters", "the parameters are not UTF-8 text")
        }
        return decoded
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private mutating func add(json bytes: [UInt8]) throws {
        let object: [String: JSONScalar]
        do {
            object = try JSONDecoder().decode([String: JSONScalar].self, from: Data(bytes))
        } catch {
            throw RequestFailure(
                .badRequest, "bad_parameters", "the body is not a JSON object of texts and numbers",
                hint: .both(#"send {"q":"traffic[1h] | count()","db":"city"}"#))
        }
        for (name, value) in object { if let text = value.text { values[name] = text } }
    }

    private struct JSONScalar: Decodable {
        var text: String?

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() { return }
            if let text = try? container.decode(String.self) {
                self.text = text
            } else if let flag = try? container.decode(Bool.self) {
                text = flag ? "true" : "false"
            } else if let number = try? container.decode(Int64.self) {
                text = String(number)
            } else {
                text = String(try container.decode(Double.self))
            }
        }
    }
}
