public import ArgumentParser
public import TramColumnar
import TramEngine
import TramQuery
public import TramLineProtocol
public import TramServer

extension Language: ExpressibleByArgument {}
extension ResultFormat: ExpressibleByArgument {}
extension Epoch: ExpressibleByArgument {}

/// `--lang`, which every command takes.
struct LanguageOption: ParsableArguments {
    @Option(name: .long, help: "Language of messages and tables: vi or en (default: from LANG, else en).")
    var lang: Language?

    var language: Language { lang ?? Environment.language }
}

extension Precision: ExpressibleByArgument {
    /// `ns`, `us`, `ms`, `s`, `m`, `h`, `auto`, or the long names.
    public init?(argument: String) { self.init(name: argument) }

    public static var allValueStrings: [String] { ["ns", "us", "ms", "s", "m", "h", "auto"] }
}

/// An instant on the command line: RFC 3339, or nanoseconds since 1970.
struct InstantArgument: ExpressibleByArgument {
    var nanoseconds: Int64

    init?(argument: String) {
        if let number = Int64(argument) {
            nanoseconds = number
        } else if let instant = Timestamp(rfc3339: argument) {
            nanoseconds = instant.nanoseconds
        } else {
            return nil
        }
    }
}

/// Which administrative tree is meant: `row`, `today`, a day.
struct TreeArgument: ExpressibleByArgument {
    var text: String
    var time: TreeTime

    init?(argument: String) {
        guard let time = try? QueryParser.parseTreeTime(argument) else { return nil }
        self.time = time
        text = argument
    }
}
