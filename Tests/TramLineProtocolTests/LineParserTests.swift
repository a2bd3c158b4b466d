import Testing
import TramColumnar
import TramLineProtocol

/// Numbers, places, words and chunks as a caller sees them.
@Suite struct LineParserTests {
    private func refusal(_ text: String) -> RejectedLine? {
        outcome(text).rejected.first
    }

    @Test func `one measurement's rows are columns, in order of arrival`() throws {
        let parser = LineParser()
        let text = "air,st=1 pm=1.5,n=2i 10\npower v=t 1\nair,st=2 pm=2.5 20\nair,st=1 pm=3.5,n=4i,s=\"a\\\"b\" 30\n"
        let body = unsafe parser.parse(Array(text.utf8).span.bytes, now: clock)
        #expect(body.batches.map(\.measurement) == ["air", "power"])
        let air = try #require(body.batches.first)
        #expect(air.series == [0, 2, 0])
        #expect(air.timestamps == [10, 20, 30])
        #expect(air.lines == [1, 3, 4])
        #expect(air.columns.map(\.name) == ["pm", "n", "s"])
        #expect(air.columns[0].values == Vector(type: .float, bits: [1.5, 2.5, 3.5].map(\.bitPattern)))
        var presence = Bitmap(repeating: true, count: 3)
        presence[1] = false
        #expect(air.columns[1].values == Vector(type: .int, bits: [2, 0, 4], presence: presence))
        #expect(air.columns[2].values.bits == [0, 0, Batch.textReference(offset: 0, byteCount: 3)])
        #expect(air.text == Array("a\"b".utf8))
        #expect(
            parser.keys.map { String(decoding: $0.canonicalBytes, as: UTF8.self) } == ["air,st=1", "power", "air,st=2"])
    }

    @Test func `spellings of one key have one number`() {
        let parser = LineParser()
        let text = "m,a=1,b=2 v=1 1\nm,b=2,a=1 v=1 2\nm,a=1,b=2 v=1 3\nm\\=,a=1 v=1 4\nm=,a=1 v=1 5\n"
        let body = unsafe parser.parse(Array(text.utf8).span.bytes, now: clock)
        #expect(body.batches.map(\.series) == [[0, 0, 0], [1, 1]])
        #expect(parser.keys.count == 2)
    }

    @Test func `a measurement with a backslash before an equals sign is another one than without`() {
        let text = "m\\\\= v=1 1\nm\\= v=1 2\nm= v=1 3\nm\\\\= v=1 4\n"
        for body in [text, text.split(separator: "\n").reversed().joined(separator: "\n")] {
            let names = outcome(body).rows.sorted { $0.time < $1.time }.map(\.measurement)
            #expect(names == ["m\\=", "m=", "m=", "m\\="])
        }
    }

    @Test func `numbers of keys stay from body to body`() {
        let parser = LineParser()
        let first = unsafe parser.parse(Array("m,a=1 v=1 1\nm,a=2 v=1 1".utf8).span.bytes, now: clock)
        let second = unsafe parser.parse(Array("m,a=2 v=1 1\nm,a=3 v=1 1".utf8).span.bytes, now: clock)
        #expect(first.batches[0].series == [0, 1])
        #expect(second.batches[0].series == [1, 2])
    }

    @Test func `twenty thousand series and their shuffled spellings keep their numbers`() {
        let parser = LineParser()
        var text = ""
        for id in 0..<20_000 { text += "m,a=\(id),b=x v=1 1\nm,b=x,a=\(id) v=1 1\n" }
        let body = unsafe parser.parse(Array(text.utf8).span.bytes, now: clock)
        #expect(parser.keys.count == 20_000)
        #expect(body.batches.first?.series == (0..<UInt32(40_000)).map { $0 / 2 })
    }

    @Test func `pieces may be taken while the body goes on, and lines are numbered through`() {
        let parser = LineParser()
        parser.begin(now: clock)
        unsafe parser.feed(Array("m v=1 1\nm v=\"a".utf8).span.bytes)
        #expect(parser.pendingRowCount == 1)
        #expect(parser.take().batches.first?.lines == [1])
        #expect(parser.pendingRowCount == 0)
        unsafe parser.feed(Array("\nb\" 2\nbad\nm v=3 ".utf8).span.bytes)
        let second = parser.take()
        #expect(second.batches.first?.lines == [2])
        #expect(second.rejected.map(\.line) == [4])
        #expect(second.lineCount == 2)
        unsafe parser.feed(Array("3".utf8).span.bytes)
        let last = parser.finish()
        #expect(last.batches.first?.lines == [5])
        #expect(last.batches.first?.timestamps == [3])
        #expect(last.rejectedCount == 0)
    }

    @Test func `begin drops what an unfinished body has left`() {
        let parser = LineParser()
        parser.begin(now: clock)
        unsafe parser.feed(Array("m v=1 1\nm v=\"open".utf8).span.bytes)
        let body = unsafe parser.parse(Array("m v=2 2".utf8).span.bytes, now: clock)
        #expect(body.rowCount == 1 && body.rejectedCount == 0)
        #expect(body.batches.first?.lines == [1])
    }

    @Test func `a hundred refused lines are described, all are counted`() {
        let body = unsafe LineParser().parse(
            Array(String(repeating: "m v=x 1\nm 2\n", count: 500).utf8).span.bytes, now: clock)
        #expect(body.rejected.count == 100)
        #expect(body.rejectedCount == 1000)
        #expect(body.rejectedByClass == [.badValue: 500, .badField: 500])
        #expect(body.lineCount == 1000)
    }

    @Test func `a unit behind a number is named in the answer`() throws {
        let rejected = try #require(refusal("\n# c\nm,s=1 v=28°C 1"))
        #expect(
            rejected.message
                == "line 3, column 9: bad-value: \"28°C\" is not a number; send 28 and put the unit in the field name")
        #expect(rejected.excerpt == "m,s=1 v=28°C 1")
    }

    @Test(arguments: [
        ("m v=nan", "leave out a field that has no reading"), ("m v=+1", "leave out the plus sign"),
        ("m v=0x10", "decimal digits"), ("m v='a'", "double quotes"), ("m v=tRUE", "write true or false"),
        ("m v=hello", "put text in double quotes"), ("m v=1.5i", "leave out the i"),
        ("m v=-1u", "i marks integers with a sign"),
        ("m v=1.2.3", "at most one decimal point"), ("m v=1\r 1", "carriage return"),
        ("m v=\"x\"y", "follows a closing quote"),
        ("m v=1,5 1", "a decimal point is \".\""), ("m v=1, w=2", "no space after a comma"),
        ("m v=1 w=2", "separate fields by commas"),
        ("m v=1 2026-11-20T23:00:00Z", "whole number since 1970"), ("m,k=a=b v=1", "write \\= for one"),
        ("m v=9223372036854775808i", "without the i"), ("m v=x\"\nm v=2 2", "never closed"),
    ])
    func `a message says what to do`(text: String, advice: String) throws {
        let rejected = try #require(refusal(text))
        #expect(rejected.text.contains(advice), "\(rejected.text)")
        #expect(!rejected.message.contains("\n") && !rejected.message.contains("\r"))
    }

    @Test func `an excerpt has 120 bytes at most, ends with a whole character and shows the place`() throws {
        for length in 0..<130 {
            let text =
                "m,k=" + String(repeating: "x", count: length) + String(repeating: "ệ", count: 100) + " v=bad,w=1 1"
            let rejected = try #require(refusal(text))
            #expect(rejected.excerpt.utf8.count <= 120)
            #expect(rejected.excerpt.contains("bad"))
            #expect(!rejected.excerpt.contains("\u{fffd}"))
            #expect(rejected.column == 4 + length + 300 + 4)
        }
        let binary = try #require(outcome(Array("m v=".utf8) + [UInt8](repeating: 0xff, count: 500)).rejected.first)
        #expect(binary.excerpt.utf8.count <= 120)
    }

    @Test func `units are scaled with overflow noticed`() {
        let edges: [(Precision, Int64, Int64)] = [
            (.nanosecond, .max - 1, 1), (.microsecond, 9_223_372_036_854_775, 1000),
            (.millisecond, 9_223_372_036_854, 1_000_000), (.second, 9_223_372_036, 1_000_000_000),
            (.minute, 153_722_867, 60_000_000_000), (.hour, 2_562_047, 3_600_000_000_000),
        ]
        for (precision, edge, unit) in edges {
            let last = outcome("m v=1 \(edge)\nm v=1 -\(edge)\n", precision: precision)
            #expect(last.rows.map(\.time) == [edge * unit, -edge * unit])
            let past = outcome(
                "m v=1 \(edge + 1)\nm v=1 -\(edge + 1)\nm v=1 99999999999999999999", precision: precision)
            #expect(past.rejected.map(\.reason) == [.timestampOutOfRange, .timestampOutOfRange, .timestampOutOfRange])
        }
    }

    @Test func `auto reads the unit from the size`() {
        let times = [
            "4999999999", "5000000000", "4999999999999", "5000000000000", "4999999999999999", "5000000000000000", "-7",
            "0",
        ]
        let outcome = outcome(times.map { "m v=1 \($0)\n" }.joined() + "m v=1\n", precision: .auto)
        #expect(
            outcome.rows.map(\.time) == [
                4_999_999_999_000_000_000, 5_000_000_000_000_000, 4_999_999_999_999_000_000, 5_000_000_000_000_000,
                4_999_999_999_999_999_000, 5_000_000_000_000_000, -7_000_000_000, 0, clock,
            ])
    }

    @Test func `the clock is truncated down, before 1970 too`() {
        let parser = LineParser()
        for (now, expected) in [
            (Int64(-1), Int64(-1_000_000_000)), (1_999_999_999, 1_000_000_000), (-1_000_000_000, -1_000_000_000),
        ] {
            let body = unsafe parser.parse(Array("m v=1".utf8).span.bytes, precision: .second, now: now)
            #expect(body.batches.first?.timestamps == [expected])
        }
        for now in [Int64.min, .max] {
            let body = unsafe parser.parse(Array("m v=1".utf8).span.bytes, precision: .hour, now: now)
            #expect(body.rowCount == 1)
        }
    }

    @Test func `precision names of all three APIs are known`() {
        let names: [(String, Precision)] = [
            ("n", .nanosecond), ("ns", .nanosecond), ("nanosecond", .nanosecond), ("u", .microsecond),
            ("us", .microsecond),
            ("µ", .microsecond), ("microsecond", .microsecond), ("ms", .millisecond), ("millisecond", .millisecond),
            ("s", .second), ("second", .second), ("m", .minute), ("h", .hour), ("auto", .auto),
        ]
        for (name, precision) in names { #expect(Precision(name: name) == precision) }
        #expect(Precision(name: "d") == nil && Precision(name: "") == nil && Precision(name: "S") == nil)
    }

    @Test func `limits are the caller's`() {
        let small = LineProtocolConfiguration(
            maximumLineBytes: 40, maximumKeyBytes: 10, maximumStringBytes: 4, maximumTags: 1, maximumFields: 2,
            maximumRejectedKept: 3)
        let text =
            "m,k=abcdefgh v=1\nm,k=abcde f=1\nm,k=abcde ff=1\nm s=\"1234\"\nm s=\"12345\"\nm,a=1,b=2 v=1\nm a=1,b=2,c=3\nm a=1,b=2 "
            + String(repeating: "0", count: 40) + "\n"
        let outcome = outcome(Array(text.utf8), configuration: small)
        #expect(outcome.rows.map(\.line) == [2, 4])
        #expect(outcome.rejected.map(\.reason) == [.keyTooLong, .keyTooLong, .stringTooLong])
        #expect(outcome.rejectedCount == 6)
    }
}
