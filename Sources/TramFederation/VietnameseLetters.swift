/// What each letter of the Vietnamese alphabet is: its place in the order, the Latin letter under it, its tone.
///
/// Letters are looked up as `Character`s, which are equal when they are canonically equivalent: composed and decomposed
/// texts (NFC, NFD) give the same, without a table of decompositions.
enum VietnameseLetters {
    struct Letter: Sendable {
        /// Place in the alphabet, with f, j, w and z where other languages have them.
        var place: UInt8
        /// The letter without marks: `d` for đ.
        var plain: Character
        /// 0 none, 1 huyền, 2 hỏi, 3 ngã, 4 sắc, 5 nặng: the order of dictionaries.
        var tone: UInt8
    }

    /// The alphabet in its order, each letter with the one without marks.
    private static let alphabet: [(letter: Character, plain: Character)] = [
        ("a", "a"), ("ă", "a"), ("â", "a"), ("b", "b"), ("c", "c"), ("d", "d"), ("đ", "d"), ("e", "e"), ("ê", "e"),
        ("f", "f"), ("g", "g"), ("h", "h"), ("i", "i"), ("j", "j"), ("k", "k"), ("l", "l"), ("m", "m"), ("n", "n"),
        ("o", "o"), ("ô", "o"), ("ơ", "o"), ("p", "p"), ("q", "q"), ("r", "r"), ("s", "s"), ("t", "t"), ("u", "u"),
        ("ư", "u"), ("v", "v"), ("w", "w"), ("x", "x"), ("y", "y"), ("z", "z"),
    ]
    private static let tones: [Character?] = [nil, "\u{300}", "\u{309}", "\u{303}", "\u{301}", "\u{323}"]
    private static let vowels: Set<Character> = ["a", "ă", "â", "e", "ê", "i", "o", "ô", "ơ", "u", "ư", "y"]

    /// Lower-case letters.
    static let all: [Character: Letter] = {
        var all: [Character: Letter] = [:]
        for (index, entry) in alphabet.enumerated() {
            for (tone, mark) in tones.enumerated() where mark == nil || vowels.contains(entry.letter) {
                let text = String(entry.letter) + (mark.map { String($0) } ?? "")
                guard let letter = text.first else { continue }
                all[letter] = Letter(place: UInt8(index), plain: entry.plain, tone: UInt8(tone))
            }
        }
        return all
    }()

    /// Other marks on a letter fall away, as far as they are written as marks of their own.
    static func withoutMarks(_ character: Character) -> Character? {
        let bare = character.unicodeScalars.filter { $0.properties.canonicalCombiningClass == .notReordered }
        return String(String.UnicodeScalarView(bare)).first
    }
}

/// A name as it is searched: lower case, without diacritics, words apart by one space. `Hải Phòng` and `HAI  PHONG` are
/// both `hai phong`, Ea H'Leo is `ea hleo`.
public struct FoldedName: Hashable, Sendable {
    public let text: String

    public init(_ name: String) {
        var folded = ""
        var isGap = false
        for character in name.lowercased() {
            if "'’ʼ‘`".contains(character) { continue }
            let plain = VietnameseLetters.all[character]?.plain ?? VietnameseLetters.withoutMarks(character)
            guard let plain, plain.isLetter || plain.isNumber else {
                isGap = !folded.isEmpty
                continue
            }
            if isGap { folded.append(" ") }
            isGap = false
            folded.append(plain)
        }
        text = folded
    }

    /// How well a name answers what was typed.
    enum Match: Int, Comparable, Sendable {
        case whole, beginning, word

        static func < (one: Match, other: Match) -> Bool { one.rawValue < other.rawValue }
    }

    /// Whether the name has what was typed, from the beginning of one of its words on.
    func match(_ typed: FoldedName) -> Match? {
        if typed.text == text { return .whole }
        if text.hasPrefix(typed.text) { return .beginning }
        return " \(text)".contains(" \(typed.text)") ? .word : nil
    }
}

/// The place of a name in a Vietnamese list: a ă â b c d đ e ê …; among names of the same letters without a tone
/// first, then huyền, hỏi, ngã, sắc, nặng; small letters before capital ones. Numbers stand in the order of their size:
/// Phường 2 before Phường 10. Letters of the whole name count before any tone, as in the Unicode order for Vietnamese.
public struct NameOrder: Hashable, Comparable, Sendable {
    private let key: [UInt32]

    private static let blank: UInt32 = 2
    private static let digits: UInt32 = 16
    private static let letters: UInt32 = 128
    private static let others: UInt32 = 256
    private static let end: UInt32 = 0

    public init(_ name: String) {
        var first: [UInt32] = []
        var tones: [UInt32] = []
        var cases: [UInt32] = []
        let characters = Array(name)
        var index = 0
        while index < characters.count {
            let character = characters[index]
            if let run = NameOrder.digits(characters, from: index) {
                let size = run.drop { $0 == 0 }
                // The longer number is the larger one. Longer runs than any number has are not told apart.
                first.append(NameOrder.digits + UInt32(min(size.count, 99)))
                first += size.map { NameOrder.digits + UInt32($0) }
                index += run.count
                continue
            }
            index += 1
            let lowered = character.lowercased()
            if let letter = lowered.first.flatMap({ VietnameseLetters.all[$0] }) {
                first.append(NameOrder.letters + UInt32(letter.place))
                tones.append(1 + UInt32(letter.tone))
                cases.append(character.isUppercase ? 2 : 1)
            } else if character.isLetter {
                for scalar in lowered.unicodeScalars { first.append(NameOrder.others + scalar.value) }
                tones.append(1)
                cases.append(character.isUppercase ? 2 : 1)
            } else if character.isWhitespace {
                first.append(NameOrder.blank)
            } else {
                first.append(NameOrder.blank + 1)
            }
        }
        key = first + [NameOrder.end] + tones + [NameOrder.end] + cases
    }

    private static func digits(_ characters: [Character], from start: Int) -> [UInt8]? {
        let run = characters[start...].prefix { $0.isASCII && $0.isWholeNumber }
        return run.isEmpty ? nil : run.map { UInt8($0.wholeNumberValue ?? 0) }
    }

    public static func < (one: NameOrder, other: NameOrder) -> Bool { one.key.lexicographicallyPrecedes(other.key) }
}
