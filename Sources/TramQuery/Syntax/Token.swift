import TramColumnar

/// The smallest piece of a query's text that means something.
struct Token: Equatable, Sendable {
    enum Kind: Equatable, Sendable {
        /// Quoted names were written in backquotes and are never keywords.
        case name(String, isQuoted: Bool)
        /// Digits only. Unsigned, so that a minus before it can reach Int64.min.
        case integer(UInt64)
        case float(Double)
        case string(String)
        case duration(Duration)
        /// A date, a date with a time, or a time of day.
        case instant(InstantExpression)
        case symbol(Symbol)
        /// What could not be read. It is the last token before the end; the complaint is raised only when the parser
        /// comes to it, so that the first mistake of a text is the one that is named.
        case invalid(QueryError)
        case end
    }

    enum Symbol: String, Sendable {
        case pipe = "|"
        case comma = ","
        case semicolon = ";"
        case dot = "."
        case range = ".."
        case openParenthesis = "("
        case closeParenthesis = ")"
        case openBracket = "["
        case closeBracket = "]"
        case equal = "="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case matches = "~"
        case notMatches = "!~"
        case plus = "+"
        case minus = "-"
        case star = "*"
        case slash = "/"
        case percent = "%"
    }

    var kind: Kind
    var at: SourceRange
}

/// The words of the language, by the place where each is one.
enum Keyword {
    static let stages = [
        "where", "set", "select", "drop", "sort", "top", "bottom", "limit", "join", "left", "stale", "fill", "unpivot",
        "tz", "tree", "emit", "alert",
    ]
    static let aggregateClauses = ["by", "every", "session", "runs", "fill", "late", "vs"]
    static let windowClauses = ["over", "origin"]
    static let alertClauses = ["when", "for", "keep", "clear", "severity", "nodata", "escalate"]
    static let joinClauses = ["on", "within"]
    static let sourceClauses = ["where", "warm"]
    /// Words that an expression never takes for a name.
    static let expressionWords: Set<String> = [
        "true", "false", "null", "now", "today", "yesterday", "not", "and", "or", "in", "between", "is",
    ]
    /// Clauses that a length of time or a text follows: `by every 5m` lacks a name after `by`.
    static let clausesWithArgument: Set<String> = [
        "every", "session", "late", "vs", "over", "within", "for", "severity", "escalate", "warm",
    ]

    /// Every word that is written in backquotes when it is meant as a name: more than strictly needed, so that a
    /// printed name means the same wherever it is copied to.
    static let reserved: Set<String> = Set(stages + aggregateClauses + windowClauses + alertClauses + joinClauses)
        .union(sourceClauses).union(expressionWords).union(["let", "explain", "show"])
}
