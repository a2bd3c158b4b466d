import TramColumnar
import TramEngine
import TramLineProtocol
import TramQuery
import TramServer
import TramStorage
import TramSystem

/// What a configuration file says of the server, as values that the engine and the server take.
struct ServeSettings {
    private let file: ConfigurationFile?
    private let language: Language

    /// - Parameter file: nil where there is none.
    init(_ file: ConfigurationFile?, language: Language) {
        self.file = file
        self.language = language
    }

    private static let intervalMilliseconds = 200

    var data: String { file?.data ?? "tram-data" }

    var engine: EngineConfiguration {
        var configuration = EngineConfiguration()
        guard let file else { return configuration }
        func set(_ key: String, _ value: inout Int) {
            if let count = file.limits.counts[key] { value = count }
        }
        set("body", &configuration.bodyBytes)
        set("inflated", &configuration.inflatedBodyBytes)
        set("ratio", &configuration.inflationRatio)
        set("open_bodies", &configuration.openBodyBytes)
        set("series", &configuration.series)
        set("databases", &configuration.databases)
        set("window_rows", &configuration.windowRows)
        set("log_backlog", &configuration.log.queueBytes)
        set("head_memory", &configuration.storage.headBytes)
        set("seal_log", &configuration.storage.sealAfterLogBytes)
        if let seconds = file.limits.seconds["seal_after"] { configuration.storage.sealAfterSeconds = seconds }
        switch file.limits.ahead {
        case .off: configuration.aheadNanoseconds = nil
        case .nanoseconds(let length): configuration.aheadNanoseconds = length
        case nil: break
        }
        configuration.keptNanoseconds = file.retention.raw?.fixedNanoseconds
        configuration.createsDatabases = file.createsDatabases ?? true
        if file.durability == .interval {
            configuration.log.durability = .interval(milliseconds: ServeSettings.intervalMilliseconds)
        }
        if file.recovery == .strict { configuration.recovery = .strict }
        return configuration
    }

    /// - Parameter listen: addresses of the command line, which go before those of the file.
    func server(listen: [ListenAddress], defaultPort: Int) throws -> TramServer.Configuration {
        var limits = ServerLimits(cores: Processors.count)
        if let file {
            func set(_ key: String, _ value: inout Int) {
                if let count = file.limits.counts[key] ?? file.limits.seconds[key] { value = count }
            }
            set("head", &limits.headBytes)
            set("header_fields", &limits.headFields)
            set("head_timeout", &limits.headSeconds)
            set("body_timeout", &limits.bodySeconds)
            set("idle_timeout", &limits.idleSeconds)
            set("write_timeout", &limits.writeSeconds)
            set("connections", &limits.connections)
            set("connections_per_address", &limits.connectionsPerAddress)
            set("queries", &limits.queries)
            set("queued_queries", &limits.queuedQueries)
            set("query_wait", &limits.queryWaitSeconds)
            set("query_time", &limits.querySeconds)
            set("query_text", &limits.queryTextBytes)
            set("query_rows", &limits.queryRows)
            set("query_windows", &limits.queryWindows)
            set("query_nesting", &limits.queryNesting)
            set("query_memory", &limits.queryMemoryBytes)
            set("open_answers", &limits.answerBytes)
            set("drain", &limits.drainSeconds)
        }
        var addresses = listen
        if addresses.isEmpty { addresses = (file?.listen ?? []).compactMap { ListenAddress($0.text) } }
        var configuration = TramServer.Configuration(
            addresses: addresses, limits: limits, language: language, version: VersionCommand.version)
        if addresses.isEmpty {
            configuration.addresses = [ListenAddress(host: "127.0.0.1", port: defaultPort)]
            configuration.optionalAddresses = [ListenAddress(host: "::1", port: defaultPort)]
        }
        func listener(_ entry: ConfigurationFile.LineListener) -> LineListenerAddress? {
            ListenAddress(entry.address.text).map {
                LineListenerAddress(
                    address: $0, database: entry.database ?? Engine.defaultDatabase,
                    precision: entry.precision ?? .auto)
            }
        }
        configuration.lineTCP = (file?.lineTCP ?? []).compactMap(listener)
        configuration.lineUDP = (file?.lineUDP ?? []).compactMap(listener)
        return configuration
    }

    /// Refuses every address that others than this machine reach: there are no tokens yet to tell friend from foe.
    func checkLoopback(_ configuration: TramServer.Configuration) throws {
        let all =
            configuration.addresses + configuration.lineTCP.map(\.address) + configuration.lineUDP.map(\.address)
        guard let open = all.first(where: { !$0.isLoopback }) else { return }
        throw Failure(
            message: language == .vi
                ? "\(open): phiên bản này chỉ phục vụ trong máy (127.0.0.1, [::1], localhost), vì chưa có token; đặt một máy chủ ủy quyền có xác thực ở phía trước"
                : "\(open): this version serves this machine only (127.0.0.1, [::1], localhost), for it has no tokens yet; put a proxy with authentication in front of it"
        )
    }

    /// What the file asks for and this version does not do.
    var warnings: [String] {
        guard let file else { return [] }
        var warnings: [String] = []
        func warn(_ key: String, vi: String, en: String) {
            warnings.append(
                language == .vi ? "cảnh báo: \(file.file): \(key): \(vi)" : "warning: \(file.file): \(key): \(en)")
        }
        if !file.reports.isEmpty {
            warn("reports", vi: "phiên bản này chưa có báo cáo", en: "this version makes no reports yet")
        }
        if file.node?.parent != nil {
            warn(
                "node: parent", vi: "phiên bản này chưa gửi số liệu lên cấp trên",
                en: "this version reports to no parent yet")
        }
        return warnings
    }
}
