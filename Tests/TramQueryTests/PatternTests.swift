import Testing
import TramColumnar
import TramQuery
import TramTesting

@Suite struct PatternTests {
    @Test(arguments: [
        ("QL", "QL51", true), ("^QL", "AQL", false), ("51$", "QL51", true), ("^QL51$", "QL51", true),
        ("^QL51$", "QL510", false),
        ("", "", true), ("", "x", true), ("^$", "x", false), ("a.c", "abc", true), ("a.c", "a\nc", false),
        ("[a-c]+[^0-9]", "zzb1", false), ("[a-c]+[^0-9]", "zzbx", true), ("[]a]", "]", true), ("[a-]", "-", true),
        ("\\d{2,3}", "a7", false), ("\\d{2,3}", "a77", true), ("^(ab){2}$", "abab", true), ("^(ab){2}$", "ab", false),
        ("^a{2,}$", "aaaa", true), ("^a{0}$", "", true), ("cam|tram", "tram-1", true),
        ("^(cam|tram)-\\d$", "tram-1", true),
        ("a|", "", true), ("(?i)phú an", "PHÚ AN", true), ("(?i:p)hú", "Phú", true), ("(?i:p)hú", "PHÚ", false),
        ("x(?i)y|z", "xY", true), ("(?i)[a-c]x", "BX", true), ("\\bAn\\b", "Phú An", true), ("\\bAn\\b", "Ban", false),
        ("\\BAn", "BAn", true), ("^\\w+$", "độ_ẩm", true), ("^\\w+$", "độ ẩm", false), ("\\s", "độ ẩm", true),
        ("\\.", "a", false), ("\\.", "a.b", true), ("a\\|b", "a|b", true), ("(a*)*b", "b", true),
        ("(a*)+$", "aaac", true),
        ("^(?:a|b)*?c", "abac", true), ("\\D", "12", false), ("\\S", " ", false), ("\\W", "_", false),
        ("[\\d.]+", "1.5", true),
        ("^.$", "温", true), ("ẩ", "độ ẩm", true), ("[ạ-ỹ]", "ẩ", true), ("\\t", "a\tb", true), ("$^", "", true),
    ])
    func `a pattern occurs or not`(pattern: String, text: String, expected: Bool) throws {
        #expect(try Pattern(pattern).matches(text) == expected)
    }

    @Test(arguments: [
        ("(a", 0), ("a)", 1), ("[a", 0), ("*a", 0), ("a**", 2), ("a{2", 1), ("a{3,2}", 1), ("a{1001}", 1), ("a{x}", 1),
        ("\\", 0),
        ("ab\\q", 2), ("\\1", 0), ("(?=a)", 0), ("(?<n>a)", 0), ("[z-a]", 1), ("[]", 0), ("độ(", 5), ("(?", 0),
        ("a|+", 2),
    ])
    func `a bad pattern is refused with its place`(pattern: String, start: Int) throws {
        let error = try #require(throws: QueryError.self) { try Pattern(pattern) }
        #expect(error.code == .badPattern)
        #expect(error.at?.start == start)
        #expect((error.at?.end ?? 0) <= pattern.utf8.count)
    }

    @Test func `a pattern that grows too large is refused at once`() {
        for pattern in [
            "a{1000}{2}", "((a{1000}){1000}){1000}",
            String(repeating: "(", count: 40) + String(repeating: "){1000}", count: 40),
            String(repeating: "(", count: 5000), String(repeating: "a", count: 5000), "(a{100}){100}",
            "((((()))){1000}){1000}",
        ] {
            #expect(throws: QueryError.self) { try Pattern(pattern) }
        }
    }

    @Test func `no pattern takes more than linear time`() throws {
        let text = String(repeating: "a", count: 20_000)
        let clock = ContinuousClock()
        let start = clock.now
        #expect(try !Pattern("^(a+)+$").matches(text + "b"))
        #expect(try !Pattern("(a|a)*b").matches(text))
        #expect(try !Pattern("(a?){50}a{50}b").matches(text))
        let elapsed = clock.now - start
        // A backtracking matcher would not end in this century.
        #expect(elapsed < .seconds(60))
    }

