import Hummingbird
import TramAlerting
import TramColumnar
import TramEngine
import TramLineProtocol
import TramQuery
import TramStorage
import TramSystem

/// `/metrics`: everything that is counted, as Prometheus reads it (text format 0.0.4).
struct MetricsRoute: Sendable {
    let engine: Engine
    let requests: RequestMetrics
    let connections: ConnectionBook
    let gate: QueryGate
    let catalogue: CatalogueKeeper
    let version: String
    /// When the server began, nanoseconds UTC.
    let startedAt: Int64

    var routes: [Route] {
        [
            Route(.get, "/metrics") { _, _ in
                Answers.text(page(), type: "text/plain; version=0.0.4; charset=utf-8")
            }
        ]
    }

    private func page() -> String {
        var page = MetricsPage()
        addProcess(&page)
        addConnections(&page)
        addLines(&page)
        addDatabases(&page)
        addLogs(&page)
        addSegments(&page)
        addStanding(&page)
        addCatalogue(&page)
        return page.text
    }

    private func addProcess(_ page: inout MetricsPage) {
        let process = ProcessFigures.read()
        page.add("tram_build_info", .gauge, "The version that runs.", [(["version": version], 1)])
        page.add(
            "process_start_time_seconds", .gauge, "When the server began.", [([:], Double(startedAt) / 1e9)])
        page.add("process_resident_memory_bytes", .gauge, "Resident memory.", [([:], Double(process.residentBytes))])
        page.add("process_cpu_seconds_total", .counter, "Processor time of all threads.", [([:], process.cpuSeconds)])
        page.add("process_open_fds", .gauge, "Open files and sockets.", [([:], Double(process.openFiles))])
    }

    private func addConnections(_ page: inout MetricsPage) {
        page.add("tram_connections", .gauge, "Open HTTP connections.", [([:], Double(connections.open))])
        page.add(
            "tram_connections_total", .counter, "HTTP connections that were taken.",
            [([:], Double(connections.accepted))])
        let refused = connections.refused
        page.add(
            "tram_connections_refused_total", .counter, "Connections that were refused or ended, by reason.",
            ConnectionBook.Refusal.allCases.map { (["reason": $0.rawValue], Double(refused[$0] ?? 0)) })
        let figures = requests.figures.sorted { ($0.key.route, $0.key.status) < ($1.key.route, $1.key.status) }
        page.add(
            "tram_http_requests_total", .counter, "Answered requests.",
            figures.map { (["route": $0.key.route, "status": String($0.key.status)], Double($0.value.count)) })
        page.add(
            "tram_http_request_seconds_total", .counter, "Time from a request's head to its answer's.",
            figures.map {
                (["route": $0.key.route, "status": String($0.key.status)], Double($0.value.nanoseconds) / 1e9)
            })
        page.add("tram_queries_running", .gauge, "Queries that run now.", [([:], Double(gate.running))])
        page.add("tram_queries_waiting", .gauge, "Queries that wait for a turn.", [([:], Double(gate.waiting))])
        page.add(
            "tram_open_answer_bytes", .gauge, "Bytes of results that are not sent to their end.",
            [([:], Double(gate.answerBytes))])
        page.add("tram_queries_refused_total", .counter, "Queries that got no turn.", [([:], Double(gate.refused))])
        let failures = gate.failures.sorted { $0.key.rawValue < $1.key.rawValue }
        page.add(
            "tram_queries_failed_total", .counter, "Queries without an answer, by what ended them.",
            failures.map { (["code": $0.key.rawValue], Double($0.value)) })
    }

