import TramColumnar
public import TramSystem

/// A file of a store, or one in its folders, and how it was found.
public struct CheckedFile: Sendable {
    /// How a file is.
    public enum State: String, Equatable, Sendable {
        case ok
        /// A log whose last write had not ended; nothing that anybody was told to be kept is in it.
        case unfinished
        case damaged
        /// Counts for nothing: left by a process that ended in between, kept as evidence, or somebody else's.
        case stray
        /// Of a newer format.
        case newer
    }

    /// From the store's folder: `segments/seg-000000000001.tseg`.
    public var name: String
    /// Nil for what is no file of a store.
    public var kind: StoredFileKind?
    /// 0 for one that is missing.
    public var byteCount = 0
    /// Rows of a segment, and those that the records of a log have; nil for other files.
    public var rows: Int?
    /// Blocks of a segment, records of a log, series of a file of names, files of a manifest.
    public var items: Int?
    public var state = State.ok
    /// Everything that is wrong with it, in the order of the file.
    public var findings: [Finding] = []

    mutating func take(_ findings: [Finding]) {
        self.findings += findings
        self.findings.sort { $0.offset < $1.offset }
        guard state == .ok || state == .unfinished else { return }
        switch self.findings.map(\.weight).max() ?? .note {
        case .note: break
        case .unfinished: state = .unfinished
        case .damage, .loss: state = .damaged
        }
    }
}

/// Verifies everything that a store has on disk, and changes nothing.
///
/// 1. The manifest says which files count; where it is damaged, all that are there do.
/// 2. Names, in their order, so that numbers have a meaning; then segments, down to the last value.
/// 3. The log, record by record; what is lost there counts only when segments do not have it.
/// 4. What is left in the folders.
public struct StoreCheck {
    private let folder: String
    private let fileSystem: any FileSystem
    private var names = StoredNames()
    private var files: [CheckedFile] = []
    /// Series that a record of the log may use, names and records before it taken together.
    private var knownSeries = 0

    /// - Parameter folder: the store's, which nobody may be writing to.
    public init(folder: String, fileSystem: any FileSystem = LocalFileSystem()) {
        self.folder = folder
        self.fileSystem = fileSystem
    }

    /// Bytes of all files, as far as they can be told; for showing how far the work is. O(files).
    public var byteCount: Int {
        var sum = 0
        for part in ["", "/" + StoreName.segments, "/log"] {
            for name in (try? fileSystem.names(in: folder + part)) ?? [] {
                sum += bytes(of: folder + part + "/" + name)
            }
        }
        return sum
    }

    /// Looks at every file.
    ///
    /// - Parameter progress: hears how many bytes were looked at since the last time.
    /// - Returns: a row for each file that is there or should be: manifest, names, segments, log, the rest.
    /// - Throws: `.storeUnreadable` when the folder itself cannot be read; a file that cannot is one of the rows.
    /// - Complexity: O(bytes + values), and the memory of the names.
    public mutating func run(progress: (Int) -> Void = { _ in }) throws(StorageError) -> [CheckedFile] {
        files = []
        names = StoredNames()
        let home = try list("")
        let segments = home.contains(StoreName.segments) ? try list("/" + StoreName.segments) : []
        let manifest = checkManifest(home, segments, progress)
        var counted = Set<String>()
        for file in manifest.names {
            let name = StoreName.names(file.number)
            counted.insert(name)
            checkNames(name, file, isThere: segments.contains(name), progress)
        }
        for file in manifest.segments {
            let name = StoreName.segment(file.number)
            counted.insert(name)
            checkSegment(name, file, isThere: segments.contains(name), progress)
        }
        knownSeries = names.seriesCount
        if home.contains("log") { try checkLog(needed: manifest.lsn + 1, progress) }
        for name in segments where !counted.contains(name) { addStray(StoreName.segments + "/" + name) }
        for name in home where ![StoreName.manifest, StoreName.segments, "log"].contains(name) { addStray(name) }
        return files
    }

    private func list(_ part: String) throws(StorageError) -> [String] {
        do throws(SystemError) {
            return try fileSystem.names(in: folder + part)
        } catch {
            throw .storeUnreadable(error)
        }
    }

    private func bytes(of path: String) -> Int {
        guard let file = try? fileSystem.open(path, .read) else { return 0 }
        return (try? file.byteCount()) ?? 0
    }

    private mutating func addStray(_ name: String) {
        var file = CheckedFile(name: name, byteCount: bytes(of: folder + "/" + name), state: .stray)
        let text: Bilingual
        if name.hasSuffix(StoreName.damagedSuffix) {
            text = Bilingual(
                vi: "giữ lại vì đã hỏng; xóa đi khi không cần nữa",
                en: "kept because it was damaged; remove it when nobody needs it")
        } else if isOurs(name) {
            text = Bilingual(
                vi: "không được dùng; lần khởi động sau sẽ xóa", en: "counts for nothing; the next start removes it")
        } else {
            text = Bilingual(vi: "không phải của Trạm; để yên", en: "none of Tram's; it is left alone")
        }
        file.findings = [Finding(0, 0, .note, vi: text.vi, en: text.en)]
        files.append(file)
    }

