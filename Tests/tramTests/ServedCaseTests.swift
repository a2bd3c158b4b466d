import Foundation
import FoundationNetworking
import Synchronization
import Testing
import TramEngine

/// The large feeds pushed over HTTP as gateways push them, then asked for what was computed without Tram.
@Suite struct ServedCaseTests {
    struct Push: CustomTestStringConvertible, Sendable {
        var feed: String
        var connections: Int
        var isCompressed: Bool

        var testDescription: String { "\(feed), \(connections) connections, \(isCompressed ? "gzip" : "plain")" }
    }

    // Points that stand in a feed twice make nab depend on its order.
    static let pushes = [("traffic", 4), ("air", 4), ("power", 4), ("nab", 1)].flatMap { feed, connections in
        [false, true].map { Push(feed: feed, connections: connections, isCompressed: $0) }
    }

    @Test(arguments: pushes)
    func `a feed pushed in bodies of 5,000 lines gives the expected answers, also sealed, restarted and compacted`(
        _ push: Push
    ) async throws {
        guard let shared = TramBinary.sharedOrSkip("\(push.feed) over HTTP") else { return }
        let bodies = try Bodies(feed: shared.appendingPathComponent("\(push.feed).lp.zst").path, push.isCompressed)
        defer { bodies.remove() }
        let data = FileManager.default.temporaryDirectory.appendingPathComponent("tram-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: data) }
        // Sealed again and again while the bodies come.
        let server = try ServingTram(configuration: "limits: {seal_log: 20000}\n", data: data)
        defer { _ = server.stop() }
        // In any order but the feed's, the same on every run.
        let order =
            push.connections > 1
            ? bodies.files.indices.sorted { ($0 &* 0x9E37_79B9) % 65_537 < ($1 &* 0x9E37_79B9) % 65_537 }
            : Array(bodies.files.indices)
        let url = server.url
        let next = Mutex(0)
        let problems = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: push.connections) { _ in
            let client = PlainClient()
            while true {
                let turn = next.withLock { next -> Int in
                    next += 1
                    return next - 1
                }
                guard turn < order.count else { return }
                let answer = client.send(
                    "POST", url + "/write?db=city", body: bodies.data(order[turn]),
                    headers: push.isCompressed ? ["Content-Encoding": "gzip"] : [:])
                if answer.status != 204 { problems.withLock { $0.append("\(answer.status) \(answer.text)") } }
            }
        }
        #expect(problems.withLock { $0 } == [])

        try check(push.feed, server)
        try await server.eventually("rows were sealed") {
            try server.metric("tram_sealings_total{db=\"city\"}") >= 1
        }
        try check(push.feed, server)

        try server.signal(SIGKILL)
        _ = try await server.waitForEnd()
        let again = try ServingTram(data: data)
        defer { _ = again.stop() }
        try check(push.feed, again)
        #expect(again.stop() == 0)

        let compaction = try TramBinary.run(TramBinary.path, ["compact", data.path])
        #expect(compaction.status == 0, "\(compaction.talk)")
        let compacted = try ServingTram(data: data)
        defer { _ = compacted.stop() }
        try check(push.feed, compacted)
        #expect(compacted.stop() == 0)
    }

    /// Asks for everything that was computed without Tram.
    private func check(_ feed: String, _ server: ServingTram) throws {
        let client = PlainClient()
        let cases = QueryCase.all.filter { $0.values["feed"] == feed && $0.rows == nil && $0.values["units"] == nil }
        #expect(!cases.isEmpty)
        for query in cases {
            guard let expected = try query.expected() else { continue }
            var items = [
                URLQueryItem(name: "q", value: ServedCaseTests.everything(try #require(query.values["query"]))),
                URLQueryItem(name: "db", value: "city"), URLQueryItem(name: "format", value: "csv"),
            ]
            if let epoch = query.values["epoch"] { items.append(URLQueryItem(name: "epoch", value: epoch)) }
            var form = URLComponents()
            form.queryItems = items
            let text = (form.percentEncodedQuery ?? "").replacingOccurrences(of: "+", with: "%2B")
            let answer = client.send(
                "POST", server.url + "/api/tram/query", body: Data(text.utf8),
                headers: ["Content-Type": "application/x-www-form-urlencoded"])
            #expect(answer.status == 200, "\(query.name): \(answer.text)")
            query.check(answer.text, expected)
        }
    }

    /// The query over all time: without a range a server means the last hour, and a feed everything.
    private static func everything(_ query: String) -> String {
        let name = query.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        let rest = query.dropFirst(name.count)
        return rest.hasPrefix("[") ? query : "\(name)[all]\(rest)"
    }
}

/// A feed cut into bodies of 5,000 lines.
private struct Bodies {
    let files: [URL]
    private let folder: URL

    init(feed path: String, _ isCompressed: Bool) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("tram-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let reader = try FeedReader(path: path)
        let folder = folder
        var chunk: [UInt8] = []
        var body: [UInt8] = []
        var lines = 0
        var written: [URL] = []
        func end() throws {
            guard !body.isEmpty else { return }
            let file = folder.appendingPathComponent("\(written.count).lp")
            try Data(body).write(to: file)
            written.append(file)
            body.removeAll(keepingCapacity: true)
            lines = 0
        }
        while try reader.next(into: &chunk) {
            var start = 0
            for index in chunk.indices where chunk[index] == UInt8(ascii: "\n") {
                lines += 1
                if lines == 5000 {
                    body.append(contentsOf: chunk[start...index])
                    start = index + 1
                    try end()
                }
            }
            body.append(contentsOf: chunk[start...])
        }
        try end()
        if isCompressed {
            let outcome = try TramBinary.run("/usr/bin/env", ["gzip", "-1"] + written.map(\.path))
            try #require(outcome.status == 0, "\(outcome.talk)")
            written = written.map { $0.appendingPathExtension("gz") }
        }
        files = written
    }

    func data(_ index: Int) -> Data { (try? Data(contentsOf: files[index])) ?? Data() }

    func remove() { try? FileManager.default.removeItem(at: folder) }
}

/// One connection that sends a request and waits for its answer.
final class PlainClient: @unchecked Sendable {
    struct Answer: Sendable {
        var status = 0
        var text = ""
        var headers: [String: String] = [:]
    }

    private let connection: URLSession = {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.httpMaximumConnectionsPerHost = 1
        configuration.timeoutIntervalForRequest = 60
        return URLSession(configuration: configuration)
    }()

    /// - Returns: status 0 when there was no answer; the text then says why.
    func send(_ method: String, _ url: String, body: Data? = nil, headers: [String: String] = [:]) -> Answer {
        guard let url = URL(string: url) else { return Answer(text: "no URL: \(url)") }
        var request = URLRequest(url: url)
        request.httpMethod = method
        request.httpBody = body
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        let answer = Mutex(Answer())
        let done = DispatchSemaphore(value: 0)
        connection.dataTask(with: request) { data, response, error in
            answer.withLock { answer in
                if let response = response as? HTTPURLResponse {
                    answer.status = response.statusCode
                    answer.text = String(decoding: data ?? Data(), as: UTF8.self)
                    for (name, value) in response.allHeaderFields {
                        answer.headers["\(name)".lowercased()] = "\(value)"
                    }
                } else {
                    answer.text = "\(String(describing: error))"
                }
            }
            done.signal()
        }.resume()
        done.wait()
        return answer.withLock { $0 }
    }
}
