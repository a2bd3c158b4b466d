import TramColumnar
import TramLineProtocol

/// One value with its type; floats by their bits, so that -0.0 is not 0.0.
enum Value: Equatable, CustomStringConvertible {
    case float(UInt64)
    case int(Int64)
    case uint(UInt64)
    case bool(Bool)
    case string([UInt8])

    var description: String {
        switch self {
        case .float(let bits): "float \(Double(bitPattern: bits))"
        case .int(let value): "int \(value)"
        case .uint(let value): "uint \(value)"
        case .bool(let value): "bool \(value)"
        case .string(let bytes): "string \(String(decoding: bytes, as: UTF8.self))"
        }
    }
}

/// A row of a batch as a person would write it down.
struct Row: Equatable {
    var line: UInt32
    var measurement: String
    var tags: [TagSet.Tag]
    var fields: [String: Value]
    var time: Int64
}

/// Rows and refusals of a body, in order of lines: what two ways of feeding the same bytes must agree on.
struct Outcome: Equatable {
    var rows: [Row] = []
    var rejected: [RejectedLine] = []
    var rejectedCount = 0
    var lineCount = 0

    init(_ parts: [ParsedBody], _ parser: LineParser) {
        for body in parts {
            rejected += body.rejected
            rejectedCount += body.rejectedCount
            lineCount += body.lineCount
            for batch in body.batches { append(batch, parser) }
        }
        rows.sort { $0.line < $1.line }
    }

    private mutating func append(_ batch: Batch, _ parser: LineParser) {
        for row in 0..<batch.count {
            let key = parser.keys[Int(batch.series[row])]
            var fields: [String: Value] = [:]
            for column in batch.columns where column.values.isPresent(row) {
                let bits = column.values.bits[row]
                precondition(fields[column.name] == nil, "two types of \(column.name) in a row")
                switch column.values.type {
                case .float: fields[column.name] = .float(bits)
                case .int: fields[column.name] = .int(Int64(bitPattern: bits))
                case .uint: fields[column.name] = .uint(bits)
                case .bool: fields[column.name] = .bool(bits == 1)
                case .string: fields[column.name] = .string(Array(batch.text[batch.textRange(bits)]))
                }
            }
            precondition(key.measurement == batch.measurement, "a row in its measurement's batch")
            rows.append(
                Row(
                    line: batch.lines[row], measurement: batch.measurement, tags: key.tags.tags, fields: fields,
                    time: batch.timestamps[row]))
        }
    }
}

/// The clock of every test.
let clock: Int64 = 1_700_000_000_123_456_789

/// Parses `bytes` cut into pieces that end at `cuts`, ascending.
func outcome(
    _ bytes: [UInt8], cuts: [Int] = [], precision: Precision = .nanosecond, takingEachPiece: Bool = false,
    configuration: LineProtocolConfiguration = LineProtocolConfiguration(),
    parser: LineParser? = nil
) -> Outcome {
    let parser = parser ?? LineParser(configuration: configuration)
    parser.begin(precision: precision, now: clock)
    var parts: [ParsedBody] = []
    var start = 0
    for end in cuts + [bytes.count] {
        // A copy of its own, so that an address sanitizer sees a read past the piece.
        let piece = Array(bytes[start..<end])
        unsafe parser.feed(piece.span.bytes)
        if takingEachPiece { parts.append(parser.take()) }
        start = end
    }
    parts.append(parser.finish())
    for batch in parts.flatMap(\.batches) { checkShape(batch) }
    return Outcome(parts, parser)
}

func outcome(_ text: String, precision: Precision = .nanosecond) -> Outcome {
    outcome(Array(text.utf8), precision: precision)
}

/// What every batch promises.
func checkShape(_ batch: Batch) {
    precondition(batch.count > 0 && batch.series.count == batch.count && batch.lines.count == batch.count, "row arrays")
    for column in batch.columns {
        precondition(column.values.count == batch.count, "a column is as long as its batch")
        if let presence = column.values.presence {
            precondition(
                presence.count == batch.count && !presence.isAllSet && presence.setCount > 0, "a needed bitmap")
            for row in 0..<batch.count where !presence[row] {
                precondition(column.values.bits[row] == 0, "an absent value has no bits")
            }
        }
    }
}
