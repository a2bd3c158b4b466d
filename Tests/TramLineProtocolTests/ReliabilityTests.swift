import Testing
import TramColumnar
import TramLineProtocol

/// The input part of the fault checklist, R-038 to R-044.
@Suite struct ReliabilityTests {
    /// One line of each kind of refusal that the parser gives.
    static let malformed: [(String, RejectedLine.Class)] = [
        (",k=a v=1", .missingMeasurement), ("m,=a v=1", .missingTagKey), ("m,k= v=1", .missingTagValue),
        ("m,k=a=b v=1", .badTag), ("m,k=a,k=b v=1", .duplicateTag), ("m,k=a", .missingFields),
        ("m =1", .missingFieldKey),
        ("m v=", .missingFieldValue), ("m v", .badField), ("m v=28°C 1", .badValue), ("m v=1e400", .valueOutOfRange),
        ("m v=1 1.5", .badTimestamp), ("m v=1 9223372036854775807", .timestampOutOfRange), ("m v=1 1 2", .trailingText),
        ("m,k=" + String(repeating: "x", count: 66_000) + " v=1", .keyTooLong),
        ("m v=\"" + String(repeating: "x", count: 65_537) + "\"", .stringTooLong),
        ("m" + (0..<65).map { ",t\($0)=x" }.joined() + " v=1", .tooManyTags),
        ("m " + (0..<1025).map { "f\($0)=1" }.joined(separator: ","), .tooManyFields), ("m\u{1} v=1", .badCharacter),
        ("m,k=a\u{7f} v=1", .badCharacter), ("m v=" + String(repeating: "1", count: 1 << 20), .lineTooLong),
    ]

    @Test(arguments: malformed)
    func `R-038 a malformed line leaves its neighbours alone`(line: String, reason: RejectedLine.Class) {
        let good = "m,k=a v=1,w=2i,s=\"x\" 1\n"
        let parser = LineParser()
        for _ in 0..<2 {
            let outcome = outcome(Array((good + good + line + "\n" + good + line + "\r\n" + good).utf8), parser: parser)
            #expect(outcome.rejected.map(\.reason) == [reason, reason])
            #expect(outcome.rejected.map(\.line) == [3, 5])
            #expect(outcome.rows.map(\.line) == [1, 2, 4, 6])
            #expect(outcome.rows.allSatisfy { $0.fields == outcome.rows[0].fields && $0.fields.count == 3 })
            #expect(outcome.lineCount == 6)
        }
        #expect(parser.keys.count == 1)
    }

    @Test func `R-038 a refused line leaves no column, series or text behind`() {
        let parser = LineParser()
        let body = "m a=1,b=\"text\" 1\nm c=1,d=\"more\",e=x 2\nn,k=v f=1,g=x 3\nm a=2,b=\"t2\",c=bad 4\nm a=3 5\n"
        let parsed = unsafe parser.parse(Array(body.utf8).span.bytes, now: clock)
        #expect(parsed.batches.count == 1)
        #expect(parsed.batches.first?.columns.map(\.name) == ["a", "b"])
        #expect(parsed.batches.first?.text == Array("text".utf8))
        #expect(parser.keys == [SeriesKey(measurement: "m")])
        #expect(parsed.rejectedByClass == [.badValue: 3])
    }

    @Test func `R-039 bytes that are not UTF-8 refuse their line only`() {
        let bad: [[UInt8]] = [
            [0xff], [0xc0, 0x80], [0xc3], [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xf0, 0x80, 0x80, 0x80],
            [0xf4, 0x90, 0x80, 0x80],
            [0xe1, 0xbb], [0x80],
        ]
        let places: [([UInt8], [UInt8])] = [
            (Array("m".utf8), Array(" v=1".utf8)), (Array("m,k".utf8), Array("=a v=1".utf8)),
            (Array("m,k=".utf8), Array(" v=1".utf8)),
            (Array("m f".utf8), Array("=1".utf8)), (Array("m s=\"".utf8), Array("\"".utf8)),
            (Array("m s=\"a longer text ".utf8), Array(" with an end\"".utf8)),
        ]
        let good = Array("m s=\"chữ\" 1\n".utf8)
        for (before, after) in places {
            for bytes in bad {
                let outcome = outcome(good + before + bytes + after + [10] + good)
                #expect(outcome.rejected.map(\.reason) == [.invalidUTF8])
                #expect(outcome.rejected.map(\.column) == [before.count + 1])
                #expect(outcome.rows.count == 2)
            }
        }
    }

    @Test func `R-040 NUL and control bytes in names are refused, in texts kept`() {
        for control in Array(UInt8(0)..<0x20) + [0x7f] where control != 10 && control != 9 {
            let outcome = outcome(
                Array("m v=1 1\nm".utf8) + [control] + Array("x v=1 2\nm f".utf8) + [control]
                    + Array("=1 3\nm,t=".utf8) + [control] + Array(" v=1 4\nm s=\"a".utf8) + [control]
                    + Array("b\" 5".utf8))
            #expect(outcome.rejected.map(\.reason) == [.badCharacter, .badCharacter, .badCharacter])
            #expect(outcome.rejected.map(\.column) == [2, 4, 5])
            #expect(outcome.rows.last?.fields == ["s": .string([97, control, 98])])
        }
    }

    @Test func `R-040 a tab is an ordinary byte of a name, and blank at the start of a line`() {
        let outcome = outcome("\t \tm\tx,t=a\tb v=1 1")
        #expect(outcome.rows.map(\.measurement) == ["m\tx"])
        #expect(outcome.rows.first?.tags == [TagSet.Tag(key: "t", value: "a\tb")])
    }

