import TramColumnar

/// What `explain` tells: a row for each step of a query that was run, in the order in which they ended.
struct Explanation {
    /// What reading cost.
    struct Reading {
        /// Series that the conditions left, and those of the measurements.
        var series: Int
        var allSeries: Int
        /// Blocks that overlap the range; those that were decoded, and those that a condition on a field passed over.
        /// What is neither was answered by what is known of a block.
        var blocks: Int
        var decoded: Int
        var skipped: Int
        /// `no`, `whole`: every window came from the cache, `part`.
        var cache: String
    }

    struct Line {
        /// In words of the language: `read traffic`, `sort`.
        var step: String
        /// Rows that it gave; of reading, those that were looked at.
        var rows: Int
        var reading: Reading?
    }

    var lines: [Line] = []

    mutating func note(_ step: String, rows: Int, reading: Reading? = nil) {
        lines.append(Line(step: step, rows: rows, reading: reading))
    }

    static let columns = [
        TableColumn(name: "step", type: .string), TableColumn(name: "rows", type: .int),
        TableColumn(name: "series", type: .int), TableColumn(name: "series_all", type: .int),
        TableColumn(name: "blocks", type: .int), TableColumn(name: "blocks_decoded", type: .int),
        TableColumn(name: "blocks_skipped", type: .int), TableColumn(name: "cache", type: .string),
    ]

    func table(_ pool: TextPool) -> Table {
        var table = Table(infos: Explanation.columns)
        for line in lines {
            var row: [UInt64?] = [pool.code(line.step), UInt64(line.rows)]
            if let reading = line.reading {
                row += [
                    reading.series, reading.allSeries, reading.blocks, reading.decoded, reading.skipped,
                ].map { UInt64($0) }
                row.append(pool.code(reading.cache))
            } else {
                row += [UInt64?](repeating: nil, count: 6)
            }
            table.append(row)
        }
        return table
    }
}

extension TableStep {
    /// The stage in words of the language.
    var text: String {
        switch self {
        case .filter: "where"
        case .set(let assignments): "set " + assignments.map(\.name).joined(separator: ", ")
        case .select: "select"
        case .sort: "sort"
        case .top(let count, let largest, _, _): "\(largest ? "top" : "bottom") \(count)"
        case .limit(let count): "limit \(count)"
        case .unpivot: "unpivot"
        case .aggregate(let aggregation, _): aggregation.text
        case .versus: "vs"
        case .join(let join): join.keepsUnmatched ? "left" : "join"
        }
    }
}

extension Aggregation {
    /// What is computed, by its columns' names.
    var text: String {
        let by = groups.isEmpty ? "" : " by " + groups.map(\.name).joined(separator: ", ")
        return outputs.map(\.name).joined(separator: ", ") + by + (hasWindows ? ", by windows" : "")
    }
}

extension Plan {
    /// The first step in words of the language, after what was read.
    var rootText: String? {
        switch root {
        case .aggregate(_, let aggregation): aggregation.text
        case .stale: "stale"
        case .scan, .show, .table: nil
        }
    }

    /// Names of what is read at the root.
    var readText: String? {
        switch root {
        case .scan(let scan, _), .aggregate(let scan, _), .stale(let scan, _):
            "read " + scan.measurements.joined(separator: ", ")
        case .show: "show"
        case .table: nil
        }
    }
}
