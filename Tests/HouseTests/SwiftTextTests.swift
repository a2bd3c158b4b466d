import Testing

@Suite struct SwiftTextTests {
    @Test(arguments: [
        ("a // b\nc", ["a ", "c"]),
        ("a /* b /* c */ d */ e", ["a  e"]),
        (#"f("x! // y") // z"#, [#"f("") "#]),
        (#"f("\(g("x", h!)) y")"#, [#"f("(g("", h!))")"#]),
        (#"f("\"x!\"", y)"#, [#"f("", y)"#]),
        (##"f(#"a " \( b"#, y!)"##, [#"f("", y!)"#]),
        ("f(\"\"\"\n  x! \"q\"\n  \"\"\") // c", ["f(\"", "", "\") "]),
    ])
    func `what remains is code`(text: String, code: [String]) {
        #expect(SwiftText(text).lines == code)
    }

    @Test func `lines of a long literal are known`() {
        #expect(SwiftText("a\n\"\"\"\nb\n\"\"\"\nc").isInsideLiteral == [false, false, true, true, false])
    }
}
