import ArgumentParser
import TramAlerting
import TramColumnar
import TramEngine
import TramLineProtocol
import TramQuery
import TramStreaming
import TramServer
import TramSystem

/// `tram run`: recorded feeds through standing queries and rules.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Replay recorded feeds through rules and standing queries.",
        discussion: """
            Event time is the feed's own, so the output is the same on every run. Alert events go to standard output, one
            JSON object a line, then a summary to standard error. Nothing is kept.

              tram run --rules traffic.yaml day.lp.zst
            """)

    @Option(name: .long, parsing: .singleValue, help: "A rules file; may be given several times.")
    var rules: [String] = []

    @Option(name: .long, help: "The unit of the feeds' timestamps: ns, us, ms, s, m, h or auto (default: ns).")
    var precision: Precision?

    @Option(name: .long, help: "A YAML file with a catalogue: section (units and stations).")
    var catalogue: String?

    @Option(name: .long, help: "A configuration file: its time zone, catalogue, standing queries and rules.")
    var config: String?

    @Option(
        name: .long, parsing: .singleValue,
        help: "A standing query whose windows are printed too, as NAME=TQL; may be given several times.")
    var stream: [String] = []

    @Option(name: .long, help: "ndjson (default), json, csv or table.")
    var format: ResultFormat = .ndjson

    @Option(name: .long, help: "The time of lines that have none: RFC 3339 or nanoseconds since 1970.")
    var now: InstantArgument?

    @Flag(name: .long, help: "Print pending events too.")
    var verbose = false

    @OptionGroup var language: LanguageOption

    @Argument(help: "Feeds of line protocol: plain, .gz or .zst, or - for standard input.")
    var feeds: [String]

    func validate() throws {
        if feeds.isEmpty { throw ValidationError("give at least one feed") }
        for text in stream where !text.contains("=") {
            throw ValidationError("a standing query is NAME=TQL, this is: \(text)")
        }
        if !stream.isEmpty && format != .ndjson {
            throw ValidationError("windows of --stream come as ndjson only")
        }
    }

    func run() throws {
        var definitions = Definitions(language: language.language)
        if let config { try definitions.load(configuration: config) }
        if let catalogue { try definitions.load(catalogue: catalogue) }
        try definitions.load(rules: rules)
        var streams = definitions.streams.map { (name: $0.name.text, query: $0.query.text) }
        // Those of a configuration run, but their windows are printed only when they are asked for here.
        let firstPrinted = streams.count
        for text in stream {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            streams.append((name: String(parts[0]), query: String(parts[1])))
        }

        let session = ReplaySession(definitions: definitions, language: language.language)
        let replay = try session.makeReplay(
            feeds: feeds, streams: streams, now: now?.nanoseconds, precision: precision ?? .nanosecond,
            verbose: verbose)
        let events = AlertOutput(format: format, language: language.language, zone: definitions.zone)
        try session.run(replay) { output in
            switch output {
            case .alert(let event): try events.write(event)
            case .window(let stream, let result) where stream >= firstPrinted:
                var line: [UInt8] = []
                // Columns are looked up each time: a level's name or a new field joins them with the first rows.
                let query = replay.streams[stream]
                WindowRowWriter(name: query.name, columns: query.columns).append(result, isFinal: true, to: &line)
                try events.write(line: line)
            case .window, .rejected: break
            }
        }
        try events.finish()
        session.tellSummary(replay)
    }
}
