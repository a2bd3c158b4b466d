import TramAlerting
import TramColumnar
import TramEngine
import TramFederation
import TramQuery
import TramServer
import TramStreaming
import TramSystem

/// Reads definition files for a command: configuration, catalogue, rules. Everything wrong in them is said at once.
struct Definitions {
    private static let maximumBytes = 64 << 20

    let language: Language
    private(set) var zone: TimeZoneRules
    private(set) var catalogue: Catalogue?
    private(set) var rules: [RuleDefinition] = []
    private(set) var streams: [ConfigurationFile.Stream] = []
    private(set) var policies: [LatePolicy] = []
    /// The database that each rule reads; nil for every one.
    private var ruleDatabases: [String?] = []
    /// The section that named the catalogue, and the tables that it names.
    private var section: CatalogueFile?
    private(set) var catalogueFiles: [String] = []
    /// Those tables as they were just before they were read; nil for one that cannot be.
    private(set) var catalogueStamps: [String: File.Stamp?] = [:]
    /// Equal for equal sections and tables, within this process.
    private(set) var catalogueID = 0
    /// The configuration file, where one was loaded.
    private(set) var configuration: ConfigurationFile?
    private var allowedLateness: Int64?

    init(language: Language) {
        self.language = language
        zone = .hoChiMinh
    }

    /// Takes up a configuration: its zone, catalogue, standing queries and rules.
    mutating func load(configuration path: String) throws {
        let configuration = try said { () throws(DefinitionErrors) in
            try ConfigurationFile.parse(bytes(path), file: path)
        }
        if let name = configuration.timezone {
            guard let found = ZoneFiles().zone(named: name.text) else {
                throw Failure(
                    message: DefinitionError(
                        file: path, line: name.line, column: name.column,
                        en: "there is no time zone \"\(name.text)\" on this machine",
                        vi: "máy này không có múi giờ \"\(name.text)\""
                    ).rendered(language))
            }
            zone = found
        }
        self.configuration = configuration
        allowedLateness = configuration.allowedLateness
        if let section = configuration.catalogue { try load(section) }
        streams += configuration.streams
        var paths: [String] = []
        for pattern in configuration.rules { paths += try files(FilePattern(pattern.text, besides: path)) }
        try load(rules: paths)
    }

    /// Takes up the `catalogue:` section of any YAML file.
    mutating func load(catalogue path: String) throws {
        let section = try said { () throws(DefinitionErrors) in try CatalogueFile.parse(bytes(path), file: path) }
        guard let section else {
            throw Failure(
                message: DefinitionError(
                    file: path, en: "there is no catalogue: section", vi: "không có mục catalogue:"
                ).rendered(language))
        }
        try load(section)
    }

    /// Looks at the tables that a YAML file names, or at one table of units, and says all that is wrong with them.
    func check(
        catalogue path: String
    ) throws -> (catalogue: Catalogue?, errors: [DefinitionError], remarks: [DefinitionError]) {
        let section: CatalogueFile?
        var zone = zone
        if path.hasSuffix(".csv") {
            section = CatalogueFile(unitsOnly: path)
        } else {
            section = try said { () throws(DefinitionErrors) in try CatalogueFile.parse(bytes(path), file: path) }
            // Days begin in the zone of the configuration, where the file is one.
            if let whole = try? ConfigurationFile.parse(bytes(path), file: path), let name = whole.timezone {
                zone = ZoneFiles().zone(named: name.text) ?? zone
            }
        }
        guard let section else {
            throw Failure(
                message: DefinitionError(
                    file: path, en: "there is no catalogue: section", vi: "không có mục catalogue:"
                ).rendered(language))
        }
        return section.check(
            startOfDay: { zone.instant(of: $0, nanosecondOfDay: 0) },
            read: { (path) throws(UnreadableFile) in try Definitions.read(path) })
    }

    private mutating func load(_ section: CatalogueFile) throws {
        self.section = section
        var failure: DefinitionErrors?
        do {
            try readCatalogue()
        } catch {
            failure = error
        }
        if let failure { throw Failure(message: failure.rendered(language)) }
    }

    /// Reads the tables of the catalogue, as the section that was read last names them.
    ///
    /// - Throws: everything that is wrong with them; the catalogue of before stays.
    mutating func readCatalogue() throws(DefinitionErrors) {
        guard let section else { return }
        let zone = zone
        var contents = Hasher()
        contents.combine(section)
        var files: [String] = []
        var stamps: [String: File.Stamp?] = [:]
        defer {
            catalogueFiles = files
            catalogueStamps = stamps
        }
        catalogue = try section.load(
            startOfDay: { zone.instant(of: $0, nanosecondOfDay: 0) },
            read: { (path) throws(UnreadableFile) in
                files.append(path)
                stamps[path] = .some(try? File.open(path).stamp())
                let bytes = try Definitions.read(path)
                contents.combine(bytes)
                return bytes
            })
        catalogueID = contents.finalize()
    }

