import ArgumentParser
import TramCodec
import TramColumnar
import TramQuery
import TramServer
import TramStorage
import TramSystem

/// `tram inspect`: one file of a store, explained.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Explain one log file, segment, file of names or manifest.",
        discussion: """
            Prints what the head of the file says, then what is in it: the records of a log, the fields of a segment's
            blocks, the texts, fields and series of a file of names, the files that a manifest lists. Damage is shown where
            it is, and reading goes on behind it. Names are known where the files of names lie beside a segment.

              tram inspect tram-data/databases/city/segments/seg-000000000003.tseg

            Exit status: 0 all well, 1 damage, 5 a newer format.
            """)

    @Option(name: .long, help: "Rows at most (default: 50 on a terminal, else all).")
    var limit: Int?

    @Option(name: .long, help: "table, csv, json or ndjson (default: table on a terminal, else csv).")
    var format: ResultFormat?

    @OptionGroup var language: LanguageOption

    @Argument(help: "A file of a data directory.")
    var file: String

    private static let terminalRows = 50

    func validate() throws {
        if let limit, limit < 0 { throw ValidationError("--limit is 0 or more; this is: \(limit)") }
    }

    func run() throws {
        let language = language.language
        let rows = limit ?? (StandardStream.output.isTerminal ? InspectCommand.terminalRows : .max)
        let explanation: Explanation
        do {
            guard let kind = try StoredFileKind.of(file) else {
                throw Failure(
                    message: language == .vi
                        ? "\(file) không phải tệp nhật ký, phân đoạn, tên hay bản kê (manifest) của Trạm"
                        : "\(file) is no log, segment, file of names or manifest of Tram")
            }
            explanation =
                switch kind {
                case .manifest: try Explanation(manifest: file, rows: rows, language)
                case .names: try Explanation(names: file, rows: rows, language)
                case .segment: try Explanation(segment: file, rows: rows, language)
                case .log: try Explanation(log: file, rows: rows, language)
                }
        } catch let error as StorageError {
            var status: Int32 = 1
            if case .newerFormat = error { status = 5 }
            throw Failure(message: error.description, status: status)
        }
        try explanation.write(format, language)
    }
}

/// What is told of a file: its head, its rows, and what is wrong with it.
struct Explanation {
    private var head: [(String, String)]
    private var table: RowTable
    /// Told beside the rows: findings of the file itself, and those of rows that are left out.
    private var findings: [Finding]
    private var isDamaged = false

    private static func list(_ findings: [Finding], _ language: Language) -> Value {
        findings.isEmpty ? .null : .text(findings.map { $0.text.text(language) }.joined(separator: "; "))
    }

    private mutating func judge(_ findings: [Finding]) {
        if findings.contains(where: { $0.weight >= .damage }) { isDamaged = true }
    }

    // MARK: - Output

    /// The head and the rows go to standard output; where that is not a table, the head would make it unreadable for
    /// programs, and is talk.
    func write(_ format: ResultFormat?, _ language: Language) throws {
        let isTable = Printing(format: format, epoch: nil, language: language, zone: .utc).isTable
        let width = head.map(\.0.count).max() ?? 0
        for (name, value) in head {
            let line = name.padding(to: width) + "  " + TerminalText.printable(value)
            if isTable { try StandardStream.output.write(line + "\n") } else { Talk.line(line) }
        }
        if isTable { try StandardStream.output.write("\n") }
        try table.write(format, language)
        if table.leftOut > 0 {
            Talk.line(
                language == .vi
                    ? "còn \(table.leftOut) dòng nữa: --limit" : "\(table.leftOut) more rows were left out: --limit")
        }
        for finding in findings {
            Talk.line(TerminalText.printable("byte \(finding.offset): \(finding.text.text(language))"))
        }
        if isDamaged {
            throw Failure(message: language == .vi ? "tệp bị hỏng" : "the file is damaged")
        }
    }

    // MARK: - Manifest

