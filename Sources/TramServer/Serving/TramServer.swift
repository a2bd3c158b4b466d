import HTTPTypes
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
public import TramColumnar
public import TramEngine
public import TramLineProtocol
import TramSystem
import UnixSignals

/// The server: HTTP for writes and questions, line listeners beside it, over one engine.
public struct TramServer: Sendable {
    public struct Configuration: Sendable {
        public var addresses: [ListenAddress]
        /// Addresses that may fail without a word beyond a warning: a machine without IPv6.
        public var optionalAddresses: [ListenAddress] = []
        public var lineTCP: [LineListenerAddress] = []
        public var lineUDP: [LineListenerAddress] = []
        public var limits: ServerLimits
        public var language: Language
        public var version: String

        public init(addresses: [ListenAddress], limits: ServerLimits, language: Language, version: String) {
            self.addresses = addresses
            self.limits = limits
            self.language = language
            self.version = version
        }
    }

    /// What a server has to say while it runs.
    public enum Event: Sendable {
        /// Ready, with the ports that were opened.
        case listening(http: [ListenAddress], lineTCP: [ListenAddress], lineUDP: [ListenAddress])
        case unavailable(ListenAddress, reason: String)
        case draining
        /// A sample of what a sender's lines were refused for, and how many more there were since the last one.
        case refused(RejectedLine, from: EngineMetrics.Peer, more: Int)
        /// A sender's lines were stored with times of 1970 or before.
        case earlyTimes(from: EngineMetrics.Peer, count: Int)
    }

    let engine: Engine
    let configuration: Configuration
    let catalogue: CatalogueKeeper
    let logger: Logger

    public init(
        engine: Engine, configuration: Configuration, catalogue: CatalogueKeeper = CatalogueKeeper(),
        logLevel: Logger.Level = .warning
    ) {
        self.engine = engine
        self.catalogue = catalogue
        self.configuration = configuration
        var logger = Logger(label: "tram")
        logger.logLevel = logLevel
        self.logger = logger
    }

    /// Serves until SIGTERM or SIGINT; then no new connection is taken, answers under way are finished, and this
    /// returns.
    ///
    /// - Parameters:
    ///   - reload: called for each SIGHUP.
    ///   - tell: hears what happens.
    /// - Throws: `ServerFailure` when an address cannot be listened at.
    public func run(
        reload: @escaping @Sendable () async -> Void, tell: @escaping @Sendable (Event) -> Void
    ) async throws {
        let limits = configuration.limits
        let phase = ServerPhase()
        let connections = ConnectionBook(maximum: limits.connections, maximumPerAddress: limits.connectionsPerAddress)
        let lineConnections = ConnectionBook(
            maximum: limits.connections, maximumPerAddress: limits.connectionsPerAddress)
        let threads = NIOThreadPool(numberOfThreads: limits.queries)
        threads.start()
        let log = RefusalLog(time: engine.time, tell: tell)
        let responder = router(phase, connections, threads, log).buildResponder()

        var addresses = configuration.addresses
        for address in configuration.optionalAddresses {
            if let reason = await TramServer.obstacle(at: address) {
                tell(.unavailable(address, reason: reason))
            } else {
                addresses.append(address)
            }
        }
        let opening = Opening(
            http: addresses.count, lineTCP: configuration.lineTCP.count, lineUDP: configuration.lineUDP.count
        ) { http, tcp, udp in
            phase.become(.serving)
            tell(.listening(http: http, lineTCP: tcp, lineUDP: udp))
        }
        var services: [any Service] = [
            Attendant(phase: phase, limits: limits, reload: reload, tell: tell)
        ]
        for (index, address) in addresses.enumerated() {
            services.append(
                NamedService(place: "\(address)") {
                    try await application(at: address, responder, connections) { port in
                        opening.note(.http, index, ListenAddress(host: address.host, port: port))
                    }.run()
                })
        }
        for (index, listener) in configuration.lineTCP.enumerated() {
            let door = LineTCP(engine: engine, address: listener, book: lineConnections, limits: limits, log: log)
            services.append(
                NamedService(place: "\(listener.address) (line protocol over TCP)") {
                    try await cancelWhenGracefulShutdown {
                        try await door.run { port in
                            opening.note(.lineTCP, index, ListenAddress(host: listener.address.host, port: port))
                        }
                    }
                })
        }
        for (index, listener) in configuration.lineUDP.enumerated() {
            let door = LineUDP(engine: engine, address: listener, log: log)
            services.append(
                NamedService(place: "\(listener.address) (line protocol over UDP)") {
                    try await cancelWhenGracefulShutdown {
                        try await door.run { port in
                            opening.note(.lineUDP, index, ListenAddress(host: listener.address.host, port: port))
                        }
                    }
                })
        }
        var group = ServiceGroupConfiguration(
            services: [
                .init(
                    service: AllAtOnce(services: services), successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .cancelGroup)
            ],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        group.maximumGracefulShutdownDuration = .seconds(limits.drainSeconds)
        do {
            try await ServiceGroup(configuration: group).run()
        } catch let failure as ServerFailure {
            throw failure
        } catch  where phase.phase == .draining {
            // Whoever did not finish in time was cut off; that is how a drain ends, not an error.
        }
        try? await threads.shutdownGracefully()
    }

    /// Everything that is served over HTTP.
    func routes(
        _ phase: ServerPhase, _ connections: ConnectionBook, _ threads: NIOThreadPool, _ requests: RequestMetrics,
        _ log: RefusalLog
    )
        -> RouteTable
    {
        let gate = QueryGate(configuration.limits)
        let startedAt = engine.time.now()
        let routes =
            WriteDoor(engine: engine, log: log).routes + ManagementDoor(engine: engine).routes
            + DeleteDoor(engine: engine).routes
            + HealthRoutes(
                engine: engine, phase: phase, catalogue: catalogue, version: configuration.version,
                startedAt: startedAt
            ).routes
            + MetricsRoute(
                engine: engine, requests: requests, connections: connections, gate: gate,
                catalogue: catalogue, version: configuration.version, startedAt: startedAt
            ).routes
            + QueryRoute(
                engine: engine, gate: gate, threads: threads, limits: configuration.limits,
                language: configuration.language
            ).routes
            + DataRoutes(engine: engine).routes
            + CatalogueRoutes(engine: engine, keeper: catalogue, language: configuration.language).routes
            + StandingRoutes(engine: engine, language: configuration.language).routes
            + OpenAPIRoute(version: configuration.version).routes
        return RouteTable(routes)
    }

    /// Method and path of everything that is served: `GET /ping`.
    package var servedRoutes: [String] {
        let connections = ConnectionBook(maximum: 0, maximumPerAddress: 0)
        let log = RefusalLog(time: engine.time, tell: { _ in })
        return routes(ServerPhase(), connections, .singleton, RequestMetrics(), log).routes.map {
            "\($0.method.rawValue) \($0.path)"
        }
    }

    private func router(
        _ phase: ServerPhase, _ connections: ConnectionBook, _ threads: NIOThreadPool, _ log: RefusalLog
    ) -> Router<TramRequestContext> {
        let requests = RequestMetrics()
        let table = routes(phase, connections, threads, requests, log)
        return table.router(before: [
            RequestManners(
                table: table, metrics: requests, time: engine.time,
                influxHeaders: HealthRoutes.influxHeaders(configuration.version), language: configuration.language)
        ])
    }

    private func application(
        at address: ListenAddress, _ responder: RouterResponder<TramRequestContext>, _ connections: ConnectionBook,
        opened: @escaping @Sendable (Int) -> Void
    ) -> some ApplicationProtocol {
        let limits = configuration.limits
        let bodyBytes = engine.configuration.bodyBytes
        return Application(
            responder: responder,
            server: HTTPServerBuilder { responder in
                MannersChannel(responder: responder, limits: limits, connections: connections, bodyBytes: bodyBytes)
            },
            configuration: .init(address: .hostname(address.host, port: address.port), backlog: 1024),
            onServerRunning: { channel in opened(channel.localAddress?.port ?? address.port) },
            logger: logger)
    }

    /// Why an address cannot be listened at although nobody else does; nil when it can.
    private static func obstacle(at address: ListenAddress) async -> String? {
        do {
            let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .bind(host: address.host, port: 0).get()
            try? await channel.close()
            return nil
        } catch {
            return "\(error)"
        }
    }
}

/// An address that cannot be listened at.
public struct ServerFailure: Error, Sendable {
    /// The address, and what for.
    public var place: String
    public var reason: String
    /// Whether another program has the port.
    public var isInUse: Bool
}

/// Collects the ports that are opened, and tells when all are.
private final class Opening: Sendable {
    enum Kind: Int {
        case http, lineTCP, lineUDP
    }