    /// Takes up rules files.
    mutating func load(rules paths: [String]) throws {
        var files: [RulesFile] = []
        for path in paths {
            files.append(
                try said { () throws(DefinitionErrors) in try RulesFile.parse(bytes(path), file: path) })
        }
        try said { () throws(DefinitionErrors) in try RulesFile.unique(files) }
        for group in files.flatMap(\.groups) {
            for rule in group.rules {
                rules.append(rule)
                var policy = LatePolicy()
                if let lateness = group.allowedLateness ?? allowedLateness { policy.allowedLateness = lateness }
                policies.append(policy)
                ruleDatabases.append(group.database)
            }
        }
    }

    /// The rules as the engine takes them. Their kind is found out when the query is bound.
    var ruleTexts: [RuleText] {
        rules.indices.map { index in
            RuleText(
                rule: rules[index].rule(.windows), query: rules[index].query.text, when: rules[index].when?.text,
                clear: rules[index].clear?.text, policy: policies[index], database: ruleDatabases[index])
        }
    }

    /// Standing queries, rules, zone and units as a server runs them.
    var live: LiveDefinitions {
        var context = Hasher()
        context.combine(catalogueID)
        context.combine(zone)
        return LiveDefinitions(
            streams: streams.map { stream in
                var policy = LatePolicy()
                if let lateness = stream.allowedLateness ?? allowedLateness { policy.allowedLateness = lateness }
                return StreamText(
                    name: stream.name.text, query: stream.query.text, policy: policy, database: stream.database)
            },
            rules: ruleTexts, zone: zone, units: catalogue, contextID: context.finalize())
    }

    /// An error of a standing query or rule, placed in its file.
    func failure(_ failure: StandingQueries.Failure) -> Failure {
        switch failure {
        case .rule(let index, let error): return self.failure(rule: index, error)
        case .stream(let index, let error):
            guard let configuration, streams.indices.contains(index) else {
                return Failure(message: error.message.text(language))
            }
            return Failure(
                message: DefinitionError(error, in: streams[index].query, file: configuration.file).rendered(language))
        }
    }

    /// An error of a rule's query or condition, placed in its file.
    func failure(rule index: Int, _ error: RuleError) -> Failure {
        let definition = rules[index]
        let text: SourceText
        switch error.part {
        case .query: text = definition.query
        case .when: text = definition.when ?? definition.query
        case .clear: text = definition.clear ?? definition.query
        }
        return Failure(message: DefinitionError(error.error, in: text, file: definition.file).rendered(language))
    }

    /// Names in summaries that the rule's query does not give.
    func checkSummaries(_ paths: [AlertPath]) throws {
        var errors: [DefinitionError] = []
        for (definition, path) in zip(rules, paths) {
            // Of a measurement that never came the columns are not known.
            if path.query.columns.count <= 1 { continue }
            errors += definition.summaryErrors(names: path.query.columns.map(\.name))
        }
        if !errors.isEmpty { throw Failure(message: DefinitionErrors(errors).rendered(language)) }
    }

    // MARK: - Files

    private func said<Result>(_ work: () throws(DefinitionErrors) -> Result) throws -> Result {
        do {
            return try work()
        } catch {
            throw Failure(message: error.rendered(language))
        }
    }

    private func bytes(_ path: String) throws(DefinitionErrors) -> [UInt8] {
        do {
            return try Definitions.read(path)
        } catch {
            throw DefinitionErrors([DefinitionError(file: path, en: error.reason.en, vi: error.reason.vi)])
        }
    }

    private static func read(_ path: String) throws(UnreadableFile) -> [UInt8] {
        do {
            return try File.open(path).readToEnd(limit: maximumBytes)
        } catch {
            throw UnreadableFile(vi: "không đọc được (\(error.reason))", en: "cannot be read (\(error.reason))")
        }
    }

    private func files(_ pattern: FilePattern) throws -> [String] {
        guard pattern.isPattern else { return [pattern.path(of: pattern.name)] }
        do {
            return try Directory.names(in: pattern.folder).filter(pattern.matches).map(pattern.path)
        } catch {
            throw Failure(message: "\(error)")
        }
    }
}
