import ArgumentParser
import TramColumnar
import TramEngine
import TramFederation
import TramQuery
import TramServer
import TramSystem

/// `tram units`: the administrative tree.
struct UnitsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "units", abstract: "List, search and check the administrative units of the catalogue.",
        subcommands: [List.self, CatalogueCheckCommand.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List units, or search them by name, with diacritics or without.",
            discussion: """
                Asks the server on this machine, the one at --url, or the tables of --catalogue. Units stand in the order
                of their levels, then of the Vietnamese alphabet; of a search the best answers first.

                  tram units list hai phong
                  tram units list --level commune --parent 31 --format csv
                  tram units list --catalogue tram.yaml --at 2025-06-30 --level district

                Exit status: 0 listed, also when nothing was found; 1 not; 2 wrong usage.
                """)

        @OptionGroup var listing: ListingOptions

        @Option(name: .long, help: "Only units of this level.")
        var level: String?

        @Option(name: .long, help: "Only units that lie directly in the unit with this code.")
        var parent: String?

        @Argument(help: "A part of a name, or a code.")
        var name: [String] = []

        func run() async throws {
            let search = listing.search(name)
            try await listing.write(
                "/api/tram/units", ["search": search, "level": level, "parent": parent]
            ) { catalogue, instant in
                if let level { try listing.check("level", level, among: catalogue.levels) }
                if let parent { try listing.check("parent", unit: parent, catalogue) }
                let question = UnitQuestion(search: search, level: level, parent: parent, instant: instant)
                return CatalogueTables.units(catalogue, question, limit: listing.limit)
            }
        }
    }
}

/// `tram stations`: what stands in the units.
struct StationsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stations", abstract: "List, search and check the stations of the catalogue.",
        subcommands: [List.self, CatalogueCheckCommand.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List stations, or search them by id, name or unit.",
            discussion: """
                Asks the server on this machine, the one at --url, or the tables of --catalogue.

                  tram stations list --unit 31
                  tram stations list ha noi

                Exit status: 0 listed, also when nothing was found; 1 not; 2 wrong usage.
                """)

        @OptionGroup var listing: ListingOptions

        @Option(name: .long, help: "Only stations in the subtree of the unit with this code.")
        var unit: String?

        @Option(name: .long, help: "Only stations that readings name by this tag.")
        var tag: String?

        @Argument(help: "A part of an id, of a name, or of the unit's name.")
        var name: [String] = []

        func run() async throws {
            let search = listing.search(name)
            try await listing.write(
                "/api/tram/stations", ["search": search, "unit": unit, "tag": tag]
            ) { catalogue, instant in
                if let tag { try listing.check("tag", tag, among: catalogue.stationTags) }
                if let unit { try listing.check("unit", unit: unit, catalogue) }
                let question = StationQuestion(search: search, unit: unit, tag: tag, instant: instant)
                return CatalogueTables.stations(catalogue, question, limit: listing.limit)
            }
        }
    }
}

/// What both lists take.
struct ListingOptions: ParsableArguments {
    @Option(name: .long, help: "The server to ask (default: http://127.0.0.1:8086).")
    var url: String?

    @Option(name: .long, help: "A YAML file with a catalogue: section, instead of a server.")
    var catalogue: String?

    @Option(name: .customLong("search"), help: "A part of a name; the same as the words behind the command.")
    var searched: String?

    @Option(
        name: .long, help: "Rows that hold at this time: today, a day, an instant; all for every row (default: now).")
    var at: String?

    @Option(name: .long, help: "Rows at most.")
    var limit: Int?

    @Option(name: .long, help: "table, csv, json or ndjson (default: table on a terminal, else csv).")
    var format: ResultFormat?

    @OptionGroup var language: LanguageOption

    func validate() throws {
        if url != nil, catalogue != nil {
            throw ValidationError("a server is asked (--url) or tables (--catalogue), not both")
        }
        if let limit, limit < 0 { throw ValidationError("--limit takes a number of rows") }
        if let at, CatalogueTime(at, now: 0, zone: .hoChiMinh) == nil {
            throw ValidationError("--at takes today, a day such as 2025-06-30, an instant, or all; this is: \(at)")
        }
    }

    /// Everything of the server; it gives no more than this at once.
    private static let everything = 100_000
    private static let defaultURL = "http://127.0.0.1:8086"

    func search(_ words: [String]) -> String? {
        let text = ([searched].compactMap { $0 } + words).joined(separator: " ")
        return text.isEmpty ? nil : text
    }

