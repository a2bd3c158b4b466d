import Hummingbird

/// `/openapi.json`: what is served, for programs and for those who write them.
struct OpenAPIRoute: Sendable {
    let version: String

    var routes: [Route] {
        [Route(.get, "/openapi.json") { _, _ in Answers.json(Array(OpenAPIDocument.text(version: version).utf8)) }]
    }
}