    private let state: Mutex<[[ListenAddress?]]>
    private let done: @Sendable ([ListenAddress], [ListenAddress], [ListenAddress]) -> Void

    init(
        http: Int, lineTCP: Int, lineUDP: Int,
        done: @escaping @Sendable ([ListenAddress], [ListenAddress], [ListenAddress]) -> Void
    ) {
        state = Mutex([http, lineTCP, lineUDP].map { [ListenAddress?](repeating: nil, count: $0) })
        self.done = done
    }

    func note(_ kind: Kind, _ index: Int, _ address: ListenAddress) {
        let all = state.withLock { state -> [[ListenAddress]]? in
            state[kind.rawValue][index] = address
            let known = state.map { $0.compactMap { $0 } }
            return zip(known, state).allSatisfy { $0.count == $1.count } ? known : nil
        }
        if let all { done(all[0], all[1], all[2]) }
    }
}

/// Services that are told to stop all at once. A group of services stops them one after the other, and those whose turn
/// has not come would go on taking work.
private struct AllAtOnce: Service {
    let services: [any Service]

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for service in services { group.addTask { try await service.run() } }
            // One that ends by itself takes the others with it.
            while try await group.next() != nil {
                if !Task.isShuttingDownGracefully { group.cancelAll() }
            }
        }
    }
}

/// A service whose failure says which address it was about.
private struct NamedService: Service {
    let place: String
    let work: @Sendable () async throws -> Void

    func run() async throws {
        do {
            try await work()
        } catch is CancellationError {
            return
        } catch let error as IOError {
            throw ServerFailure(place: place, reason: "\(error)", isInUse: error.errnoCode == EADDRINUSE)
        } catch let error as SocketAddressError {
            throw ServerFailure(place: place, reason: "\(error)", isInUse: false)
        }
    }
}

/// Waits for signals: SIGHUP reloads, a graceful stop begins the drain.
private struct Attendant: Service {
    let phase: ServerPhase
    let limits: ServerLimits
    let reload: @Sendable () async -> Void
    let tell: @Sendable (TramServer.Event) -> Void

    func run() async throws {
        let phase = phase
        let tell = tell
        await withGracefulShutdownHandler {
            await cancelWhenGracefulShutdown {
                for await _ in await UnixSignalsSequence(trapping: .sighup) { await reload() }
            }
        } onGracefulShutdown: {
            phase.become(.draining)
            tell(.draining)
        }
    }
}
