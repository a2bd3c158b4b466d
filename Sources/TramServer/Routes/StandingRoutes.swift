import HTTPTypes
import Hummingbird
import TramAlerting
import TramColumnar
import TramEngine
import TramQuery

/// `/api/tram/windows/{name}`, `/api/tram/alerts` and `/api/tram/rules`: what the standing queries have found.
struct StandingRoutes: Sendable {
    let engine: Engine
    let language: Language

    var routes: [Route] {
        [
            Route(.get, "/api/tram/windows") { _, _ in streams() },
            Route(.get, "/api/tram/windows/{name}") { try windows($0, $1) },
            Route(.get, "/api/tram/alerts") { request, _ in try alerts(request) },
            Route(.get, "/api/tram/rules") { _, _ in rules() },
        ]
    }

    // MARK: - Windows

    /// The standing queries by name.
    private func streams() -> Response {
        var object = JSONObject()
        object.add(
            "windows",
            array: engine.definitions.streams.map { stream in
                var object = JSONObject()
                object.add("name", stream.name)
                object.add("query", stream.query)
                object.add("db", stream.database)
                return object.bytes
            })
        return Answers.json(object.bytes + [UInt8(ascii: "\n")])
    }

    private func windows(_ request: Request, _ context: TramRequestContext) throws -> Response {
        let parameters = try RequestParameters(url: request)
        let name = context.parameters.get("name") ?? ""
        let known = engine.definitions.streams.map(\.name)
        guard known.contains(name) else {
            throw RequestFailure(
                .notFound, "windows.not_found", "there is no standing query \"\(name.prefix(64))\"",
                vi: "không có truy vấn thường trực \"\(name.prefix(64))\"",
                hint: known.isEmpty
                    ? Bilingual(
                        vi: "Thêm vào tệp cấu hình: streams: [{ name: …, query: … }]",
                        en: "Add one to the configuration: streams: [{ name: …, query: … }]")
                    : Bilingual(
                        vi: "Có: \(known.joined(separator: ", "))", en: "There are: \(known.joined(separator: ", "))"))
        }
        let epoch = try parameters.text("epoch").map { text in
            guard let epoch = Epoch(rawValue: text) else {
                throw RequestFailure(.badRequest, "bad_parameter", "epoch=\(text.prefix(32)) is not ns, us, ms or s")
            }
            return epoch
        }
        let range = TimeRange(
            start: try instant("from", parameters) ?? .min, end: try instant("to", parameters) ?? .max)
        let found: StandingWindows?
        do {
            found = try database(for: name, parameters.text("db"))?.windows(of: name, in: range)
        } catch let error as QueryError {
            throw QueryRoute.failure(error, in: "")
        }
        guard let windows = found else { throw missingDatabase(name) }
        let head = Array(WindowsBody.head(windows).utf8)
        let rows = WindowsBody.rows(windows.rows, epoch)
        // The watermark moves with every reading; only rows make the answer another one.
        let tag = "W/\"\(WindowsBody.fingerprint(head, rows))\""
        let headers: HTTPFields = [.eTag: tag, .cacheControl: "no-cache"]
        let asked = request.headers[values: .ifNoneMatch].flatMap { $0.split(separator: ",") }.map(
            StandingRoutes.plainTag)
        if asked.contains(StandingRoutes.plainTag(tag[...])) || asked.contains("*") {
            return Response(status: .notModified, headers: headers)
        }
        return Answers.json(WindowsBody.whole(head, rows, watermark: windows.watermark), headers: headers)
    }

    /// Weak comparison (RFC 9110, 8.8.3.2): the mark of weakness does not count.
    private static func plainTag(_ text: Substring) -> Substring {
        var text = text[...]
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        if text.hasPrefix("W/") { text.removeFirst(2) }
        return text
    }

    /// The database whose windows are meant: the one named, else the only one that the query reads, or the usual one.
    private func database(for name: String, _ asked: String?) throws -> Database? {
        if let asked { return try DatabaseChoice.toRead(asked, engine) }
        if let own = engine.definitions.streams.first(where: { $0.name == name })?.database {
            return engine.database(own)
        }
        if engine.databases.isEmpty { return nil }
        return try DatabaseChoice.toRead(nil, engine)
    }

    private func missingDatabase(_ name: String) -> RequestFailure {
        RequestFailure(
            .notFound, "windows.no_data", "nothing has been written for \"\(name.prefix(64))\" yet",
            vi: "chưa có số liệu nào cho \"\(name.prefix(64))\"")
    }

