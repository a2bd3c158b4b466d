import TramAlerting
import TramColumnar
import TramEngine
import TramLineProtocol
import TramQuery
import TramStreaming
import TramSystem

/// A replay as a command runs it: with progress, refused lines told, and errors placed in the files they come from.
final class ReplaySession {
    private let definitions: Definitions
    private let language: Language
    private let progress: Progress

    init(definitions: Definitions, language: Language) {
        self.definitions = definitions
        self.language = language
        progress = Progress(language == .vi ? "đang phát lại" : "replaying")
    }

    func makeReplay(
        feeds: [String], streams: [(name: String, query: String)], now: Int64?, precision: Precision = .nanosecond,
        verbose: Bool
    ) throws -> Replay {
        try said(streams) {
            let readers = try feeds.map { path throws(FeedError) in try FeedReader(path: path) }
            let context = QueryContext(
                now: now ?? 0, zone: definitions.zone, zones: ZoneFiles(), units: definitions.catalogue,
                defaultRange: .all)
            return try Replay(
                feeds: readers, rules: definitions.ruleTexts, streams: streams, context: context, now: now,
                precision: precision, includesPending: verbose)
        }
    }

    /// Runs to the end; refused lines are told here, all else goes to `tell`.
    func run(_ replay: Replay, tell: (Replay.Output) throws -> Void) throws {
        let rejected = RejectedLines(language: language)
        defer { progress.clear() }
        try said(replay.streams.map { (name: $0.name, query: "") }) {
            try replay.run(
                tick: { progress.show(replay.progress.read, of: replay.progress.total) },
                tell: { output in
                    if case .rejected(let feed, let line) = output { rejected.tell(feed, line) }
                    try tell(output)
                })
        }
        progress.clear()
        try definitions.checkSummaries(replay.rules)
        rejected.warnOfEarlyTimes(replay)
        rejected.summarise(replay.summary.rejectedByClass)
        for query in replay.streams + replay.rules.map(\.query) {
            for warning in query.warnings { Talk.line("\(query.name): \(warning.text(language))") }
        }
    }

    private func said<Result>(_ streams: [(name: String, query: String)], _ work: () throws -> Result) throws -> Result
    {
        do {
            return try work()
        } catch let error as FeedError {
            throw Failure(message: error.description)
        } catch ReplayError.feed(let error) {
            throw Failure(message: error.description)
        } catch ReplayError.rule(let index, let error) {
            throw definitions.failure(rule: index, error)
        } catch ReplayError.stream(let index, let error) {
            throw Failure(
                message: "\(streams[index].name): \(error.rendered(in: streams[index].query, language: language))")
        }
    }

    func tellSummary(_ replay: Replay) {
        let summary = replay.summary
        let seconds = progress.elapsedSeconds
        let states = AlertEvent.State.allCases.compactMap { state in
            summary.alerts[state].map { "\($0) \(state.rawValue)" }
        }
        let isVietnamese = language == .vi
        var rows: [(String, String)] = [
            (isVietnamese ? "dòng" : "lines", String(summary.lines)),
            (isVietnamese ? "điểm" : "points", String(summary.newPoints)),
            (isVietnamese ? "bị từ chối" : "refused", String(summary.rejected)),
            (isVietnamese ? "cửa sổ" : "windows", String(summary.windows)),
            (isVietnamese ? "cảnh báo" : "alerts", states.isEmpty ? "0" : states.joined(separator: ", ")),
        ]
        if summary.droppedLate > 0 {
            rows.append((isVietnamese ? "quá trễ" : "too late", String(summary.droppedLate)))
        }
        for measurement in summary.measurements {
            let from = measurement.extent.map { Timestamp(nanoseconds: $0.start).rfc3339 } ?? ""
            let to = measurement.extent.map { Timestamp(nanoseconds: $0.end - 1).rfc3339 } ?? ""
            rows.append(
                (
                    measurement.name,
                    isVietnamese
                        ? "\(measurement.points) điểm, \(measurement.series) chuỗi, \(measurement.fields) trường, \(from) … \(to)"
                        : "\(measurement.points) points, \(measurement.series) series, \(measurement.fields) \(measurement.fields == 1 ? "field" : "fields"), \(from) … \(to)"
                ))
        }
        let width = rows.map(\.0.count).max() ?? 0
        for (name, value) in rows {
            Talk.line("  \(name)\(String(repeating: " ", count: width - name.count))  \(value)")
        }
        let rate = seconds > 0 ? Int(Double(summary.lines) / seconds) : 0
        let megabytes = Double(summary.bytes) / 1e6
        func short(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
        Talk.line(
            isVietnamese
                ? "  \(short(megabytes)) MB trong \(short(seconds)) s: \(rate) dòng/s, \(short(megabytes / max(seconds, 1e-9))) MB/s"
                : "  \(short(megabytes)) MB in \(short(seconds)) s: \(rate) lines/s, \(short(megabytes / max(seconds, 1e-9))) MB/s"
        )
    }
}