    private func addLines(_ page: inout MetricsPage) {
        let peers = engine.metrics.peers.sorted {
            ($0.key.door.rawValue, $0.key.address) < ($1.key.door.rawValue, $1.key.address)
        }
        func labels(_ peer: EngineMetrics.Peer) -> [String: String] {
            ["door": peer.door.rawValue, "peer": peer.address]
        }
        page.add(
            "tram_lines_accepted_total", .counter, "Lines that were stored, by door and sender.",
            peers.map { (labels($0.key), Double($0.value.accepted)) })
        page.add(
            "tram_lines_refused_total", .counter, "Lines that were refused, by class.",
            peers.flatMap { peer in
                peer.value.refused.sorted { $0.key.rawValue < $1.key.rawValue }.map { reason in
                    (labels(peer.key).merging(["class": reason.key.rawValue]) { $1 }, Double(reason.value))
                }
            })
        page.add(
            "tram_lines_before_1971_total", .counter,
            "Stored lines of 1970 and before: nearly always seconds sent as nanoseconds.",
            peers.map { (labels($0.key), Double($0.value.before1971)) })
        page.add(
            "tram_bodies_total", .counter, "Bodies, TCP connections and datagrams that were read.",
            peers.map { (labels($0.key), Double($0.value.bodies)) })
        page.add(
            "tram_received_bytes_total", .counter, "Bytes of line protocol as they were sent.",
            peers.map { (labels($0.key), Double($0.value.bytes)) })
        page.add(
            "tram_bodies_refused_total", .counter, "Bodies of which nothing was stored, by reason.",
            engine.metrics.refusedBodies.sorted { $0.key < $1.key }.map { (["reason": $0.key], Double($0.value)) })
        page.add(
            "tram_open_body_bytes", .gauge, "Bytes of the bodies that are being read now.",
            [([:], Double(engine.metrics.openBodyBytes))])
    }

    private func addDatabases(_ page: inout MetricsPage) {
        let databases = engine.databases
        page.add(
            "tram_points", .gauge, "Points (series + timestamp) that queries see.",
            databases.map { (["db": $0.name], Double($0.store.pointCount)) })
        page.add(
            "tram_series", .gauge, "Series.", databases.map { (["db": $0.name], Double($0.store.seriesCount)) })
    }

    private func addLogs(_ page: inout MetricsPage) {
        let logs = engine.databases.compactMap { database in
            database.store.log.map { (["db": database.name], $0.figures) }
        }
        func add(_ name: String, _ kind: MetricsPage.Kind, _ help: String, _ value: (LogFigures) -> Double) {
            page.add(name, kind, help, logs.map { ($0.0, value($0.1)) })
        }
        add("tram_log_records_total", .counter, "Bodies written to the log.") { Double($0.records) }
        add("tram_log_bytes_total", .counter, "Bytes of records written to the log.") { Double($0.bytes) }
        add("tram_log_syncs_total", .counter, "Syncs; one may cover many bodies.") { Double($0.syncs) }
        add("tram_log_sync_seconds_total", .counter, "Time that syncs took.") { Double($0.syncNanoseconds) / 1e9 }
        add("tram_log_sync_seconds_max", .gauge, "The longest sync.") { Double($0.longestSyncNanoseconds) / 1e9 }
        add("tram_log_queued_bytes", .gauge, "Bytes that wait for the disk.") { Double($0.queuedBytes) }
        add("tram_log_overloaded_total", .counter, "Bodies refused because too much waits.") { Double($0.overloaded) }
        add("tram_log_refused_total", .counter, "Bodies refused because the disk was full or failed.") {
            Double($0.refused)
        }
        add("tram_log_failures_total", .counter, "Writes and syncs that failed.") { Double($0.failures) }
        add("tram_log_files_total", .counter, "Files begun.") { Double($0.files) }
    }

