import Foundation
import Testing
import TramColumnar
import TramEngine
import TramServer
import TramTesting

@Suite struct OpenAPITests {
    private func document() throws -> [String: Any] {
        let bytes = Data(OpenAPIDocument.text(version: "1.2.3").utf8)
        return try #require(JSONSerialization.jsonObject(with: bytes) as? [String: Any])
    }

    @Test func `the document describes the routes that are served, and no others`() throws {
        let engine = try Engine(time: ManualTime())
        let server = TramServer(
            engine: engine,
            configuration: .init(addresses: [], limits: ServerLimits(cores: 2), language: .en, version: "1.2.3"))
        let served = Set(server.servedRoutes)
        let paths = try #require(try document()["paths"] as? [String: [String: Any]])
        let described = Set(paths.flatMap { path, methods in methods.keys.map { "\($0.uppercased()) \(path)" } })
        #expect(served == described)
    }

    @Test func `the document says the version`() throws {
        let info = try #require(try document()["info"] as? [String: Any])
        #expect(info["version"] as? String == "1.2.3")
    }

    @Test func `every reference of the document leads somewhere`() throws {
        let root = try document()
        func references(_ value: Any) -> [String] {
            if let object = value as? [String: Any] {
                return object.flatMap { key, value in
                    key == "$ref" ? [value as? String ?? ""] : references(value)
                }
            }
            return (value as? [Any])?.flatMap(references) ?? []
        }
        for reference in references(root) {
            var place: Any? = root
            for part in reference.dropFirst(2).split(separator: "/") {
                place = (place as? [String: Any])?[String(part)]
            }
            #expect(reference.hasPrefix("#/") && place != nil, "\(reference)")
        }
    }
}
