import HTTPTypes
import Hummingbird
import TramEngine

/// What clients of InfluxDB send besides writes: databases are made, dropped and listed at `/query`; Flux is refused in
/// words that every client of the second interface understands.
struct ManagementDoor: Sendable {
    let engine: Engine

    var routes: [Route] {
        [
            Route(.get, "/query", .v1) { try await query($0, $1) },
            Route(.post, "/query", .v1) { try await query($0, $1) },
            Route(.post, "/api/v2/query", .v2) { _, _ in
                throw RequestFailure(
                    .notImplemented, "not_implemented",
                    "Flux is not supported; use /query (InfluxQL) or /api/tram/query")
            },
            Route(.get, "/api/v2/buckets", .v2) { request, _ in try buckets(request) },
            Route(.get, "/api/v2/orgs", .v2) { _, _ in organizations() },
        ]
    }

    // MARK: - The second interface

    /// The one organisation there is, whatever clients call it.
    private static let organizationID = "0000000000000001"

    /// Databases as buckets; `name` picks one.
    private func buckets(_ request: Request) throws -> Response {
        let wanted = try RequestParameters(url: request).text("name")
        let databases = engine.databases.filter { wanted == nil || $0.name == wanted }
        var object = JSONObject()
        object.add(
            "buckets",
            array: databases.map { database in
                var bucket = JSONObject()
                bucket.add("id", WindowsBody.fingerprint(Array(database.name.utf8)))
                bucket.add("orgID", ManagementDoor.organizationID)
                bucket.add("type", "user")
                bucket.add("name", database.name)
                bucket.add("retentionRules", array: [])
                return bucket.bytes
            })
        return Answers.json(object.bytes + [UInt8(ascii: "\n")])
    }

    private func organizations() -> Response {
        var organization = JSONObject()
        organization.add("id", ManagementDoor.organizationID)
        organization.add("name", "tram")
        var object = JSONObject()
        object.add("orgs", array: [organization.bytes])
        return Answers.json(object.bytes + [UInt8(ascii: "\n")])
    }

    // MARK: - Statements of the first

    private func query(_ request: Request, _ context: TramRequestContext) async throws -> Response {
        let parameters = try await RequestParameters(reading: request)
        guard let text = parameters.text("q") else {
            throw RequestFailure(.badRequest, "missing_parameter", "missing required parameter \"q\"")
        }
        var results: [[UInt8]] = []
        for (number, words) in try ManagementDoor.statements(text).enumerated() {
            results.append(try answer(words, number, isPost: request.method == .post))
        }
        guard !results.isEmpty else {
            throw RequestFailure(.badRequest, "missing_parameter", "the parameter q holds no statement")
        }
        var object = JSONObject()
        object.add("results", array: results)
        return Answers.json(object.bytes + [UInt8(ascii: "\n")])
    }

    private func answer(_ words: [Word], _ number: Int, isPost: Bool) throws -> [UInt8] {
        var object = JSONObject()
        object.add("statement_id", number)
        let verbs = words.prefix(2).map { $0.text.uppercased() }
        if verbs == ["SHOW", "DATABASES"], words.count == 2 {
            var series = JSONObject()
            series.add("name", "databases")
            series.add("columns", texts: ["name"])
            if !engine.databases.isEmpty {
                series.add("values", array: engine.databases.map { JSONObject.array([JSONObject.text($0.name)]) })
            }
            object.add("series", array: [series.bytes])
            return object.bytes
        }
        switch verbs {
        case ["CREATE", "DATABASE"], ["DROP", "DATABASE"]:
            guard isPost else { throw ManagementDoor.refusedByGet(verbs) }
            guard words.count >= 3 else {
                throw RequestFailure(
                    .badRequest, "query.syntax",
                    "error parsing query: found EOF, expected identifier after \(verbs[0]) DATABASE")
            }
            if verbs[0] == "CREATE" {
                do {
                    try engine.createDatabase(words[2].text)
                } catch {
                    throw DatabaseChoice.failure(error)
                }
            } else {
                engine.dropDatabase(words[2].text)
            }
        case ["CREATE", "RETENTION"], ["ALTER", "RETENTION"]:
            // All data of a database are kept alike.
            guard isPost else { throw ManagementDoor.refusedByGet(verbs) }
        default:
            throw RequestFailure(
                .badRequest, "query.not_available",
                "error parsing query: this version answers CREATE DATABASE, DROP DATABASE, CREATE RETENTION POLICY and SHOW DATABASES here; ask questions in TQL at /api/tram/query"
            )
        }
        return object.bytes
    }

    private static func refusedByGet(_ verbs: [String]) -> RequestFailure {
        RequestFailure(.badRequest, "query.misplaced", "\(verbs.joined(separator: " ")) changes data; send it by POST")
    }

    struct Word {
        var text: String
    }

    /// Words of each statement; quoted names are one word, without their quotes.
    static func statements(_ text: String) throws -> [[Word]] {
        var statements: [[Word]] = [[]]
        var current = ""
        var quote: Character?
        var isQuoted = false
        func end() {
            if !current.isEmpty || isQuoted { statements[statements.count - 1].append(Word(text: current)) }
            current = ""
            isQuoted = false
        }
        var characters = text.makeIterator()
        while let character = characters.next() {
            if let open = quote {
                if character == "\\", let next = characters.next() {
                    current.append(next)
                } else if character == open {
                    quote = nil
                } else {
                    current.append(character)
                }
            } else if character == "\"" || character == "'" {
                quote = character
                isQuoted = true
            } else if character == ";" {
                end()
                statements.append([])
            } else if character.isWhitespace {
                end()
            } else {
                current.append(character)
            }
        }
        guard quote == nil else {
            throw RequestFailure(.badRequest, "query.syntax", "error parsing query: a quote is not closed")
        }
        end()
        return statements.filter { !$0.isEmpty }
    }
}
