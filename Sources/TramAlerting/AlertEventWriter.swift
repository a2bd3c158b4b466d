import TramColumnar
import TramQuery

/// Alert events as JSON, one object a line, keys always in the same order.
public enum AlertEventWriter {
    /// Appends the object, without a line end.
    public static func append(_ event: AlertEvent, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: #"{"rule":"#.utf8)
        append(event.rule, to: &bytes)
        bytes.append(contentsOf: #","state":"\#(event.state.rawValue)","at":"#.utf8)
        append(instant: event.at, to: &bytes)
        bytes.append(contentsOf: #","labels":{"#.utf8)
        for (index, label) in event.labels.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            append(label.name, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            append(label.value, to: &bytes)
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
        append(text.vi, to: &bytes)
        bytes.append(contentsOf: #","en":"#.utf8)
        append(text.en, to: &bytes)
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
        case .string(let text): append(text, to: &bytes)
        case .time(let instant): append(instant: instant, to: &bytes)
        }
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        let hex = Array("0123456789abcdef".utf8)
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(contentsOf: [UInt8(ascii: "\\"), byte])
            case UInt8(ascii: "\n"): bytes.append(contentsOf: #"\n"#.utf8)
            case UInt8(ascii: "\r"): bytes.append(contentsOf: #"\r"#.utf8)
            case UInt8(ascii: "\t"): bytes.append(contentsOf: #"\t"#.utf8)
            case 0..<0x20:
                bytes.append(contentsOf: #"\u00"#.utf8)
                bytes.append(contentsOf: [hex[Int(byte >> 4)], hex[Int(byte & 15)]])
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
