import TramColumnar

/// A regular expression that is matched in time linear in the text, whatever the pattern.
///
/// For `~`, `!~` and tag matchers: true when the pattern occurs anywhere in the text, so `^` and `$` anchor it to the
/// whole. The pattern becomes a machine of at most `mostStates` states, and all of its runs are followed at once, a
/// letter at a time: K. Thompson, "Regular Expression Search Algorithm", CACM 11(6), 1968, doi:10.1145/363347.363387.
/// No backtracking, so no backreferences and no look-around.
///
/// Letters are Unicode scalars. `\d` is 0-9, `\w` a letter or digit of any script or `_`, `\s` any white space, `\b`
/// the edge of a word, `.` anything but a line feed; `(?i)` at the start of a group, or `(?i:…)`, ignores case. `{m,n}`
/// repeats at most `mostRepeats` times.
public struct Pattern: Sendable {
    public static let mostStates = 2_000
    public static let mostRepeats = 1_000
    static let deepestNesting = 64

    public let text: String
    private let program: [PatternInstruction]
    private let ignoresCase: Bool
    /// Set when the pattern is plain text, perhaps anchored: then matching is comparing bytes.
    private let plain: Plain?

    private struct Plain: Sendable {
        var bytes: [UInt8]
        var isAtStart: Bool
        var isAtEnd: Bool
    }

    /// - Throws: `query.bad_pattern`. Its place counts from the start of `text`, not of a query around it.
    public init(_ text: String) throws(QueryError) {
        var parser = PatternParser(text)
        let node = try parser.pattern()
        var compiler = PatternCompiler(length: text.utf8.count)
        try compiler.compile(node)
        compiler.program.append(.match)
        self.text = text
        program = compiler.program
        ignoresCase = parser.ignoresCaseSomewhere
        plain = Pattern.plain(node)
    }

    public func matches(_ text: String) -> Bool {
        if let plain { return Pattern.contains(plain, in: Array(text.utf8)) }
        var machine = PatternMachine(program: program)
        return machine.matches(text, folding: ignoresCase)
    }

    private static func plain(_ node: PatternNode) -> Plain? {
        guard case .sequence(let parts) = node else { return nil }
        var plain = Plain(bytes: [], isAtStart: false, isAtEnd: false)
        for (index, part) in parts.enumerated() {
            switch part {
            case .set(.one(let scalar)): plain.bytes += Array(UTF8.encode(scalar) ?? UTF8.EncodedScalar())
            case .assertion(.start) where index == 0: plain.isAtStart = true
            case .assertion(.end) where index == parts.count - 1: plain.isAtEnd = true
            default: return nil
            }
        }
        return plain
    }

    private static func contains(_ plain: Plain, in text: [UInt8]) -> Bool {
        let wanted = plain.bytes
        guard text.count >= wanted.count else { return false }
        let last = text.count - wanted.count
        if plain.isAtStart, plain.isAtEnd, last != 0 { return false }
        if plain.isAtStart { return text.starts(with: wanted) }
        if plain.isAtEnd { return text[last...].elementsEqual(wanted) }
        guard let first = wanted.first else { return true }
        // At worst length times length of the pattern, and a pattern is short: still linear in the text.
        for start in 0...last where text[start] == first {
            var length = 1
            while length < wanted.count, text[start + length] == wanted[length] { length += 1 }
            if length == wanted.count { return true }
        }
        return false
    }
}

extension Pattern: Hashable {
    public static func == (left: Pattern, right: Pattern) -> Bool {
        // By bytes: String compares by canonical equivalence, matching does not.
        left.text.utf8.elementsEqual(right.text.utf8)
    }

    public func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
    }
}

/// Which letters a step of the machine takes.
enum ScalarSet: Hashable, Sendable {
    case one(Unicode.Scalar)
    /// `one` under `(?i)`; already folded.
    case folded(Unicode.Scalar)
    case anyButNewline
    indirect case union([ScalarSet], negated: Bool, folds: Bool)
    case range(Unicode.Scalar, Unicode.Scalar)
    case digit(negated: Bool)
    case word(negated: Bool)
    case space(negated: Bool)

