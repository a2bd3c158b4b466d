import HTTPTypes
import Hummingbird
import TramColumnar
import TramEngine
import TramStorage

/// Takes rows away, as clients of the second interface ask for it: `POST /api/v2/delete?bucket=NAME` with
/// `{"start":"…","stop":"…","predicate":"_measurement=\"air\" AND station=\"t1\""}`.
///
/// `start` counts, `stop` does not. A predicate is made of `tag="value"` joined by AND, as theirs is; `_measurement` is
/// the measurement. Without a predicate the rows of all series go.
struct DeleteDoor: Sendable {
    let engine: Engine

    var routes: [Route] { [Route(.post, "/api/v2/delete", .v2) { try await delete($0, $1) }] }

    private func delete(_ request: Request, _ context: TramRequestContext) async throws -> Response {
        let parameters = try await RequestParameters(reading: request)
        // A mistyped key must not turn some rows into all of them.
        if let foreign = parameters.foreign(to: DeleteDoor.keys).first {
            throw RequestFailure(
                .badRequest, "bad_parameter", "\"\(foreign.prefix(40))\" is no key of a deletion; nothing was deleted",
                hint: .both("start, stop, predicate"))
        }
        guard let bucket = parameters.text("bucket") ?? parameters.text("db") else {
            throw RequestFailure(
                .badRequest, "missing_parameter", "bucket not found", hint: .both("say which: bucket=NAME"))
        }
        let name = String(bucket.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)[0])
        let database: Database
        do {
            database = try engine.databaseToRead(name)
        } catch {
            throw DatabaseChoice.failure(error)
        }
        let start = try DeleteDoor.instant(parameters, "start")
        let stop = try DeleteDoor.instant(parameters, "stop")
        guard start < stop else {
            throw RequestFailure(.badRequest, "bad_parameter", "start must lie before stop", hint: nil)
        }
        let matcher = try SeriesMatcher(predicate: parameters.text("predicate") ?? "")
        do {
            try await database.delete(matcher, in: TimeRange(start: start, end: stop))
        } catch {
            throw WriteDoor.failure(.storage(error), .v2)
        }
        return Response(status: .noContent)
    }

    private static let keys = [
        "bucket", "bucketID", "db", "org", "orgID", "start", "stop", "predicate", "u", "p", "lang",
    ]

    private static func instant(_ parameters: RequestParameters, _ key: String) throws -> Int64 {
        guard let text = parameters.text(key) else {
            throw RequestFailure(
                .badRequest, "missing_parameter", "\(key) is missing",
                hint: .both("{\"start\":\"2026-11-01T00:00:00Z\",\"stop\":\"2026-11-02T00:00:00Z\"}"))
        }
        guard let instant = Timestamp(rfc3339: text) else {
            throw RequestFailure(
                .badRequest, "bad_parameter", "\(key) is no time: \"\(text.prefix(40))\"",
                hint: .both("2026-11-01T00:00:00Z"))
        }
        return instant.nanoseconds
    }
}

extension SeriesMatcher {
    /// Reads `tag="value" AND …`; an empty text matches everything.
    ///
    /// - Throws: `RequestFailure` with the place of the mistake.
    init(predicate: String) throws {
        self.init()
        var reader = PredicateReader(predicate)
        reader.skipSpaces()
        while !reader.isAtEnd {
            let key = try reader.name("the name of a tag")
            try reader.expect("=")
            let value = try reader.name("a value in quotes")
            if key == "_measurement" { measurement = value } else { tags.append((key: key, value: value)) }
            if reader.isAtEnd { return }
            try reader.expectAnd()
            if reader.isAtEnd { throw reader.failure("another condition behind AND") }
        }
    }
}

/// Walks through a predicate.
private struct PredicateReader {
    private let characters: [Character]
    private var place = 0

    init(_ text: String) { characters = Array(text) }

    var isAtEnd: Bool { place >= characters.count }

    func failure(_ expected: String) -> RequestFailure {
        let rest = String(characters[min(place, characters.count)...].prefix(20))
        return RequestFailure(
            .badRequest, "bad_predicate",
            "the predicate needs \(expected) at character \(place + 1)\(rest.isEmpty ? "" : ", not \"\(rest)\"")",
            hint: .both(#"_measurement="air" AND station="t1""#))
    }

    mutating func skipSpaces() {
        while !isAtEnd, characters[place].isWhitespace { place += 1 }
    }

    /// A word, or anything in quotes.
    mutating func name(_ expected: String) throws -> String {
        skipSpaces()
        guard !isAtEnd else { throw failure(expected) }
        var text = ""
        if characters[place] == "\"" || characters[place] == "'" {
            let quote = characters[place]
            let start = place
            place += 1
            while !isAtEnd, characters[place] != quote {
                if characters[place] == "\\", place + 1 < characters.count { place += 1 }
                text.append(characters[place])
                place += 1
            }
            guard !isAtEnd else {
                place = start
                throw failure("the quote to be closed")
            }
            place += 1
        } else {
            while !isAtEnd, !characters[place].isWhitespace, characters[place] != "=", characters[place] != "!" {
                text.append(characters[place])
                place += 1
            }
            guard !text.isEmpty else { throw failure(expected) }
        }
        skipSpaces()
        return text
    }

    mutating func expect(_ character: Character) throws {
        guard !isAtEnd, characters[place] == character else { throw failure("\"\(character)\"") }
        place += 1
    }

    mutating func expectAnd() throws {
        guard place + 3 <= characters.count, String(characters[place..<place + 3]).uppercased() == "AND" else {
            throw failure("AND")
        }
        place += 3
        skipSpaces()
    }
}
