import ArgumentParser
import TramAlerting
import TramColumnar
import TramEngine
import TramLineProtocol
import TramQuery
import TramServer
import TramStorage
import TramStreaming
import TramSystem

/// `tram demo --once`: the main job on the sample city.
struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "See the main job done on a small real city.",
        discussion: """
            Replays the recorded feeds of samples/city through its standing queries and rules, prints the windows and the
            alerts, then asks two questions of the same data.
            """)

    private static let city = "samples/city"
    private static let windowsShown = 8
    private static let eventsShownPerRule = 5

    @Flag(name: .long, help: "Run the recorded feeds once and exit.")
    var once = false

    @Option(name: .long, help: "The folder of the city (default: samples/city, here or above the command).")
    var city: String?

    @OptionGroup var language: LanguageOption

    func validate() throws {
        if !once { throw ValidationError("the demo runs once: tram demo --once") }
    }

    func run() throws {
        let folder = try cityFolder()
        let isVietnamese = language.language == .vi
        var definitions = Definitions(language: language.language)
        try definitions.load(configuration: folder + "/tram.yaml")
        let feeds = try Directory.names(in: folder).filter { $0.hasSuffix(".lp.zst") || $0.hasSuffix(".lp.gz") }
        guard !feeds.isEmpty else { throw Failure(message: "\(folder): no feeds (*.lp.zst)") }

        let session = ReplaySession(definitions: definitions, language: language.language)
        let replay = try session.makeReplay(
            feeds: feeds.map { "\(folder)/\($0)" },
            streams: definitions.streams.map { (name: $0.name.text, query: $0.query.text) }, now: nil, verbose: false)
        var windows = [[WindowResult]](repeating: [], count: replay.streams.count)
        var events: [AlertEvent] = []
        try session.run(replay) { output in
            switch output {
            case .window(let stream, let row): windows[stream].append(row)
            case .alert(let event): events.append(event)
            case .rejected: break
            }
        }

        try say(
            isVietnamese
                ? "Đã phát lại \(replay.summary.lines) bản ghi từ \(feeds.count) tệp số liệu trong \(folder)."
                : "Replayed \(replay.summary.lines) readings of \(feeds.count) feeds in \(folder).")
        for (index, stream) in replay.streams.enumerated() {
            try show(stream, definitions.streams[index].query.text, windows[index], definitions)
        }
        try show(events, definitions)
        for question in [
            "traffic | mean(speed), min(speed), n = count() by commune | bottom 5 mean",
            "air | mean(pm25), p95(pm25, exact), max(pm25) by station",
        ] {
            try ask(question, replay, definitions)
        }
        session.tellSummary(replay)
    }

    /// Windows in the order in which they closed: the last ones.
    private func show(
        _ stream: ContinuousQuery, _ query: String, _ rows: [WindowResult], _ definitions: Definitions
    ) throws {
        let last = rows.suffix(DemoCommand.windowsShown)
        try say(
            language.language == .vi
                ? "\n\(stream.name): \(query)\n\(rows.count) cửa sổ đã đóng, \(last.count) cửa sổ cuối:"
                : "\n\(stream.name): \(query)\n\(rows.count) windows closed, the last \(last.count):")
        try print(QueryResult(columns: stream.columns, rows: last.map(\.values)), definitions)
    }

    private func show(_ events: [AlertEvent], _ definitions: Definitions) throws {
        let shown = definitions.rules.flatMap { rule in
            events.filter { $0.rule == rule.name.text }.suffix(DemoCommand.eventsShownPerRule)
        }
        let counts = AlertEvent.State.allCases.compactMap { state in
            let count = events.count { $0.state == state }
            return count > 0 ? "\(count) \(state.rawValue)" : nil
        }
        let list = counts.joined(separator: ", ")
        try say(
            language.language == .vi
                ? "\nCảnh báo: \(events.count) sự kiện (\(list)); các sự kiện cuối của từng quy tắc:"
                : "\nAlerts: \(events.count) events (\(list)); the last ones of each rule:")
        try print(AlertTable.brief(shown, language.language), definitions)
    }

    private func ask(_ question: String, _ replay: Replay, _ definitions: Definitions) throws {
        try say("\ntram query '\(question)'")
        let source = StoreSource(replay.store.snapshot())
        let newest = source.measurements.compactMap { source.extent(of: $0)?.end }.max()
        let context = QueryContext(
            now: newest ?? 0, zone: definitions.zone, zones: ZoneFiles(), units: definitions.catalogue,
            defaultRange: .all)
        do {
            try print(QueryRunner.run(question, source: source, context: context), definitions)
        } catch let error as QueryError {
            throw Failure(message: error.rendered(in: question, language: language.language))
        }
    }

    private func print(_ result: QueryResult, _ definitions: Definitions) throws {
        try Printing(format: .table, epoch: nil, language: language.language, zone: definitions.zone).write(result)
    }

    private func say(_ text: String) throws {
        try StandardStream.output.write(text + "\n")
    }

    /// The folder asked for; else samples/city here, or beside one of the folders above the command itself.
    private func cityFolder() throws -> String {
        if let city { return city }
        var folders = [DemoCommand.city]
        if var folder = Executable.folder {
            while let slash = folder.lastIndex(of: "/") {
                folders.append("\(folder)/\(DemoCommand.city)")
                folder = String(folder[..<slash])
            }
        }
        for folder in folders where (try? Directory.names(in: folder)) != nil { return folder }
        throw Failure(
            message: language.language == .vi
                ? "không tìm thấy \(DemoCommand.city); chạy trong thư mục dự án hoặc chỉ chỗ: --city DIR"
                : "\(DemoCommand.city) is not here; run in the project's folder, or say where it is: --city DIR")
    }
}
