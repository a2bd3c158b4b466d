import HTTPTypes
import Hummingbird
import Synchronization
import TramColumnar
import TramEngine
import TramQuery
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
        var checks = [
            check(
                "durability", true,
                "memory: data live in memory only and are gone when the server stops; there is no log on disk yet")
        ]
        for database in engine.databases {
            for (name, error) in database.failures.sorted(by: { $0.key < $1.key }) {
                message = "degraded: a standing query cannot go on"
                checks.append(check("standing query \(name) over \(database.name)", false, error.message.en))
            }
        }
        object.add("message", "\(message) (durability: memory)")
        object.add("status", "pass")
        object.add("checks", array: checks)
        object.add("durability", "memory")
        object.add("version", version)
        object.add("commit", "unknown")
        return Answers.json(object.bytes + [UInt8(ascii: "\n")])
    }

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
