import ArgumentParser
import TramColumnar
import TramEngine
import TramLineProtocol
import TramQuery
import TramServer
import TramStorage
import TramSystem

/// `tram query`: one question, to a server, to a closed data directory or over recorded feeds.
struct QueryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query",
        abstract: "Ask one question in TQL: a server, a closed data directory, or recorded feeds.",
        discussion: """
            Without --feed a server is asked, the one on this machine unless --url says another. A source without a
            range then means the last hour: traffic[1h]; traffic[all] is everything.

              tram query 'traffic[today] | mean(speed) by sensor every 15m'

            With --data a directory is asked that no server has. Nothing in it is changed; ranges mean what they mean for a
            server. Damage that is met is told on standard error, and the rest is answered.

              tram query --data tram-data --db city 'traffic[all] | count()'

            Feeds are line protocol: plain, .gz or .zst, or - for standard input. Without a range a query reads the
            whole feed, and "now" is the newest timestamp plus a nanosecond, so the answer is the same on every run.

              tram query --feed day.lp.zst 'traffic | mean(speed) by sensor every 15m'

            Exit status: 0 answered, 1 not, 2 wrong usage, 3 a server has the directory of --data, 5 it is of a newer format.
            """)

    private static let defaultURL = "http://127.0.0.1:8086"

    @Option(name: .long, help: "The server to ask (default: http://127.0.0.1:8086).")
    var url: String?

    @Option(name: .long, help: "A data directory to ask that no server has.")
    var data: String?

    @Option(
        name: .long,
        help: "The database of a server or directory (default: the only one there is, else the one called default).")
    var db: String?

    @Option(name: .long, parsing: .singleValue, help: "A feed to load for the occasion; may be given several times.")
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
        let sources = (url == nil ? 0 : 1) + (data == nil ? 0 : 1) + (feed.isEmpty ? 0 : 1)
        if sources > 1 {
            throw ValidationError(
                "a question goes to a server (--url), to a data directory (--data) or to feeds (--feed), to one of them"
            )
        }
        if !feed.isEmpty, db != nil {
            throw ValidationError("a question goes to a server (--url, --db) or to feeds (--feed), not to both")
        }
        if feed.isEmpty {
            if catalogue != nil, data == nil {
                throw ValidationError("--catalogue goes with --feed or --data; a server has its own")
            }
            if precision != nil { throw ValidationError("--precision goes with --feed") }
        }
    }

    func run() async throws {
        if let data {
            try ask(directory: data)
        } else if feed.isEmpty {
            try await askServer()
        } else {
            try askFeeds()
        }
    }

    // MARK: - A data directory

    private func ask(directory path: String) throws {
        let language = language.language
        var definitions = Definitions(language: language)
        if let catalogue { try definitions.load(catalogue: catalogue) }
        // A mistake in the text is told before much is read.
        try said { () throws(QueryError) in _ = try QueryParser.parse(query) }
        let closed = try ClosedDirectory(path, for: .look, language)
        let database: DataDirectory.Entry
        do {
            database = try closed.directory.database(db)
        } catch {
            throw Failure(message: QueryCommand.message(error, path, language))
        }
        try closed.whileHeld {
            let store: Store
            do throws(StorageError) {
                store = try Store(lookingAt: database.folder)
            } catch {
                throw ClosedDirectory.failure(database.name, error)
            }
            for line in ClosedDirectory.warnings(database.name, store.recovery, language) { Talk.line(line) }
            var context = QueryContext(
                now: now?.nanoseconds ?? SystemTime().now(), zone: definitions.zone, zones: ZoneFiles(),
                units: definitions.catalogue, defaultRange: .lastHour)
            context.workers = QueryThreads.workers
            var result = try said { () throws(QueryError) in
                try QueryRunner.run(query, source: StoreSource(store.snapshot()), context: context)
            }
            let damages = store.damagedBlocks
            for line in ClosedDirectory.warnings(database.name, damages, store, language) { Talk.line(line) }
            // What could not be opened is missing from every answer, what could not be read from this one.
            let isDegraded = store.recovery.map { $0.log.isDegraded || $0.segments.isDegraded } ?? false
            if isDegraded || !damages.isEmpty { result.isPartial = true }
            for warning in result.warnings { Talk.line(warning.text(language)) }
            try Printing(format: format, epoch: epoch, language: language, zone: definitions.zone).write(result)
        }
    }

    private static func message(_ error: EngineError, _ path: String, _ language: Language) -> String {
        let isVietnamese = language == .vi
        func list(_ names: [String]) -> String { TerminalText.printable(names.joined(separator: ", ")) }
        switch error {
        case .databaseNotFound(let name, let known):
            return isVietnamese
                ? "\(path) không có cơ sở dữ liệu \"\(name)\"; có: \(list(known))"
                : "\(path) has no database \"\(name)\"; it has: \(list(known))"
        case .databaseNeeded(let known):
            return isVietnamese
                ? "\(path) có nhiều cơ sở dữ liệu; chọn một bằng --db: \(list(known))"
                : "\(path) has several databases; say which with --db: \(list(known))"
        default:
            return isVietnamese ? "\(path) chưa có cơ sở dữ liệu nào" : "\(path) has no database"
        }
    }

    // MARK: - A server

    private func askServer() async throws {
        let url = url ?? QueryCommand.defaultURL
        let language = language.language
        let printing = Printing(format: format, epoch: epoch, language: language, zone: .hoChiMinh)
        do {
            let client = try QueryClient(url: url)
            let question = QueryClient.Question(
                query, database: db, now: now?.nanoseconds, language: language, epoch: epoch)
            guard printing.isTable else {
                try await client.stream(question, format: printing.chosenFormat) { try StandardStream.output.write($0) }
                return
            }
            // Instants are the table's to write, on the clock of its zone.
            var plain = question
            plain.epoch = nil
            let result = try await client.result(plain)
            for warning in result.warnings { Talk.line(warning.text(language)) }
            try printing.write(result)
        } catch let failure as QueryClient.Failure {
            throw Failure(message: message(failure, url, language))
        }
    }

    private func message(_ failure: QueryClient.Failure, _ url: String, _ language: Language) -> String {
        let isVietnamese = language == .vi
        switch failure {
        case .slow(let seconds):
            return isVietnamese
                ? "máy chủ \(url) đang chạy nhưng chưa trả lời sau \(seconds) giây; thu hẹp câu hỏi, hoặc hỏi lại sau"
                : "the server at \(url) is there but has not answered in \(seconds) seconds; ask for less, or again later"
        case .unreachable(let reason):
            return isVietnamese
                ? "không có máy chủ Trạm nào trả lời tại \(url) (\(reason))\nkhởi động: tram serve    máy chủ khác: --url http://HOST:PORT    hỏi tệp số liệu: --feed TỆP    hỏi thư mục dữ liệu: --data DIR"
                : "no Tram server answers at \(url) (\(reason))\nstart one: tram serve    ask another: --url http://HOST:PORT    ask a recorded feed: --feed FILE    ask a data directory: --data DIR"
        case .refused(let answer, _):
            return answer.rendered(in: query, language: language)
        case .foreign(let status):
            return isVietnamese
                ? "\(url) trả lời (\(status)), nhưng không phải máy chủ Trạm"
                : "what answers at \(url) (\(status)) is no Tram server"
        case .badURL:
            return isVietnamese
                ? "\(url) không phải địa chỉ máy chủ; viết http://HOST:PORT"
                : "\(url) is not the address of a server; write http://HOST:PORT"
        }
    }

    // MARK: - Feeds

    private func askFeeds() throws {
        var definitions = Definitions(language: language.language)
        if let catalogue { try definitions.load(catalogue: catalogue) }
        // A mistake in the text is told before a long feed is read.
        try said { () throws(QueryError) in _ = try QueryParser.parse(query) }
        let store = try load(feed, language: language.language)
        let source = StoreSource(store.snapshot())
        let newest = source.measurements.compactMap { source.extent(of: $0)?.end }.max()
        var context = QueryContext(
            now: now?.nanoseconds ?? newest ?? 0, zone: definitions.zone, zones: ZoneFiles(),
            units: definitions.catalogue, defaultRange: .all)
        context.workers = QueryThreads.workers
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
