import ArgumentParser
import TramSystem

/// `tram version`.
struct VersionCommand: ParsableCommand {
    static let version = "0.2.0"

    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")

    @OptionGroup var language: LanguageOption

    func run() throws {
        try StandardStream.output.write("tram \(VersionCommand.version)\n")
    }
}
