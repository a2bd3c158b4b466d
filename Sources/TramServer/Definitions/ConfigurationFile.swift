public import TramQuery
import TramColumnar
public import TramLineProtocol
import Yams

/// The configuration file, as plain values. Every key may be left out; what is not said is nil or empty.
///
/// Only what the file alone can tell is checked here: names, shapes, durations. Whether a zone exists or a query
/// can run is for those who use it.
public struct ConfigurationFile: Hashable, Sendable {
    public struct Node: Hashable, Sendable {
        /// The code of the unit that this node serves.
        public var unit: String?
        public var name: String?
        public var parent: Parent?
    }

    public struct Parent: Hashable, Sendable {
        public var url: SourceText
        public var tokenFile: String?
        public var codeFile: String?
    }

    public struct Retention: Hashable, Sendable {
        public var raw: Duration?
        public var windows: Duration?
    }

    public enum Durability: String, Hashable, Sendable, CaseIterable {
        case sync, interval
    }

    public enum Recovery: String, Hashable, Sendable, CaseIterable {
        case repair, strict
    }

    /// How far in the future a timestamp may lie.
    public enum Ahead: Hashable, Sendable {
        case off
        case nanoseconds(Int64)
    }

    /// A standing query.
    public struct Stream: Hashable, Sendable {
        public var name: SourceText
        public var query: SourceText
        public var keep: Duration?
        /// Nil: that of the file.
        public var allowedLateness: Int64?
        /// The database it reads; nil for every one.
        public var database: String?
    }

    /// Lines without HTTP: where, and into which database.
    public struct LineListener: Hashable, Sendable {
        public var address: SourceText
        public var database: String?
        public var precision: Precision?
    }

    /// The limits that the file sets; what it does not say keeps its default.
    public struct Limits: Hashable, Sendable {
        public var ahead: Ahead?
        /// Whole numbers by the name of their key.
        public var counts: [String: Int] = [:]
        /// Lengths of time by the name of their key, in seconds.
        public var seconds: [String: Int] = [:]

        /// Keys of sizes and numbers.
        static let countKeys = [
            "body", "inflated", "ratio", "open_bodies", "open_answers", "series", "databases", "head", "header_fields",
            "connections", "connections_per_address", "queries", "queued_queries", "query_text", "query_rows",
            "query_windows", "query_nesting", "query_memory",
            "window_rows", "log_backlog", "head_memory", "seal_log",
        ]
        /// Keys of durations.
        static let secondKeys = [
            "head_timeout", "body_timeout", "idle_timeout", "write_timeout", "query_wait", "query_time", "drain",
            "seal_after",
        ]
    }

    public var file: String
    public var node: Node?
    /// `HOST:PORT`, as written.
    public var listen: [SourceText] = []
    /// Whether addresses other than loopback may be listened at without TLS.
    public var insecure = false
    public var data: String?
    public var timezone: SourceText?
    public var retention = Retention()
    public var durability: Durability?
    public var recovery: Recovery?
    public var limits = Limits()
    /// Whether a write makes a database that is not there; nil for yes.
    public var createsDatabases: Bool?
    public var lineTCP: [LineListener] = []
    public var lineUDP: [LineListener] = []
    public var allowedLateness: Int64?
    public var catalogue: CatalogueFile?
    public var streams: [Stream] = []
    /// Paths and patterns, relative to the file's folder: see `FilePattern`.
    public var rules: [SourceText] = []
    public var reports: [SourceText] = []
    /// Networks that notifications may be sent to though they are private.
    public var notifyAllow: [SourceText] = []

    private static let keys = [
        "node", "listen", "insecure", "data", "timezone", "retention", "durability", "recovery", "limits",
        "allowed_lateness", "catalogue", "streams", "rules", "reports", "notify", "create_databases", "line_tcp",
        "line_udp",
    ]

    /// A configuration that says nothing.
    public init(file: String) {
        self.file = file
    }

    /// - Throws: everything that is wrong in the file.
    public static func parse(_ bytes: [UInt8], file: String) throws(DefinitionErrors) -> ConfigurationFile {
        var reader = DefinitionReader(file: file)
        var configuration = ConfigurationFile(file: file)
        if let root = reader.open(bytes), let keys = reader.entries(root, known: ConfigurationFile.keys) {
            configuration.read(keys, &reader)
        }
        try reader.finish()
        return configuration
    }