    func check(_ name: String, _ value: String, among known: [String]) throws {
        guard !known.contains(value) else { return }
        let near = Suggestions.closest(to: value, among: known).first
        let list = known.joined(separator: ", ")
        throw Failure(
            message: language.language == .vi
                ? "danh mục không có \(name) \"\(value)\"\(near.map { "; có phải \"\($0)\"?" } ?? ""); có: \(list)"
                : "the catalogue has no \(name) \"\(value)\"\(near.map { "; did you mean \"\($0)\"?" } ?? ""); there are: \(list)"
        )
    }

    func check(_ name: String, unit code: String, _ catalogue: Catalogue) throws {
        guard !catalogue.hasUnit(code: code) else { return }
        throw Failure(
            message: language.language == .vi
                ? "--\(name) \(code): danh mục không có đơn vị mã này; mã là chuỗi, giữ số 0 ở đầu"
                : "--\(name) \(code): the catalogue has no unit with this code; codes are text and keep leading zeros")
    }

    /// Asks where it was told to and writes what came.
    func write(
        _ path: String, _ parameters: KeyValuePairs<String, String?>, _ list: (Catalogue, Int64?) throws -> QueryResult
    ) async throws {
        let language = language.language
        var zone = TimeZoneRules.hoChiMinh
        let result: QueryResult
        if let file = catalogue {
            var definitions = Definitions(language: language)
            try definitions.load(catalogue: file)
            zone = definitions.zone
            let now = SystemTime().now()
            let time = at.flatMap { CatalogueTime($0, now: now, zone: zone) } ?? .at(now)
            result = try list(definitions.catalogue ?? Catalogue(), time.instant)
        } else {
            let url = url ?? ListingOptions.defaultURL
            do {
                var all = parameters.map { ($0.key, $0.value) }
                all += [("at", at), ("limit", "\(limit ?? ListingOptions.everything)"), ("lang", language.rawValue)]
                result = try await QueryClient(url: url).list(path, all)
            } catch let failure as QueryClient.Failure {
                throw Failure(message: failure.message(url, "", language))
            }
        }
        for warning in result.warnings { Talk.line(warning.text(language)) }
        try Printing(format: format, epoch: nil, language: language, zone: zone).write(result)
    }
}

/// `tram units check` and `tram stations check`: the tables of a catalogue, for whoever keeps them.
struct CatalogueCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check the tables of a catalogue: units, levels, times, stations.",
        discussion: """
            FILE is a YAML file with a catalogue: section, or a table of units (.csv). One row a fault, with file, line and
            what to do: codes used twice at a time, unknown parents, circles, levels out of order, stations in unknown
            units; as warnings, siblings of one name, and times at which a parent or a station's unit is not there.

              tram units check tram.yaml

            Exit status: 0 the tables can be used, with warnings or without; 1 they cannot; 2 wrong usage.
            """)

    @Option(name: .long, help: "table, csv, json or ndjson (default: table on a terminal, else csv).")
    var format: ResultFormat?

    @Option(name: .long, help: "A YAML file with a catalogue: section; the same as FILE.")
    var catalogue: String?

    @OptionGroup var language: LanguageOption

    @Argument(help: "A YAML file with a catalogue: section, or a table of units.")
    var file: String?

    func validate() throws {
        if (file == nil) == (catalogue == nil) { throw ValidationError("name one file: tram units check tram.yaml") }
    }

    func run() throws {
        let language = language.language
        let path = file ?? catalogue ?? ""
        let checked = try Definitions(language: language).check(catalogue: path)
        var table = RowTable([
            "file": .string, "line": .int, "severity": .string, "message": .string, "mend": .string,
        ])
        for (errors, severity) in [(checked.errors, "error"), (checked.remarks, "warning")] {
            for error in errors {
                table.append([
                    .text(error.file), .count(error.line), .string(severity), .text(error.message.text(language)),
                    .text(error.hint?.text(language)),
                ])
            }
        }
        try table.write(format, language)
        if Printing(format: format, epoch: nil, language: language, zone: .utc).isTable {
            // A table cuts long cells.
            for error in checked.errors + checked.remarks {
                Talk.line(TerminalText.printable(error.rendered(language)))
            }
        }
        let units = checked.catalogue?.allUnits.count ?? 0
        let stations = checked.catalogue?.stationCount ?? 0
        let warnings = checked.remarks.count
        if checked.catalogue == nil {
            throw Failure(
                message: language == .vi
                    ? "\(path): \(checked.errors.count) lỗi, \(warnings) cảnh báo"
                    : "\(path): \(checked.errors.count) \(checked.errors.count == 1 ? "mistake" : "mistakes"), \(warnings) \(warnings == 1 ? "warning" : "warnings")"
            )
        }
        let levels = checked.catalogue?.levels.joined(separator: " > ") ?? ""
        Talk.line(
            language == .vi
                ? "\(path): \(units) đơn vị (\(levels)), \(stations) trạm, \(warnings) cảnh báo"
                : "\(path): \(units) units (\(levels)), \(stations) stations, \(warnings) \(warnings == 1 ? "warning" : "warnings")"
        )
    }
}
