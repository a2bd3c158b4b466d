public import TramSystem

/// A data directory that no server has: where its databases lie.
public struct DataDirectory: Sendable {
    /// A database, and the folder of its store.
    public struct Entry: Equatable, Sendable {
        public var name: String
        public var folder: String
    }

    public let path: String
    /// By name.
    public let databases: [Entry]
    /// Folders and files beside them that are no database: what a database that is being dropped has left, or somebody
    /// else's. From the data directory.
    public let strays: [String]

    /// Looks into a directory and changes nothing.
    ///
    /// - Throws: `ENOENT` when there is no such directory, or none with databases in it.
    public init(_ path: String) throws(SystemError) {
        self.path = path
        let home = DataDirectory.home(of: path)
        var databases: [Entry] = []
        var strays: [String] = []
        for entry in try Directory.names(in: home) {
            if let name = DatabaseFolder.database(of: entry) {
                databases.append(Entry(name: name, folder: home + "/" + entry))
            } else {
                strays.append("databases/" + entry)
            }
        }
        self.databases = databases.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        self.strays = strays
    }

    static func home(of path: String) -> String { path + "/databases" }

    /// The database that is meant, as for a server: the one that is named; without a name the only one there is, else
    /// `default`.
    ///
    /// - Throws: `.databaseNotFound`, `.databaseNeeded`, `.noDatabase`.
    public func database(_ name: String?) throws(EngineError) -> Entry {
        databases[try Engine.choice(of: name, among: databases.map(\.name))]
    }
}