    private mutating func read(_ keys: [String: Yams.Node], _ reader: inout DefinitionReader) {
        node = reader.node(keys["node"])
        listen = reader.texts(keys["listen"], of: "listen")
        for address in listen { reader.checkAddress(address) }
        insecure = reader.bool(keys["insecure"], of: "insecure") ?? false
        data = reader.text(keys["data"], of: "data")?.text
        timezone = reader.text(keys["timezone"], of: "timezone")
        if let retention = keys["retention"].flatMap({ reader.entries($0, known: ["raw", "windows"]) }) {
            self.retention.raw = reader.duration(retention["raw"], of: "raw")
            self.retention.windows = reader.duration(retention["windows"], of: "windows")
        }
        durability = reader.word(keys["durability"], of: "durability", as: Durability.self)
        recovery = reader.word(keys["recovery"], of: "recovery", as: Recovery.self)
        if let limits = keys["limits"].flatMap({
            reader.entries($0, known: ["ahead"] + Limits.countKeys + Limits.secondKeys)
        }) {
            self.limits.ahead = reader.ahead(limits["ahead"])
            for key in Limits.countKeys { self.limits.counts[key] = reader.amount(limits[key], of: key) }
            for key in Limits.secondKeys { self.limits.seconds[key] = reader.seconds(limits[key], of: key) }
        }
        createsDatabases = reader.bool(keys["create_databases"], of: "create_databases")
        lineTCP = reader.lineListeners(keys["line_tcp"], of: "line_tcp")
        lineUDP = reader.lineListeners(keys["line_udp"], of: "line_udp")
        allowedLateness = reader.nanoseconds(keys["allowed_lateness"], of: "allowed_lateness")
        catalogue = keys["catalogue"].flatMap { reader.catalogue($0) }
        streams = reader.streams(keys["streams"])
        rules = reader.texts(keys["rules"], of: "rules")
        reports = reader.texts(keys["reports"], of: "reports")
        notifyAllow = reader.notifyAllow(keys["notify"])
    }
}

extension DefinitionReader {
    fileprivate mutating func node(_ node: Node?) -> ConfigurationFile.Node? {
        guard let node, let keys = entries(node, known: ["unit", "name", "parent"]) else { return nil }
        var value = ConfigurationFile.Node(
            unit: text(keys["unit"], of: "unit")?.text, name: text(keys["name"], of: "name")?.text)
        if let parent = keys["parent"], let keys = entries(parent, known: ["url", "token_file", "code_file"]) {
            if keys["url"] == nil { fail(parent, en: "the key \"url\" is missing", vi: "thiếu khoá \"url\"") }
            if let url = text(keys["url"], of: "url") {
                value.parent = ConfigurationFile.Parent(
                    url: url, tokenFile: text(keys["token_file"], of: "token_file")?.text,
                    codeFile: text(keys["code_file"], of: "code_file")?.text)
            }
        }
        return value
    }

    /// `HOST:PORT` with a port of 0...65535; an IPv6 host stands in brackets.
    fileprivate mutating func checkAddress(_ address: SourceText) {
        let text = address.text
        let colon = text.lastIndex(of: ":")
        let host = colon.map { text[..<$0] } ?? ""
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if let colon, UInt16(text[text.index(after: colon)...]) != nil, !host.isEmpty,
            isBracketed || !host.contains(":")
        {
            return
        }
        fail(
            address, Bilingual(vi: "\"\(text)\" không phải địa chỉ", en: "\"\(text)\" is not an address"),
            hint: Bilingual(
                vi: "viết HOST:PORT, ví dụ \"127.0.0.1:8086\" hoặc \"[::1]:8086\"",
                en: "write HOST:PORT, such as \"127.0.0.1:8086\" or \"[::1]:8086\""))
    }

    /// A number, or a size such as `10MiB`; at least 1.
    fileprivate mutating func amount(_ node: Node?, of key: String) -> Int? {
        guard let text = text(node, of: key) else { return nil }
        let digits = text.text.prefix { $0.isASCII && $0.isNumber }
        let factors = ["": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30]
        let unit = text.text.dropFirst(digits.count).drop { $0 == " " }
        if let count = Int(digits), let factor = factors[String(unit)] {
            let (amount, overflow) = count.multipliedReportingOverflow(by: factor)
            if !overflow, amount > 0 { return amount }
        }
        fail(
            text,
            Bilingual(vi: "\"\(text.text)\" không phải số lượng", en: "\"\(text.text)\" is not an amount"),
            hint: Bilingual(vi: "viết số như 4096 hoặc 10MiB", en: "write a number such as 4096 or 10MiB"))
        return nil
    }

