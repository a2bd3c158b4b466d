import ArgumentParser
import TramSystem

/// The command `tram`: picks the command and turns what went wrong into an exit status.
@main
struct Tram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tram",
        abstract: "Sensor data: windows, alerts and questions, without hand-made reports.",
        discussion: """
            Trạm: số liệu cảm biến thành cửa sổ thời gian, cảnh báo và câu trả lời, không cần báo cáo tay.

            Results go to standard output, all talk to standard error. Exit status: 0 done, 1 the work failed, 2 wrong usage.
            """,
        version: "tram \(VersionCommand.version)",
        subcommands: [
            ServeCommand.self, QueryCommand.self, RunCommand.self, DemoCommand.self, CheckCommand.self,
            InspectCommand.self, CompactCommand.self, UnitsCommand.self, StationsCommand.self, VersionCommand.self,
        ])

    static func main() async {
        StandardStream.ignoreBrokenPipeSignal()
        do {
            var command = try parseAsRoot()
            if var longRunning = command as? any AsyncParsableCommand {
                try await longRunning.run()
            } else {
                try command.run()
            }
        } catch let failure as Failure {
            Talk.line(failure.message)
            leave(withStatus: failure.status)
        } catch let error as SystemError where error.isBrokenPipe {
            // Whoever read the output has seen enough: `tram query … | head`.
            leave(withStatus: 0)
        } catch {
            let status = exitCode(for: error)
            let text = fullMessage(for: error)
            if status.isSuccess {
                try? StandardStream.output.write(text + "\n")
                leave(withStatus: 0)
            }
            Talk.line(text)
            // The parser's own number for wrong usage is 64.
            leave(withStatus: status == .validationFailure ? 2 : 1)
        }
    }
}
