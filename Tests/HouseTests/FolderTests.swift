import Foundation
import Testing

@Suite struct FolderTests {
    private static let allowed: Set = [
        "Package.swift", "Sources", "Benchmarks", "Tests", "samples", "README.md", "LICENSE", "CHANGELOG.md",
    ]

    @Test func `the top of the house holds what belongs there`() throws {
        guard let paths = House.trackedPaths else { return skip() }
        let top = Set(paths.compactMap { $0.split(separator: "/").first.map(String.init) })
        #expect(top.subtracting(FolderTests.allowed).filter { !$0.hasPrefix(".") } == [])
    }

    @Test func `no file knows the machine it was written on`() throws {
        guard let paths = House.trackedPaths else { return skip() }
        // In two parts, so that this file does not find itself.
        let folders = ["work", "root"].map { "/" + $0 + "/" }
        for path in paths {
            guard let text = try? House.text(path), !text.contains("\0") else { continue }
            for folder in folders where text.contains(folder) { Issue.record("\(path) names \(folder)") }
        }
    }

    @Test(arguments: [("city", 3_000_000), ("examples", 300_000)])
    func `samples stay small`(_ name: String, _ limit: Int) throws {
        var bytes = 0
        let folder = House.root.appending(path: "samples/\(name)").path(percentEncoded: false)
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder) {
            let attributes = try FileManager.default.attributesOfItem(atPath: folder + "/" + name)
            if attributes[.type] as? FileAttributeType == .typeRegular { bytes += attributes[.size] as? Int ?? 0 }
        }
        #expect(bytes > 0)
        #expect(bytes < limit)
    }

    private func skip() {
        print("SKIPPED: the folder is not under version control, so strangers in it cannot be told from its own files")
    }
}
