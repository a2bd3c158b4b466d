import Foundation
import Testing

@Suite struct ImportTests {
    @Test func `every folder of Sources is a target, and every target has files`() throws {
        #expect(try House.names(in: "Sources").filter { !$0.hasPrefix(".") } == rooms.map(\.name).sorted())
        for room in rooms {
            #expect(try !House.names(in: "Sources/\(room.name)").isEmpty, "\(room.name) is empty")
        }
    }

    @Test func `a module imports what the table says and nothing else`() throws {
        for room in rooms {
            for file in try House.swiftFiles("Sources/\(room.name)") {
                let path = String(file.path.dropFirst("Sources/\(room.name)/".count))
                for (number, module) in imports(of: file) {
                    #expect(mayImport(room, module, path), "\(file.path):\(number): \(room.name) imports \(module)")
                }
            }
        }
    }

    @Test func `the manifest gives each module the dependencies of the table`() throws {
        let manifest = try House.text("Package.swift")
        for room in rooms where !room.name.hasPrefix("C") {
            let cModules = Set(room.onlyIn.keys.filter { $0.hasPrefix("C") })
            let products = room.libraries.subtracting(["Glibc"])
            let allowed = room.modules.union(cModules).union(products)
            let declared = try #require(dependencies(of: room.name, manifest), "\(room.name) is not in Package.swift")
            let tooMany = declared.subtracting(allowed).sorted()
            #expect(tooMany.isEmpty, "\(room.name) depends on \(tooMany.joined(separator: ", "))")
        }
    }

    @Test func `no module is imported by one that it imports`() {
        // The table is written lowest first, so an arrow that points up is a circle.
        for (index, room) in rooms.enumerated() {
            let below = Set(rooms[..<index].map(\.name))
            #expect(room.modules.isSubset(of: below), "\(room.name) imports what stands above it")
        }
    }

    @Test func `a file that may import more than its module does so`() throws {
        for room in rooms {
            for (module, paths) in room.onlyIn {
                for path in paths where path.hasSuffix(".swift") {
                    let whole = "Sources/\(room.name)/\(path)"
                    let file = House.File(path: whole, text: try House.text(whole))
                    #expect(imports(of: file).contains { $0.module == module }, "\(whole) does not import \(module)")
                }
            }
        }
    }

    @Test func `one file alone knows a C library`() throws {
        for module in ["CZstd", "CZlib"] {
            let files = try House.swiftFiles("Sources", "Tests").filter { file in
                imports(of: file).contains { $0.module == module }
            }
            #expect(files.count == 1, "\(module) is imported by \(files.map(\.path))")
        }
    }

    @Test func `tests see modules as everyone does`() throws {
        for file in try House.swiftFiles("Tests") {
            #expect(!SwiftText(file.text).lines.contains { $0.contains("@testable") }, "\(file.path)")
        }
    }

    private func imports(of file: House.File) -> [(number: Int, module: String)] {
        let words = ["import", "public", "package", "internal", "private", "fileprivate"]
        return SwiftText(file.text).lines.enumerated().compactMap { index, line in
            let parts = line.split(separator: " ").drop { $0.hasPrefix("@") }.map(String.init)
            guard let first = parts.first, words.contains(first), let at = parts.firstIndex(of: "import") else {
                return nil
            }
            guard at <= 1, let name = parts.last?.split(separator: ".").first else { return nil }
            return (index + 1, String(name))
        }
    }

    private func mayImport(_ room: Room, _ module: String, _ path: String) -> Bool {
        if room.modules.contains(module) || room.libraries.contains(module) { return true }
        if ["Foundation", "FoundationEssentials"].contains(module) { return room.mayUseFoundation }
        return room.onlyIn[module, default: []].contains { $0.hasSuffix("/") ? path.hasPrefix($0) : path == $0 }
    }

    /// The names in the call that declares a target: `module("X", [...])` or `.executableTarget(name: "X", ...)`.
    private func dependencies(of target: String, _ manifest: String) -> Set<String>? {
        let flat = manifest.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let openings = [
            "module(\"\(target)\"", "module( \"\(target)\"", ".executableTarget( name: \"\(target)\"",
        ]
        guard let opening = openings.lazy.compactMap({ flat.range(of: $0) }).first else { return nil }
        var depth = 1
        var call = ""
        for character in flat[opening.upperBound...] {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            if depth == 0 { break }
            call.append(character)
        }
        let names = call.replacing(/package: "[^"]*"/, with: "").matches(of: /"([^"]+)"/)
        return Set(names.map { String($0.output.1) })
    }
}
