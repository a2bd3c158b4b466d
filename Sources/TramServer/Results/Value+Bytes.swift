import TramColumnar
import TramQuery

// One spelling for every machine-read format: a value looks the same in CSV, in a JSON row and in a live event, but for
// the
// quotes. Durations are text everywhere (`1h30m`), as the query language itself writes them, and stay so with `epoch=`,
// which speaks of instants only.
extension Value {
    /// Appends `plainText`, with times as `epoch` says.
    func appendPlain(epoch: Epoch?, to bytes: inout [UInt8]) {
        switch self {
        case .null: break
        case .float(let number): NumberText.append(number, to: &bytes)
        case .int(let number): NumberText.append(number, to: &bytes)
        case .uint(let number): bytes.append(contentsOf: String(number).utf8)
        case .bool(let isTrue): bytes.append(contentsOf: (isTrue ? "true" : "false").utf8)
        case .string(let text): bytes.append(contentsOf: text.utf8)
        case .time(let instant):
            if let epoch {
                NumberText.append(epoch.count(instant), to: &bytes)
            } else {
                Timestamp(nanoseconds: instant).appendRFC3339(to: &bytes)
            }
        case .duration(let nanoseconds): bytes.append(contentsOf: Value.durationText(nanoseconds).utf8)
        }
    }

    /// Appends the value as a JSON value. A float that is no number, which no query gives, would be null.
    func appendJSON(epoch: Epoch?, to bytes: inout [UInt8]) {
        switch self {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .float(let number) where !number.isFinite: bytes.append(contentsOf: "null".utf8)
        case .string(let text): JSONText.append(text, to: &bytes)
        case .time where epoch == nil, .duration:
            bytes.append(UInt8(ascii: "\""))
            appendPlain(epoch: nil, to: &bytes)
            bytes.append(UInt8(ascii: "\""))
        case .float, .int, .uint, .bool, .time: appendPlain(epoch: epoch, to: &bytes)
        }
    }
}
