import Testing
import TramColumnar
import TramQuery
import TramServer
import TramTesting

private func read(_ text: String) throws -> ConfigurationFile {
    try ConfigurationFile.parse(Array(text.utf8), file: "tram.yaml")
}

@Suite struct ConfigurationFileTests {
    @Test func `the contract's file is read`() throws {
        let file = try read(
            """
            node:      { unit: "31", name: "IOC Hải Phòng", parent: { url: "https://ioc.example", token_file: parent.token } }
            listen:    ["127.0.0.1:8086", "[::1]:8086"]
            data:      tram-data
            timezone:  Asia/Ho_Chi_Minh
            retention: { raw: 400d, windows: 10y }
            durability: sync
            recovery:  repair
            limits:    { ahead: 1d }
            allowed_lateness: 1h
            catalogue:
              units:    units.csv
              stations:
                - { file: traffic-sensors.csv, tag: sensor, unit: unit_3level }
            streams:   [{ name: speed_5m, query: "traffic | mean(speed), p95(speed) by commune every 5m", keep: 10y }]
            rules:     ["rules/*.yaml"]
            reports:   ["reports/*.yaml"]
            notify:    { allow: ["127.0.0.1/32"], receivers: [{ name: ioc }], route: { receiver: ioc } }
            """)
        #expect(file.node?.unit == "31")
        #expect(file.node?.name == "IOC Hải Phòng")
        #expect(file.node?.parent?.url.text == "https://ioc.example")
        #expect(file.node?.parent?.tokenFile == "parent.token")
        #expect(file.listen.map(\.text) == ["127.0.0.1:8086", "[::1]:8086"])
        #expect(!file.insecure)
        #expect(file.data == "tram-data")
        #expect(file.timezone?.text == "Asia/Ho_Chi_Minh")
        #expect(file.retention.raw == Duration(days: 400))
        #expect(file.retention.windows == Duration(months: 120))
        #expect(file.durability == .sync)
        #expect(file.recovery == .repair)
        #expect(file.limits.ahead == .nanoseconds(86_400_000_000_000))
        #expect(file.allowedLateness == 3_600_000_000_000)
        #expect(file.catalogue?.units?.text == "units.csv")
        #expect(file.catalogue?.stations.map(\.unit.text) == ["unit_3level"])
        #expect(file.streams.map(\.name.text) == ["speed_5m"])
        #expect(file.streams.first?.keep == Duration(months: 120))
        #expect(file.streams.first.map { [$0.query.line, $0.query.column] } == [14, 39])
        #expect(file.rules.map(\.text) == ["rules/*.yaml"])
        #expect(file.reports.map(\.text) == ["reports/*.yaml"])
        #expect(file.notifyAllow.map(\.text) == ["127.0.0.1/32"])
    }

    @Test(arguments: ["", "# nothing\n", "streams:\nrules: ~\n", "{}"])
    func `every key may be left out`(text: String) throws {
        #expect(try read(text) == ConfigurationFile(file: "tram.yaml"))
    }

    @Test func `ahead may be off and a list of one may be a text`() throws {
        let file = try read("limits: { ahead: off }\nrules: rules/flood.yaml\nnode: { unit: 01 }\n")
        #expect(file.limits.ahead == .off)
        #expect(file.rules.map(\.text) == ["rules/flood.yaml"])
        #expect(file.node?.unit == "01")
    }

