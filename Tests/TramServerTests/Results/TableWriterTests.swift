import Testing
import TramColumnar
import TramQuery
import TramServer

private func table(
    _ result: QueryResult, _ language: Language = .en, epoch: Epoch? = nil, style: TableStyle = TableStyle()
) -> [String] {
    let writer = ResultWriter(format: .table, epoch: epoch, language: language, table: style)
    var lines = written(result, writer).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    #expect(lines.last == "")
    lines.removeLast()
    return lines
}

/// A table of one column, without header, rule and last line.
private func cells(
    _ type: ColumnType, _ values: [Value], _ language: Language = .en, style: TableStyle = TableStyle()
) -> [String] {
    let result = QueryResult(columns: [ColumnInfo(name: "v", type: type)], rows: values.map { [$0] })
    return Array(table(result, language, style: style).dropFirst(2).dropLast())
}

private let local = TableStyle(zone: .hoChiMinh)

private let speeds = QueryResult(
    columns: [
        ColumnInfo(name: "time", type: .time), ColumnInfo(name: "way", type: .tag),
        ColumnInfo(name: "mean", type: .float), ColumnInfo(name: "n", type: .int),
    ],
    rows: [
        [instant("2026-11-20T23:00:00Z"), .string("QL51"), .float(42.25), .int(12)],
        [instant("2026-11-20T23:05:00Z"), .string("Cầu Rào"), .float(1057.923793308880015), .int(4000)],
        [instant("2026-11-20T23:10:00Z"), .null, .null, .null],
    ])