    init(manifest path: String, rows: Int, _ language: Language) throws(StorageError) {
        let manifest = try ManifestInspection(path)
        head = [
            ("manifest", String(manifest.number)), ("bytes", String(manifest.byteCount)), ("lsn", String(manifest.lsn)),
            ("cutoff", manifest.cutoff.map { Timestamp(nanoseconds: $0).rfc3339 } ?? "-"),
            ("next number", String(manifest.nextNumber)),
        ]
        table = RowTable(["kind": .string, "number": .uint, "file": .string, "bytes": .int], limit: rows)
        for entry in manifest.entries {
            table.append([
                .string(entry.kind.rawValue), .number(entry.number), .text(entry.name), .count(entry.byteCount),
            ])
        }
        findings = manifest.findings
        judge(findings)
    }

    // MARK: - Names

    init(names path: String, rows: Int, _ language: Language) throws(StorageError) {
        let names = try NamesInspection(path)
        head = [
            ("names", String(names.number)), ("bytes", String(names.byteCount)), ("texts", String(names.texts.count)),
            ("measurements", String(names.measurements.count)), ("series", String(names.series.count)),
        ]
        table = RowTable(["kind": .string, "number": .int, "name": .string, "type": .string], limit: rows)
        for measurement in names.measurements {
            for (number, field) in measurement.fields.enumerated() {
                table.append([
                    .string("field"), .count(number), .text("\(measurement.name) \(field.name)"),
                    .string(field.type.name),
                ])
            }
        }
        for (place, text) in names.texts.enumerated() {
            table.append([.string("text"), .count(names.firstText + place), .text(text), .null])
        }
        for (place, key) in names.series.enumerated() {
            table.append([.string("series"), .count(names.firstSeries + place), .text(key.line), .null])
        }
        findings = names.findings
        judge(findings)
    }

    // MARK: - Segment

    init(segment path: String, rows: Int, _ language: Language) throws(StorageError) {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let folder = path.contains("/") ? String(path.dropLast(name.count + 1)) : "."
        let names = StoredNames(inFolder: folder.isEmpty ? "/" : folder)
        var table = RowTable(
            [
                "offset": .int, "bytes": .int, "kind": .string, "series": .int, "key": .string, "rows": .int,
                "first": .time, "last": .time, "field": .int, "name": .string, "type": .string, "codec": .string,
                "nulls": .int, "field_bytes": .int, "bits_per_value": .float, "min": .string, "max": .string,
                "sum": .string, "problem": .string,
            ], limit: rows)
        var blockFindings: [Finding] = []
        let progress = Progress(language == .vi ? "đang đọc" : "reading")
        var done = 0
        let segment = try SegmentInspection(
            path, names: names.seriesCount > 0 ? names : nil,
            progress: { count in
                done += count
                progress.show(done, of: nil)
            },
            visit: { block in
                blockFindings += block.findings
                for row in Explanation.rows(of: block, language) { table.append(row) }
            })
        progress.clear()
        func text<Number>(_ number: Number?) -> String { number.map { "\($0)" } ?? "-" }
        head = [
            ("segment", text(segment.number)), ("bytes", String(segment.byteCount)), ("lsn", text(segment.lsn)),
            ("order", text(segment.order)), ("generation", text(segment.generation)),
            ("blocks", String(segment.blocks)), ("rows", String(segment.rows)),
            ("directory", text(segment.directoryOffset)),
        ]
        self.table = table
        findings = segment.findings
        judge(findings + blockFindings)
    }