    private func instant(_ name: String, _ parameters: RequestParameters) throws -> Int64? {
        guard let text = parameters.text(name) else { return nil }
        guard let instant = Int64(text) ?? Timestamp(rfc3339: text)?.nanoseconds else {
            throw RequestFailure(
                .badRequest, "bad_parameter",
                "\(name)=\(text.prefix(64)) is no instant; write RFC 3339, or nanoseconds since 1970",
                vi: "\(name)=\(text.prefix(64)) không phải thời điểm; viết theo RFC 3339 hoặc số nano giây từ năm 1970")
        }
        return instant
    }

    // MARK: - Alerts

    private func alerts(_ request: Request) throws -> Response {
        let asked = try RequestParameters(url: request).text("db")
        let databases = try asked.map { [try DatabaseChoice.toRead($0, engine)] } ?? engine.databases
        var alerts: [[UInt8]] = []
        for database in databases {
            for alert in database.activeAlerts {
                var bytes: [UInt8] = []
                AlertEventWriter.append(alert.event, to: &bytes)
                // Two keys more in the event's own object.
                bytes.removeLast()
                var more = JSONObject()
                more.add("since", instant: alert.since)
                more.add("db", database.name)
                alerts.append(bytes + [UInt8(ascii: ",")] + more.bytes.dropFirst())
            }
        }
        var object = JSONObject()
        object.add("alerts", array: alerts)
        return Answers.json(object.bytes + [UInt8(ascii: "\n")], headers: [.cacheControl: "no-store"])
    }

    // MARK: - Rules

    private func rules() -> Response {
        var object = JSONObject()
        object.add(
            "rules",
            array: engine.definitions.rules.map { text in
                var object = JSONObject()
                object.add("name", text.rule.name)
                object.add("group", text.rule.group)
                object.add("query", text.query)
                object.add("when", text.when)
                object.add("clear", text.clear)
                object.add("for", QueryPrinter.print(Duration(nanoseconds: text.rule.hold)))
                object.add("keep", QueryPrinter.print(Duration(nanoseconds: text.rule.keep)))
                object.add("severity", text.rule.severity.rawValue)
                object.add("nodata", text.rule.noData.rawValue)
                object.add("limit", text.rule.limit)
                object.add("db", text.database)
                let error = engine.databases.compactMap { $0.failures[text.rule.name] }.first
                object.add("health", error == nil ? "ok" : "error")
                object.add("error", error?.message.text(language))
                let active = engine.databases.flatMap(\.activeAlerts).filter { $0.event.rule == text.rule.name }
                object.add(
                    "pending", engine.databases.reduce(0) { $0 + $1.pendingCount(of: text.rule.name) })
                for state in [AlertEvent.State.firing, .stale] {
                    object.add(state.rawValue, active.count { $0.event.state == state })
                }
                return object.bytes
            })
        return Answers.json(object.bytes + [UInt8(ascii: "\n")], headers: [.cacheControl: "no-store"])
    }
}

/// The windows of a standing query as JSON.
enum WindowsBody {
    /// Everything before the rows.
    static func head(_ windows: StandingWindows) -> String {
        var columns: [UInt8] = []
        JSONWriter.append(
            columns: windows.columns + [
                ColumnInfo(name: "revision", type: .int), ColumnInfo(name: "final", type: .bool),
            ], to: &columns)
        let name = String(decoding: JSONObject.text(windows.name), as: UTF8.self)
        let query = String(decoding: JSONObject.text(windows.query), as: UTF8.self)
        return #"{"name":\#(name),"query":\#(query),"columns":\#(String(decoding: columns, as: UTF8.self)),"rows":["#
    }

    static func rows(_ rows: [WindowResult], _ epoch: Epoch?) -> [UInt8] {
        var bytes: [UInt8] = []
        for (index, row) in rows.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(UInt8(ascii: "["))
            for value in row.values {
                value.appendJSON(epoch: epoch, to: &bytes)
                bytes.append(UInt8(ascii: ","))
            }
            // A window is told when it closes, so what is kept is never a result given before.
            bytes.append(contentsOf: "\(row.revision),true]".utf8)
        }
        return bytes
    }

    static func whole(_ head: [UInt8], _ rows: [UInt8], watermark: Int64?) -> [UInt8] {
        var text = "null"
        if let watermark {
            var bytes: [UInt8] = []
            Timestamp(nanoseconds: watermark).appendRFC3339(to: &bytes)
            text = "\"\(String(decoding: bytes, as: UTF8.self))\""
        }
        return head + rows + Array("],\"watermark\":\(text)}\n".utf8)
    }

    /// FNV-1a, 64 bits, as 16 hex digits.
    static func fingerprint(_ parts: [UInt8]...) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for part in parts {
            for byte in part { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
