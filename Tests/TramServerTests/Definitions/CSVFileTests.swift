import Testing
import TramColumnar
import TramServer
import TramTesting

private func read(_ text: String) throws -> CSVFile { try CSVFile(Array(text.utf8), file: "a.csv") }

@Suite struct CSVFileTests {
    @Test func `header and records are read with their lines`() throws {
        let file = try read("code,name\n01,Hà Nội\n04,Cao Bằng\n")
        #expect(file.header == ["code", "name"])
        #expect(file.records.map(\.line) == [2, 3])
        #expect(file.records.map(\.fields) == [["01", "Hà Nội"], ["04", "Cao Bằng"]])
        #expect(file.column("name") == 1)
        #expect(file.column("unit") == nil)
    }

    @Test func `byte order mark, CRLF, empty lines and a missing last line end are accepted`() throws {
        let file = try read("\u{FEFF}a,b\r\n\r\n1,\r\n\r\n2,x")
        #expect(file.header == ["a", "b"])
        #expect(file.records.map(\.line) == [3, 5])
        #expect(file.records.map(\.fields) == [["1", ""], ["2", "x"]])
    }

    @Test func `quotes hold commas, quotes and line ends`() throws {
        let file = try read("a,b\n\"1,2\",\"say \"\"hi\"\"\"\n\"x\ny\",\"\"\nlast,1\n")
        #expect(file.records.map(\.fields) == [["1,2", "say \"hi\""], ["x\ny", ""], ["last", "1"]])
        #expect(file.records.map(\.line) == [2, 3, 5])
    }

    @Test(arguments: [
        ("", "-:- the file has no header"), ("a,a\n", "1:- the column \"a\" is there twice"),
        ("a,\n", "1:- column 2 has no name"), ("a\n\"x", "2:- a quote is not closed before the file ends"),
        ("a\n\"x\"y\n", "2:- text stands behind a closing quote"),
        (
            "a,b\n1\n",
            "2:- the line has 1 fields, the header has 2 (a field with a comma stands in double quotes)"
        ),
        (
            "a\nx\"y\n",
            "2:- a quote stands inside a field that does not begin with one (put the whole field in double quotes and double the quote inside)"
        ),
    ])
    func `a broken file is refused with the line`(text: String, error: String) {
        #expect(brief(refusals { _ = try read(text) }) == [error])
    }

    @Test func `bytes that are no UTF-8 are named by line and the rest is still read`() {
        let errors = refusals { _ = try CSVFile([0x61, 0x0A, 0xFF, 0x0A, 0x78, 0x2C, 0x79], file: "a.csv") }
        #expect(errors.map(\.line) == [2, 3])
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `random tables come back from their text`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            let width = Int.random(in: 2...4, using: &generator)
            let rows = (0..<5).map { _ in
                (0..<width).map { _ in
                    String(
                        (0..<3).map { _ in
                            ["a", "ă", ",", "\"", "\n", "\r\n", " "].randomElement(using: &generator) ?? "a"
                        }.joined())
                }
            }
            var text = (0..<width).map { "c\($0)" }.joined(separator: ",") + "\n"
            for row in rows {
                text +=
                    row.map {
                        "\"" + $0.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
                            + "\""
                    }
                    .joined(separator: ",") + "\r\n"
            }
            #expect(try read(text).records.map(\.fields) == rows)
        }
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `no bytes stop the reader`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let alphabet = Array("a,\"\n\r;".utf8) + [0xEF, 0xBB, 0xBF, 0x00]
        for _ in 0..<3000 {
            let bytes = (0..<Int.random(in: 0...24, using: &generator)).map { _ in
                alphabet.randomElement(using: &generator) ?? 0
            }
            let errors = refusals { _ = try CSVFile(bytes, file: "a.csv") }
            #expect(errors.allSatisfy { !$0.message.en.isEmpty })
        }
    }
}
