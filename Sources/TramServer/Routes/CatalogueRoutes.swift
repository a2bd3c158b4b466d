import HTTPTypes
import Hummingbird
import NIOCore
import TramColumnar
import TramEngine
import TramFederation
import TramQuery
import TramSystem

/// `/api/tram/units` and `/api/tram/stations`: the catalogue, listed and searched; its files read again.
struct CatalogueRoutes: Sendable {
    let engine: Engine
    let keeper: CatalogueKeeper
    let language: Language

    /// Rows when nothing else is asked for, and at most.
    private static let usualRows = 1000
    private static let mostRows = 100_000
    private static let common = ["search", "at", "limit", "format", "epoch", "lang"]

    var routes: [Route] {
        [
            Route(.get, "/api/tram/units") { request, _ in
                try answer(request, names: ["level", "parent"]) { catalogue, parameters, instant, limit in
                    let question = UnitQuestion(
                        search: parameters.text("search"), level: parameters.text("level"),
                        parent: parameters.text("parent"), instant: instant)
                    if let level = question.level, !catalogue.levels.contains(level) {
                        throw CatalogueRoutes.unknown("level", level, among: catalogue.levels)
                    }
                    try CatalogueRoutes.check("parent", question.parent, catalogue)
                    return CatalogueTables.units(catalogue, question, limit: limit)
                }
            },
            Route(.get, "/api/tram/stations") { request, _ in
                try answer(request, names: ["unit", "tag"]) { catalogue, parameters, instant, limit in
                    let question = StationQuestion(
                        search: parameters.text("search"), unit: parameters.text("unit"), tag: parameters.text("tag"),
                        instant: instant)
                    if let tag = question.tag, !catalogue.stationTags.contains(tag) {
                        throw CatalogueRoutes.unknown("tag", tag, among: catalogue.stationTags)
                    }
                    try CatalogueRoutes.check("unit", question.unit, catalogue)
                    return CatalogueTables.stations(catalogue, question, limit: limit)
                }
            },
            Route(.post, "/api/tram/catalogue/reload") { _, _ in try await reload() },
        ]
    }

    private typealias Listing = (Catalogue, RequestParameters, Int64?, Int) throws -> QueryResult

    private func answer(_ request: Request, names: [String], _ list: Listing) throws -> Response {
        let parameters = try RequestParameters(url: request)
        let language = try Question.language(parameters, request) ?? language
        do {
            guard let catalogue = engine.definitions.units as? Catalogue else { throw CatalogueRoutes.missing }
            let format = try Question.value("format", parameters, "json, csv or ndjson") { text in
                ResultFormat(rawValue: text).flatMap { $0 == .table ? nil : $0 }
            }
            let epoch = try Question.value("epoch", parameters, "ns, us, ms or s") { Epoch(rawValue: $0) }
            let now = engine.time.now()
            let zone = engine.definitions.zone
            let time = try Question.value("at", parameters, "today, a day such as 2025-06-30, an instant, or all") {
                CatalogueTime($0, now: now, zone: zone)
            }
            let limit = try Question.value("limit", parameters, "a whole number of rows") { text in
                Int(text).flatMap { $0 >= 0 ? min($0, CatalogueRoutes.mostRows) : nil }
            }
            var result = try list(
                catalogue, parameters, (time ?? .at(now)).instant, limit ?? CatalogueRoutes.usualRows)
            result.rowsRead = result.rowCount
            for name in parameters.foreign(to: CatalogueRoutes.common + names).prefix(8) {
                result.warnings.append(
                    Bilingual(
                        vi: "không có tham số \(name.prefix(32))", en: "there is no parameter \(name.prefix(32))"))
            }
            return respond(result, format ?? .json, epoch, language)
        } catch var failure as RequestFailure {
            failure.language = language
            throw failure
        }
    }

    private func respond(
        _ result: QueryResult, _ format: ResultFormat, _ epoch: Epoch?, _ language: Language
    ) -> Response {
        let writer = ResultWriter(format: format, epoch: epoch, language: language)
        var pieces = writer.pieces(of: result, statistics: ResultStatistics(rows: result.rowCount))
        var bytes: [UInt8] = []
        while let piece = pieces.next() { bytes += piece }
        var headers: HTTPFields = [.cacheControl: "no-store"]
        if format != .json {
            for warning in result.warnings {
                headers.append(HTTPField(name: .tramWarning, value: Answers.headerText(warning.en)))
            }
        }
        return Answers.bytes(bytes, format.contentType, headers: headers)
    }

    private static var missing: RequestFailure {
        RequestFailure(
            .notFound, "catalogue.none", "this server has no catalogue of units and stations",
            vi: "máy chủ này chưa có danh mục đơn vị và trạm",
            hint: Bilingual(
                vi: "thêm mục catalogue: vào tệp cấu hình (tram serve --config)",
                en: "add catalogue: to its configuration (tram serve --config)"))
    }

    private static func check(_ name: String, _ code: String?, _ catalogue: Catalogue) throws {
        guard let code, !catalogue.hasUnit(code: code) else { return }
        throw RequestFailure(
            .badRequest, "bad_parameter", "\(name)=\(code.prefix(64)): the catalogue has no unit with this code",
            vi: "\(name)=\(code.prefix(64)): danh mục không có đơn vị mã này",
            hint: Bilingual(vi: "mã là chuỗi, giữ số 0 ở đầu", en: "codes are text and keep leading zeros"))
    }

    private static func unknown(_ name: String, _ value: String, among known: [String]) -> RequestFailure {
        let list = known.joined(separator: ", ")
        return RequestFailure(
            .badRequest, "bad_parameter", "\(name)=\(value.prefix(64)) is not in the catalogue",
            vi: "danh mục không có \(name)=\(value.prefix(64))",
            hint: Bilingual(vi: "Có: \(list)", en: "There are: \(list)")
        )
    }

    private func reload() async throws -> Response {
        let outcome = await keeper.reload()
        var object = JSONObject()
        switch outcome {
        case .none: throw CatalogueRoutes.missing
        case .refused(let problem):
            throw RequestFailure(
                .unprocessableContent, "catalogue.invalid", problem.en, vi: problem.vi,
                hint: Bilingual(
                    vi: "danh mục cũ vẫn được dùng; sửa tệp rồi đọc lại",
                    en: "the old catalogue stays in use; mend the file and read it again"))
        case .changed: object.add("changed", true)
        case .unchanged: object.add("changed", false)
        }
        let figures = keeper.figures
        object.add("files", texts: figures.files)
        object.add("units", figures.units)
        object.add("stations", figures.stations)
        object.add("read", instant: figures.readAt)
        return Answers.json(object.bytes + [UInt8(ascii: "\n")])
    }
}
