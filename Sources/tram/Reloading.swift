import TramColumnar
import TramEngine
import TramFederation
import TramServer
import TramSystem

/// Reads the configuration and the catalogue of a running server again: all of it for SIGHUP, the tables of units and
/// stations when they have changed.
///
/// What has a mistake changes nothing; the mistake is told, and stands in `/health` while it lasts.
actor Reloading {
    private static let pause = Duration.seconds(1)

    private var definitions: Definitions
    private let configuration: String?
    private let engine: Engine
    private let language: Language
    /// Reloads come one after the other.
    private var last: Task<Void, Never>?
    /// The tables as they were when they were read last.
    private var stamps: [String: File.Stamp?] = [:]
    nonisolated let keeper: CatalogueKeeper

    init(_ definitions: Definitions, configuration: String?, engine: Engine, language: Language) {
        self.definitions = definitions
        self.configuration = configuration
        self.engine = engine
        self.language = language
        keeper = CatalogueKeeper()
        stamps = definitions.catalogueStamps
        if let catalogue = definitions.catalogue {
            keeper.noteRead(
                files: definitions.catalogueFiles, units: catalogue.allUnits.count, stations: catalogue.stationCount,
                at: engine.time.now(), isReload: false)
        }
    }

    /// Reads the configuration again.
    func reload() async {
        await inTurn { await self.reloadNow() }
    }

    /// Reads the tables of the catalogue again.
    func readCatalogue() async -> CatalogueKeeper.Outcome {
        await inTurn { await self.readCatalogueNow() }
    }

    /// Looks at the tables every second, and reads them again when they have changed and are at rest: whoever writes a
    /// long table is let finish.
    func watch() async {
        var seen = stamps
        while !Task.isCancelled {
            try? await Task.sleep(for: Reloading.pause)
            let now = presentStamps
            defer { seen = now }
            guard now != stamps, now == seen else { continue }
            _ = await readCatalogue()
        }
    }

    private func inTurn<Result: Sendable>(_ work: @escaping @Sendable () async -> Result) async -> Result {
        let before = last
        let task = Task {
            await before?.value
            return await work()
        }
        last = Task { _ = await task.value }
        return await task.value
    }

    /// The tables as they are now.
    private var presentStamps: [String: File.Stamp?] {
        var present: [String: File.Stamp?] = [:]
        for file in stamps.keys { present[file] = .some(try? File.open(file).stamp()) }
        return present
    }

    private func readCatalogueNow() async -> CatalogueKeeper.Outcome {
        var new = definitions
        guard definitions.catalogue != nil else { return .none }
        do {
            // Also of a table with a mistake: it is read again when it has changed again.
            defer { stamps = new.catalogueStamps }
            try new.readCatalogue()
        } catch {
            return refused(Bilingual(vi: error.rendered(.vi), en: error.rendered(.en)))
        }
        guard new.catalogueID != definitions.catalogueID else {
            keeper.noteUnchanged()
            return .unchanged
        }
        do {
            try await engine.install(new.live)
        } catch {
            let text = definitions.failure(error).message
            return refused(Bilingual(vi: text, en: text))
        }
        definitions = new
        note(isReload: true)
        let figures = keeper.figures
        Talk.line(
            language == .vi
                ? "đã đọc lại danh mục: \(figures.units) đơn vị, \(figures.stations) trạm"
                : "read the catalogue again: \(figures.units) units, \(figures.stations) stations")
        return .changed
    }

    private func refused(_ problem: Bilingual) -> CatalogueKeeper.Outcome {
        keeper.noteFailure(problem)
        Talk.line(problem.text(language))
        Talk.line(
            language == .vi
                ? "giữ nguyên danh mục cũ, vì tệp mới có lỗi"
                : "the old catalogue is kept, for the new one has mistakes")
        return .refused(problem)
    }

    private func note(isReload: Bool) {
        stamps = definitions.catalogueStamps
        keeper.noteRead(
            files: definitions.catalogueFiles, units: definitions.catalogue?.allUnits.count ?? 0,
            stations: definitions.catalogue?.stationCount ?? 0, at: engine.time.now(), isReload: isReload)
    }

    private func reloadNow() async {
        guard let configuration else {
            Talk.line(
                language == .vi
                    ? "không có tệp cấu hình (--config) để đọc lại"
                    : "there is no configuration (--config) to read again")
            return
        }
        do {
            var new = Definitions(language: language)
            try new.load(configuration: configuration)
            do {
                try await engine.install(new.live)
            } catch {
                throw new.failure(error)
            }
            let isChanged = new.catalogueID != definitions.catalogueID
            definitions = new
            note(isReload: isChanged)
            Talk.line(
                language == .vi
                    ? "đã đọc lại \(configuration): múi giờ, danh mục, truy vấn thường trực, quy tắc; các khóa khác cần khởi động lại"
                    : "read \(configuration) again: zone, catalogue, standing queries, rules; other keys need a restart"
            )
        } catch let failure as Failure {
            Talk.line(failure.message)
            Talk.line(
                language == .vi
                    ? "giữ nguyên cấu hình cũ, vì \(configuration) có lỗi"
                    : "the old settings are kept, for \(configuration) has a mistake")
        } catch {
            Talk.line("\(configuration): \(error)")
        }
    }
}
