import TramColumnar
import TramQuery

/// Alert events as JSON, one object a line, keys always in the same order.
public enum AlertEventWriter {
    /// Appends the object, without a line end.
    public static func append(_ event: AlertEvent, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: #"{"rule":"#.utf8)
        JSONText.append(event.rule, to: &bytes)
        bytes.append(contentsOf: #","state":"\#(event.state.rawValue)","at":"#.utf8)
        append(instant: event.at, to: &bytes)
        bytes.append(contentsOf: #","labels":{"#.utf8)
        for (index, label) in event.labels.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            JSONText.append(label.name, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            JSONText.append(label.value, to: &bytes)
        }
        bytes.append(contentsOf: #"},"value":"#.utf8)
        append(event.value, to: &bytes)
        bytes.append(contentsOf: #","severity":"\#(event.severity.rawValue)","window":"#.utf8)
        append(event.window, to: &bytes)
        bytes.append(contentsOf: #","revision":\#(event.revision),"incident":"\#(event.incident)","summary":"#.utf8)
        append(event.summary, to: &bytes)
        if event.isLate { bytes.append(contentsOf: #","late":true"#.utf8) }
        bytes.append(UInt8(ascii: "}"))
    }

    private static func append(_ window: TimeRange?, to bytes: inout [UInt8]) {
        guard let window else {
            bytes.append(contentsOf: "null".utf8)
            return
        }
        bytes.append(contentsOf: #"{"start":"#.utf8)
        append(instant: window.start, to: &bytes)
        bytes.append(contentsOf: #","end":"#.utf8)
        append(instant: window.end, to: &bytes)
        bytes.append(UInt8(ascii: "}"))
    }

    private static func append(_ text: Bilingual, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: #"{"vi":"#.utf8)
        JSONText.append(text.vi, to: &bytes)
        bytes.append(contentsOf: #","en":"#.utf8)
        JSONText.append(text.en, to: &bytes)
        bytes.append(UInt8(ascii: "}"))
    }

    private static func append(instant: Int64, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        Timestamp(nanoseconds: instant).appendRFC3339(to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Durations are their nanoseconds; a float that is no number is null.
    private static func append(_ value: Value, to bytes: inout [UInt8]) {
        switch value {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .float(let number):
            bytes.append(contentsOf: (number.isFinite ? NumberText.shortest(number) : "null").utf8)
        case .int(let number), .duration(let number): bytes.append(contentsOf: String(number).utf8)
        case .uint(let number): bytes.append(contentsOf: String(number).utf8)
        case .bool(let isTrue): bytes.append(contentsOf: (isTrue ? "true" : "false").utf8)
        case .string(let text): JSONText.append(text, to: &bytes)
        case .time(let instant): append(instant: instant, to: &bytes)
        }
    }
}