    func contains(_ scalar: Unicode.Scalar, folded: Unicode.Scalar) -> Bool {
        switch self {
        case .one(let wanted): return scalar == wanted
        case .folded(let wanted): return folded == wanted
        case .anyButNewline: return scalar != "\n"
        case .range(let low, let high): return scalar >= low && scalar <= high
        case .digit(let negated): return Lexer.isDigit(scalar) != negated
        case .word(let negated): return Lexer.isNamePart(scalar) != negated
        case .space(let negated): return scalar.properties.isWhitespace != negated
        case .union(let sets, let negated, let folds):
            var found = sets.contains { $0.contains(scalar, folded: folded) }
            if folds, !found {
                let upper = ScalarSet.upper(scalar)
                found = sets.contains {
                    $0.contains(folded, folded: folded) || $0.contains(upper, folded: folded)
                }
            }
            return found != negated
        }
    }

    /// Lower case where that is one scalar.
    static func fold(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        single(scalar.properties.lowercaseMapping) ?? scalar
    }

    private static func upper(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        single(scalar.properties.uppercaseMapping) ?? scalar
    }

    private static func single(_ mapping: String) -> Unicode.Scalar? {
        let scalars = mapping.unicodeScalars
        return scalars.count == 1 ? scalars.first : nil
    }
}

enum PatternAssertion: Sendable {
    case start, end, wordEdge, noWordEdge
}

indirect enum PatternNode: Sendable {
    case set(ScalarSet)
    case assertion(PatternAssertion)
    case sequence([PatternNode])
    case alternatives([PatternNode])
    /// A nil maximum is without end.
    case repeated(PatternNode, minimum: Int, maximum: Int?)
}

enum PatternInstruction: Sendable {
    case take(ScalarSet)
    case check(PatternAssertion)
    /// Go on at both places.
    case split(Int, Int)
    case jump(Int)
    case match
}

/// Text of a pattern to its tree.
private struct PatternParser {
    private let scalars: [Unicode.Scalar]
    private let offsets: [Int]
    private var position = 0
    private var depth = 0
    private var ignoresCase = false
    var ignoresCaseSomewhere = false

    init(_ text: String) {
        var scalars: [Unicode.Scalar] = []
        var offsets: [Int] = []
        var offset = 0
        for scalar in text.unicodeScalars {
            scalars.append(scalar)
            offsets.append(offset)
            offset += UTF8.width(scalar)
        }
        offsets.append(offset)
        self.scalars = scalars
        self.offsets = offsets
    }