    @Test(arguments: [
        ("timezon: UTC", "1:1 unknown key \"timezon\" (did you mean \"timezone\"?)"),
        ("limits: { ahaed: 1d }", "1:11 unknown key \"ahaed\" (did you mean \"ahead\"?)"),
        ("durability: sinc", "1:13 \"durability\" cannot be \"sinc\" (did you mean \"sync\"?)"),
        ("recovery: none", "1:11 \"recovery\" cannot be \"none\" (one of: repair, strict)"),
        (
            "allowed_lateness: 1mo",
            "1:19 \"allowed_lateness\" cannot be \"1mo\" (write a duration as one word, such as 30s, 15m, 1h30m, 2d)"
        ),
        (
            "retention: { raw: forever }",
            "1:19 \"raw\" cannot be \"forever\" (write a duration as one word, such as 30s, 15m, 1h30m, 2d)"
        ),
        (
            "listen: [\"8086\"]",
            "1:11 \"8086\" is not an address (write HOST:PORT, such as \"127.0.0.1:8086\" or \"[::1]:8086\")"
        ),
        (
            "listen: \"::1:8086\"",
            "1:10 \"::1:8086\" is not an address (write HOST:PORT, such as \"127.0.0.1:8086\" or \"[::1]:8086\")"
        ),
        (
            "listen: \"a:99999\"",
            "1:10 \"a:99999\" is not an address (write HOST:PORT, such as \"127.0.0.1:8086\" or \"[::1]:8086\")"
        ), ("insecure: yes", "1:11 \"insecure\" is true or false"),
        ("streams: [{ name: a }]", "1:11 the key \"query\" is missing"),
        ("streams: [{ name: a, query: q }, { name: a, query: r }]", "1:42 the stream \"a\" is there already"),
        ("rules: { a: b }", "1:8 \"rules\" takes a list"), ("rules: [[a]]", "1:9 \"rules\" takes a text"),
        ("data: [x]", "1:7 \"data\" takes a text"),
        ("node: { parent: { token_file: x } }", "1:17 the key \"url\" is missing"),
        ("notify: { receivers: x }", "1:22 \"receivers\" takes a list"),
        ("notify: { route: x }", "1:18 \"route\" takes keys and values"),
        ("notify: { alow: [] }", "1:11 unknown key \"alow\" (did you mean \"allow\"?)"),
        (
            "- x",
            "1:1 a mapping of keys and values belongs here (its keys: node, listen, insecure, data, timezone, retention, durability, recovery, limits, allowed_lateness, catalogue, streams, rules, reports, notify, create_databases, line_tcp, line_udp)"
        ), ("[a]: b", "1:1 a key must be a text"),
    ])
    func `a fault is named with its place and a hint`(text: String, error: String) {
        #expect(brief(refusals { _ = try read(text) }) == [error])
    }

    @Test func `a control character is named with its line`() {
        let errors = refusals { _ = try read("data: a\nrules: \u{1}\n") }
        #expect(errors.map(\.line) == [2])
    }

    @Test(arguments: [UInt64(1), 2, 3, 4])
    func `no text stops the reader`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let pieces = [
            "rules", "streams", "catalogue", "notify", ":", ": ", "- ", "\n", "\n  ", "[", "]", "{", "}", "\"", "'",
            "|", ">", "?",
            "? ", "&a ", "*a", "!", "!!str ", "%", "@", ",", "#", "\\", "\\u00e9", "é", "\u{2028}", "\u{85}", "\t", "~",
            "1d", "---", "...",
            "\u{FEFF}", "\0",
        ]
        for _ in 0..<2000 {
            let text = (0..<Int.random(in: 0...16, using: &generator)).map { _ in
                pieces.randomElement(using: &generator) ?? ""
            }.joined()
            let errors = refusals { _ = try read(text) }
            #expect(errors.allSatisfy { !$0.rendered(.vi).isEmpty })
        }
    }
}

@Suite struct FilePatternTests {
    @Test(arguments: [
        ("rules/*.yaml", "tram.yaml", "rules", "*.yaml"), ("rules/*.yaml", "city/tram.yaml", "city/rules", "*.yaml"),
        ("/etc/tram/*.yaml", "city/tram.yaml", "/etc/tram", "*.yaml"), ("a.yaml", "tram.yaml", ".", "a.yaml"),
        ("/a.yaml", "tram.yaml", "/", "a.yaml"), ("../r/a.yaml", "x/tram.yaml", "x/../r", "a.yaml"),
    ])
    func `a pattern is taken from the folder of its file`(pattern: String, file: String, folder: String, name: String) {
        let pattern = FilePattern(pattern, besides: file)
        #expect(pattern.folder == folder)
        #expect(pattern.name == name)
    }

    @Test(arguments: [
        ("*.yaml", "road.yaml", true), ("*.yaml", "road.yml", false), ("*.yaml", ".road.yaml", false),
        (".*", ".road.yaml", true), ("r?ad*", "road.yaml", true), ("r?ad", "rad", false), ("a*b*c", "a-b-bc", true),
        ("a*b*c", "a-b-bd", false), ("*", "", true), ("", "", true), ("", "x", false), ("a.yaml", "a.yaml", true),
        ("*a", String(repeating: "a", count: 300), true),
    ])
    func `star stands for any text and question mark for one character`(pattern: String, name: String, fits: Bool) {
        #expect(FilePattern(pattern, besides: "tram.yaml").matches(name) == fits)
    }

    @Test func `a path of a fitting name is joined to the folder`() {
        #expect(FilePattern("rules/*.yaml", besides: "c/t.yaml").path(of: "a.yaml") == "c/rules/a.yaml")
        #expect(FilePattern("*.yaml", besides: "t.yaml").path(of: "a.yaml") == "a.yaml")
        #expect(FilePattern("/*.yaml", besides: "t.yaml").path(of: "a.yaml") == "/a.yaml")
        #expect(FilePattern("*.yaml", besides: "t.yaml").isPattern)
        #expect(!FilePattern("a.yaml", besides: "t.yaml").isPattern)
    }
}
