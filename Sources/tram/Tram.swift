import ArgumentParser

@main
struct Tram: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "tram")
}
