import Testing
import TramColumnar
import TramQuery
import TramServer
import TramTesting

/// Fields of lines; nil is an empty field without quotes. Takes only what RFC 4180 allows, with LF line ends.
private func fields(_ text: String) -> [[String?]] {
    let bytes = Array(text.utf8)
    var lines: [[String?]] = []
    var line: [String?] = []
    var at = 0
    while at < bytes.count {
        var field: [UInt8] = []
        let isQuoted = bytes[at] == 0x22
        if isQuoted {
            at += 1
            while bytes[at] != 0x22 || bytes[at + 1] == 0x22 {
                if bytes[at] == 0x22 { at += 1 }
                field.append(bytes[at])
                at += 1
            }
            at += 1
        } else {
            while bytes[at] != 0x2C, bytes[at] != 0x0A {
                #expect(bytes[at] != 0x22 && bytes[at] != 0x0D)
                field.append(bytes[at])
                at += 1
            }
        }
        line.append(field.isEmpty && !isQuoted ? nil : String(decoding: field, as: UTF8.self))
        if bytes[at] == 0x0A {
            lines.append(line)
            line = []
        } else {
            #expect(bytes[at] == 0x2C)
        }
        at += 1
    }
    return lines
}

/// Nanoseconds of `1h30m`, `-5s`, `0s`.
private func nanoseconds(ofDuration text: String) -> Int64? {
    let lengths: [String: Int128] = [
        "d": 86_400_000_000_000, "h": 3_600_000_000_000, "m": 60_000_000_000, "s": 1_000_000_000, "ms": 1_000_000,
        "us": 1000, "ns": 1,
    ]
    var sum: Int128 = 0
    var digits = ""
    var unit = ""
    for letter in text.drop(while: { $0 == "-" }) + "0" {
        if letter.isNumber, !unit.isEmpty {
            guard let length = lengths[unit], let count = Int128(digits) else { return nil }
            sum += count * length
            (digits, unit) = ("", "")
        }
        if letter.isNumber { digits.append(letter) } else { unit.append(letter) }
    }
    return Int64(exactly: text.hasPrefix("-") ? -sum : sum)
}

private func value(_ field: String?, _ type: ColumnType) -> Value? {
    guard let field else { return .null }
    switch type {
    case .time: return instant(field)
    case .tag, .string: return .string(field)
    case .float: return Double(field).map { .float($0) }
    case .int: return Int64(field).map { .int($0) }
    case .uint: return UInt64(field).map { .uint($0) }
    case .bool: return Bool(field).map { .bool($0) }
    case .duration: return nanoseconds(ofDuration: field).map { .duration($0) }
    }
}

@Suite struct CSVWriterTests {
    private let writer = ResultWriter(format: .csv)

    @Test func `every type has its spelling, and null is an empty field`() {
        #expect(
            written(everyType, writer) == """
                time,way,mean,low,high,up,note,silent
                2026-11-20T23:00:00Z,QL51,42.25,-3,7,true,"a,b",1h30m
                1969-12-31T23:59:59.5Z,Cầu Rào,1e300,-9223372036854775808,18446744073709551615,false,"says ""hi""\r
                bye",-1ns
                ,,,,,,,

                """)
    }

    @Test(arguments: [
        (Epoch.ns, "1795215600000000000,QL51", "-500000000,Cầu Rào"),
        (.us, "1795215600000000,QL51", "-500000,Cầu Rào"),
        (.ms, "1795215600000,QL51", "-500,Cầu Rào"),
        (.s, "1795215600,QL51", "-1,Cầu Rào"),
    ])
    func `with an epoch times are whole units rounded down`(epoch: Epoch, first: String, second: String) {
        let lines = written(everyType, ResultWriter(format: .csv, epoch: epoch)).split(separator: "\n")
        #expect(lines[1].hasPrefix(first))
        #expect(lines[2].hasPrefix(second))
        #expect(lines[1].hasSuffix(",1h30m"))
    }

    @Test func `the empty text is not null, and a spreadsheet sees no formula`() {
        let result = QueryResult(
            columns: [ColumnInfo(name: "a", type: .string), ColumnInfo(name: "b,\"c\"", type: .string)],
            rows: [
                [.string(""), .null], [.string("=1+1"), .string("-x")], [.string("+84"), .string("@me")],
                [.string(" a "), .string("1-2")],
            ])
        #expect(
            written(result, writer) == """
                a,"b,""c""\"
                "",
                "=1+1","-x"
                "+84","@me"
                 a ,1-2

                """)
    }

    @Test func `a result of one column has no empty lines`() {
        let result = QueryResult(columns: [ColumnInfo(name: "n", type: .int)], rows: [[.int(1)], [.null], [.int(3)]])
        #expect(written(result, writer) == "n\n1\n\"\"\n3\n")
    }

    @Test func `a result without rows is its header`() {
        #expect(written(QueryResult(columns: everyType.columns, rows: []), writer).utf8.count { $0 == 0x0A } == 1)
    }

    @Test func `floats come as the shortest text, the sign of zero with them`() {
        let numbers: [Double] = [-0.0, 0, 5, 0.1, 1e300, .leastNonzeroMagnitude, 57.923793308880015, 1e16, -1.5e-7]
        let result = QueryResult(
            columns: [ColumnInfo(name: "v", type: .float)], rows: numbers.map { [.float($0)] })
        #expect(written(result, writer) == "v\n-0\n0\n5\n0.1\n1e300\n5e-324\n57.923793308880015\n1e16\n-1.5e-7\n")
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `an independent reader gets every value back`(seed: UInt64) {
        let (result, rows) = randomResult(seed: seed, rowCount: 400)
        let lines = fields(written(result, writer))
        #expect(lines.first == result.columns.map(\.name))
        #expect(lines.count == rows.count + 1)
        for (line, row) in zip(lines.dropFirst(), rows) {
            #expect(line.count == row.count)
            for (column, field) in line.enumerated() {
                let read = value(field, result.columns[column].type)
                #expect(read.map { isSame($0, row[column]) } == true, "\(field ?? "null") for \(row[column])")
            }
        }
    }

    @Test func `the server's own reader takes the text back`() throws {
        let (result, rows) = randomResult(seed: 4, rowCount: 200)
        let file = try CSVFile(Array(written(result, writer).utf8), file: "result.csv")
        #expect(file.records.map(\.fields) == rows.map { $0.map(\.plainText) })
    }
}
