import TramColumnar

/// Text to `Statement`: the door of the language.
///
/// Checks form only. Whether names exist, types fit and a stage may stand where it stands is the binder's work.
/// Texts are at most 16 KiB and nest at most 64 deep, so that no text can exhaust the stack of this parser or of what
/// walks its trees.
public enum QueryParser {
    /// In bytes of UTF-8.
    public static let longestText = 16 * 1024
    /// Parentheses, calls, `not` and minus signs within each other.
    public static let deepestNesting = 64
    /// What a configuration may raise `deepestNesting` to: the stack of a thread holds it many times over.
    public static let mostNesting = 128
    /// In one expression. Chains lean to the left, so each operator can deepen the tree by one.
    public static let mostOperators = 256

    /// Reads a whole query.
    ///
    /// - Throws: always with a place in `text`.
    public static func parse(_ text: String, limits: QueryLimits = QueryLimits()) throws(QueryError) -> Statement {
        var parser = try Parser(text, limits: limits)
        return try parser.statement()
    }

    /// Reads a condition such as that of a rule: `mean < 20`.
    public static func parseExpression(_ text: String) throws(QueryError) -> Expression {
        var parser = try Parser(text)
        if parser.isAtEnd {
            throw parser.failure(en: "the expression is empty", vi: "biểu thức đang để trống")
        }
        let expression = try parser.expression()
        guard parser.isAtEnd else {
            throw parser.unexpected(en: "the end of the expression", vi: "hết biểu thức")
        }
        return expression
    }

    /// Reads which administrative tree is meant: `row`, `today` or a day.
    public static func parseTreeTime(_ text: String) throws(QueryError) -> TreeTime {
        var parser = try Parser(text)
        let time = try parser.treeTime()
        guard parser.isAtEnd else { throw parser.unexpected(en: "the end of the time", vi: "hết thời điểm") }
        return time
    }

    /// Reads a length of time such as `1h30m`.
    public static func parseDuration(_ text: String) throws(QueryError) -> Duration {
        var parser = try Parser(text)
        let duration = try parser.duration()
        guard parser.isAtEnd else {
            throw parser.unexpected(en: "the end of the duration", vi: "hết khoảng thời gian")
        }
        return duration
    }
}

/// Recursive descent over the tokens: one function per production, named as the grammar names it.
struct Parser {
    private let tokens: [Token]
    private var position = 0
    private var depth = 0
    private let deepest: Int
    /// Operators seen in the expression being read.
    var operators = 0

    init(_ text: String, limits: QueryLimits = QueryLimits()) throws(QueryError) {
        let length = text.utf8.count
        deepest = min(limits.nesting, QueryParser.mostNesting)
        guard length <= limits.textBytes else {
            throw QueryError(
                .tooLong, at: SourceRange(limits.textBytes, length),
                en: "the query has \(length) bytes, at most \(limits.textBytes) are allowed",
                vi: "câu truy vấn dài \(length) byte, tối đa là \(limits.textBytes)",
                hint: Bilingual(
                    vi: "Chia thành nhiều câu, hoặc lọc theo cây đơn vị: under(\"31\")",
                    en: "Split it, or filter by a subtree: under(\"31\")"))
        }
        tokens = Lexer.tokens(of: text)
    }

    // MARK: Looking and taking

    var current: Token { tokens[position] }

    var next: Token { tokens[min(position + 1, tokens.count - 1)] }

    /// The token before the current one; the first when there is none.
    var previous: Token { tokens[max(position - 1, 0)] }

    func token(ahead: Int) -> Token { tokens[min(position + ahead, tokens.count - 1)] }

    var isAtEnd: Bool { current.kind == .end }

    mutating func advance() {
        if position < tokens.count - 1 { position += 1 }
    }

    func isAt(_ symbol: Token.Symbol) -> Bool { current.kind == .symbol(symbol) }

    func isAt(word: String) -> Bool { current.kind == .name(word, isQuoted: false) }

    /// The current name when it is written without backquotes.
    var currentWord: String? {
        if case .name(let text, isQuoted: false) = current.kind { return text }
        return nil
    }

    mutating func take(_ symbol: Token.Symbol) -> Bool {
        guard isAt(symbol) else { return false }
        advance()
        return true
    }

    mutating func take(word: String) -> Bool {
        guard isAt(word: word) else { return false }
        advance()
        return true
    }

    mutating func name(en: String, vi: String) throws(QueryError) -> Name {
        guard case .name(let text, let isQuoted) = current.kind else { throw unexpected(en: en, vi: vi) }
        if !isQuoted, Keyword.clausesWithArgument.contains(text) {
            switch next.kind {
            case .duration, .integer, .string: throw unexpected(en: en, vi: vi)
            default: break
            }
        }
        let name = Name(text, at: current.at)
        advance()
        return name
    }

    /// `name { "," name }`
    mutating func names(en: String, vi: String) throws(QueryError) -> [Name] {
        var names = [try name(en: en, vi: vi)]
        while take(.comma) { names.append(try name(en: en, vi: vi)) }
        return names
    }

    mutating func string(en: String, vi: String) throws(QueryError) -> String {
        if case .string(let text) = current.kind {
            advance()
            return text
        }
        if case .name(let text, _) = current.kind {
            throw failure(
                en: "\(en) is a text and stands in quotes", vi: "\(vi) là văn bản, phải đặt trong dấu nháy",
                hint: Bilingual(vi: "Viết: \"\(text)\"", en: "Write: \"\(text)\""))
        }
        throw unexpected(en: "\(en), in quotes", vi: "\(vi) trong dấu nháy")
    }

