import Foundation

/// What a module may import: one row of the import table.
struct Room {
    var name: String
    /// Modules of the package; anything else it names has to be in one of the other lists.
    var modules: Set<String> = []
    /// Libraries from outside.
    var libraries: Set<String> = []
    /// Imports that only some files may make, by the path in the module's folder.
    var onlyIn: [String: Set<String>] = [:]
    var mayUseFoundation = false
}

/// Who may import whom, lowest first. An arrow that is not here is a mistake in the change or a change of the design.
let rooms: [Room] = [
    Room(name: "CZstd"),
    Room(name: "CZlib"),
    Room(name: "CTramSystem"),
    Room(
        name: "TramSystem", libraries: ["Glibc"],
        onlyIn: [
            "CTramSystem": ["CRC32C.swift", "LocalFileSystem.swift", "ProcessFigures.swift", "SystemThread.swift"]
        ]),
    Room(name: "TramColumnar", onlyIn: ["Synchronization": ["StringTable.swift"]]),
    Room(
        name: "TramCodec", modules: ["TramColumnar"],
        onlyIn: ["CZstd": ["Zstandard.swift"], "CZlib": ["Gzip.swift"]]),
    Room(name: "TramLineProtocol", modules: ["TramColumnar"]),
    Room(
        name: "TramStorage", modules: ["TramColumnar", "TramCodec", "TramSystem"],
        // Readers take snapshots while a writer appends, and segments are written beside both.
        onlyIn: [
            "Synchronization": [
                "Store.swift", "Upkeep.swift", "Index/SeriesIndex.swift", "Head/MemoryGauge.swift", "Segment/",
            ]
        ]),
    Room(
        name: "TramQuery", modules: ["TramColumnar"],
        // Math functions.
        // Parts of a query that run at once.
        onlyIn: [
            "Glibc": ["Kernels/", "Aggregates/", "Execution/ExpressionEvaluator.swift"],
            "Synchronization": ["Execution/AggregateScan.swift", "Execution/WindowCache.swift"],
        ]),
    Room(name: "TramStreaming", modules: ["TramColumnar", "TramQuery"]),
    Room(name: "TramAlerting", modules: ["TramColumnar", "TramQuery"]),
    Room(name: "TramFederation", modules: ["TramColumnar", "TramQuery"]),
    Room(
        name: "TramEngine",
        modules: [
            "TramSystem", "TramColumnar", "TramCodec", "TramLineProtocol", "TramStorage", "TramQuery", "TramStreaming",
            "TramAlerting", "TramFederation",
        ],
        // What several connections share.
        onlyIn: [
            "Synchronization": [
                "Committer.swift", "NewSeries.swift", "Database.swift", "Engine.swift", "EngineMetrics.swift",
                "LiveQueries.swift",
            ],
            "Dispatch": ["QueryThreads.swift"],
        ]),
    Room(
        name: "TramServer",
        modules: [
            "TramSystem", "TramColumnar", "TramLineProtocol", "TramStorage", "TramQuery", "TramStreaming",
            "TramAlerting", "TramFederation", "TramEngine",
        ],
        libraries: [
            "Yams", "Hummingbird", "HummingbirdCore", "NIOCore", "NIOPosix", "NIOHTTP1", "NIOHTTPTypes", "HTTPTypes",
            "Logging", "ServiceLifecycle", "UnixSignals", "AsyncHTTPClient", "Synchronization",
        ],
        mayUseFoundation: true),
    Room(
        name: "tram",
        modules: [
            "TramSystem", "TramColumnar", "TramCodec", "TramLineProtocol", "TramStorage", "TramQuery", "TramStreaming",
            "TramAlerting", "TramFederation", "TramEngine", "TramServer",
        ],
        libraries: ["ArgumentParser", "Yams", "Glibc"], mayUseFoundation: true),
]

/// The folder that holds the package.
enum House {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    struct File {
        /// From the root.
        var path: String
        var text: String

        var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
    }

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    static func names(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path(percentEncoded: false))
            .sorted()
    }

    /// The Swift files below these folders.
    static func swiftFiles(_ folders: String...) throws -> [File] {
        var files: [File] = []
        for folder in folders {
            let path = root.appending(path: folder).path(percentEncoded: false)
            for name in try FileManager.default.subpathsOfDirectory(atPath: path).sorted()
            where name.hasSuffix(".swift") {
                files.append(File(path: folder + "/" + name, text: try text(folder + "/" + name)))
            }
        }
        return files
    }

    /// The paths that version control keeps; nil where the sources stand without it.
    static let trackedPaths: [String]? = {
        guard FileManager.default.fileExists(atPath: root.appending(path: ".git").path(percentEncoded: false)) else {
            return nil
        }
        let git = Process()
        git.executableURL = URL(filePath: "/usr/bin/env")
        // The tests may run as another user than the one who owns the folder.
        git.arguments = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
        git.currentDirectoryURL = root
        let pipe = Pipe()
        git.standardOutput = pipe
        guard (try? git.run()) != nil, let data = try? pipe.fileHandleForReading.readToEnd() else { return nil }
        git.waitUntilExit()
        guard git.terminationStatus == 0 else { return nil }
        return String(decoding: data, as: UTF8.self).split(separator: "\0").map(String.init)
    }()
}