    /// A row for each field; one alone for a block that has none to show.
    private static func rows(of block: InspectedBlock, _ language: Language) -> [[Value]] {
        let start: [Value] = [
            .count(block.offset), .count(block.byteCount), .string(block.kind.rawValue), .count(Int(block.series)),
            .text(block.key?.line), .count(block.rows), .time(block.first), .time(block.last),
        ]
        let problem = list(block.findings, language)
        guard !block.fields.isEmpty else {
            return [start + [Value](repeating: .null, count: 10) + [problem]]
        }
        return block.fields.map { field in
            let bits = (field.bitsPerValue(rows: block.rows) * 100).rounded() / 100
            return start + [
                .count(field.number), .text(field.name), .string(field.type.name), .string("\(field.codec)"),
                .count(field.nulls), .count(field.byteCount), .float(bits), value(field.minimum, field.type),
                value(field.maximum, field.type), sum(field), problem,
            ]
        }
    }

    private static func value(_ bits: UInt64?, _ type: FieldType) -> Value {
        guard let bits else { return .null }
        return switch type {
        case .float: .string(NumberText.shortest(Double(bitPattern: bits)))
        case .int: .string(String(Int64(bitPattern: bits)))
        case .uint: .string(String(bits))
        case .bool: .string(bits == 0 ? "false" : "true")
        // A code says how large texts are only to who has the dictionary.
        case .string: .null
        }
    }

    private static func sum(_ field: InspectedBlock.Field) -> Value {
        guard let total = field.sum else { return .null }
        switch total {
        case .exact(let sum, let scale): return .string(decimal(sum, scale: scale))
        case .double(let high, let low): return .string(NumberText.shortest(high + low))
        }
    }

    /// A whole number in units of 10^-scale, with its point.
    private static func decimal(_ sum: Int128, scale: Int) -> String {
        guard scale > 0 else { return String(sum) }
        var digits = String(sum.magnitude)
        if digits.count <= scale { digits = String(repeating: "0", count: scale + 1 - digits.count) + digits }
        return (sum < 0 ? "-" : "") + digits.dropLast(scale) + "." + digits.suffix(scale)
    }

    // MARK: - Log

    init(log path: String, rows: Int, _ language: Language) throws(StorageError) {
        var table = RowTable(
            [
                "offset": .int, "lsn": .uint, "type": .string, "flags": .int, "bytes": .int, "measurements": .string,
                "rows": .int, "new_series": .int, "detail": .string, "problem": .string,
            ], limit: rows)
        var recordFindings: [Finding] = []
        let log = try LogInspection(path) { record in
            recordFindings += record.findings
            table.append(Explanation.row(of: record, language))
        }
        func text<Number>(_ number: Number?) -> String { number.map { "\($0)" } ?? "-" }
        head = [
            ("log file", text(log.sequence)), ("bytes", String(log.byteCount)),
            ("epoch", log.epoch.map { String($0, radix: 16) } ?? "-"), ("first lsn", text(log.firstLSN)),
            ("next lsn", text(log.nextLSN)), ("records", String(log.records)), ("rows", String(log.rows)),
            ("bytes of records", String(log.recordByteCount)),
        ]
        self.table = table
        findings = log.findings
        judge(findings + recordFindings)
    }

    private static func row(of record: InspectedRecord, _ language: Language) -> [Value] {
        var content: [Value] = [.null, .null, .null, .null]
        switch record.content {
        case .rows(let rows):
            content = [
                .text(rows.measurements.joined(separator: " ")), .count(rows.rows), .count(rows.newSeries), .null,
            ]
        case .deletion(let series, let start, let end):
            let range = "\(Timestamp(nanoseconds: start).rfc3339) .. \(Timestamp(nanoseconds: end).rfc3339)"
            content[3] = .string(language == .vi ? "\(series) chuỗi, \(range)" : "\(series) series, \(range)")
        case .checkpoint(let lsn): content[3] = .string("lsn \(lsn)")
        case .other: break
        }
        return [
            .count(record.offset), .number(record.lsn), .string(record.typeName), .count(Int(record.flags)),
            .count(record.byteCount),
        ] + content + [list(record.findings, language)]
    }
}

extension SeriesKey {
    /// As line protocol spells it.
    fileprivate var line: String { String(decoding: canonicalBytes, as: UTF8.self) }
}

extension String {
    fileprivate func padding(to width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(0, width - count))
    }
}