    mutating func duration() throws(QueryError) -> Duration {
        if case .duration(let duration) = current.kind {
            advance()
            return duration
        }
        if let split = splitDuration(at: position) { throw split }
        if case .integer(let count) = current.kind {
            throw failure(
                .badDuration, en: "a duration needs a unit", vi: "khoảng thời gian phải có đơn vị",
                hint: Bilingual(
                    vi: "Ví dụ \(count)m (phút), \(count)h (giờ), \(count)d (ngày)",
                    en: "For example \(count)m (minutes), \(count)h (hours), \(count)d (days)"))
        }
        if let word = currentWord, let unit = Suggestions.unit(for: word) {
            throw failure(
                .badDuration, en: "a duration starts with a number: 1\(unit)",
                vi: "khoảng thời gian bắt đầu bằng số: 1\(unit)")
        }
        if isAt(.minus) {
            throw failure(
                .badDuration, en: "a duration here cannot be negative", vi: "khoảng thời gian ở đây không được âm")
        }
        throw unexpected(en: "a duration such as 5m", vi: "khoảng thời gian, ví dụ 5m")
    }

    /// A positive whole number that an array can be as long as.
    mutating func count(en: String, vi: String, from smallest: UInt64) throws(QueryError) -> Int {
        guard case .integer(let value) = current.kind else { throw unexpected(en: en, vi: vi) }
        guard value >= smallest, let count = Int(exactly: value) else {
            throw failure(
                value >= smallest ? .overflow : .syntax, en: "\(en) must be from \(smallest) to \(Int.max)",
                vi: "\(vi) phải từ \(smallest) đến \(Int.max)")
        }
        advance()
        return count
    }

    /// Closes what `opening` opened.
    mutating func close(_ symbol: Token.Symbol, opening: Token) throws(QueryError) {
        if take(symbol) { return }
        let isBracket = symbol == .closeBracket
        guard isAtEnd else {
            throw unexpected(en: "\"\(symbol.rawValue)\"", vi: "\"\(symbol.rawValue)\"")
        }
        throw QueryError(
            .syntax, at: opening.at, en: "this \(isBracket ? "bracket" : "parenthesis") is not closed",
            vi: "dấu ngoặc \(isBracket ? "vuông" : "tròn") này chưa được đóng",
            hint: Bilingual(vi: "Thêm \(symbol.rawValue)", en: "Close it with \(symbol.rawValue)"))
    }

    /// Runs `body` one level deeper.
    mutating func nested<Result>(
        _ body: (inout Parser) throws(QueryError) -> Result
    ) throws(QueryError) -> Result {
        guard depth < deepest else {
            throw failure(
                .tooDeep, en: "the query nests more than \(deepest) levels deep",
                vi: "câu truy vấn lồng nhau quá \(deepest) tầng",
                hint: Bilingual(
                    vi: "Tách ra bằng: let ten = …;", en: "Take parts out with: let name = …;"))
        }
        depth += 1
        let result = try body(&self)
        depth -= 1
        return result
    }

    // MARK: Complaints

    func failure(
        _ code: QueryError.Code = .syntax, at place: SourceRange? = nil, en: String, vi: String, hint: Bilingual? = nil
    ) -> QueryError {
        if place == nil, case .invalid(let error) = current.kind { return error }
        return QueryError(code, at: place ?? current.at, en: en, vi: vi, hint: hint)
    }

    /// `1 h` beginning at the token `index`.
    private func splitDuration(at index: Int) -> QueryError? {
        guard index + 1 < tokens.count, case .name(let word, isQuoted: false) = tokens[index + 1].kind else {
            return nil
        }
        let number: String
        switch tokens[index].kind {
        case .integer(let value): number = "\(value)"
        case .float(let value): number = "\(value)"
        default: return nil
        }
        guard Suggestions.unit(for: word) != nil, let right = Suggestions.duration(for: number + word) else {
            return nil
        }
        return QueryError(
            .badDuration, at: tokens[index].at.joined(tokens[index + 1].at), en: "a duration is one word: \(right)",
            vi: "khoảng thời gian viết liền một từ: \(right)")
    }

    /// The complaint about the current token where something else had to stand.
    func unexpected(en expected: String, vi expectedInVietnamese: String) -> QueryError {
        if case .invalid(let error) = current.kind { return error }
        if position > 0, let split = splitDuration(at: position - 1) { return split }
        if let split = splitDuration(at: position) { return split }
        let found = description(of: current)
        var hint: Bilingual?
        if let word = currentWord { hint = Suggestions.foreignWord(word) }
        if hint == nil, isAt(.semicolon) {
            hint = Bilingual(
                vi: "Dấu ; chỉ kết thúc một let; hãy bỏ nó đi", en: "Only a let ends with ; so drop it here")
        }
        return failure(
            en: "expected \(expected), found \(found.en)",
            vi: "cần \(expectedInVietnamese), nhưng lại gặp \(found.vi)", hint: hint)
    }

    func description(of token: Token) -> Bilingual {
        func same(_ text: String) -> Bilingual { Bilingual(vi: text, en: text) }
        switch token.kind {
        case .name(let text, isQuoted: false): return same("\"\(text)\"")
        case .name(let text, isQuoted: true): return same("`\(text)`")
        case .integer(let value): return same("\(value)")
        case .float(let value): return same("\(value)")
        case .string: return Bilingual(vi: "một chuỗi", en: "a text")
        case .duration(let duration): return same(QueryPrinter.print(duration))
        case .instant: return Bilingual(vi: "một thời điểm", en: "a date or time")
        case .symbol(let symbol): return same("\"\(symbol.rawValue)\"")
        case .invalid, .end: return Bilingual(vi: "hết câu", en: "the end")
        }
    }
}
