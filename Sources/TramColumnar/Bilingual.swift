/// A language that people are spoken to in.
public enum Language: String, Sendable, CaseIterable {
    case vi
    case en
}

/// One text in both languages of the house.
public struct Bilingual: Hashable, Sendable {
    public var vi: String
    public var en: String

    public init(vi: String, en: String) {
        self.vi = vi
        self.en = en
    }

    public func text(_ language: Language) -> String {
        language == .vi ? vi : en
    }
}
