import ArgumentParser
import TramColumnar
import TramEngine
import TramLineProtocol
import TramQuery
import TramServer
import TramStorage
import TramSystem

/// `tram query`: one question over recorded feeds.
struct QueryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query",
        abstract: "Ask one question in TQL over recorded feeds.",
        discussion: """
            Feeds are line protocol: plain, .gz or .zst, or - for standard input. Without a range a query reads the whole
            feed, and "now" is the newest timestamp plus a nanosecond, so the answer is the same on every run.

              tram query --feed day.lp.zst 'traffic | mean(speed) by sensor every 15m'
            """)

    @Option(name: .long, help: "A feed to load for the occasion; may be given several times.")
    var feed: [String] = []

    @Option(name: .long, help: "The unit of the feeds' timestamps: ns, us, ms, s, m, h or auto (default: ns).")
    var precision: Precision?

    @Option(name: .long, help: "A YAML file with a catalogue: section (units and stations).")
    var catalogue: String?

    @Option(name: .long, help: "What \"now\" is: RFC 3339 or nanoseconds since 1970.")
    var now: InstantArgument?

    @Option(name: .long, help: "table, csv, json or ndjson (default: table on a terminal, else csv).")
    var format: ResultFormat?

    @Option(name: .long, help: "Times as whole numbers: ns, us, ms or s since 1970.")
    var epoch: Epoch?

    @OptionGroup var language: LanguageOption

    @Argument(help: "The query, in quotes.")
    var query: String

    func validate() throws {
        if feed.isEmpty { throw ValidationError("give at least one feed: --feed FILE") }
    }

    func run() throws {
        var definitions = Definitions(language: language.language)
        if let catalogue { try definitions.load(catalogue: catalogue) }
        // A mistake in the text is told before a long feed is read.
        try said { () throws(QueryError) in _ = try QueryParser.parse(query) }
        let store = try load(feed, language: language.language)
        let source = StoreSource(store.snapshot())
        let newest = source.measurements.compactMap { source.extent(of: $0)?.end }.max()
        let context = QueryContext(
            now: now?.nanoseconds ?? newest ?? 0, zone: definitions.zone, zones: ZoneFiles(),
            units: definitions.catalogue, defaultRange: .all)
        let result = try said { () throws(QueryError) in
            try QueryRunner.run(query, source: source, context: context)
        }
        for warning in result.warnings { Talk.line(warning.text(language.language)) }
        try Printing(format: format, epoch: epoch, language: language.language, zone: definitions.zone).write(result)
    }

    private func said<Result>(_ work: () throws(QueryError) -> Result) throws -> Result {
        do {
            return try work()
        } catch {
            throw Failure(message: error.rendered(in: query, language: language.language))
        }
    }

    /// Every good line of the feeds in one store; bad ones are told, the first of them with their place.
    private func load(_ feeds: [String], language: Language) throws -> Store {
        let replay: Replay
        do {
            let readers = try feeds.map { path throws(FeedError) in try FeedReader(path: path) }
            replay = try Replay(
                feeds: readers, rules: [], streams: [],
                context: QueryContext(now: 0, zone: .utc, zones: ZoneFiles()), now: now?.nanoseconds,
                precision: precision ?? .nanosecond)
            let progress = Progress(language == .vi ? "đang nạp" : "loading")
            let rejected = RejectedLines(language: language)
            try replay.run(
                tick: { progress.show(replay.progress.read, of: replay.progress.total) },
                tell: { output in
                    if case .rejected(let feed, let line) = output { rejected.tell(feed, line) }
                })
            progress.clear()
            rejected.warnOfEarlyTimes(replay)
            rejected.summarise(replay.summary.rejectedByClass)
        } catch let error as FeedError {
            throw Failure(message: error.description)
        } catch ReplayError.feed(let error) {
            throw Failure(message: error.description)
        }
        return replay.store
    }
}