    private var current: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard current == scalar else { return false }
        position += 1
        return true
    }

    private func failure(from start: Int, en: String, vi: String, hint: Bilingual? = nil) -> QueryError {
        QueryError(
            .badPattern, at: SourceRange(offsets[start], offsets[max(start, position)]), en: "in the pattern, \(en)",
            vi: "trong mẫu, \(vi)", hint: hint)
    }

    mutating func pattern() throws(QueryError) -> PatternNode {
        let node = try alternatives()
        guard position == scalars.count else {
            let start = position
            position += 1
            throw failure(
                from: start, en: "this parenthesis was never opened", vi: "dấu ngoặc này đóng mà chưa mở",
                hint: Bilingual(vi: "Để tìm chính dấu này: \\)", en: "For the sign itself: \\)"))
        }
        return node
    }

    private mutating func alternatives() throws(QueryError) -> PatternNode {
        var branches = [try sequence()]
        while take("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .alternatives(branches)
    }

    private mutating func sequence() throws(QueryError) -> PatternNode {
        var parts: [PatternNode] = []
        while let scalar = current, scalar != "|", scalar != ")" {
            let start = position
            guard let atom = try atom() else { continue }
            parts.append(try quantified(atom, from: start))
        }
        return .sequence(parts)
    }

    private mutating func quantified(_ atom: PatternNode, from start: Int) throws(QueryError) -> PatternNode {
        let minimum: Int
        let maximum: Int?
        if take("*") {
            (minimum, maximum) = (0, nil)
        } else if take("+") {
            (minimum, maximum) = (1, nil)
        } else if take("?") {
            (minimum, maximum) = (0, 1)
        } else if current == "{" {
            (minimum, maximum) = try bounds()
        } else {
            return atom
        }
        // Lazy or greedy makes no difference to whether there is a match.
        _ = take("?")
        if let again = current, again == "*" || again == "+" || again == "{" || again == "?" {
            let start = position
            position += 1
            throw failure(
                from: start, en: "nothing stands before \(again) to be repeated",
                vi: "trước \(again) không có gì để lặp lại",
                hint: Bilingual(vi: "Để tìm chính dấu này: \\\(again)", en: "For the sign itself: \\\(again)"))
        }
        return .repeated(atom, minimum: minimum, maximum: maximum)
    }

    /// `{3}`, `{3,}`, `{3,5}`
    private mutating func bounds() throws(QueryError) -> (Int, Int?) {
        let start = position
        position += 1
        func wrong(_ parser: PatternParser) -> QueryError {
            parser.failure(
                from: start, en: "a repetition is written {3}, {3,} or {3,5}, up to \(Pattern.mostRepeats)",
                vi: "số lần lặp viết là {3}, {3,} hoặc {3,5}, nhiều nhất \(Pattern.mostRepeats)",
                hint: Bilingual(vi: "Để tìm chính dấu này: \\{", en: "For the sign itself: \\{"))
        }
        guard let minimum = number() else { throw wrong(self) }
        var maximum: Int? = minimum
        if take(",") { maximum = current == "}" ? nil : number() ?? -1 }
        guard take("}"), maximum.map({ $0 >= minimum }) ?? true else { throw wrong(self) }
        return (minimum, maximum)
    }

    /// Digits of a number up to `mostRepeats`.
    private mutating func number() -> Int? {
        let start = position
        var value = 0
        while let scalar = current, Lexer.isDigit(scalar), position - start < 5 {
            value = value * 10 + Int(scalar.value - 0x30)
            position += 1
        }
        return position > start && value <= Pattern.mostRepeats ? value : nil
    }

    /// One thing that can be repeated; nil for a flag, which matches nothing by itself.
    private mutating func atom() throws(QueryError) -> PatternNode? {
        let start = position
        guard let scalar = current else { return nil }
        position += 1
        switch scalar {
        case ".": return .set(.anyButNewline)
        case "^": return .assertion(.start)
        case "$": return .assertion(.end)
        case "(": return try group(from: start)
        case "[": return .set(try characterClass(from: start))
        case "\\": return try escape(from: start)
        case "*", "+", "?", "{":
            throw failure(
                from: start, en: "nothing stands before \(scalar) to be repeated",
                vi: "trước \(scalar) không có gì để lặp lại",
                hint: Bilingual(vi: "Để tìm chính dấu này: \\\(scalar)", en: "For the sign itself: \\\(scalar)"))
        default: return .set(literal(scalar))
        }
    }

    private func literal(_ scalar: Unicode.Scalar) -> ScalarSet {
        ignoresCase ? .folded(ScalarSet.fold(scalar)) : .one(scalar)
    }

    private mutating func group(from start: Int) throws(QueryError) -> PatternNode? {
        guard depth < Pattern.deepestNesting else {
            throw failure(
                from: start, en: "groups nest more than \(Pattern.deepestNesting) deep",
                vi: "các nhóm lồng nhau quá \(Pattern.deepestNesting) tầng")
        }
        let outer = ignoresCase
        if take("?") {
            let turnsOn = take("i")
            if turnsOn {
                ignoresCase = true
                ignoresCaseSomewhere = true
            }
            // `(?i)` holds to the end of the group around it.
            if turnsOn, take(")") { return nil }
            guard take(":") else {
                if position < scalars.count { position += 1 }
                throw failure(
                    from: start, en: "only (?:…), (?i) and (?i:…) are known; look-around is not",
                    vi: "chỉ dùng được (?:…), (?i) và (?i:…), không có nhìn trước, nhìn sau")
            }
        }
        depth += 1
        let node = try alternatives()
        depth -= 1
        ignoresCase = outer
        guard take(")") else {
            position = start + 1
            throw failure(
                from: start, en: "this parenthesis is not closed", vi: "dấu ngoặc này chưa được đóng",
                hint: Bilingual(vi: "Để tìm chính dấu này: \\(", en: "For the sign itself: \\("))
        }
        return node
    }

    private mutating func escape(from start: Int) throws(QueryError) -> PatternNode {
        guard let scalar = current else {
            throw failure(
                from: start, en: "nothing follows the last backslash", vi: "sau dấu \\ cuối cùng không có gì",
                hint: Bilingual(vi: "Để tìm chính dấu này: \\\\", en: "For the sign itself: \\\\"))
        }
        if scalar == "b" || scalar == "B" {
            position += 1
            return .assertion(scalar == "b" ? .wordEdge : .noWordEdge)
        }
        let set = try escapedSet(from: start)
        if case .one(let scalar) = set { return .set(literal(scalar)) }
        return .set(set)
    }

    /// What a backslash and the next letter stand for, inside a class or outside.
    private mutating func escapedSet(from start: Int) throws(QueryError) -> ScalarSet {
        guard let scalar = current else {
            throw failure(from: start, en: "nothing follows the last backslash", vi: "sau dấu \\ cuối cùng không có gì")
        }
        position += 1
        switch scalar {
        case "d": return .digit(negated: false)
        case "D": return .digit(negated: true)
        case "w": return .word(negated: false)
        case "W": return .word(negated: true)
        case "s": return .space(negated: false)
        case "S": return .space(negated: true)
        case "n": return .one("\n")
        case "t": return .one("\t")
        case "r": return .one("\r")
        default: break
        }
        guard !Lexer.isNamePart(scalar) else {
            throw failure(
                from: start, en: "\\\(scalar) means nothing", vi: "\\\(scalar) không có nghĩa",
                hint: Bilingual(
                    vi: "Dùng được: \\d \\w \\s \\b \\D \\W \\S \\B \\n \\t \\r và dấu \\ trước dấu câu",
                    en: "Known are \\d \\w \\s \\b \\D \\W \\S \\B \\n \\t \\r and a backslash before punctuation"))
        }
        return .one(scalar)
    }

    /// `[a-z_]`, `[^0-9]`; a `]` right after the opening stands for itself.
    private mutating func characterClass(from start: Int) throws(QueryError) -> ScalarSet {
        let negated = take("^")
        var sets: [ScalarSet] = []
        while true {
            let from = position
            guard let scalar = current else {
                position = start + 1
                throw failure(
                    from: start, en: "this bracket is not closed", vi: "dấu ngoặc vuông này chưa được đóng",
                    hint: Bilingual(vi: "Để tìm chính dấu này: \\[", en: "For the sign itself: \\["))
            }
            position += 1
            if scalar == "]", !sets.isEmpty { break }
            let low = scalar == "\\" ? try escapedSet(from: from) : .one(scalar)
            guard case .one(let first) = low, current == "-", position + 1 < scalars.count, scalars[position + 1] != "]"
            else {
                sets.append(low)
                continue
            }
            position += 1
            let at = position
            var last = scalars[position]
            position += 1
            if last == "\\" {
                guard case .one(let escaped) = try escapedSet(from: at) else {
                    throw failure(
                        from: from, en: "a range ends with one letter", vi: "khoảng ký tự phải kết thúc bằng một ký tự")
                }
                last = escaped
            }
            guard first <= last else {
                throw failure(
                    from: from, en: "the range \(first)-\(last) is backwards", vi: "khoảng \(first)-\(last) bị ngược",
                    hint: Bilingual(vi: "Viết: \(last)-\(first)", en: "Write: \(last)-\(first)"))
            }
            sets.append(.range(first, last))
        }
        return .union(sets, negated: negated, folds: ignoresCase)
    }
}

