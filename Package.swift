// swift-tools-version: 6.2
// Millrace: one target a layer, arrows only downwards. `make lint` builds with
// --explicit-target-dependency-import-check error, so an import that is not listed here fails.
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .treatAllWarnings(as: .error),
]

let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioTLS: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let nioHTTP: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let httpClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let nioCompression: Target.Dependency = .product(name: "NIOHTTPCompression", package: "swift-nio-extras")
let nioExtras: Target.Dependency = .product(name: "NIOExtras", package: "swift-nio-extras")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let signals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let programSupport: Target.Dependency = "ProgramSupport"
// `make spools` and `make lint` set it: a benchmark that `make build` leaves alone.
let withSpoolBench = Context.environment["MILLRACE_SPOOL_BENCH"] != nil
// `make fuzz` sets it to the compiler's library of libFuzzer without a main.
let fuzzerRuntime = Context.environment["MILLRACE_FUZZER_RUNTIME"]

func layer(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}
func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies + [arguments, programSupport], swiftSettings: settings)
}
func tests(
    _ subject: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = [], resources: [Resource] = []
) -> Target {
    .testTarget(
        name: subject + "Tests", dependencies: [.init(stringLiteral: subject)] + dependencies, exclude: exclude,
        resources: resources, swiftSettings: settings)
}

let spoolBench = Target.executableTarget(
    name: "spool-bench",
    dependencies: [
        "MailTypes", "Measures", "SpoolContract", "SpoolRocksDB", "SpoolSegmentLog", "SpoolLocalDisk", "CRocksDB",
        "BenchHarness",
        "RunRecords", nioCore, arguments, programSupport,
    ],
    path: "Benchmarks/SpoolBench", swiftSettings: settings)

// libFuzzer without its main; the edges of everything are counted by flags of the build.
let fuzzer = Target.executableTarget(
    name: "millrace-fuzz", dependencies: ["FuzzTargets"], path: "Tests/Fuzz/Main", swiftSettings: settings,
    linkerSettings: [
        .unsafeFlags([fuzzerRuntime ?? ""]), .linkedLibrary("stdc++"),
    ])