    private func isOurs(_ path: String) -> Bool {
        let last = path.split(separator: "/").last.map(String.init) ?? path
        if LogName.sequence(ofTemporary: last) != nil { return true }
        let plain =
            last.hasSuffix(StoreName.temporarySuffix)
            ? String(last.dropLast(StoreName.temporarySuffix.count)) : last
        return StoreName.segmentNumber(plain) != nil || StoreName.namesNumber(plain) != nil
            || (plain == StoreName.manifest && plain != last)
    }

    /// A row that says why a file could not be looked at.
    private func row(_ name: String, _ kind: StoredFileKind, _ error: StorageError) -> CheckedFile {
        var file = CheckedFile(name: name, kind: kind, byteCount: bytes(of: folder + "/" + name))
        switch error {
        case .newerFormat(_, let found, let supported):
            file.state = .newer
            file.findings = [
                Finding(
                    4, 2, .note, vi: "định dạng \(found); bản Trạm này đọc được đến \(supported)",
                    en: "format \(found), and this Tram reads up to \(supported)")
            ]
        case .storeUnreadable(let error), .logUnreadable(let error):
            file.take([
                Finding(0, 0, .loss, vi: "không đọc được (\(error.reason))", en: "cannot be read (\(error.reason))")
            ])
        default: file.take([Finding(0, 0, .loss, vi: error.description, en: error.description)])
        }
        return file
    }

    private func missing(_ name: String, _ kind: StoredFileKind, vi: String, en: String) -> CheckedFile {
        var file = CheckedFile(name: name, kind: kind)
        file.take([Finding(0, 0, .loss, vi: "tệp không còn; \(vi)", en: "the file is not there; \(en)")])
        return file
    }

    // MARK: Manifest and names

    /// The manifest, or what the files that are there make of one.
    private mutating func checkManifest(
        _ home: [String], _ segments: [String], _ progress: (Int) -> Void
    ) -> Manifest {
        let name = StoreName.manifest
        guard home.contains(name) else {
            let all = everything(segments)
            // A store has one before it has anything else.
            if !all.names.isEmpty || !all.segments.isEmpty {
                files.append(
                    missing(
                        name, .manifest, vi: "các phân đoạn tự cho biết có những gì",
                        en: "the segments themselves say what there is"))
            }
            return all
        }
        do throws(StorageError) {
            let inspection = try ManifestInspection(folder + "/" + name, fileSystem: fileSystem)
            var file = CheckedFile(
                name: name, kind: .manifest, byteCount: inspection.byteCount, items: inspection.entries.count)
            file.take(inspection.findings)
            files.append(file)
            progress(inspection.byteCount)
            return inspection.manifest ?? everything(segments)
        } catch {
            files.append(row(name, .manifest, error))
            return everything(segments)
        }
    }

    private func everything(_ segments: [String]) -> Manifest {
        var manifest = Manifest()
        for name in segments {
            if let number = StoreName.namesNumber(name) {
                manifest.names.append(Manifest.File(number: number, byteCount: -1))
            }
            guard let number = StoreName.segmentNumber(name) else { continue }
            manifest.segments.append(Manifest.File(number: number, byteCount: -1))
            let path = folder + "/" + StoreName.segments + "/" + name
            guard let file = try? fileSystem.open(path, .read), var window = try? LogWindow(file),
                window.byteCount >= SegmentHeader.byteCount,
                let place = try? window.load(0, SegmentHeader.byteCount),
                let header = unsafe try? SegmentHeader(
                    window.bytes.span.bytes.extracting(place..<place + SegmentHeader.byteCount), file: name)
            else { continue }
            manifest.lsn = max(manifest.lsn, header.lsn)
        }
        return manifest
    }

    /// What the manifest says of the size of a file and is not so; `-1` where it says nothing.
    private func sizeFindings(_ byteCount: Int, _ file: Manifest.File) -> [Finding] {
        guard file.byteCount >= 0, file.byteCount != byteCount else { return [] }
        return [
            Finding(
                byteCount, 0, .damage, vi: "tệp có \(byteCount) byte, phải có \(file.byteCount)",
                en: "the file has \(byteCount) bytes and should have \(file.byteCount)")
        ]
    }

    private mutating func checkNames(
        _ name: String, _ listed: Manifest.File, isThere: Bool, _ progress: (Int) -> Void
    ) {
        let path = StoreName.segments + "/" + name
        guard isThere else {
            names.noteGap()
            files.append(
                missing(
                    path, .names, vi: "thiếu tên chuỗi thì cơ sở dữ liệu không mở được",
                    en: "without these names the database cannot be opened"))
            return
        }
        do throws(StorageError) {
            let inspection = try NamesInspection(folder + "/" + path, after: names.texts, fileSystem)
            var file = CheckedFile(name: path, kind: .names, byteCount: inspection.byteCount)
            var findings = inspection.findings + sizeFindings(inspection.byteCount, listed)
            if let content = inspection.names {
                file.items = content.series.count
                let hadGap = names.hasGap
                if !names.add(content), !hadGap {
                    findings.append(
                        Finding(
                            16, 8, .loss, vi: "thiếu các tên giữa tệp này và tệp trước",
                            en: "names between this file and the one before are missing"))
                }
            } else {
                names.noteGap()
            }
            file.take(findings)
            files.append(file)
            progress(inspection.byteCount)
        } catch {
            names.noteGap()
            files.append(row(path, .names, error))
        }
    }

