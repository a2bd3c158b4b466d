import HTTPTypes
import Hummingbird
import Logging
import NIOHTTP1
import TramColumnar
import TramSystem

/// What holds for every request: it has a number, it comes from this machine, what is not there is said clearly, errors
/// speak the language of the interface, and all of it is counted.
struct RequestManners: RouterMiddleware {
    typealias Context = TramRequestContext

    let table: RouteTable
    let metrics: RequestMetrics
    let time: any TimeSource
    /// For who speaks InfluxDB's interface.
    let influxHeaders: HTTPFields
    /// Of errors, where the request says nothing.
    let language: Language

    func handle(
        _ request: Request, context: TramRequestContext,
        next: (Request, TramRequestContext) async throws -> Response
    ) async throws -> Response {
        let begun = time.monotonic()
        var context = context
        context.requestID = RequestID.accepted(request.headers[.requestID]) ?? RequestID.next()
        let path = request.uri.path
        let language = RequestLanguage.of(request) ?? language
        var response: Response
        do {
            response = try await answer(request, path, context, next)
        } catch let failure as RequestFailure {
            response = Answers.failure(
                failure, shape: RouteTable.shape(of: path), id: context.requestID,
                language: failure.language ?? language)
        } catch let error as HTTPParserError {
            // The connection's own words for a request that breaks off.
            throw error
        } catch is ConnectionEnded {
            throw ConnectionEnded()
        } catch {
            context.logger.error("request failed", metadata: ["path": "\(path)", "error": "\(error)"])
            let failure = RequestFailure(
                .internalServerError, "internal", "the server met something it did not expect; its log has more",
                closes: true)
            response = Answers.failure(
                failure, shape: RouteTable.shape(of: path), id: context.requestID, language: language)
        }
        if RouteTable.shape(of: path) != .tram { response.headers.append(contentsOf: influxHeaders) }
        response.headers[.requestID] = context.requestID
        response.headers[.requestIDShort] = context.requestID
        if let origin = request.headers[.origin] {
            response.headers[.accessControlAllowOrigin] = origin
            response.headers[.vary] = "Origin"
        }
        metrics.note(
            route: context.endpointPath ?? "other", status: Int(response.status.code),
            nanoseconds: time.monotonic() - begun)
        return response
    }

    private func answer(
        _ request: Request, _ path: String, _ context: TramRequestContext,
        _ next: (Request, TramRequestContext) async throws -> Response
    ) async throws -> Response {
        if let refusal = LoopbackGuard.refusal(of: request) { throw refusal }
        let methods = table.methods(at: path)
        guard !methods.isEmpty else {
            throw RequestFailure(
                .notFound, "not_found", "there is nothing at this path",
                vi: "không có gì ở đường dẫn này",
                hint: Bilingual(
                    vi: "GET /openapi.json liệt kê những gì có", en: "GET /openapi.json lists what there is"))
        }
        let allowed = methods.map(\.rawValue).joined(separator: ", ")
        if request.method == .options {
            var headers: HTTPFields = [.allow: allowed]
            if request.headers[.origin] != nil {
                headers[.accessControlAllowMethods] = allowed
                headers[.accessControlAllowHeaders] =
                    "Accept, Accept-Encoding, Authorization, Content-Length, Content-Type, X-CSRF-Token, X-HTTP-Method-Override"
                headers[.accessControlMaxAge] = "3600"
            }
            return Response(status: .noContent, headers: headers)
        }
        guard methods.contains(request.method) else {
            var response = Answers.failure(
                RequestFailure(
                    .methodNotAllowed, "method_not_allowed", "\(request.method.rawValue) is not for this path",
                    hint: .both("Allow: \(allowed)")),
                shape: RouteTable.shape(of: path), id: context.requestID, language: language)
            response.headers[.allow] = allowed
            return response
        }
        return try await next(request, context)
    }
}