let package = Package(
    name: "millrace",
    products: [
        .executable(name: "traffic-gen", targets: ["traffic-gen"]),
        .executable(name: "sink-mta", targets: ["sink-mta"]),
        .executable(name: "mta", targets: ["mta"]),
        .executable(name: "bench-report", targets: ["bench-report"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/LebJe/TOMLKit", exact: "0.6.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // Byte loops that want SIMD: end-of-data scan, CRC32C.
        .target(name: "CByteLoops"),
        .target(name: "CLinux"),

        // Vocabulary
        layer("MailTypes"),
        layer("TextCodecs"),
        layer("Measures", ["TextCodecs", .product(name: "Histogram", package: "hdrhistogram-swift")]),
        layer("Slabs", ["MailTypes"]),
        layer("Statistics", ["Measures"]),

        // Pure: no socket, clock, file or logger; time is a parameter.
        layer("SMTPProtocol", ["MailTypes", "CByteLoops", "SASLAuthentication", "TextCodecs"]),
        layer(
            "DeliveryQueue",
            [
                "MailTypes", "Slabs", .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "DequeModule", package: "swift-collections"),
            ]),

        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        layer("SASLAuthentication", ["TextCodecs", "COpenSSL"]),
        layer("MessageBuilding", ["MailTypes", "TextCodecs"]),
        layer("LoadShedding", ["MailTypes"]),
        layer("DKIMSigning", ["MailTypes", "CByteLoops", "COpenSSL"]),
        layer("MailAuthentication", ["MailTypes", "TextCodecs", "DKIMSigning", "COpenSSL"]),
        layer("TransportSecurity", ["MailTypes", "COpenSSL"]),
        layer("LoadPacing", ["Measures"]),

        // Edges
        layer(
            "SMTPTransport",
            [
                "MailTypes", "SMTPProtocol", "SASLAuthentication", "Measures", "TransportSecurity", "CLinux", nioCore,
                nioPosix, nioTLS, nioSSL,
            ]),
        layer("SpoolContract", ["MailTypes", "Measures", "CByteLoops", nioCore]),
        .systemLibrary(name: "CRocksDB", providers: [.apt(["librocksdb-dev"])]),
        layer("SpoolRocksDB", ["MailTypes", "Slabs", "SpoolContract", "CByteLoops", "CRocksDB", nioCore]),
        layer("SpoolSegmentLog", ["MailTypes", "Slabs", "SpoolContract", "CByteLoops", "CLinux", nioCore]),
        layer("SpoolLocalDisk", ["MailTypes", "SpoolContract", "CLinux", nioCore]),
        layer(
            "HTTPService",
            [
                "MailTypes", "Measures", "SMTPTransport", "TextCodecs", nioCore, nioPosix, nioHTTP, nioCompression,
                nioExtras, nioSSL,
            ]),
        layer(
            "ControlPlane",
            [
                "MailTypes", "Measures", "SMTPProtocol", "HTTPService", "TextCodecs", "MessageBuilding", nioCore,
                nioPosix,
                nioHTTP,
            ]),
        layer("ProcessLife", ["CLinux", "Measures", nioCore]),
        .systemLibrary(name: "CUnbound", providers: [.apt(["libunbound-dev"])]),
        .systemLibrary(name: "CIDN2", providers: [.apt(["libidn2-dev"])]),
        .systemLibrary(name: "CZstd", providers: [.apt(["libzstd-dev", "zlib1g-dev"])]),
        layer("EventLog", ["MailTypes", "Measures", "MessageBuilding", "ReportParsing", "TextCodecs", "CZstd"]),
        layer("WebHooks", ["EventLog", "Measures", httpClient, nioCore, nioHTTP]),
        layer("MailRouting", ["MailTypes", "TransportSecurity", "CLinux", "CUnbound", "CIDN2", nioCore]),
        layer("RunRecords", ["MailTypes", "Measures", .product(name: "Yams", package: "Yams")]),
        layer("ResultStore", ["MailTypes", "Measures", "RunRecords", "COpenSSL", "CZstd"]),
        layer("CostModel", ["MailTypes", "Measures", "RunRecords"]),
        layer("PublishedBenchmarks", ["Measures", "CostModel", "RunRecords"]),
        layer("ReplyClassification", ["MailTypes", "RunRecords"]),
        layer("ReportParsing", ["MailTypes", "MessageBuilding", "TextCodecs"]),
        layer(
            "SinkBehaviour", ["MailTypes", "Measures", "RunRecords", .product(name: "TOMLKit", package: "TOMLKit")]),

        // Components, one a program
        layer(
            "LoadGeneration",
            [
                "MailTypes", "Measures", "LoadPacing", "SASLAuthentication", "SMTPProtocol", "SMTPTransport",
                "RunRecords",
                "CByteLoops", "TextCodecs", "DKIMSigning", "MessageBuilding", nioCore, nioPosix, nioHTTP, nioTLS,
                .product(name: "DequeModule", package: "swift-collections"),
            ]),
        layer(
            "SinkService",
            [
                "MailTypes", "Measures", "SinkBehaviour", "SMTPProtocol", "SMTPTransport", "HTTPService", "Slabs",
                "TextCodecs",
                "COpenSSL", "RunRecords",
                "CByteLoops", nioCore, nioPosix, nioHTTP,
            ]),
        layer(
            "RelayService",
            [
                "MailTypes", "Measures", "SMTPProtocol", "SMTPTransport", "SpoolContract",
                "DeliveryQueue", "TextCodecs", "SASLAuthentication", "MailRouting", "TransportSecurity", "DKIMSigning",
                "ControlPlane", "HTTPService", "MessageBuilding", "EventLog", "WebHooks", "RunRecords", "CLinux",
                "LoadShedding", "ProcessLife", "TrafficShaping", "PolicyRules", "MailAuthentication", nioCore, nioPosix,
                nioHTTP, nioSSL,
                httpClient,
                "ReplyClassification", "ReportParsing", "CZstd",
                .product(name: "DequeModule", package: "swift-collections"),
            ]),
        layer("MTAConfiguration", ["MailTypes", "Measures", "DeliveryQueue", "EventLog", "RunRecords"]),
        layer("TrafficShaping", ["MailTypes", "Measures", "DeliveryQueue", "MTAConfiguration", "RunRecords"]),
        layer(
            "PolicyRules",
            ["MailTypes", "Measures", "MTAConfiguration", "TrafficShaping", "RunRecords"]),
        layer("SpoolTools", ["MailTypes", "Measures", "SpoolContract", "RunRecords", nioCore]),
        layer(
            "BenchHarness",
            ["MailTypes", "Measures", "LoadPacing", "MessageBuilding", "ResultStore", "RunRecords", "CLinux"]),
        layer(
            "RunReporting", ["Measures", "Statistics", "CostModel", "PublishedBenchmarks", "RunRecords", "CGnuplot"]),
        layer("ResultChecks", ["Measures", "ResultStore", "RunRecords", "RunReporting"]),
        .target(
            name: "CGnuplot",
            linkerSettings: [
                .linkedLibrary("boost_iostreams"), .linkedLibrary("boost_system"), .linkedLibrary("boost_filesystem"),
            ]),

        // Programs: flags -> configuration -> component.run()
        layer("ProgramSupport", ["Measures", "CLinux", arguments, signals]),
        program(
            "traffic-gen",
            [
                "LoadGeneration", "LoadPacing", "Measures", "RunRecords", "SASLAuthentication", "SMTPProtocol",
                "SMTPTransport", "TextCodecs", "MessageBuilding", "DKIMSigning", nioCore,
            ]),
        program("sink-mta", ["SinkService", "SinkBehaviour", "MailTypes", "Measures", "RunRecords"]),
        program(
            "mta",
            [
                "RelayService", "ProcessLife", "MTAConfiguration", "EventLog", "WebHooks", "SASLAuthentication",
                "MailRouting",
                "TransportSecurity", "DKIMSigning",
                "SMTPTransport", "DeliveryQueue", "MailTypes", "SpoolContract", "TextCodecs",
                "SpoolRocksDB", "SpoolSegmentLog",
                "SpoolLocalDisk", "SpoolTools", "Measures", "MessageBuilding", "RunRecords", "TrafficShaping",
                "PolicyRules", "MailAuthentication",
                nioPosix,
                nioCore, "ReplyClassification",
            ]),
        program(
            "bench-report",
            [
                "BenchHarness", "RunReporting", "ResultStore", "ResultChecks", "CostModel", "PublishedBenchmarks",
                "Measures", "RunRecords", "HTTPService", nioHTTP,
            ]),

        // Tests: mirrors of Sources; HouseTests read the sources, ProgramTests run the programs.
        .target(
            name: "TestSupport", dependencies: [nioCore, nioPosix], path: "Tests/TestSupport", swiftSettings: settings),
        tests("MailTypes"),
        tests("Measures", ["TestSupport"]),
        tests("Slabs", ["MailTypes", "Measures"]),
        tests("Statistics", ["Measures"]),
        tests("LoadPacing", ["Measures"]),
        tests("CostModel", ["MailTypes", "Measures", "RunRecords"]),
        tests("PublishedBenchmarks", ["CostModel", "Measures", "RunRecords"]),
        tests("ReplyClassification", ["MailTypes", "Measures", "RunRecords"]),
        tests("ReportParsing", ["MailTypes", "Measures"], exclude: ["Fixtures"]),
        tests("SinkBehaviour", ["MailTypes", "Measures", "RunRecords"]),
        tests("SinkService", ["TestSupport", "MailTypes", "Measures", "RunRecords"]),
        tests("SMTPProtocol", ["MailTypes", "SASLAuthentication", "TextCodecs"], resources: [.copy("Scripts")]),
        tests("DeliveryQueue", ["MailTypes"]),
        tests("TextCodecs"),
        tests("SASLAuthentication", ["TextCodecs"]),
        tests("MessageBuilding", ["MailTypes"]),
        tests("LoadShedding", ["MailTypes"]),
        tests("ProcessLife"),
        tests("HTTPService", [nioCore, nioPosix, nioHTTP]),
        tests("ControlPlane", ["HTTPService", "MailTypes", "MessageBuilding", nioCore, nioPosix, nioHTTP]),
        tests("DKIMSigning", ["TestSupport", "MailTypes"], exclude: ["Support"]),
        tests("MailAuthentication", ["TestSupport", "DKIMSigning", "MailTypes", "Measures"], exclude: ["Support"]),
        tests("EventLog", ["MailTypes", "MessageBuilding", "ReportParsing", "CZstd"]),
        tests(
            "RelayService",
            [
                "MailTypes", "Measures", "DKIMSigning", "DeliveryQueue", "EventLog", "MailAuthentication",
                "MailRouting", "RunRecords", "SpoolContract", "TransportSecurity", "TestSupport", nioCore, nioPosix,
            ]),
        tests("WebHooks", [nioCore]),
        tests("TransportSecurity", ["TestSupport"]),
        tests("MailRouting", ["TestSupport", "MailTypes", "TransportSecurity", nioCore, nioPosix]),
        tests("SMTPTransport", ["TestSupport", "MailTypes", "SMTPProtocol", nioCore, nioPosix]),
        tests(
            "SpoolContract", ["TestSupport", "SpoolRocksDB", "SpoolSegmentLog", "SpoolLocalDisk", "MailTypes", nioCore]),
        tests("SpoolLocalDisk", ["SpoolContract", "MailTypes", nioCore]),
        tests("SpoolRocksDB", ["TestSupport", "SpoolContract", "CRocksDB", "MailTypes", nioCore]),
        tests("SpoolSegmentLog", ["SpoolContract", "MailTypes", "Measures", nioCore]),
        tests("SpoolTools", ["SpoolContract", "RunRecords", "MailTypes", nioCore]),
        tests(
            "TrafficShaping",
            ["MailTypes", "Measures", "DeliveryQueue", "MTAConfiguration", "RunRecords", "SinkBehaviour"]),
        tests("PolicyRules", ["MailTypes", "MTAConfiguration"]),
        tests("MTAConfiguration", ["RunRecords", "MailTypes", "Measures", "DeliveryQueue"]),
        tests("BenchHarness", ["RunRecords", "Measures", "LoadPacing", "TestSupport"]),
        tests("RunRecords", ["Measures", "MailTypes"]),
        tests(
            "LoadGeneration",
            [
                "LoadPacing", "MailTypes", "Measures", "RunRecords", "SMTPProtocol", "MessageBuilding",
                "CByteLoops", nioCore,
            ]),
        tests("RunReporting", ["RunRecords", "Measures"]),
        tests("ResultStore", ["RunRecords", "Measures", "MailTypes"]),
        tests(
            "ResultChecks", ["ResultStore", "RunReporting", "RunRecords", "Measures", "MailTypes"],
            exclude: ["Fixtures"]),
        .testTarget(
            name: "ProgramTests", dependencies: ["TestSupport", "ResultStore", "RunRecords", "MailTypes"],
            exclude: ["Support"],
            swiftSettings: settings),
        .testTarget(name: "HouseTests", swiftSettings: settings),

        // What libFuzzer calls, and the same in the tests.
        .target(
            name: "FuzzTargets",
            dependencies: [
                "MailTypes", "Measures", "SMTPProtocol", "DKIMSigning", "MessageBuilding", "SASLAuthentication",
                "TextCodecs", "SpoolContract", "SpoolSegmentLog", "MTAConfiguration", "SinkBehaviour", "ReportParsing",
                "ReplyClassification", "RunRecords", "CByteLoops",
                "MailAuthentication", "PolicyRules", "COpenSSL",
                nioCore,
            ],
            path: "Tests/Fuzz/Targets", swiftSettings: settings),
        .testTarget(
            name: "FuzzReplayTests", dependencies: ["FuzzTargets", "Measures"], swiftSettings: settings),
    ] + (withSpoolBench ? [spoolBench] : []) + (fuzzerRuntime != nil ? [fuzzer] : []),
    swiftLanguageModes: [.v6],
    cLanguageStandard: .gnu11,
    cxxLanguageStandard: .gnucxx17
)