    @Test func `R-041 numbers at the edges are exact or refused`() {
        let texts = [
            "1e308", "1e309", "9223372036854775807i", "9223372036854775808i", "18446744073709551615u", "-1u", "NaN",
            "5e-324",
        ]
        let outcome = outcome(texts.map { "m v=\($0) 1\n" }.joined())
        #expect(outcome.rejected.map(\.line) == [2, 4, 6, 7])
        #expect(
            outcome.rows.compactMap { $0.fields["v"] } == [
                .float(1e308.bitPattern), .int(.max), .uint(.max), .float(Double.leastNonzeroMagnitude.bitPattern),
            ])
    }

    @Test func `R-042 a field of two types makes two columns and no row lost`() {
        let outcome = outcome("m v=1 1\nm v=2i 2\nm v=\"x\" 3\nm v=t 4\nm v=3u 5\nm v=6 6\nm w=1 7\n")
        #expect(outcome.rows.count == 7 && outcome.rejectedCount == 0)
        #expect(
            outcome.rows.map { $0.fields["v"] } == [
                .float(1.0.bitPattern), .int(2), .string([120]), .bool(true), .uint(3), .float(6.0.bitPattern), nil,
            ])
    }

    @Test func `a field twice on a line keeps the last, whatever its type`() {
        let parser = LineParser()
        for _ in 0..<3 {
            let outcome = outcome(
                Array("m v=1,w=1,v=2 1\nm v=1,v=2i,v=\"a\" 2\nm v=1,w=5,v=7i 3\nm v=9,w=1 4\n".utf8), parser: parser)
            #expect(
                outcome.rows.map { $0.fields["v"] } == [
                    .float(2.0.bitPattern), .string([97]), .int(7), .float(9.0.bitPattern),
                ])
        }
    }

    @Test func `R-043 sixty thousand backslashes are one name, or the end of one`() {
        let run = String(repeating: "\\", count: 60_000)
        let outcome = outcome("m,k=\(run)x v=1 1\nm,k=\(run) v=1 2\nm v=\"\(run)\" 3\nm \(run)f=1 4\nm v=2 5")
        #expect(outcome.rejected.map(\.reason) == [.badTag])
        #expect(outcome.rows.count == 4)
        #expect(outcome.rows[0].tags[0].value.utf8.count == 60_001)
        #expect(outcome.rows[1].fields["v"] == .string([UInt8](repeating: UInt8(ascii: "\\"), count: 30_000)))
    }

    @Test func `R-043 sixty thousand tags are refused in a moment`() {
        let tags = (0..<60_000).map { ",t\($0)=x" }.joined()
        let parsed = outcome("m\(tags) v=1 1\nm v=2 2")
        #expect(parsed.rejected.map(\.reason) == [.tooManyTags])
        #expect(parsed.rows.count == 1)
        #expect(outcome("m" + (0..<64).map { ",t\($0)=x" }.joined() + " v=1 1").rows.first?.tags.count == 64)
    }

    @Test func `R-044 one line of ten megabytes is refused and the next is read`() {
        let line = "m v=" + String(repeating: "1", count: 10_000_000)
        let bytes = Array("m v=1 1\n\(line)\nm v=2 2\n".utf8)
        let whole = outcome(bytes)
        #expect(whole.rejected.map(\.reason) == [.lineTooLong])
        #expect(whole.rejected.map(\.line) == [2])
        #expect(whole.rows.map(\.line) == [1, 3])
        #expect(outcome(bytes, cuts: Array(stride(from: 4096, to: bytes.count, by: 4096))) == whole)
    }

    @Test func `a quote that is never closed takes a megabyte at most, and the message says so`() {
        let line = "m v=1 1\n"
        let bytes = Array(("m s=\"open 1\n" + String(repeating: line, count: 200_000)).utf8)
        let whole = outcome(bytes)
        #expect(whole.rejected.map(\.reason) == [.lineTooLong])
        #expect(whole.rejected.first?.text.contains("quote") == true)
        // The refused line has 12 + 8n bytes, the fewest that are more than 2^20 + 1.
        #expect(whole.rows.count == 200_000 - 131_071)
        #expect(whole.rows.last?.line == 200_001)
        #expect(outcome(bytes, cuts: Array(stride(from: 777, to: bytes.count, by: 65_521))) == whole)
        let short = outcome("m v=1 1\nm s=\"open 2\nm v=3 3\n")
        #expect(short.rejected.map(\.reason) == [.unterminatedString])
        #expect(short.rejected.first?.text.contains("later lines too") == true)
    }

    @Test func `names that change with every line do not fill the memory with empty cells`() {
        let text = (0..<20_000).map { "m a\($0)=1,b\($0)=2 1\n" }.joined()
        let parser = LineParser()
        let parsed = unsafe parser.parse(Array(text.utf8).span.bytes, now: clock)
        #expect(parsed.rowCount == 20_000)
        let cells = parsed.batches.reduce(0) { $0 + $1.columns.count * $1.count }
        #expect(cells < 20_000 * 2 * 17 + parsed.batches.count * 20_000)
        let wide = "m " + (0..<1000).map { "f\($0)=1" }.joined(separator: ",") + " 1\n"
        let mixed = (0..<20).map { _ in wide + String(repeating: "m a=1 1\n", count: 1000) }.joined()
        let second = unsafe parser.parse(Array(mixed.utf8).span.bytes, now: clock)
        #expect(second.rowCount == 20_020)
        #expect(second.batches.reduce(0) { $0 + $1.columns.count * $1.count } < 2_000_000)
    }
}
