import TramAlerting
import TramColumnar
import TramQuery
import TramServer
import TramSystem

/// Alert events on standard output: a line of JSON each as they come, or a table of all of them.
final class AlertOutput {
    private static let flushByteCount = 1 << 16

    private let format: ResultFormat
    private let language: Language
    private let zone: TimeZoneRules
    private var pending: [UInt8] = []
    private var events: [AlertEvent] = []

    init(format: ResultFormat, language: Language, zone: TimeZoneRules) {
        self.format = format
        self.language = language
        self.zone = zone
    }

    func write(_ event: AlertEvent) throws {
        guard format == .ndjson else {
            events.append(event)
            return
        }
        AlertEventWriter.append(event, to: &pending)
        pending.append(UInt8(ascii: "\n"))
        try flush(ifOver: AlertOutput.flushByteCount)
    }

    /// A line of its own between the events.
    func write(line: [UInt8]) throws {
        pending += line
        pending.append(UInt8(ascii: "\n"))
        try flush(ifOver: AlertOutput.flushByteCount)
    }

    func finish() throws {
        switch format {
        case .ndjson: break
        case .json:
            pending.append(UInt8(ascii: "["))
            for (index, event) in events.enumerated() {
                if index > 0 { pending += [UInt8(ascii: ","), UInt8(ascii: "\n")] }
                AlertEventWriter.append(event, to: &pending)
            }
            pending += [UInt8(ascii: "]"), UInt8(ascii: "\n")]
        case .csv, .table:
            try Printing(format: format, epoch: nil, language: language, zone: zone).write(
                AlertTable.result(events, language))
        }
        try flush(ifOver: 0)
    }

    private func flush(ifOver limit: Int) throws {
        guard pending.count > limit else { return }
        try StandardStream.output.write(pending)
        pending.removeAll(keepingCapacity: true)
    }
}

/// Alert events as rows of a result.
enum AlertTable {
    static func result(_ events: [AlertEvent], _ language: Language) -> QueryResult {
        QueryResult(
            columns: [
                ColumnInfo(name: "at", type: .time), ColumnInfo(name: "state", type: .string),
                ColumnInfo(name: "severity", type: .string), ColumnInfo(name: "rule", type: .string),
                ColumnInfo(name: "labels", type: .string), ColumnInfo(name: "value", type: .string),
                ColumnInfo(name: "summary", type: .string), ColumnInfo(name: "incident", type: .string),
            ],
            rows: events.map { event in
                [
                    .time(event.at), .string(event.state.rawValue), .string(event.severity.rawValue),
                    .string(event.rule),
                    .string(event.labels.map { "\($0.name)=\($0.value)" }.joined(separator: ",")),
                    .string(event.value.plainText), .string(event.summary.text(language)), .string(event.incident),
                ]
            })
    }

    /// Only what a person reads first.
    static func brief(_ events: [AlertEvent], _ language: Language) -> QueryResult {
        QueryResult(
            columns: [
                ColumnInfo(name: "at", type: .time), ColumnInfo(name: "state", type: .string),
                ColumnInfo(name: "severity", type: .string), ColumnInfo(name: "rule", type: .string),
                ColumnInfo(name: "summary", type: .string),
            ],
            rows: events.map { event in
                [
                    .time(event.at), .string(event.state.rawValue), .string(event.severity.rawValue),
                    .string(event.rule), .string(event.summary.text(language)),
                ]
            })
    }
}
