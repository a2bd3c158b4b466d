import ArgumentParser
import TramColumnar
import TramEngine
import TramQuery
import TramServer
import TramStorage
import TramSystem

/// `tram compact`: a closed data directory, made as small as it gets.
struct CompactCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compact",
        abstract: "Put all segments of a closed data directory together.",
        discussion: """
            Writes what the log holds to segments, and puts the segments of each database together into one, encoded for
            size. A server does the same little by little; after a large import this does it at once. No row changes.

              tram compact tram-data

            Exit status: 0 done, 1 the disk did not let it happen (nothing is lost), 3 a server has the directory, 5 a newer
            format.
            """)

    @Option(name: .long, help: "table, csv, json or ndjson (default: table on a terminal, else csv).")
    var format: ResultFormat?

    @OptionGroup var language: LanguageOption

    @Argument(help: "A data directory that no server has.")
    var directory: String

    func run() throws {
        let language = language.language
        let closed = try ClosedDirectory(directory, for: .change, language)
        var table = RowTable([
            "database": .string, "rows": .int, "segments": .int, "bytes_before": .int, "bytes_after": .int,
        ])
        var isDamaged = false
        try closed.whileHeld {
            for database in closed.directory.databases {
                do {
                    table.append(try compact(database, language, &isDamaged))
                } catch let error as StorageError {
                    throw ClosedDirectory.failure(database.name, error)
                }
            }
        }
        try table.write(format, language)
        if isDamaged { throw ExitCode(1) }
    }

    private func compact(
        _ database: DataDirectory.Entry, _ language: Language, _ isDamaged: inout Bool
    ) throws -> [Value] {
        let before = StoreCheck(folder: database.folder).byteCount
        let store = try Store(
            folder: database.folder, configuration: StorageConfiguration(maximumSeries: Int(UInt32.max) - 1),
            // No rows come: a log that reserves much would only hide what was won.
            log: LogConfiguration(fileBytes: 8192))
        let rows = store.pointCount
        do {
            defer { store.close() }
            for line in ClosedDirectory.warnings(database.name, store.recovery, language) { Talk.line(line) }
            try store.seal()
            try store.compact()
        }
        let damages = store.damagedBlocks
        let recovery = store.recovery
        if !damages.isEmpty || recovery?.log.isDegraded == true || recovery?.segments.isDegraded == true {
            isDamaged = true
        }
        for line in ClosedDirectory.warnings(database.name, damages, store, language) { Talk.line(line) }
        return [
            .text(database.name), .count(rows), .count(store.segmentFigures?.segments), .count(before),
            .count(StoreCheck(folder: database.folder).byteCount),
        ]
    }
}
