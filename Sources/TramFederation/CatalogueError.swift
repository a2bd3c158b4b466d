public import TramColumnar

/// Why units and stations make no catalogue: every fault found, in the order of the files.
public struct CatalogueError: Error, Hashable, Sendable {
    public struct Problem: Hashable, Sendable {
        public var place: CataloguePlace
        public var message: Bilingual
        public var hint: Bilingual?

        init(place: CataloguePlace, message: Bilingual, hint: Bilingual?) {
            self.place = place
            self.message = message
            self.hint = hint
        }
    }

    /// More than these are not collected: the reader of a file in the wrong order wants one screen, not thousands of
    /// lines.
    static let maximumProblems = 100

    /// Whether more would not be collected.
    var isFull: Bool { problems.count >= CatalogueError.maximumProblems }

    public private(set) var problems: [Problem] = []

    mutating func add(_ place: CataloguePlace, en: String, vi: String, hint: Bilingual? = nil) {
        guard !isFull else { return }
        problems.append(Problem(place: place, message: Bilingual(vi: vi, en: en), hint: hint))
    }
}
