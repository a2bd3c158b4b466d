/// Text as a terminal shows it.
public enum TerminalText {
    /// How many columns the text takes: marks take none, wide letters two. O(scalars).
    public static func columns(of text: String) -> Int {
        var sum = 0
        for scalar in text.unicodeScalars { sum += columns(of: scalar) }
        return sum
    }

    /// How many columns a letter takes.
    public static func columns(of scalar: Unicode.Scalar) -> Int {
        if scalar.isASCII { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: return isWide(scalar) ? 2 : 1
        }
    }

    /// Control characters become blanks, except tabs, and so do the marks that turn the direction of writing: the text
    /// may go to a
    /// terminal or a log, where a foreign value must not move the cursor or swap what stands beside it.
    public static func printable(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
        var shown = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control where scalar != "\t", .lineSeparator, .paragraphSeparator: shown.append(" ")
            case .format where isDirection(scalar): shown.append(" ")
            default: shown.append(scalar)
            }
        }
        return String(shown)
    }

    private static func isDirection(_ scalar: Unicode.Scalar) -> Bool {
        (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
    }

    /// East Asian wide and full-width blocks, and emoji shown as pictures (Unicode Standard Annex 11).
    private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
            0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
            0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
            true
        default: false
        }
    }
}
