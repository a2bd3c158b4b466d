// swift-tools-version:6.2
import PackageDescription

// Every target is held to the same rules: Swift 6, no warnings, every unsafe use marked.
let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(
    _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = [], resources: [Resource]? = nil
) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, exclude: exclude, resources: resources, swiftSettings: strict)
}

func benchmarks(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies + [.product(name: "Benchmark", package: "benchmark")],
        path: "Benchmarks/\(name)", swiftSettings: strict,
        plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")])
}

let package = Package(
    name: "tram",
    products: [.executable(name: "tram", targets: ["tram"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", exact: "1.35.2"),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1", traits: []),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
        .package(url: "https://github.com/ordo-one/benchmark", exact: "1.38.1", traits: []),
    ],
    targets: [
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        .target(name: "CTramSystem"),

        module("TramSystem", ["CTramSystem"]),
        module("TramColumnar"),
        module("TramCodec", ["TramColumnar", "CZstd", "CZlib"]),
        module("TramLineProtocol", ["TramColumnar"]),
        module("TramStorage", ["TramColumnar", "TramCodec", "TramSystem"]),
        module("TramQuery", ["TramColumnar"]),
        module("TramStreaming", ["TramColumnar", "TramQuery"]),
        module("TramAlerting", ["TramColumnar", "TramQuery"]),
        module("TramFederation", ["TramColumnar", "TramQuery"]),
        module(
            "TramEngine",
            [
                "TramSystem", "TramColumnar", "TramCodec", "TramLineProtocol", "TramStorage", "TramQuery",
                "TramStreaming", "TramAlerting", "TramFederation",
            ]),
        module(
            "TramServer",
            [
                "TramSystem", "TramColumnar", "TramQuery", "TramStreaming", "TramAlerting", "TramFederation",
                "TramLineProtocol", "TramStorage", "TramEngine",
                .product(name: "Yams", package: "Yams"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
            ]),
        .executableTarget(
            name: "tram",
            dependencies: [
                "TramSystem", "TramColumnar", "TramCodec", "TramLineProtocol", "TramStorage", "TramQuery",
                "TramStreaming", "TramAlerting", "TramFederation", "TramEngine", "TramServer",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),

        .target(
            name: "TramTesting", dependencies: ["TramColumnar", "TramSystem"], path: "Tests/TramTesting",
            swiftSettings: strict),
        tests("TramColumnarTests", ["TramColumnar", "TramTesting"]),
        tests("TramSystemTests", ["TramSystem", "TramTesting"]),
        tests("TramCodecTests", ["TramCodec", "TramColumnar", "TramTesting"]),
        tests(
            "TramLineProtocolTests", ["TramLineProtocol", "TramColumnar", "TramTesting"],
            resources: [.copy("Cases")]),
        tests(
            "TramStorageTests", ["TramStorage", "TramSystem", "TramColumnar", "TramTesting"],
            resources: [.copy("Fixtures")]),
        // What tests read where it stands, and whoever looks at it edits it there.
        tests(
            "TramQueryTests", ["TramQuery", "TramColumnar", "TramTesting"], exclude: ["Aggregates/Golden", "Cases"]),
        tests("TramAlertingTests", ["TramAlerting", "TramQuery", "TramColumnar", "TramTesting"]),
        tests("TramFederationTests", ["TramFederation", "TramQuery", "TramColumnar", "TramTesting"]),
        tests(
            "TramServerTests",
            ["TramServer", "TramEngine", "TramAlerting", "TramFederation", "TramQuery", "TramColumnar", "TramTesting"]),
        tests(
            "TramEngineTests",
            [
                "TramEngine", "TramStreaming", "TramStorage", "TramAlerting", "TramLineProtocol", "TramQuery",
                "TramColumnar", "TramSystem", "TramTesting",
            ]),
        tests("tramTests", ["tram", "TramEngine"], exclude: ["Cases", "Rules"]),
        tests("HouseTests", ["TramTesting"]),

        benchmarks("TramCodecBenchmarks", ["TramCodec", "TramColumnar", "TramTesting"]),
        benchmarks("TramLineProtocolBenchmarks", ["TramLineProtocol", "TramColumnar", "TramTesting"]),
        benchmarks("TramStorageBenchmarks", ["TramStorage", "TramSystem", "TramColumnar"]),
        benchmarks(
            "TramEngineBenchmarks",
            ["TramEngine", "TramAlerting", "TramStreaming", "TramStorage", "TramQuery", "TramColumnar", "TramTesting"]),
    ],
    swiftLanguageModes: [.v6]
)
