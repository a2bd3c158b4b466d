import Testing
import TramQuery

@Suite struct WrittenTextTests {
    @Test(arguments: [
        ("QL51", 4), ("Cầu Rào", 7), ("Ca\u{302}\u{300}u Ra\u{300}o", 7), ("街道", 4), ("🚦", 2), ("", 0), ("a–b…", 4),
        ("\u{200B}", 0),
    ])
    func `a text takes as many columns as a terminal gives it`(text: String, columns: Int) {
        #expect(TerminalText.columns(of: text) == columns)
    }

    @Test func `control characters and marks of direction become blanks, tabs stay`() {
        #expect(TerminalText.printable("a\u{1B}[1m\r\n\tb\u{7F}\u{85}\u{2028}\u{202E}\u{2066}c") == "a [1m  \tb     c")
        #expect(TerminalText.printable("Cầu Rào 🚦") == "Cầu Rào 🚦")
    }

    @Test func `a JSON text escapes what it has to`() {
        var bytes: [UInt8] = []
        for text in ["plain ộ", "\"\\\n\r\t\u{0}\u{1f}\u{7f}"] { JSONText.append(text, to: &bytes) }
        #expect(String(decoding: bytes, as: UTF8.self) == #""plain ộ""# + #""\"\\\n\r\t\u0000\u001f"# + "\u{7f}\"")
    }

    @Test func `floats have one shortest text everywhere`() {
        let numbers: [Double] = [3, -0.0, 42.25, 1e16, 1e-7, 1e300, .leastNonzeroMagnitude]
        #expect(numbers.map { Value.float($0).plainText } == ["3", "-0", "42.25", "1e16", "1e-7", "1e300", "5e-324"])
    }
}
