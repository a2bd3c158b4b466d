import HTTPTypes
import Hummingbird
import TramColumnar
import TramEngine
import TramStorage

/// `/api/tram/count` and `/api/tram/schema`: what a database holds.
struct DataRoutes: Sendable {
    let engine: Engine

    var routes: [Route] {
        [
            Route(.get, "/api/tram/count") { request, _ in
                let database = try DatabaseChoice.toRead(RequestParameters(url: request).text("db"), engine)
                return Answers.text("\(database.store.pointCount)\n")
            },
            Route(.get, "/api/tram/schema") { request, _ in try schema(request) },
        ]
    }

    private func schema(_ request: Request) throws -> Response {
        let database = try DatabaseChoice.toRead(RequestParameters(url: request).text("db"), engine)
        let snapshot = database.store.snapshot()
        var object = JSONObject()
        object.add("db", database.name)
        object.add("databases", texts: engine.databases.map(\.name))
        object.add("measurements", array: snapshot.measurements.map { measurement($0, snapshot) })
        return Answers.json(object.bytes + [UInt8(ascii: "\n")])
    }

    private func measurement(_ name: String, _ snapshot: Snapshot) -> [UInt8] {
        let schema = snapshot.schema(of: name)
        let extent = snapshot.extent(of: name)
        var object = JSONObject()
        object.add("name", name)
        object.add("tags", texts: schema?.tagKeys ?? [])
        object.add(
            "fields",
            array: (schema?.fields ?? []).map { field in
                var object = JSONObject()
                object.add("name", field.name)
                object.add("type", field.type.name)
                return object.bytes
            })
        object.add("series", snapshot.seriesCount(of: name))
        object.add("points", snapshot.pointCount(of: name))
        object.add("first", instant: extent?.start)
        object.add("last", instant: extent.map { $0.end == .max ? $0.end : $0.end - 1 })
        return object.bytes
    }
}
