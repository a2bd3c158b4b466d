import HTTPTypes
import Hummingbird
import Synchronization
import TramColumnar
import TramEngine
import TramQuery
import TramStorage
import TramSystem

/// What a server is doing: starting, serving, or finishing what is under way before it stops.
final class ServerPhase: Sendable {
    enum Phase: Int {
        case starting, serving, draining
    }

    private let value = Atomic<Int>(Phase.starting.rawValue)

    var phase: Phase { Phase(rawValue: value.load(ordering: .relaxed)) ?? .starting }

    func become(_ phase: Phase) { value.store(phase.rawValue, ordering: .relaxed) }
}

/// `/ping`, `/health` and `/ready`: whether the server is there, well, and taking work.
struct HealthRoutes: Sendable {
    let engine: Engine
    let phase: ServerPhase
    let catalogue: CatalogueKeeper
    let version: String
    /// When the server began, nanoseconds UTC.
    let startedAt: Int64

    /// A text that clients read as InfluxDB 1.8, whose interface is spoken here.
    private static let influxPrefix = "1.8.10-tram"

    var routes: [Route] {
        [
            Route(.get, "/ping") { request, _ in try ping(request) },
            Route(.head, "/ping") { _, _ in Response(status: .noContent, headers: versionHeaders) },
            Route(.get, "/health") { _, _ in health() },
            Route(.get, "/ready") { _, _ in ready() },
        ]
    }

    /// The headers by which clients of InfluxDB know whom they talk to.
    static func influxHeaders(_ version: String) -> HTTPFields {
        [.influxVersion: "\(influxPrefix)-\(version)", .influxBuild: "OSS"]
    }

    private var versionHeaders: HTTPFields { HealthRoutes.influxHeaders(version) }

    private func ping(_ request: Request) throws -> Response {
        let isVerbose = try RequestParameters(url: request).text("verbose").map { $0 != "false" && $0 != "0" } ?? false
        guard isVerbose else { return Response(status: .noContent, headers: versionHeaders) }
        var object = JSONObject()
        object.add("version", "\(HealthRoutes.influxPrefix)-\(version)")
        return Answers.json(object.bytes + [UInt8(ascii: "\n")], headers: versionHeaders)
    }

    private func health() -> Response {
        var object = JSONObject()
        object.add("name", "tram")
        var message = "ready for queries and writes"
        var checks = [check("durability", true, durabilityText)]
        for database in engine.databases {
            checks += storageChecks(database, &message)
            for (name, error) in database.failures.sorted(by: { $0.key < $1.key }) {
                message = "degraded: a standing query cannot go on"
                checks.append(check("standing query \(name) over \(database.name)", false, error.message.en))
            }
        }
        let figures = catalogue.figures
        if let problem = figures.problem {
            message = "degraded: the catalogue's files have mistakes, the units and stations of before are in use"
            checks.append(check("catalogue", false, problem.en))
        } else if !figures.files.isEmpty {
            checks.append(check("catalogue", true, "\(figures.units) units, \(figures.stations) stations"))
        }
        object.add("message", "\(message) (durability: \(durability))")
        object.add("status", "pass")
        object.add("checks", array: checks)
        object.add("durability", durability)
        object.add("version", version)
        object.add("commit", "unknown")
        return Answers.json(object.bytes + [UInt8(ascii: "\n")])
    }

    /// `sync`, `interval` or `memory`.
    private var durability: String {
        guard engine.configuration.folder != nil else { return "memory" }
        return engine.configuration.log.durability == .sync ? "sync" : "interval"
    }

    private var durabilityText: String {
        switch durability {
        case "sync": "sync: a write is answered when it is on the disk"
        case "interval":
            "interval: a write is answered when it is with the operating system; a power cut takes the last 200 ms"
        default: "memory: data live in memory only and are gone when the server stops"
        }
    }

    private func storageChecks(_ database: Database, _ message: inout String) -> [[UInt8]] {
        var checks: [[UInt8]] = []
        for damage in database.store.recovery?.log.damages ?? [] where damage.isLoss {
            message = "degraded: a part of the log of \(database.name) was damaged and is lost"
            let lost =
                damage.lost.map { "records \($0.lowerBound)..<\($0.upperBound)" } ?? "an unknown number of records"
            checks.append(
                check(
                    "log of \(database.name)", false,
                    "\(damage.file), byte \(damage.offset): \(damage.reason.rawValue), \(lost) lost\(damage.keptAs.map { ", kept as \($0)" } ?? "")"
                ))
        }
        for damage in database.store.recovery?.segments.damages ?? [] where damage.isLoss {
            message = "degraded: a part of the segments of \(database.name) is damaged"
            checks.append(
                check(
                    "segments of \(database.name)", false,
                    "\(damage.file), byte \(damage.offset): \(damage.reason)"))
        }
        for damage in database.store.damagedBlocks.prefix(HealthRoutes.maximumBlocksNamed) {
            message = "degraded: a part of the segments of \(database.name) is damaged"
            let times =
                "\(Timestamp(nanoseconds: damage.first).rfc3339) to \(Timestamp(nanoseconds: damage.last).rfc3339)"
            let series = database.store.key(of: damage.series).map {
                String(decoding: $0.canonicalBytes, as: UTF8.self)
            }
            checks.append(
                check(
                    "segments of \(database.name)", false,
                    "\(damage.file): \(damage.rows) rows of \(series ?? "a series"), \(times), are lost: \(damage.reason)"
                ))
        }
        if let figures = database.store.segmentFigures, let reason = figures.ongoingFailure {
            message = "degraded: rows cannot be sealed"
            checks.append(check("sealing of \(database.name)", false, reason.description))
        }
        if case .paused(let reason)? = database.store.log?.figures.state {
            message = "degraded: writes are refused"
            checks.append(check("writes to \(database.name)", false, reason.description))
        }
        return checks
    }

    /// Damaged blocks that are named one by one.
    private static let maximumBlocksNamed = 20

    private func check(_ name: String, _ isPassed: Bool, _ message: String) -> [UInt8] {
        var object = JSONObject()
        object.add("name", name)
        object.add("status", isPassed ? "pass" : "fail")
        object.add("message", message)
        return object.bytes
    }

    private func ready() -> Response {
        var object = JSONObject()
        switch phase.phase {
        case .serving: object.add("status", "ready")
        case .starting: object.add("status", "starting")
        case .draining: object.add("status", "draining")
        }
        object.add("started", instant: startedAt)
        let seconds = max(0, engine.time.now() - startedAt) / 1_000_000_000
        object.add("up", "\(seconds / 3600)h\(seconds / 60 % 60)m\(seconds % 60)s")
        return Answers.json(
            object.bytes + [UInt8(ascii: "\n")], status: phase.phase == .serving ? .ok : .serviceUnavailable)
    }
}