/// The tree to the machine's program.
private struct PatternCompiler {
    let length: Int
    var program: [PatternInstruction] = []
    /// Nodes visited: repeating what is empty adds no state but takes time all the same.
    private var visits = 0

    init(length: Int) {
        self.length = length
    }

    private func tooLarge() -> QueryError {
        QueryError(
            .badPattern, at: SourceRange(0, length), en: "the pattern needs more than \(Pattern.mostStates) states",
            vi: "mẫu cần hơn \(Pattern.mostStates) trạng thái",
            hint: Bilingual(vi: "Giảm số lần lặp {…}", en: "Use smaller repetitions {…}"))
    }

    private mutating func emit(_ instruction: PatternInstruction) throws(QueryError) {
        guard program.count < Pattern.mostStates else { throw tooLarge() }
        program.append(instruction)
    }

    mutating func compile(_ node: PatternNode) throws(QueryError) {
        visits += 1
        // A state is visited through at most as many nodes as groups nest.
        guard visits <= Pattern.mostStates * (Pattern.deepestNesting + 2) else { throw tooLarge() }
        switch node {
        case .set(let set): try emit(.take(set))
        case .assertion(let assertion): try emit(.check(assertion))
        case .sequence(let parts):
            for part in parts { try compile(part) }
        case .alternatives(let branches):
            var jumps: [Int] = []
            for branch in branches.dropLast() {
                let split = program.count
                try emit(.split(split + 1, 0))
                try compile(branch)
                jumps.append(program.count)
                try emit(.jump(0))
                program[split] = .split(split + 1, program.count)
            }
            if let last = branches.last { try compile(last) }
            for jump in jumps { program[jump] = .jump(program.count) }
        case .repeated(let inner, let minimum, let maximum):
            for _ in 0..<minimum { try compile(inner) }
            guard let maximum else {
                let split = program.count
                try emit(.split(split + 1, 0))
                try compile(inner)
                try emit(.jump(split))
                program[split] = .split(split + 1, program.count)
                return
            }
            var splits: [Int] = []
            for _ in minimum..<maximum {
                splits.append(program.count)
                try emit(.split(program.count + 1, 0))
                try compile(inner)
            }
            for split in splits { program[split] = .split(split + 1, program.count) }
        }
    }
}

