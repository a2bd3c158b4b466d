import TramColumnar
import TramQuery

/// A JSON object that is written key by key, in the order of the calls. O(bytes).
struct JSONObject {
    private var text: [UInt8] = [UInt8(ascii: "{")]

    /// The whole object.
    var bytes: [UInt8] { text + [UInt8(ascii: "}")] }

    /// Writes a key, for a value that is appended raw.
    private mutating func begin(_ key: String) {
        if text.count > 1 { text.append(UInt8(ascii: ",")) }
        JSONText.append(key, to: &text)
        text.append(UInt8(ascii: ":"))
    }

    mutating func add(_ key: String, raw: [UInt8]) {
        begin(key)
        text.append(contentsOf: raw)
    }

    /// Nil becomes `null`.
    mutating func add(_ key: String, _ value: String?) {
        begin(key)
        if let value { JSONText.append(value, to: &text) } else { text.append(contentsOf: "null".utf8) }
    }

    mutating func add(_ key: String, _ value: Int?) {
        add(key, raw: Array((value.map(String.init) ?? "null").utf8))
    }

    mutating func add(_ key: String, _ value: Bool) {
        add(key, raw: Array((value ? "true" : "false").utf8))
    }

    /// An instant as RFC 3339 in UTC.
    mutating func add(_ key: String, instant: Int64?) {
        begin(key)
        guard let instant else { return text.append(contentsOf: "null".utf8) }
        text.append(UInt8(ascii: "\""))
        Timestamp(nanoseconds: instant).appendRFC3339(to: &text)
        text.append(UInt8(ascii: "\""))
    }

    mutating func add(_ key: String, array values: [[UInt8]]) {
        add(key, raw: JSONObject.array(values))
    }

    mutating func add(_ key: String, texts: [String]) {
        add(key, array: texts.map(JSONObject.text))
    }

    static func array(_ values: [[UInt8]]) -> [UInt8] {
        var bytes: [UInt8] = [UInt8(ascii: "[")]
        for (index, value) in values.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: value)
        }
        bytes.append(UInt8(ascii: "]"))
        return bytes
    }

    static func text(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        JSONText.append(text, to: &bytes)
        return bytes
    }
}
