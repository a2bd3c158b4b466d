import Testing

@Suite struct SourceTests {
    @Test func `nothing in the sources traps on purpose without a sentence`() throws {
        for file in try House.swiftFiles("Sources") {
            for (index, line) in SwiftText(file.text).lines.enumerated() {
                // Patterns are slow, and few lines have what they begin with.
                guard line.utf8.contains(UInt8(ascii: "!")) || line.contains("Failure") || line.contains("fatal") else {
                    continue
                }
                let place = "\(file.path):\(index + 1)"
                #expect(!line.contains(/\bfatalError\(/), "\(place): fatalError")
                #expect(!line.contains(/\b(precondition|assertion)Failure\(\)/), "\(place): a trap without a reason")
                // Also finds `try!`, `as!` and types that unwrap themselves.
                #expect(!line.contains(/[\w)\]}>"`]!(?!=)/), "\(place): an unwrap by force")
            }
        }
    }

    @Test func `a line is no wider than 120 characters, unless a text cannot be broken`() throws {
        for file in try House.swiftFiles("Sources", "Tests", "Benchmarks") {
            let code = SwiftText(file.text)
            for (index, line) in file.lines.enumerated() where line.count > 120 {
                let isText = code.isInsideLiteral[index] || code.lines[index].contains("\"")
                #expect(isText, "\(file.path):\(index + 1): \(line.count) characters")
            }
        }
    }

    @Test func `a file is no longer than 700 lines`() throws {
        for file in try House.swiftFiles("Sources", "Tests", "Benchmarks") {
            #expect(file.lines.count <= 700, "\(file.path): \(file.lines.count) lines; it holds two things")
        }
    }

    @Test func `every public type says what it is`() throws {
        let type = /^(@\w+(\([^)]*\))? )*public (\w+ )*(struct|class|enum|protocol|actor|typealias) (?<name>\w+)/
        for file in try House.swiftFiles("Sources") {
            for (index, line) in file.lines.enumerated() {
                guard let match = line.prefixMatch(of: type) else { continue }
                let before = file.lines[..<index].last { !$0.hasPrefix("@") } ?? ""
                #expect(before.hasPrefix("///"), "\(file.path):\(index + 1): \(match.output.name) has no comment")
            }
        }
    }

    @Test func `a file of tests tests something`() throws {
        for file in try House.swiftFiles("Tests") where file.text.contains("\n    @Test") || isNamedTests(file.path) {
            let code = SwiftText(file.text).lines
            #expect(
                code.contains { $0.contains("#expect") || $0.contains("#require") }, "\(file.path) expects nothing")
        }
    }

    @Test func `a test's name is a sentence`() throws {
        let function = /^    (@\w+(\(.*\))? )*func (?<name>\S+)/
        for file in try House.swiftFiles("Tests") {
            let lines = file.lines
            for (index, line) in lines.enumerated() where line.hasPrefix("    @Test") {
                let match = lines[index...].lazy.compactMap { $0.prefixMatch(of: function) }.first
                let name = try #require(match, "\(file.path):\(index + 1)").output.name
                #expect(name.hasPrefix("`"), "\(file.path):\(index + 1): \(name)")
            }
        }
    }

    private func isNamedTests(_ path: String) -> Bool { path.hasSuffix("Tests.swift") }
}
