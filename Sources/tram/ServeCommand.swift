import ArgumentParser
import TramColumnar
import TramEngine
import TramLineProtocol
import TramQuery
import TramServer
import TramStorage
import TramSystem

/// `tram serve`: the server.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Take readings from gateways and answer questions.",
        discussion: """
            Needs no configuration. Gateways push line protocol to /write, /api/v2/write or /api/v3/write_lp, as they
            would to InfluxDB; questions go to /api/tram/query, or: tram query 'traffic | mean(speed) by sensor'

            A write is answered when it is on the disk (durability: sync). SIGHUP reads the configuration
            again (zone, catalogue, standing queries, rules); changed tables of units and stations are read without being
            told. SIGTERM finishes what is under way and stops.
            """)

    @Option(name: .long, help: "The data directory (default: ./tram-data).")
    var data: String?

    @Option(
        name: .long, parsing: .singleValue,
        help:
            "HOST:PORT to serve HTTP at, port 0 for any; may be given several times (default: 127.0.0.1:8086 and [::1]:8086)."
    )
    var listen: [String] = []

    @Option(name: .long, help: "A configuration file (YAML).")
    var config: String?

    @Option(
        name: .customLong("line-tcp"), parsing: .singleValue,
        help: "HOST:PORT for lines over TCP, /DB behind it for another database than default.")
    var lineTCP: [String] = []

    @Option(
        name: .customLong("line-udp"), parsing: .singleValue,
        help: "HOST:PORT for lines in datagrams, /DB behind it for another database than default.")
    var lineUDP: [String] = []

    @OptionGroup var language: LanguageOption

    private static let defaultPort = 8086

    func validate() throws {
        for text in listen where ListenAddress(text) == nil { throw ServeCommand.notAnAddress("--listen", text) }
        for text in lineTCP where ServeCommand.lineAddress(text) == nil {
            throw ServeCommand.notAnAddress("--line-tcp", text)
        }
        for text in lineUDP where ServeCommand.lineAddress(text) == nil {
            throw ServeCommand.notAnAddress("--line-udp", text)
        }
    }

    private static func notAnAddress(_ option: String, _ text: String) -> ValidationError {
        ValidationError("\(option) takes HOST:PORT, such as 127.0.0.1:8086 or [::1]:8086; this is: \(text)")
    }

    private static func lineAddress(_ text: String) -> LineListenerAddress? {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = ListenAddress(String(parts[0])) else { return nil }
        guard parts.count == 2 else { return LineListenerAddress(address: address) }
        return parts[1].isEmpty ? nil : LineListenerAddress(address: address, database: String(parts[1]))
    }

    func run() async throws {
        let language = language.language
        // The first sleep opens a timer of the system, and the runtime ends the process when it cannot: not at a moment
        // when there are no file descriptors left.
        try? await Task.sleep(for: .milliseconds(1))
        // From the bottom up: definitions, directory, engine, server.
        var definitions = Definitions(language: language)
        if let config { try definitions.load(configuration: config) }
        let settings = ServeSettings(definitions.configuration, language: language)
        var configuration = try settings.server(
            listen: listen.compactMap(ListenAddress.init), defaultPort: ServeCommand.defaultPort)
        configuration.lineTCP += lineTCP.compactMap(ServeCommand.lineAddress)
        configuration.lineUDP += lineUDP.compactMap(ServeCommand.lineAddress)
        try settings.checkLoopback(configuration)
        let directory = data ?? settings.data
        let lock = try ServeCommand.lock(directory, language)
        defer { withExtendedLifetime(lock) {} }

        let engine: Engine
        do {
            var configuration = settings.engine
            configuration.folder = directory
            engine = try Engine(
                configuration: configuration, definitions: definitions.live, time: SystemTime())
        } catch {
            throw definitions.failure(error)
        }
        for warning in settings.warnings { Talk.line(warning) }
        try open(engine)
        defer { engine.close() }
        let reloading = Reloading(definitions, configuration: config, engine: engine, language: language)
        reloading.keeper.reloads { await reloading.readCatalogue() }
        let watch = Task { await reloading.watch() }
        defer { watch.cancel() }
        let server = TramServer(engine: engine, configuration: configuration, catalogue: reloading.keeper)
        do {
            try await server.run(
                reload: { await reloading.reload() },
                tell: { event in ServeCommand.tell(event, language) })
        } catch let failure as ServerFailure {
            throw ServeCommand.failure(failure, language)
        }
        Talk.line(language == .vi ? "đã dừng" : "stopped")
    }

    /// Reads back what is on the disk.
    private func open(_ engine: Engine) throws {
        let isVietnamese = language.language == .vi
        do {
            try engine.open { opening in
                guard case .opened(let name, let recovery) = opening else { return }
                if let tail = recovery.log.tornTail {
                    Talk.line(
                        isVietnamese
                            ? "\(name): đã cắt phần cuối ghi dở của nhật ký (\(tail.file), byte \(tail.offset), \(tail.byteCount) byte)"
                            : "\(name): cut the unfinished end of the log (\(tail.file), byte \(tail.offset), \(tail.byteCount) bytes)"
                    )
                }
                for damage in recovery.log.damages where damage.isLoss {
                    Talk.line(
                        isVietnamese
                            ? "\(name): nhật ký bị hỏng tại \(damage.file), byte \(damage.offset): một phần số liệu đã mất; xem /health"
                            : "\(name): the log is damaged at \(damage.file), byte \(damage.offset): data are lost; see /health"
                    )
                }
                for damage in recovery.segments.damages {
                    Talk.line(
                        isVietnamese
                            ? "\(name): \(damage.file) bị hỏng tại byte \(damage.offset)\(damage.isLoss ? ": một phần số liệu đã mất; xem /health" : ", đã khôi phục")"
                            : "\(name): \(damage.file) is damaged at byte \(damage.offset)\(damage.isLoss ? ": data are lost; see /health" : ", and was mended")"
                    )
                }
                if recovery.segments.rows > 0 {
                    Talk.line(
                        isVietnamese
                            ? "\(name): \(recovery.segments.rows) bản ghi trong \(recovery.segments.segments) phân đoạn"
                            : "\(name): \(recovery.segments.rows) rows in \(recovery.segments.segments) segments")
                }
                if recovery.rows > 0 {
                    Talk.line(
                        isVietnamese
                            ? "\(name): đã nạp lại \(recovery.rows) bản ghi từ nhật ký"
                            : "\(name): read back \(recovery.rows) rows of the log")
                }
            }
        } catch {
            let place = error.database.map { "\($0): " } ?? ""
            let status: Int32 =
                switch error.error {
                case .logDamaged, .segmentDamaged: 4
                case .newerFormat: 5
                default: 1
                }
            throw Failure(message: place + error.error.description, status: status)
        }
    }

    /// Takes the directory for this process alone.
    private static func lock(_ directory: String, _ language: Language) throws -> DirectoryLock {
        do {
            try Directory.create(directory)
            return try DirectoryLock(directory: directory)
        } catch let failure as DirectoryLock.Failure {
            switch failure {
            case .held(let holder):
                let who = holder.map { language == .vi ? "tiến trình \($0)" : "process \($0)" }
                throw Failure(
                    message: language == .vi
                        ? "thư mục dữ liệu \(directory) đang được \(who ?? "một tiến trình khác") sử dụng; dừng tiến trình đó, hoặc chọn thư mục khác: --data DIR"
                        : "the data directory \(directory) is in use by \(who ?? "another process"); stop it, or choose another directory: --data DIR",
                    status: 3)
            case .system(let error): throw unusable(directory, error, language)
            }
        } catch let error as SystemError {
            throw unusable(directory, error, language)
        }
    }

    private static func unusable(_ directory: String, _ error: SystemError, _ language: Language) -> Failure {
        Failure(
            message: language == .vi
                ? "không dùng được thư mục dữ liệu \(directory): \(error.reason); chọn thư mục khác: --data DIR"
                : "the data directory \(directory) cannot be used: \(error.reason); choose another: --data DIR")
    }

    private static func failure(_ failure: ServerFailure, _ language: Language) -> Failure {
        if failure.isInUse {
            return Failure(
                message: language == .vi
                    ? "\(failure.place): cổng đang được chương trình khác sử dụng; chọn cổng khác: --listen 127.0.0.1:8087"
                    : "\(failure.place): another program uses this port; choose another: --listen 127.0.0.1:8087")
        }
        return Failure(
            message: language == .vi
                ? "\(failure.place): không mở được (\(failure.reason))"
                : "\(failure.place): cannot be opened (\(failure.reason))")
    }

    private static func tell(_ event: TramServer.Event, _ language: Language) {
        let isVietnamese = language == .vi
        switch event {
        case .listening(let http, let tcp, let udp):
            // Programs wait for these lines; nobody may be left to read them.
            var lines = ""
            for address in tcp { lines += "line-tcp on \(address)\n" }
            for address in udp { lines += "line-udp on \(address)\n" }
            if let first = http.first { lines += "listening on http://\(first)\n" }
            try? StandardStream.output.write(lines)
            for address in http.dropFirst() {
                Talk.line(isVietnamese ? "cũng phục vụ tại http://\(address)" : "also at http://\(address)")
            }
        case .unavailable(let address, let reason):
            Talk.line(
                isVietnamese
                    ? "cảnh báo: không phục vụ được tại \(address) (\(reason)); máy này có lẽ không có IPv6"
                    : "warning: \(address) cannot be served (\(reason)); this machine may have no IPv6")
        case .refused(let line, let peer, let more):
            let others =
                more == 0 ? "" : isVietnamese ? " (và \(more) dòng khác)" : " (and \(more) more)"
            Talk.line(
                TerminalText.printable(
                    (isVietnamese ? "từ chối dòng của " : "refused of ")
                        + "\(peer.address) (\(peer.door.rawValue)): \(line.message)\(others): \(line.excerpt)"))
        case .earlyTimes(let peer, let count):
            Talk.line(
                isVietnamese
                    ? "cảnh báo: \(count) dòng của \(peer.address) (\(peer.door.rawValue)) có thời gian năm 1970; có lẽ bên gửi dùng giây: thêm precision=s"
                    : "warning: \(count) lines of \(peer.address) (\(peer.door.rawValue)) have times of 1970; seconds sent as nanoseconds? say precision=s"
            )
        case .draining:
            Talk.line(
                isVietnamese ? "đang dừng: hoàn tất các yêu cầu dở dang" : "stopping: finishing what is under way")
        }
    }
}
