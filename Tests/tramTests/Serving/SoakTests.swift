import Foundation
import Testing

/// Readings for a long time, with seals, compactions and questions all the while: memory stays flat.
///
/// `TRAM_SOAK_MINUTES=60 TRAM_SOAK_ROWS=1000000 sh Tests/run.sh --filter SoakTests` is an hour at a million rows a
/// second; what is not said is a minute at 50,000.
@Suite(.ownThreads) struct SoakTests {
    private static func number(_ name: String) -> Double? {
        ProcessInfo.processInfo.environment[name].flatMap(Double.init)
    }

    private static let seconds = (number("TRAM_SOAK_MINUTES") ?? 1) * 60
    private static let rowsPerSecond = number("TRAM_SOAK_ROWS") ?? 50_000
    private static let writers = 2
    private static let seriesOfWriter = 500
    private static let ticksOfBody = 5

    /// A body of line protocol whose times can be set anew: other work of a client would take what the server needs.
    private struct Template {
        private(set) var bytes: [UInt8] = []
        private var places: [(offset: Int, tick: Int)] = []

        init(writer: Int, variant: Int) {
            for tick in 0..<ticksOfBody {
                for series in 0..<seriesOfWriter {
                    let value = 20 + Double((series * 7 + variant * 13 + tick * 3) % 400) / 10
                    let state = (series + variant) % 50 == 0 ? "fault" : "ok"
                    bytes += Array(
                        "city,sensor=s\(writer)-\(series) v=\(value),n=\(variant * tick)i,state=\"\(state)\" ".utf8)
                    places.append((bytes.count, tick))
                    bytes += Array("0000000000000000000\n".utf8)
                }
            }
        }

        mutating func setTimes(_ first: Int64) {
            for (offset, tick) in places {
                var rest = first + Int64(tick) * 1_000_000_000
                for digit in stride(from: 18, through: 0, by: -1) {
                    bytes[offset + digit] = UInt8(ascii: "0") + UInt8(rest % 10)
                    rest /= 10
                }
            }
        }
    }

    /// Writes until the time is up, no faster than it should; the rows that were answered with 204.
    private static func write(_ writer: Int, to server: ServingTram, until end: Date) throws -> Int {
        var templates = (0..<16).map { Template(writer: writer, variant: $0) }
        let client = try server.client()
        let rowsOfBody = seriesOfWriter * ticksOfBody
        let pause = Double(rowsOfBody * writers) / rowsPerSecond
        var next = Date()
        var (bodies, rows) = (0, 0)
        while Date() < end {
            let place = bodies % templates.count
            templates[place].setTimes(1_600_000_000_000_000_000 + Int64(bodies * ticksOfBody) * 1_000_000_000)
            let body = templates[place].bytes
            try client.send(server.text("POST", "/write?db=a", length: body.count))
            try client.offer(body)
            let answer = try client.answer(toHead: false)
            guard answer?.status == 204 else {
                Issue.record("body \(bodies): \(answer?.status ?? 0) \(answer?.text ?? "")")
                break
            }
            bodies += 1
            rows += rowsOfBody
            next += pause
            let rest = next.timeIntervalSinceNow
            if rest > 0 { Thread.sleep(forTimeInterval: rest) } else { next = Date() }
        }
        return rows
    }

    @Test func `memory stays flat however much is written`() async throws {
        let limits = "limits: {seal_log: 4194304, seal_after: 20s}\n"
        try await ServingTram.besieged(
            configuration: limits, peakMebibytes: 400, seconds: 120 + Int(SoakTests.seconds * 1.2)
        ) { server in
            let end = Date().addingTimeInterval(SoakTests.seconds)
            async let written = withThrowingTaskGroup(of: Int.self) { group in
                for writer in 0..<SoakTests.writers {
                    group.addTask {
                        try await withCheckedThrowingContinuation { done in
                            Thread.detachNewThread {
                                done.resume(with: Result { try SoakTests.write(writer, to: server, until: end) })
                            }
                        }
                    }
                }
                return try await group.reduce(0, +)
            }
            try await server.eventually("the first body is there") { try server.count("a") ?? 0 > 0 }
            var samples: [Int] = []
            while Date() < end {
                let answer = try server.request(
                    "GET", "/api/tram/query?db=a&q=city%5B1h%5D%7Cmean(v)%20by%20sensor&now=2020-09-13T12:30:00Z")
                #expect(answer.status == 200, "\(answer.text.prefix(200))")
                samples.append(try server.kibibytes("RssAnon"))
                try await Task.sleep(for: .seconds(SoakTests.seconds / 120))
            }
            let rows = try await written
            #expect(try server.count("a") == rows)
            #expect(try server.metric("tram_sealings_total{db=\"a\"}") >= 1)
            // The first third fills tails and caches; from then on nothing grows.
            let third = samples.count / 3
            let early = samples[third..<2 * third].max() ?? 0
            let late = samples[(2 * third)...].max() ?? 0
            let seals = try server.metric("tram_sealings_total{db=\"a\"}")
            print(
                "soak: \(rows) rows in \(Int(SoakTests.seconds)) s, \(Int(seals)) seals, \(early >> 10) MiB, then \(late >> 10) MiB"
            )
            #expect(late <= early + early / 5 + 16 << 10, "\(early) KiB, then \(late) KiB")
        }
    }
}
