import TramColumnar
public import TramSystem

/// What a manifest says, and whether both of its copies say it.
public struct ManifestInspection: Sendable {
    /// A file that counts.
    public struct Entry: Equatable, Sendable {
        public var kind: StoredFileKind
        /// In the folder `segments`.
        public var name: String
        public var number: UInt64
        public var byteCount: Int
    }

    /// Rises with each manifest.
    public private(set) var number: UInt64 = 0
    /// Rows of the log up to this record are in the segments.
    public private(set) var lsn: LSN = 0
    /// Rows before this time are gone, nanoseconds UTC; nil when none are.
    public private(set) var cutoff: Int64?
    public private(set) var nextNumber: UInt64 = 0
    /// Names, then segments, each in order of age.
    public private(set) var entries: [Entry] = []
    public private(set) var findings: [Finding]
    public private(set) var byteCount: Int
    /// Nil when neither copy is whole.
    let manifest: Manifest?

    /// - Throws: `.newerFormat`, `.storeUnreadable`.
    public init(_ path: String, fileSystem: any FileSystem = LocalFileSystem()) throws(StorageError) {
        let file: WholeFile
        do throws(SystemError) {
            file = try WholeFile(path, fileSystem)
        } catch {
            throw .storeUnreadable(error)
        }
        byteCount = file.image.byteCount
        findings = file.findings
        let copies = try Copies(file.bytes, &findings) { (bytes) throws(StorageError) in try Manifest(copy: bytes) }
        manifest = copies.value
        guard let manifest else {
            findings.append(
                Finding(
                    0, byteCount, .damage,
                    vi: "không bản nào còn nguyên: các phân đoạn tự cho biết có những gì; không mất bản ghi nào",
                    en: "neither copy is whole: the segments themselves say what there is; no row is lost"))
            return
        }
        number = manifest.number
        lsn = manifest.lsn
        cutoff = manifest.cutoff == .min ? nil : manifest.cutoff
        nextNumber = manifest.nextNumber
        entries = manifest.names.map {
            Entry(kind: .names, name: StoreName.names($0.number), number: $0.number, byteCount: $0.byteCount)
        }
        entries += manifest.segments.map {
            Entry(kind: .segment, name: StoreName.segment($0.number), number: $0.number, byteCount: $0.byteCount)
        }
    }
}

/// The two copies of a file of `TwoCopies`, each looked at.
struct Copies<Value> {
    /// What the first whole one says.
    let value: Value?

    /// Notes copies that are not as they were written.
    ///
    /// - Throws: `.newerFormat`, and nothing else.
    init(
        _ bytes: [UInt8], _ findings: inout [Finding], _ parse: ([UInt8]) throws(StorageError) -> Value
    ) throws(StorageError) {
        let half = bytes.count / 2
        let first = try Copies.read(Array(bytes[..<half]), parse)
        // Most often the second is the same bytes, and need not be taken apart.
        let isSame = bytes.count == 2 * half && bytes[..<half].elementsEqual(bytes[half...])
        let second = isSame ? first : try Copies.read(Array(bytes[half...]), parse)
        switch (first, second) {
        case (.success(let value), .success):
            if !isSame {
                findings.append(
                    Finding(
                        half, bytes.count - half, .damage, vi: "hai bản còn nguyên nhưng khác nhau; bản đầu được dùng",
                        en: "both copies are whole and differ; the first one counts"))
            }
            self.value = value
        case (.success(let value), .failure(let damage)):
            findings.append(damage.finding(0, bytes.count, .damage, at: half, isSecond: true))
            self.value = value
        case (.failure(let damage), .success(let value)):
            findings.append(damage.finding(0, bytes.count, .damage, at: 0, isSecond: false))
            self.value = value
        case (.failure(let one), .failure(let two)):
            findings.append(one.finding(0, half, .damage, at: 0, isSecond: false))
            findings.append(two.finding(0, half, .damage, at: half, isSecond: true))
            value = nil
        }
    }

    private struct Damage: Error {
        var offset: Int
        var reason: String

        func finding(_ start: Int, _ count: Int, _ weight: Finding.Weight, at base: Int, isSecond: Bool) -> Finding {
            Finding(
                base + offset, 0, weight,
                vi: "bản \(isSecond ? "thứ hai" : "thứ nhất") không còn như khi được ghi (\(reason))",
                en: "the \(isSecond ? "second" : "first") of two copies is not as it was written (\(reason))")
        }
    }

    private static func read(
        _ bytes: [UInt8], _ parse: ([UInt8]) throws(StorageError) -> Value
    ) throws(StorageError) -> Result<Value, Damage> {
        do throws(StorageError) {
            return .success(try parse(bytes))
        } catch {
            switch error {
            case .newerFormat: throw error
            case .segmentDamaged(_, let offset, let reason): return .failure(Damage(offset: offset, reason: reason))
            default: return .failure(Damage(offset: 0, reason: error.description))
            }
        }
    }
}