@Suite struct TableWriterTests {
    @Test func `columns are aligned, points under each other, in English`() {
        #expect(
            table(speeds, style: local) == [
                "time (+07:00)     way            mean      n",
                "────────────────  ───────  ──────────  ─────",
                "2026-11-21 06:00  QL51        42.25       12",
                "2026-11-21 06:05  Cầu Rào  1,057.9238  4,000",
                "2026-11-21 06:10  –                 –      –",
                "(3 rows)",
            ])
    }

    @Test func `Vietnamese has its own marks and dates`() {
        #expect(
            table(speeds, .vi, style: local) == [
                "time (+07:00)     way            mean      n",
                "────────────────  ───────  ──────────  ─────",
                "21/11/2026 06:00  QL51        42,25       12",
                "21/11/2026 06:05  Cầu Rào  1.057,9238  4.000",
                "21/11/2026 06:10  –                 –      –",
                "(3 dòng)",
            ])
    }

    @Test func `marks take no room and wide letters take two`() {
        let result = QueryResult(
            columns: [ColumnInfo(name: "đường", type: .string), ColumnInfo(name: "up", type: .bool)],
            rows: [
                // The same name with its marks apart: 7 letters in 11 scalars.
                [.string("Ca\u{302}\u{300}u Ra\u{300}o"), .bool(true)],
                [.string("街道"), .bool(false)],
                [.string("🚦"), .null],
            ])
        #expect(
            table(result) == [
                "đường    up",
                "───────  ─────",
                "Ca\u{302}\u{300}u Ra\u{300}o  true",
                "街道     false",
                "🚦       –",
                "(3 rows)",
            ])
    }

    @Test func `control characters and marks of direction do not reach the terminal`() {
        #expect(cells(.string, [.string("a\u{1B}[31m\nb\t\u{202E}c")]) == ["a [31m b  c"])
    }

    @Test func `floats have at most four decimals and never become nothing`() {
        let numbers: [Double] = [
            -0.0, 3, 0.5, 57.923793308880015, 1.99996, -1234.5, 0.00012345, 12_345_678.125, 1e15,
        ]
        #expect(
            cells(.float, numbers.map { .float($0) }) == [
                "                    0",
                "                    3",
                "                    0.5",
                "                   57.9238",
                "                    2",
                "               -1,234.5",
                "                    0.0001",
                "           12,345,678.125",
                "1,000,000,000,000,000",
            ])
    }

    @Test func `very large and very small floats have an exponent`() {
        #expect(
            cells(.float, [.float(1e300), .float(-1.23456789e-7), .float(9.99999e-5), .float(1.5e16), .float(2.5)])
                == ["     1e300", "-1.2346e-7", "      1e-4", "    1.5e16", "       2.5"])
        #expect(cells(.float, [.float(1.5e16)], .vi) == ["1,5e16"])
    }

    @Test func `the number of decimals can be chosen`() {
        let values: [Value] = [.float(57.923793308880015), .float(0.004), .float(0.25), .float(1000.5)]
        #expect(
            cells(.float, values, style: TableStyle(decimals: 2)) == [
                "   57.92", "    0.004", "    0.25", "1,000.5",
            ])
        #expect(
            cells(.float, values, .vi, style: TableStyle(decimals: nil)) == [
                "   57,923793308880015", "    0,004", "    0,25", "1.000,5",
            ])
        #expect(
            cells(.float, values, style: TableStyle(decimals: 0)) == [
                "   58", "    0.004", "    0.3", "1,001",
            ])
    }

    @Test func `integers keep all their digits`() {
        #expect(
            cells(.int, [.int(.min), .int(-100), .int(999)]).map { $0.trimmed } == [
                "-9,223,372,036,854,775,808", "-100", "999",
            ])
        #expect(cells(.uint, [.uint(.max)], .vi) == ["18.446.744.073.709.551.615"])
    }

    @Test func `durations stand to the right`() {
        #expect(cells(.duration, [.duration(5_400_000_000_000), .duration(0)]) == ["1 h 30 m", "     0 s"])
        func shown(_ nanoseconds: Int64, _ language: Language = .en) -> String {
            cells(.duration, [.duration(nanoseconds)], language).first ?? ""
        }
        let second: Int64 = 1_000_000_000
        #expect(shown(3900 * second) == "1 h 5 m")
        #expect(shown(3661 * second) == "1 h 1 m 1 s")
        #expect(shown(86_400 * second + 3661 * second) == "1 d 1 h 1 m")
        #expect(shown(86_400 * second * 1234, .vi) == "1.234 d")
        #expect(shown(12_500_000_000) == "12.5 s")
        #expect(shown(12_345_678_900, .vi) == "12,345 s")
        #expect(shown(250_000_000) == "250 ms")
        #expect(shown(1) == "1 ns")
        #expect(shown(-90 * second) == "-1 m 30 s")
        #expect(shown(.min).hasPrefix("-106,751 d"))
    }

    @Test func `times have as many parts as the column needs`() {
        func shown(_ texts: [String], _ language: Language = .en) -> [String] {
            cells(.time, texts.map(instant), language, style: local)
        }
        #expect(shown(["2026-11-20T17:00:00Z", "2026-11-21T17:00:00Z"]) == ["2026-11-21", "2026-11-22"])
        #expect(shown(["2026-11-20T17:00:00Z"], .vi) == ["21/11/2026"])
        #expect(
            shown(["2026-11-20T17:00:00Z", "2026-11-20T17:00:09Z"]) == ["2026-11-21 00:00:00", "2026-11-21 00:00:09"])
        #expect(
            shown(["2026-11-20T17:00:00.25Z", "2026-11-20T17:00:00Z"])
                == ["2026-11-21 00:00:00.250", "2026-11-21 00:00:00.000"])
        #expect(shown(["2026-11-20T17:00:00.000001Z"], .vi) == ["21/11/2026 00:00:00,000001"])
        #expect(shown(["1969-12-31T23:59:59.999999999Z"]) == ["1970-01-01 06:59:59.999999999"])
    }

    @Test func `the header says whose clock it is`() {
        let time = QueryResult(columns: [ColumnInfo(name: "time", type: .time)], rows: [[.time(0)]])
        #expect(table(time).first == "time (UTC)")
        let zone = TimeZoneRules.fixed(offsetSeconds: -12_600, name: "-03:30")
        #expect(table(time, style: TableStyle(zone: zone)).first == "time (-03:30)")
        #expect(table(QueryResult(columns: time.columns, rows: []), style: local).first == "time (+07:00)")
    }

    @Test func `with an epoch times are plain integers`() {
        #expect(
            table(QueryResult(columns: [ColumnInfo(name: "time", type: .time)], rows: [[.time(-1)]]), epoch: .ms)
                == ["time", "────", "  -1", "(1 row)"])
        #expect(
            cells(.time, [.time(1_795_215_600_000_000_000)], style: local) == ["2026-11-21 06:00"])
    }

    @Test func `an empty text is not null, and nothing is still a table`() {
        #expect(cells(.string, [.string(""), .null]) == ["", "–"])
        let empty = QueryResult(columns: [ColumnInfo(name: "way", type: .tag)], rows: [])
        #expect(table(empty) == ["way", "───", "(0 rows)"])
        #expect(table(empty, .vi) == ["way", "───", "(0 dòng)"])
    }

    @Test func `long results are cut and say by how much`() {
        let result = QueryResult(
            columns: [ColumnInfo(name: "n", type: .int)], rows: (1...5002).map { [.int($0)] })
        let style = TableStyle(maximumRows: 2)
        #expect(
            table(result, style: style) == ["n", "─", "1", "2", "… 5,000 more; use --format csv", "(5,002 rows)"])
        #expect(
            table(result, .vi, style: style)
                == ["n", "─", "1", "2", "… còn 5.000 dòng; dùng --format csv", "(5.002 dòng)"])
        #expect(table(result).count == 2 + 1000 + 2)
    }

    @Test func `text is cut to the terminal's width, short columns keep theirs`() {
        let result = QueryResult(
            columns: [
                ColumnInfo(name: "id", type: .tag), ColumnInfo(name: "name", type: .string),
                ColumnInfo(name: "description", type: .string), ColumnInfo(name: "n", type: .int),
            ],
            rows: [
                [.string("01"), .string("Phường Thành Đông"), .string("phường mới lập năm 2025"), .int(7)],
                [.string("02"), .string("街道街道街道街道街道街道"), .string("-"), .int(12)],
            ])
        // 2 + 2 + 2 and three gaps leave 24 of 34 columns: 12 for each of the two texts.
        #expect(
            table(result, style: TableStyle(width: 34)) == [
                "id  name          description    n",
                "──  ────────────  ────────────  ──",
                "01  Phường Thàn…  phường mới …   7",
                "02  街道街道街…   -             12",
                "(2 rows)",
            ])
    }

    // At their least the columns are 7, 8, 8 and 10 wide; with gaps of 2 that is 7, 17, 27 and 39.
    @Test(arguments: [(39, 4), (38, 3), (27, 3), (26, 2), (17, 2), (16, 1), (4, 1)])
    func `columns that do not fit are left out and counted`(width: Int, shown: Int) {
        let result = QueryResult(
            columns: [
                ColumnInfo(name: "a", type: .int), ColumnInfo(name: "b", type: .string),
                ColumnInfo(name: "received", type: .int), ColumnInfo(name: "d", type: .float),
            ],
            rows: [[.int(123_456), .string("description"), .int(12), .float(1234.56789)]])
        let lines = table(result, style: TableStyle(width: width))
        #expect(lines[2].split(separator: " ").count == shown)
        switch shown {
        case 4: #expect(lines.count == 4)
        case 3: #expect(lines[3] == "… 1 column does not fit; use --format csv")
        default: #expect(lines[3] == "… \(4 - shown) columns do not fit; use --format csv")
        }
        #expect(lines.last == "(1 row)")
    }

    @Test func `a summer-time change inside the result puts the offset behind each time`() throws {
        // Standard time one hour east of UTC, summer time two, until the last Sunday of October at 03:00.
        let footer = "\nCET-1CEST,M3.5.0,M10.5.0/3\n"
        let header = { (version: UInt8) in
            Array("TZif".utf8) + [version] + [UInt8](repeating: 0, count: 15)
                + [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 4]
        }
        let type: [UInt8] = [0, 0, 0x0E, 0x10, 0, 0] + Array("CET\u{0}".utf8)
        let block = header(UInt8(ascii: "2")) + type
        let zone = try TimeZoneRules(name: "Europe/Berlin", tzif: block + block + Array(footer.utf8))
        let result = QueryResult(
            columns: [ColumnInfo(name: "time", type: .time)],
            rows: [[instant("2026-10-25T00:30:00Z")], [instant("2026-10-25T01:30:00Z")]])
        #expect(
            table(result, style: TableStyle(zone: zone)) == [
                "time (Europe/Berlin)",
                "───────────────────────",
                "2026-10-25 02:30 +02:00",
                "2026-10-25 02:30 +01:00",
                "(2 rows)",
            ])
        let winter = QueryResult(columns: result.columns, rows: [[instant("2026-12-01T00:00:00Z")]])
        #expect(table(winter, style: TableStyle(zone: zone)).first == "time (+01:00)")
    }

    private func drawing(width: Int? = nil) -> TableStyle {
        var style = TableStyle(width: width)
        style.drawsNumbers = true
        return style
    }

    @Test func `the only number of named rows is drawn as a bar`() {
        func ways(_ numbers: [Value]) -> QueryResult {
            QueryResult(
                columns: [ColumnInfo(name: "way", type: .tag), ColumnInfo(name: "n", type: .int)],
                rows: numbers.enumerated().map { [.string("w\($0.offset)"), $0.element] })
        }
        let full = String(repeating: "█", count: 24)
        #expect(
            table(ways([.int(4800), .int(2400), .int(1), .int(0), .null]), style: drawing()) == [
                "way      n", "───  ─────  ────────────────────────", "w0   4,800  \(full)",
                "w1   2,400  \(full.prefix(12))", "w2       1  ▏", "w3       0", "w4       –", "(5 rows)",
            ])
        // 3 + 2 + 2 + 2 leave 11 columns of 20; of 16 too few are left.
        #expect(table(ways([.int(16), .int(1)]), style: drawing(width: 20))[2] == "w0   16  ███████████")
        #expect(table(ways([.int(16), .int(1)]), style: drawing(width: 20))[3] == "w1    1  ▊")
        #expect(table(ways([.int(16), .int(1)]), style: drawing(width: 16))[2] == "w0   16")
        // Nothing is drawn below zero, of nothing, of one row, where it was not asked for.
        for numbers in [[.int(-1), .int(2)], [.int(0), .int(0)], [.null, .null], [.int(5)]] as [[Value]] {
            #expect(!table(ways(numbers), style: drawing()).joined().contains("█"))
        }
        #expect(!table(ways([.int(1), .int(2)])).joined().contains("█"))
        #expect(!table(speeds, style: drawing()).joined().contains("█"))
    }

    @Test func `one series over time is drawn as a line`() {
        func series(_ numbers: [Value]) -> QueryResult {
            QueryResult(
                columns: [ColumnInfo(name: "time", type: .time), ColumnInfo(name: "mean", type: .float)],
                rows: numbers.enumerated().map { [.time(Int64($0.offset) * 60_000_000_000), $0.element] })
        }
        let eight: [Value] = (0..<7).map { .float(Double($0)) } + [.float(7)]
        #expect(table(series(eight), style: drawing()).dropLast().last == "mean  ▁▂▃▄▅▆▇█")
        #expect(table(series(eight + [.null, .float(0)]), style: drawing()).dropLast().last == "mean  ▁▂▃▄▅▆▇█ ▁")
        #expect(
            table(series(Array(repeating: .float(3), count: 8)), style: drawing()).dropLast().last == "mean  ▄▄▄▄▄▄▄▄")
        let long = table(series((0..<1000).map { .float(Double($0)) }), style: drawing(width: 30))
        #expect(long.dropLast().last?.count == 30)
        #expect(table(series(Array(eight.dropLast())), style: drawing()).count == 2 + 7 + 1)
        let huge: [Value] = [.float(1e308), .float(-1e308)] + Array(repeating: .float(0), count: 6)
        #expect(table(series(huge), style: drawing()).dropLast().last?.hasPrefix("mean  █▁") == true)
    }

    @Test func `a long table has its header below as well`() {
        let result = QueryResult(columns: [ColumnInfo(name: "n", type: .int)], rows: (1...5).map { [.int($0)] })
        var style = TableStyle()
        style.headerAgainAfter = 4
        #expect(table(result, style: style).suffix(4) == ["5", "─", "n", "(5 rows)"])
        style.headerAgainAfter = 5
        #expect(table(result, style: style).suffix(2) == ["5", "(5 rows)"])
    }

    @Test func `colour is there only when asked for`() {
        let result = QueryResult(columns: [ColumnInfo(name: "n", type: .int)], rows: [[.int(1)], [.null]])
        #expect(
            table(result, style: TableStyle(isColored: true)) == [
                "\u{1B}[1mn\u{1B}[0m", "\u{1B}[2m─\u{1B}[0m", "1", "\u{1B}[2m–\u{1B}[0m", "\u{1B}[2m(2 rows)\u{1B}[0m",
            ])
        #expect(!table(result).joined().contains("\u{1B}"))
    }
}

extension String {
    fileprivate var trimmed: String { String(drop { $0 == " " }) }
}
