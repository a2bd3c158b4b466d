import Glibc
import TramColumnar

/// The variables of the environment that `tram` looks at; read nowhere else.
enum Environment {
    static subscript(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }

    /// LC_ALL, LC_MESSAGES, LANG, in the order of POSIX; English unless they say Vietnamese.
    static var language: Language {
        for name in ["LC_ALL", "LC_MESSAGES", "LANG"] {
            if let value = Environment[name], !value.isEmpty { return value.hasPrefix("vi") ? .vi : .en }
        }
        return .en
    }

    /// The terminal's width as the shell says it.
    static var columns: String? { Environment["COLUMNS"] }

    /// Colour is wanted unless NO_COLOR says otherwise or the terminal is a dumb one.
    static var wantsColor: Bool {
        (Environment["NO_COLOR"] ?? "").isEmpty && Environment["TERM"] != "dumb"
    }
}
