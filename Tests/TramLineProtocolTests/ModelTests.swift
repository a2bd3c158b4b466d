import Foundation
import Testing
import TramColumnar
import TramLineProtocol
import TramTesting

/// Writes random points in random spellings, and knows what must come back.
struct ModelWriter {
    var generator: SeededGenerator
    private(set) var text: [UInt8] = []
    private(set) var rows: [Row] = []
    private var line: UInt32 = 1

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
    }

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &generator)]
    }

    private mutating func chance(_ oneIn: Int) -> Bool {
        Int.random(in: 0..<oneIn, using: &generator) == 0
    }

    /// A name of 1...24 characters that may need escapes; few different short ones, so that series and fields come
    /// again.
    private mutating func name() -> String {
        if !chance(4) {
            return pick(["a", "b", "speed", "độ ẩm", "x,y", "k=v", "#c", "\"q\"", "a_long_field_name_past_16"])
        }
        let characters = ["a", "Z", "0", "_", " ", ",", "=", "\\", "\"", "#", "đ", "ệ", "🚦", "\t", "-", "."]
        var name = (0..<Int.random(in: 1...24, using: &generator)).map { _ in pick(characters) }.joined()
        // A name cannot end in a backslash.
        if name.hasSuffix("\\") { name += "e" }
        return name
    }

    private mutating func escaped(_ name: String, equals: Bool) -> String {
        var text = ""
        for character in name {
            // In a measurement an equals sign needs a backslash only where one already stands before it.
            let escapes = character == "=" && (equals || text.hasSuffix("\\") || chance(2))
            if character == "," || character == " " || escapes { text += "\\" }
            text.append(character)
        }
        return text
    }

    private mutating func value() -> (String, Value) {
        switch Int.random(in: 0..<8, using: &generator) {
        case 0, 1:
            let text =
                "\(Int.random(in: -99_999...99_999, using: &generator)).\(Int.random(in: 0...999, using: &generator))"
            return (text, .float((Double(text) ?? .nan).bitPattern))
        case 2:
            let double = Double(bitPattern: generator.next())
            return double.isFinite ? ("\(double)", .float(double.bitPattern)) : ("0", .float(0))
        case 3:
            let int = Int64(truncatingIfNeeded: generator.next()) >> Int64.random(in: 0..<64, using: &generator)
            return ("\(int)i", .int(int))
        case 4:
            let uint = generator.next() >> UInt64.random(in: 0..<64, using: &generator)
            return ("\(uint)u", .uint(uint))
        case 5: return (pick(["t", "T", "true", "True", "TRUE"]), .bool(true))
        case 6: return (pick(["f", "F", "false", "False", "FALSE"]), .bool(false))
        default: return string()
        }
    }

    private mutating func string() -> (String, Value) {
        let pieces = [
            "a", " ", ",", "=", "\"", "\\", "\n", "\r\n", "ề", "🚦", "#", "text of some length", "\u{0}", "\t",
        ]
        let value = (0..<Int.random(in: 0...12, using: &generator)).map { _ in pick(pieces) }.joined()
        var text = "\""
        let bytes = Array(value.unicodeScalars)
        for (index, scalar) in bytes.enumerated() {
            let next: Unicode.Scalar = index + 1 < bytes.count ? bytes[index + 1] : "\""
            // A backslash needs one before it only where it would start an escape.
            let needs = scalar == "\"" || (scalar == "\\" && (next == "\"" || next == "\\" || chance(2)))
            text += (needs ? "\\" : "") + String(scalar)
        }
        return (text + "\"", .string(Array(value.utf8)))
    }

    mutating func writeNoise() {
        let noise = pick(["\n", "  \t\n", "# comment, with \"quote\n", "\r\n", "  # x=1\r\n"])
        text += Array(noise.utf8)
        line += 1
    }

    mutating func writePoint() {
        // At the start of a line a number sign makes a comment, and a tab is blank.
        var measurement = name()
        if measurement.hasPrefix("#") || measurement.hasPrefix("\t") { measurement = "m" + measurement }
        var tags: [TagSet.Tag] = []
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
            let key = name()
            if !tags.contains(where: { $0.key == key }) { tags.append(TagSet.Tag(key: key, value: name())) }
        }
        var spelled =
            String(repeating: pick([" ", "\t"]), count: chance(8) ? 2 : 0) + escaped(measurement, equals: false)
        for tag in tags { spelled += "," + escaped(tag.key, equals: true) + "=" + escaped(tag.value, equals: true) }
        spelled += chance(6) ? "   " : " "
        var fields: [String: Value] = [:]
        for index in 0...Int.random(in: 0...4, using: &generator) {
            let (key, (valueText, value)) = (name(), value())
            spelled += (index == 0 ? "" : ",") + escaped(key, equals: true) + "=" + valueText
            fields[key] = value
        }
        var time = clock
        if !chance(5) {
            time = Int64(truncatingIfNeeded: generator.next()) >> Int64.random(in: 1..<64, using: &generator)
            spelled += (chance(6) ? "  " : " ") + "\(time)"
        }
        spelled += (chance(6) ? "  " : "") + (chance(4) ? "\r\n" : "\n")
        rows.append(
            Row(line: line, measurement: measurement, tags: TagSet(tags).tags, fields: fields, time: time))
        text += Array(spelled.utf8)
        line += UInt32(Array(spelled.utf8).filter { $0 == 10 }.count)
    }
}