    // MARK: Segments

    private mutating func checkSegment(
        _ name: String, _ listed: Manifest.File, isThere: Bool, _ progress: (Int) -> Void
    ) {
        let path = StoreName.segments + "/" + name
        guard isThere else {
            files.append(
                missing(path, .segment, vi: "mọi bản ghi trong đó đã mất", en: "all rows in it are lost"))
            return
        }
        var blockFindings: [Finding] = []
        do throws(StorageError) {
            // With names missing, that a number has none says nothing of the segment.
            let inspection = try SegmentInspection(
                folder + "/" + path, names: names.hasGap ? nil : names, fileSystem: fileSystem, progress: progress
            ) { blockFindings += $0.findings }
            var file = CheckedFile(
                name: path, kind: .segment, byteCount: inspection.byteCount, rows: inspection.rows,
                items: inspection.blocks)
            file.take(inspection.findings + blockFindings + sizeFindings(inspection.byteCount, listed))
            files.append(file)
        } catch {
            files.append(row(path, .segment, error))
        }
    }

    // MARK: The log

    private mutating func checkLog(needed: LSN, _ progress: (Int) -> Void) throws(StorageError) {
        let logFolder = folder + "/log"
        let neighbourhood = LogNeighbourhood(logFolder, fileSystem)
        // Files that are missing, and files of other logs, show only when all are looked at together.
        let report = try? LogRecovery(folder: logFolder, fileSystem: fileSystem, mode: .look)
            .run(from: needed) { (_, _) throws(StorageError) in }
        for damage in report?.damages ?? [] where damage.reason == .missing {
            var file = CheckedFile(name: "log/" + damage.file, kind: .log)
            let range = damage.lost.map { "\($0.lowerBound)..<\($0.upperBound)" }
            file.take([
                Finding(
                    0, 0, damage.isLoss ? .loss : .damage,
                    vi: range.map { "tệp không còn; mất bản ghi nhật ký \($0)" }
                        ?? "tệp không còn; không rõ mất bao nhiêu",
                    en: range.map { "the file is not there; records \($0) of the log are lost" }
                        ?? "the file is not there; how much is lost is not known")
            ])
            if let index = files.firstIndex(where: { $0.name == file.name }) {
                files[index].take(file.findings)
            } else {
                files.append(file)
            }
        }
        for name in neighbourhood.names {
            var recordFindings: [Finding] = []
            do throws(StorageError) {
                let inspection = try LogInspection(
                    logFolder + "/" + name, name, neighbourhood.neighbours(of: name), needed: needed, fileSystem
                ) { record in
                    recordFindings += record.findings
                    if record.lsn >= needed { recordFindings += findings(of: record) }
                    progress(record.byteCount)
                }
                var file = CheckedFile(
                    name: "log/" + name, kind: .log, byteCount: inspection.byteCount, rows: inspection.rows,
                    items: inspection.records)
                for damage in report?.damages ?? [] where damage.reason == .foreign && damage.file == name {
                    recordFindings.append(
                        Finding(
                            0, damage.byteCount, .loss, vi: "tệp của một nhật ký khác; không được dùng",
                            en: "the file is of another log and counts for nothing"))
                }
                file.take(inspection.findings + recordFindings)
                if let index = files.firstIndex(where: { $0.name == file.name }) {
                    file.take(files.remove(at: index).findings)
                }
                files.append(file)
                progress(max(0, inspection.byteCount - inspection.recordByteCount))
            } catch {
                files.append(row("log/" + name, .log, error))
            }
        }
        for name in try list("/log") where !neighbourhood.names.contains(name) { addStray("log/" + name) }
    }

    /// What a record uses that nothing before it has defined.
    private mutating func findings(of record: InspectedRecord) -> [Finding] {
        guard case .rows(let content) = record.content, !names.hasGap else { return [] }
        if Int(content.firstSeries) > knownSeries {
            // It came after a record that could not be written, and the writers of both were told so.
            return [
                Finding(
                    record.offset, 0, .note, vi: "bản ghi \(record.lsn) bị bỏ qua: chưa ai được báo là đã nhận",
                    en: "record \(record.lsn) is passed over: nobody was told that it was kept")
            ]
        }
        knownSeries = max(knownSeries, Int(content.firstSeries) + content.newSeries)
        guard let highest = content.highestSeries, Int(highest) >= knownSeries else { return [] }
        return [
            Finding(
                record.offset, 0, .loss,
                vi: "bản ghi \(record.lsn) dùng chuỗi \(highest) chưa được định nghĩa: không khởi động được",
                en: "record \(record.lsn) uses series \(highest), which nothing defines: no start gets beyond it")
        ]
    }
}