    @Test func `patterns are equal when their text is`() throws {
        #expect(try Pattern("a+") == Pattern("a+"))
        #expect(try Pattern("a+").hashValue == Pattern("a+").hashValue)
        // The same letter in one piece and in two: what they match differs, so they differ.
        #expect(try Pattern("\u{E0}") != Pattern("a\u{300}"))
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func `random patterns agree with a backtracking model`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<1500 {
            let tree = Model.random(depth: 3, using: &generator)
            let pattern = try Pattern(tree.text)
            for _ in 0..<8 {
                let count = Int.random(in: 0...6, using: &generator)
                let letters = (0..<count).map { _ in Array("abc")[Int.random(in: 0..<3, using: &generator)] }
                #expect(
                    pattern.matches(String(letters)) == tree.occurs(in: letters), "\(tree.text) in \(String(letters))")
            }
        }
    }

    @Test func `random text as a pattern is answered for a second`() {
        var generator = SeededGenerator(seed: 17)
        let signs = Array("ab^$.*+?{}[]()|\\-,0123:idwsbBẩ")
        let clock = ContinuousClock()
        let end = clock.now + .seconds(1)
        while clock.now < end {
            let text = String(
                (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                    signs[Int.random(in: 0..<signs.count, using: &generator)]
                })
            if let pattern = try? Pattern(text) { _ = pattern.matches("aab12ẩ-") }
        }
    }
}

/// A pattern as a tree that is matched by trying every way.
private indirect enum Model {
    case letter(Character)
    case any
    case notA
    case start
    case end
    case both(Model, Model)
    case either(Model, Model)
    case repeated(Model, Int, Int?)

    static func random(depth: Int, using generator: inout SeededGenerator) -> Model {
        switch Int.random(in: 0..<(depth > 0 ? 12 : 6), using: &generator) {
        case 0...2: .letter(Array("abc")[Int.random(in: 0..<3, using: &generator)])
        case 3: .any
        case 4: .notA
        case 5: Bool.random(using: &generator) ? .start : .end
        case 6...8: .both(random(depth: depth - 1, using: &generator), random(depth: depth - 1, using: &generator))
        case 9: .either(random(depth: depth - 1, using: &generator), random(depth: depth - 1, using: &generator))
        default:
            .repeated(
                random(depth: depth - 1, using: &generator), Int.random(in: 0...2, using: &generator),
                Bool.random(using: &generator) ? nil : 2)
        }
    }

    var text: String {
        switch self {
        case .letter(let letter): String(letter)
        case .any: "."
        case .notA: "[^a]"
        case .start: "^"
        case .end: "$"
        case .both(let left, let right): "(?:\(left.text))(\(right.text))"
        case .either(let left, let right): "(\(left.text)|\(right.text))"
        case .repeated(let inner, 0, nil): "(\(inner.text))*"
        case .repeated(let inner, 1, nil): "(?:\(inner.text))+"
        case .repeated(let inner, let low, let high): "(\(inner.text)){\(low),\(high.map { "\($0)" } ?? "")}"
        }
    }

    func occurs(in text: [Character]) -> Bool {
        (0...text.count).contains { !ends(text, from: $0).isEmpty }
    }

    /// Everywhere a match that begins at `start` may end.
    private func ends(_ text: [Character], from start: Int) -> Set<Int> {
        switch self {
        case .letter(let letter): return start < text.count && text[start] == letter ? [start + 1] : []
        case .any: return start < text.count ? [start + 1] : []
        case .notA: return start < text.count && text[start] != "a" ? [start + 1] : []
        case .start: return start == 0 ? [0] : []
        case .end: return start == text.count ? [start] : []
        case .both(let left, let right):
            return left.ends(text, from: start).reduce(into: []) { $0.formUnion(right.ends(text, from: $1)) }
        case .either(let left, let right): return left.ends(text, from: start).union(right.ends(text, from: start))
        case .repeated(let inner, let low, let high):
            var all: Set<Int> = low == 0 ? [start] : []
            var frontier: Set<Int> = [start]
            // After as many rounds as letters and a few more nothing new can be reached.
            for round in 1...(text.count + low + 3) where round <= high ?? .max {
                frontier = frontier.reduce(into: []) { $0.formUnion(inner.ends(text, from: $1)) }
                if round >= low { all.formUnion(frontier) }
            }
            return all
        }
    }
}