    private func addSegments(_ page: inout MetricsPage) {
        let stores = engine.databases.compactMap { database in
            database.store.segmentFigures.map { (["db": database.name], $0) }
        }
        func add(_ name: String, _ kind: MetricsPage.Kind, _ help: String, _ value: (SegmentFigures) -> Double) {
            page.add(name, kind, help, stores.map { ($0.0, value($0.1)) })
        }
        page.add(
            "tram_memory_rows_bytes", .gauge, "Bytes of rows that are in memory and in no segment.",
            engine.databases.map { (["db": $0.name], Double($0.store.memoryByteCount)) })
        let windows = engine.databases.map { (["db": $0.name], $0.windows.figures) }
        page.add(
            "tram_window_cache_hits_total", .counter, "Queries that found windows of theirs in the cache.",
            windows.map { ($0.0, Double($0.1.hits)) })
        page.add(
            "tram_window_cache_misses_total", .counter, "Queries whose windows may be kept and were not there.",
            windows.map { ($0.0, Double($0.1.misses)) })
        page.add(
            "tram_window_cache_bytes", .gauge, "Bytes of the windows that are kept.",
            windows.map { ($0.0, Double($0.1.bytes)) })
        add("tram_segments", .gauge, "Segments.") { Double($0.segments) }
        add("tram_segment_bytes", .gauge, "Bytes of all segments.") { Double($0.bytes) }
        add("tram_segment_live_bytes", .gauge, "Bytes of the blocks in them that count.") { Double($0.liveBytes) }
        add("tram_names_bytes", .gauge, "Bytes of the names of series, fields and texts.") { Double($0.nameBytes) }
        add("tram_sealings_total", .counter, "Segments written of what was in memory.") { Double($0.sealings) }
        add("tram_sealed_bytes_total", .counter, "Bytes of those segments.") { Double($0.sealedBytes) }
        add("tram_sealing_seconds_total", .counter, "Time that sealing took.") { Double($0.sealingNanoseconds) / 1e9 }
        add("tram_compactions_total", .counter, "Times that segments were put together.") { Double($0.compactions) }
        add("tram_compacted_bytes_total", .counter, "Bytes of what came of it.") { Double($0.compactedBytes) }
        add("tram_compaction_seconds_total", .counter, "Time that compaction took.") {
            Double($0.compactionNanoseconds) / 1e9
        }
        add("tram_segment_failures_total", .counter, "Sealings and compactions that the disk did not let happen.") {
            Double($0.failures)
        }
        add("tram_damaged_blocks", .gauge, "Blocks that cannot be read; their rows are left out.") {
            Double($0.damagedBlocks)
        }
        add("tram_removed_rows_total", .counter, "Rows that retention and deletion took away.") {
            Double($0.removedRows)
        }
    }

    private func addCatalogue(_ page: inout MetricsPage) {
        let figures = catalogue.figures
        guard !figures.files.isEmpty else { return }
        page.add("tram_catalogue_units", .gauge, "Rows of units in use.", [([:], Double(figures.units))])
        page.add("tram_catalogue_stations", .gauge, "Rows of stations in use.", [([:], Double(figures.stations))])
        page.add(
            "tram_catalogue_reloads_total", .counter, "Times that changed files were put in use.",
            [([:], Double(figures.reloads))])
        page.add(
            "tram_catalogue_failures_total", .counter, "Times that changed files had mistakes.",
            [([:], Double(figures.failures))])
        page.add(
            "tram_catalogue_stale", .gauge, "1 while the files have mistakes and older ones are in use.",
            [([:], figures.problem == nil ? 0 : 1)])
    }

    private func addStanding(_ page: inout MetricsPage) {
        page.add(
            "tram_window_rows_total", .counter, "Rows that standing queries have given.",
            [([:], Double(engine.metrics.windowRows))])
        page.add(
            "tram_alert_events_total", .counter, "Events of alert rules.",
            engine.metrics.alerts.sorted { $0.key < $1.key }.flatMap { rule in
                rule.value.sorted { $0.key.rawValue < $1.key.rawValue }.map { state in
                    (["rule": rule.key, "state": state.key.rawValue], Double(state.value))
                }
            })
        let active = engine.databases.flatMap(\.activeAlerts)
        page.add(
            "tram_alerts", .gauge, "Alerts that are not resolved.",
            [AlertEvent.State.firing, .stale].map { state in
                (["state": state.rawValue], Double(active.count { $0.event.state == state }))
            })
        page.add(
            "tram_standing_query_failures", .gauge, "Standing queries and rules that cannot go on.",
            [([:], Double(engine.databases.reduce(0) { $0 + $1.failures.count }))])
    }
}

/// Builds a page of metrics.
struct MetricsPage {
    enum Kind: String {
        case counter, gauge
    }

    private(set) var text = ""

    /// Adds a metric with its samples: labels and value. A metric without samples is left out.
    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ samples: [([String: String], Double)]) {
        guard !samples.isEmpty else { return }
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
        for (labels, value) in samples {
            text += name
            if !labels.isEmpty {
                let pairs = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\(MetricsPage.escaped($0.value))\"" }
                text += "{\(pairs.joined(separator: ","))}"
            }
            text += value == value.rounded() && abs(value) < 1e15 ? " \(Int64(value))\n" : " \(value)\n"
        }
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text {
            switch character {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.append(character)
            }
        }
        return escaped
    }
}
