import Testing
import TramColumnar
import TramLineProtocol
import TramTesting

/// Many bodies in turn at one parser.
@Suite struct OpenBodyTests {
    /// Bodies with good lines, bad ones, strings over several lines, comments, and a last line without a newline.
    private func bodies(_ generator: inout SeededGenerator) -> [[UInt8]] {
        (0..<6).map { body in
            var text = ""
            for line in 0..<Int.random(in: 1...30, using: &generator) {
                switch Int.random(in: 0..<8, using: &generator) {
                case 0: text += "bad line \(line)\n"
                case 1: text += "# a comment\n\n"
                case 2: text += "log,host=h\(body) text=\"one\ntwo \\\" \(line)\" \(line)\n"
                case 3: text += "m\(body) v=\(line),w=\"x\"\n"
                default: text += "traffic,way=w\(line % 3),n=\(body) speed=\(line).5,count=\(line)i \(line)\r\n"
                }
            }
            return Array((text + "traffic,way=last speed=1 7").utf8)
        }
    }

    @Test(arguments: Array(UInt64(1)...20))
    func `bodies that take turns at a parser give what each gives alone`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let bodies = bodies(&generator)
        let shared = LineParser()
        var open = bodies.indices.map { OpenBody(precision: .second, now: Int64($0) * 1_000_000_000) }
        var rest = bodies.map { $0[...] }
        var parts = bodies.map { _ in [ParsedBody]() }
        while let body = rest.indices.filter({ !rest[$0].isEmpty }).randomElement(using: &generator) {
            let piece = rest[body].prefix(Int.random(in: 1...40, using: &generator))
            rest[body] = rest[body].dropFirst(piece.count)
            parts[body].append(unsafe shared.feed(Array(piece).span.bytes, of: &open[body]))
        }
        for body in bodies.indices { parts[body].append(shared.finish(&open[body])) }
        for body in bodies.indices {
            let alone = LineParser()
            let text = bodies[body]
            let whole = unsafe alone.parse(text.span.bytes, precision: .second, now: Int64(body) * 1_000_000_000)
            let expected = Outcome([whole], alone)
            #expect(Outcome(parts[body], shared) == expected)
            #expect(expected.rejectedCount + expected.rows.count == expected.lineCount)
        }
    }

    @Test func `a body that is dropped in the middle of a line leaves nothing to the next`() {
        let parser = LineParser()
        var first = OpenBody(now: 0)
        _ = unsafe parser.feed(Array("m v=1 1\nm v=\"open".utf8).span.bytes, of: &first)
        var second = OpenBody(now: 0)
        let body = unsafe parser.feed(Array("m v=2 2\n".utf8).span.bytes, of: &second)
        #expect(body.rowCount == 1 && body.rejectedCount == 0)
        #expect(parser.finish(&second).rowCount == 0)
    }

    @Test func `each piece of a stream has its own clock and describes its own refused lines`() {
        let parser = LineParser(configuration: LineProtocolConfiguration(maximumRejectedKept: 1))
        var stream = OpenBody(precision: .second, now: 1_500_000_000)
        let first = unsafe parser.feed(Array("m v=1\nbad\nbad\n".utf8).span.bytes, of: &stream)
        #expect(first.batches.first?.timestamps == [1_000_000_000])
        #expect(first.rejected.map(\.line) == [2] && first.rejectedCount == 2)
        stream.beginPiece(now: 3_900_000_000)
        let second = unsafe parser.feed(Array("m v=1\nbad\n".utf8).span.bytes, of: &stream)
        #expect(second.batches.first?.timestamps == [3_000_000_000])
        #expect(second.rejected.map(\.line) == [5])
    }
}
