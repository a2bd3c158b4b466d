import ArgumentParser
import TramColumnar
import TramEngine
import TramQuery
import TramServer
import TramStorage
import TramSystem

/// `tram check`: every checksum of a data directory.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Verify every checksum of a data directory.",
        discussion: """
            Reads every byte of every database and decodes every value; changes nothing. One row a file: ok; unfinished (a
            last write that had not ended; nobody was told that it was kept); damaged, with the places and what is lost
            there; stray (counts for nothing); newer (of a newer Tram).

              tram check tram-data

            Exit status: 0 all well, 1 damage, 3 a server has the directory, 5 a newer format.
            """)

    @Option(name: .long, help: "table, csv, json or ndjson (default: table on a terminal, else csv).")
    var format: ResultFormat?

    @OptionGroup var language: LanguageOption

    @Argument(help: "A data directory that no server has.")
    var directory: String

    /// Places of one file that are told in its row; `tram inspect` has them all.
    private static let shownFindings = 20

    func run() throws {
        let language = language.language
        let closed = try ClosedDirectory(directory, for: .look, language)
        var table = RowTable([
            "database": .string, "file": .string, "kind": .string, "bytes": .int, "rows": .int, "items": .int,
            "state": .string, "detail": .string,
        ])
        var counts: [CheckedFile.State: Int] = [:]
        var byteCount = 0
        var lines: [String] = []
        try closed.whileHeld {
            let progress = Progress(language == .vi ? "đang kiểm tra" : "checking")
            defer { progress.clear() }
            let checks = closed.directory.databases.map { ($0.name, StoreCheck(folder: $0.folder)) }
            let total = checks.reduce(0) { $0 + $1.1.byteCount }
            var done = 0
            for (name, check) in checks {
                var check = check
                let files: [CheckedFile]
                do {
                    files = try check.run { count in
                        done += count
                        progress.show(done, of: total)
                    }
                } catch let error as StorageError {
                    throw ClosedDirectory.failure(name, error)
                }
                for file in files {
                    counts[file.state, default: 0] += 1
                    byteCount += file.byteCount
                    lines += file.state == .damaged ? places(file, language).map { "\(name): \(file.name): \($0)" } : []
                    table.append([
                        .text(name), .text(file.name), .text(file.kind?.rawValue), .count(file.byteCount),
                        .count(file.rows), .count(file.items), .string(file.state.rawValue), detail(file, language),
                    ])
                }
            }
            for stray in closed.directory.strays {
                counts[.stray, default: 0] += 1
                table.append([
                    .null, .text(stray), .null, .null, .null, .null, .string(CheckedFile.State.stray.rawValue),
                    .string(language == .vi ? "không phải cơ sở dữ liệu" : "no database"),
                ])
            }
        }
        try table.write(format, language)
        // A terminal cuts long cells, and these must not be.
        if Printing(format: format, epoch: nil, language: language, zone: .utc).isTable {
            for line in lines { Talk.line(TerminalText.printable(line)) }
        }
        try finish(counts, byteCount, language)
    }

    /// What is wrong with a file, place by place.
    private func places(_ file: CheckedFile, _ language: Language) -> [String] {
        var texts = file.findings.prefix(CheckCommand.shownFindings).map { finding in
            finding.offset == 0 && finding.byteCount == 0
                ? finding.text.text(language) : "byte \(finding.offset): \(finding.text.text(language))"
        }
        let more = file.findings.count - texts.count
        if more > 0 {
            texts.append(language == .vi ? "và \(more) chỗ nữa (tram inspect)" : "and \(more) more (tram inspect)")
        }
        return texts
    }

    private func detail(_ file: CheckedFile, _ language: Language) -> Value {
        file.findings.isEmpty ? .null : .text(places(file, language).joined(separator: "; "))
    }

    private func finish(_ counts: [CheckedFile.State: Int], _ byteCount: Int, _ language: Language) throws {
        let files = counts.values.reduce(0, +)
        let order: [CheckedFile.State] = [.ok, .unfinished, .damaged, .stray, .newer]
        let parts = order.compactMap { state in counts[state].map { "\($0) \(state.rawValue)" } }
        let text =
            (language == .vi ? "\(files) tệp, \(byteCount) byte" : "\(files) files, \(byteCount) bytes")
            + (parts.isEmpty ? "" : ": " + parts.joined(separator: ", "))
        if let newer = counts[.newer], newer > 0 { throw Failure(message: text, status: 5) }
        if let damaged = counts[.damaged], damaged > 0 { throw Failure(message: text, status: 1) }
        Talk.line(text)
    }
}
