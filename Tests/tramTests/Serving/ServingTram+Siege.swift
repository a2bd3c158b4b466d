import Foundation
import Synchronization
import Testing

extension ServingTram {
    /// Runs `work` against a server of its own. Whatever it does, the server is there afterwards, has not swollen, and
    /// ends as its operator wants.
    ///
    /// - Parameter peakMebibytes: how much memory it may have had at most.
    static func besieged(
        configuration: String? = nil, files: [String: String] = [:], listen: [String] = ["127.0.0.1:0"],
        peakMebibytes: Int = 200,
        seconds: Int = 900,
        _ work: (ServingTram) async throws -> Void
    ) async throws {
        let server = try ServingTram(configuration: configuration, files: files, listen: listen, seconds: seconds)
        do {
            try await work(server)
            try server.expectWell()
            let peak = try server.kibibytes("VmHWM") >> 10
            #expect(peak < peakMebibytes, "the server has had \(peak) MiB")
        } catch {
            let talk = server.talk
            let status = server.stop()
            Issue.record("the server ended with \(status): \(talk)")
            throw error
        }
        #expect(server.stop() == 0, "the server's own end")
    }

    /// Still there, and answers who asks.
    func expectWell(sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(isRunning, "the server has ended: \(talk)", sourceLocation: sourceLocation)
        let answer = try request("GET", "/ping")
        #expect(answer.status == 204, sourceLocation: sourceLocation)
    }

    func client(seconds: Int = 30, receiveBytes: Int32 = 0) throws -> RawClient {
        try RawClient(place, seconds: seconds, receiveBytes: receiveBytes)
    }

    /// The text of a request with a body.
    func text(_ method: String, _ target: String, headers: [String] = [], length: Int? = nil) -> String {
        var lines = ["\(method) \(target) HTTP/1.1", "Host: \(place)"] + headers
        if let length { lines.append("Content-Length: \(length)") }
        return lines.joined(separator: "\r\n") + "\r\n\r\n"
    }

    /// One request on a connection of its own, and its answer.
    @discardableResult
    func request(
        _ method: String, _ target: String, headers: [String] = [], body: [UInt8]? = nil
    ) throws -> HTTPAnswer {
        let client = try client()
        try client.send(text(method, target, headers: headers + ["Connection: close"], length: body?.count))
        if let body { try client.offer(body) }
        return try #require(try client.answer(toHead: method == "HEAD"), "\(method) \(target) has no answer")
    }

    @discardableResult
    func write(_ database: String, _ lines: String, headers: [String] = []) throws -> HTTPAnswer {
        try request("POST", "/write?db=\(database)", headers: headers, body: Array(lines.utf8))
    }

    /// Points of a database; nil when it is not there.
    func count(_ database: String) throws -> Int? {
        let answer = try request("GET", "/api/tram/count?db=\(database)")
        return answer.status == 404 ? nil : Int(answer.text.filter { $0.isNumber })
    }

    /// Points of each measurement of a database.
    func points(_ database: String) throws -> [String: Int] {
        let schema = try request("GET", "/api/tram/schema?db=\(database)").json ?? [:]
        let measurements = schema["measurements"] as? [[String: Any]] ?? []
        return measurements.reduce(into: [:]) { points, measurement in
            if let name = measurement["name"] as? String { points[name] = measurement["points"] as? Int }
        }
    }

    /// A number of `/metrics`; 0 where it is not there.
    func metric(_ name: String) throws -> Double {
        let lines = try request("GET", "/metrics").text.split(separator: "\n")
        let line = lines.first { $0.hasPrefix(name + " ") }
        return line.flatMap { Double($0.dropFirst(name.count + 1)) } ?? 0
    }

    /// Asks again and again until it is so.
    func eventually(
        _ what: Comment, seconds: Double = 60, sourceLocation: SourceLocation = #_sourceLocation,
        _ isSo: () throws -> Bool
    ) async throws {
        let end = Date().addingTimeInterval(seconds)
        while Date() < end {
            if try isSo() { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        // Where other tests hold all threads, one short sleep may have taken all the time.
        if try isSo() { return }
        Issue.record(what, sourceLocation: sourceLocation)
    }
}

/// An answer that says what is wrong, as all of them have to: JSON with an id by which the request is found.
func expectFailure(
    _ answer: HTTPAnswer?, _ statuses: Int..., of what: String = "", sourceLocation: SourceLocation = #_sourceLocation
) {
    guard let answer else {
        Issue.record("no answer \(what)", sourceLocation: sourceLocation)
        return
    }
    let shown = "\(what): \(answer.status) \(answer.headers) \(answer.text.prefix(300))"
    let id = answer.json?["id"] as? String ?? ""
    let isProper = statuses.contains(answer.status) && answer["content-type"] == "application/json" && !id.isEmpty
    #expect(isProper, "\(shown)", sourceLocation: sourceLocation)
}

/// Told to those who go on until it comes.
final class End: Sendable {
    let hasCome = Atomic(false)
}