/// All runs of a program over one text. O(letters * states).
private struct PatternMachine {
    private let program: [PatternInstruction]
    /// For each state, the step at which it was last reached: keeps a state from being followed twice in a step.
    private var reached: [Int]
    private var waiting: [Int] = []
    private var stack: [Int] = []

    init(program: [PatternInstruction]) {
        self.program = program
        reached = [Int](repeating: -1, count: program.count)
    }

    mutating func matches(_ text: String, folding: Bool) -> Bool {
        var before: Unicode.Scalar?
        var step = 0
        var scalars = text.unicodeScalars.makeIterator()
        var next = scalars.next()
        var states: [Int] = []
        while true {
            waiting.removeAll(keepingCapacity: true)
            for state in states where follow(state, step: step, before: before, after: next) { return true }
            // A match may begin at every letter.
            if follow(0, step: step, before: before, after: next) { return true }
            guard let scalar = next else { return false }
            let folded = folding ? ScalarSet.fold(scalar) : scalar
            states.removeAll(keepingCapacity: true)
            for state in waiting {
                if case .take(let set) = program[state], set.contains(scalar, folded: folded) {
                    states.append(state + 1)
                }
            }
            before = scalar
            next = scalars.next()
            step += 1
        }
    }

    /// Adds to `waiting` every state that waits for a letter and is reached from `state` without one; true at a match.
    private mutating func follow(
        _ state: Int, step: Int, before: Unicode.Scalar?, after: Unicode.Scalar?
    ) -> Bool {
        stack.append(state)
        while let state = stack.popLast() {
            guard reached[state] != step else { continue }
            reached[state] = step
            switch program[state] {
            case .take: waiting.append(state)
            case .jump(let target): stack.append(target)
            case .split(let first, let second):
                stack.append(second)
                stack.append(first)
            case .check(let assertion):
                if PatternMachine.holds(assertion, before, after) { stack.append(state + 1) }
            case .match:
                stack.removeAll(keepingCapacity: true)
                return true
            }
        }
        return false
    }

    private static func holds(
        _ assertion: PatternAssertion, _ before: Unicode.Scalar?, _ after: Unicode.Scalar?
    ) -> Bool {
        let isEdge = (before.map(Lexer.isNamePart) ?? false) != (after.map(Lexer.isNamePart) ?? false)
        return switch assertion {
        case .start: before == nil
        case .end: after == nil
        case .wordEdge: isEdge
        case .noWordEdge: !isEdge
        }
    }
}