    /// A length of time of whole seconds, at least one.
    fileprivate mutating func seconds(_ node: Node?, of key: String) -> Int? {
        guard let node, let length = nanoseconds(node, of: key) else { return nil }
        if length >= 1_000_000_000, length <= 86_400_000_000_000 { return Int(length / 1_000_000_000) }
        fail(node, en: "\"\(key)\" takes 1s to 1d", vi: "\"\(key)\" nhận từ 1s đến 1d")
        return nil
    }

    /// `"127.0.0.1:8094"`, or `{ listen: "127.0.0.1:8094", db: city, precision: s }`; one or a list of them.
    fileprivate mutating func lineListeners(_ node: Node?, of key: String) -> [ConfigurationFile.LineListener] {
        guard let node, !DefinitionReader.isEmpty(node) else { return [] }
        var nodes = [node]
        if case .sequence = node { nodes = items(node, of: key) }
        var listeners: [ConfigurationFile.LineListener] = []
        for node in nodes {
            if case .scalar = node {
                guard let address = text(node, of: key) else { continue }
                checkAddress(address)
                listeners.append(.init(address: address))
                continue
            }
            guard let keys = entries(node, known: ["listen", "db", "precision"]) else { continue }
            guard let address = text(keys["listen"], of: "listen") else {
                fail(node, en: "the key \"listen\" is missing", vi: "thiếu khoá \"listen\"")
                continue
            }
            checkAddress(address)
            var listener = ConfigurationFile.LineListener(
                address: address, database: text(keys["db"], of: "db")?.text)
            if let name = text(keys["precision"], of: "precision") {
                listener.precision = Precision(name: name.text)
                if listener.precision == nil {
                    fail(
                        name,
                        Bilingual(
                            vi: "\"\(name.text)\" không phải đơn vị thời gian",
                            en: "\"\(name.text)\" is not a unit of time"),
                        hint: Bilingual(
                            vi: "viết ns, us, ms, s, m, h hoặc auto", en: "write ns, us, ms, s, m, h or auto"))
                }
            }
            listeners.append(listener)
        }
        return listeners
    }

    fileprivate mutating func ahead(_ node: Node?) -> ConfigurationFile.Ahead? {
        if case .scalar(let scalar)? = node, scalar.string == "off" { return .off }
        return nanoseconds(node, of: "ahead").map { .nanoseconds($0) }
    }

    fileprivate mutating func streams(_ node: Node?) -> [ConfigurationFile.Stream] {
        var streams: [ConfigurationFile.Stream] = []
        for item in items(node, of: "streams") {
            guard let keys = entries(item, known: ["name", "query", "keep", "allowed_lateness", "db"]) else { continue }
            for key in ["name", "query"] where keys[key] == nil {
                fail(item, en: "the key \"\(key)\" is missing", vi: "thiếu khoá \"\(key)\"")
            }
            let name = text(keys["name"], of: "name")
            let query = text(keys["query"], of: "query")
            let keep = duration(keys["keep"], of: "keep")
            let lateness = nanoseconds(keys["allowed_lateness"], of: "allowed_lateness")
            guard let name, let query else { continue }
            if streams.contains(where: { $0.name.text == name.text }) {
                fail(
                    name,
                    Bilingual(vi: "luồng \"\(name.text)\" đã có", en: "the stream \"\(name.text)\" is there already"))
            }
            let database = text(keys["db"], of: "db")?.text
            streams.append(
                .init(name: name, query: query, keep: keep, allowedLateness: lateness, database: database))
        }
        return streams
    }

    /// Receivers, routes and what belongs to them stand as Alertmanager writes them; here only their outer shape is
    /// checked.
    fileprivate mutating func notifyAllow(_ node: Node?) -> [SourceText] {
        let lists = ["receivers", "inhibit_rules", "time_intervals", "mute_time_intervals"]
        guard let node, let keys = entries(node, known: ["allow", "global", "route"] + lists) else { return [] }
        for key in lists { _ = items(keys[key], of: key) }
        for key in ["global", "route"] {
            guard let value = keys[key] else { continue }
            guard case .mapping = value else {
                fail(value, en: "\"\(key)\" takes keys and values", vi: "\"\(key)\" cần các cặp khoá và giá trị")
                continue
            }
        }
        return texts(keys["allow"], of: "allow")
    }
}