@Suite struct ModelTests {
    /// Names the first row that differs; printing all of them would drown it.
    private func expectSame(_ rows: [Row], _ expected: [Row], _ location: SourceLocation = #_sourceLocation) {
        #expect(rows.count == expected.count, sourceLocation: location)
        for (row, other) in zip(rows, expected) where row != other {
            #expect(row == other, sourceLocation: location)
            return
        }
    }

    @Test(arguments: Array(UInt64(1)...20)) func `random points in random spellings come back`(seed: UInt64) {
        var writer = ModelWriter(seed: seed)
        for _ in 0..<400 {
            if Int.random(in: 0..<10, using: &writer.generator) == 0 { writer.writeNoise() }
            writer.writePoint()
        }
        let parser = LineParser()
        for _ in 0..<2 {
            let whole = outcome(writer.text, parser: parser)
            #expect(whole.rejected.map(\.message) == [])
            expectSame(whole.rows, writer.rows)
        }
        for _ in 0..<5 {
            let cuts = (0..<20).map { _ in Int.random(in: 0...writer.text.count, using: &writer.generator) }.sorted()
            let cut = outcome(writer.text, cuts: cuts, takingEachPiece: true, parser: parser)
            expectSame(cut.rows, writer.rows)
        }
    }

    /// Valid text with bytes changed, doubled and cut out, and plain noise, for ten seconds, or as many as
    /// `TRAM_LINE_PROTOCOL_FUZZ_SECONDS` says. Whole and in pieces must agree; a trap would end the process, and the
    /// seed printed before it is the one to try again.
    @Test func `R-038 random bytes and mutated lines never trap`() async throws {
        let seconds = ProcessInfo.processInfo.environment["TRAM_LINE_PROTOCOL_FUZZ_SECONDS"].flatMap(Double.init) ?? 10
        let failure = await Task.detached { () -> UInt64? in
            let end = ContinuousClock.now + .seconds(seconds)
            var seed: UInt64 = 1
            let parser = LineParser()
            while ContinuousClock.now < end {
                let bytes = ModelTests.noise(seed: seed)
                let whole = outcome(bytes, parser: parser)
                var generator = SeededGenerator(seed: seed)
                let cuts = (0..<3).map { _ in Int.random(in: 0...bytes.count, using: &generator) }.sorted()
                // Another parser: what one has met before must not change what it reads.
                if outcome(bytes, cuts: cuts) != whole { return seed }
                seed += 1
            }
            return nil
        }.value
        #expect(failure == nil, "seed \(failure ?? 0)")
    }

    static func noise(seed: UInt64) -> [UInt8] {
        var writer = ModelWriter(seed: seed)
        if seed % 4 == 0 {
            let alphabet = Array("m,k=v \"\\\n\r\t#0123456789.-+eEiutfalsTRU".utf8) + [0, 0xff, 0xc3, 0xa9, 0x7f]
            return (0..<Int.random(in: 0...400, using: &writer.generator)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &writer.generator)]
            }
        }
        for _ in 0..<Int.random(in: 1...12, using: &writer.generator) { writer.writePoint() }
        var bytes = writer.text
        for _ in 0..<Int.random(in: 0...6, using: &writer.generator) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &writer.generator)
            switch Int.random(in: 0..<4, using: &writer.generator) {
            case 0: bytes[place] = UInt8(truncatingIfNeeded: writer.generator.next())
            case 1: bytes.insert(Array("\",= \n\\ei-".utf8)[Int(writer.generator.next() % 9)], at: place)
            case 2: bytes.remove(at: place)
            default: bytes.append(contentsOf: bytes[place..<min(place + 40, bytes.count)])
            }
        }
        return bytes
    }
}
