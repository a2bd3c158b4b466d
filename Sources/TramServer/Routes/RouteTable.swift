import HTTPTypes
import Hummingbird

/// One thing that the server does, by method and path.
struct Route: Sendable {
    typealias Handler = @Sendable (Request, TramRequestContext) async throws -> Response

    var method: HTTPRequest.Method
    /// As OpenAPI writes it: `/api/tram/windows/{name}`.
    var path: String
    var shape: AnswerShape
    var handle: Handler

    init(_ method: HTTPRequest.Method, _ path: String, _ shape: AnswerShape = .tram, _ handle: @escaping Handler) {
        self.method = method
        self.path = path
        self.shape = shape
        self.handle = handle
    }
}

/// All routes. What is not here is answered 404, and 405 where only the method is wrong.
struct RouteTable: Sendable {
    let routes: [Route]

    init(_ routes: [Route]) {
        self.routes = routes
    }

    /// The methods that a path takes, sorted; none when there is nothing at it.
    func methods(at path: String) -> [HTTPRequest.Method] {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        var methods: [HTTPRequest.Method] = []
        for route in routes where !methods.contains(route.method) {
            let pattern = route.path.split(separator: "/", omittingEmptySubsequences: false)
            let fits =
                pattern.count == parts.count
                && zip(pattern, parts).allSatisfy { $0 == $1 || ($0.hasPrefix("{") && !$1.isEmpty) }
            if fits { methods.append(route.method) }
        }
        if methods.contains(.get), !methods.contains(.head) { methods.append(.head) }
        return methods.sorted { $0.rawValue < $1.rawValue }
    }

    /// In which shape errors at a path are told.
    static func shape(of path: String) -> AnswerShape {
        switch path {
        case "/write", "/query": .v1
        case let path where path.hasPrefix("/api/v2/"): .v2
        case let path where path.hasPrefix("/api/v3/"): .v3
        default: .tram
        }
    }

    func router(before middlewares: [any MiddlewareProtocol<Request, Response, TramRequestContext>]) -> Router<
        TramRequestContext
    > {
        let router = Router(context: TramRequestContext.self, options: [.autoGenerateHeadEndpoints])
        for middleware in middlewares { router.add(middleware: middleware) }
        for route in routes {
            router.on(RouterPath(route.path), method: route.method) { request, context in
                try await route.handle(request, context)
            }
        }
        return router
    }
}

/// In whose words an answer is given: Tram's own, or those of the interface that the client was made for.
enum AnswerShape: Sendable {
    case tram, v1, v2, v3
}
