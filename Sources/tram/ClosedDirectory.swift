import TramColumnar
import TramEngine
import TramStorage
import TramSystem

/// A data directory that a command works on while no server does, with its lock.
struct ClosedDirectory {
    enum Use {
        /// Nothing is changed, the lock's file included.
        case look
        case change
    }

    let directory: DataDirectory
    private let lock: DirectoryLock

    /// - Throws: `Failure` with status 3 while another process has the directory.
    init(_ path: String, for use: Use, _ language: Language) throws {
        do {
            directory = try DataDirectory(path)
        } catch {
            throw Failure(
                message: language == .vi
                    ? "\(path) không phải thư mục dữ liệu của Trạm (\(error.path): \(error.reason))"
                    : "\(path) is no data directory of Tram (\(error.path): \(error.reason))")
        }
        do {
            switch use {
            case .look: lock = try DirectoryLock(lookingAt: path)
            case .change: lock = try DirectoryLock(directory: path)
            }
        } catch {
            switch error {
            case .held(let holder):
                let who = holder.map { language == .vi ? "tiến trình \($0)" : "process \($0)" }
                throw Failure(
                    message: language == .vi
                        ? "thư mục dữ liệu \(path) đang được \(who ?? "một tiến trình khác") sử dụng; dừng tiến trình đó, hoặc làm việc với một bản sao"
                        : "the data directory \(path) is in use by \(who ?? "another process"); stop it, or take a copy of the directory",
                    status: 3)
            case .system(let error):
                throw Failure(
                    message: language == .vi
                        ? "không dùng được thư mục dữ liệu \(path): \(error.reason)"
                        : "the data directory \(path) cannot be used: \(error.reason)")
            }
        }
    }

    /// Runs `body` while the directory is held.
    func whileHeld<Result>(_ body: () throws -> Result) throws -> Result {
        try withExtendedLifetime(lock, body)
    }

    /// An error of a store, with the exit status that it has for every command.
    static func failure(_ database: String, _ error: StorageError) -> Failure {
        var status: Int32 = 1
        if case .newerFormat = error { status = 5 }
        return Failure(message: "\(database): \(error.description)", status: status)
    }

    /// What opening a store has found wrong, a line each.
    static func warnings(_ database: String, _ recovery: StoreRecovery?, _ language: Language) -> [String] {
        guard let recovery else { return [] }
        let isVietnamese = language == .vi
        var lines: [String] = []
        for damage in recovery.log.damages where damage.isLoss {
            let lost = damage.lost.map { "\($0.lowerBound)..<\($0.upperBound)" } ?? "?"
            lines.append(
                isVietnamese
                    ? "cảnh báo: \(database): nhật ký bị hỏng tại \(damage.file), byte \(damage.offset): mất bản ghi nhật ký \(lost)"
                    : "warning: \(database): the log is damaged at \(damage.file), byte \(damage.offset): its records \(lost) are lost"
            )
        }
        for damage in recovery.segments.damages {
            lines.append(
                isVietnamese
                    ? "cảnh báo: \(database): \(damage.file) bị hỏng tại byte \(damage.offset)\(damage.isLoss ? "; một phần số liệu đã mất" : "")"
                    : "warning: \(database): \(damage.file), byte \(damage.offset): \(damage.reason)\(damage.isLoss ? "; data are lost" : "")"
            )
        }
        return lines
    }

    /// What reading has found wrong, a line each.
    static func warnings(_ database: String, _ damages: [BlockDamage], _ store: Store, _ language: Language) -> [String]
    {
        damages.map { damage in
            let series =
                store.key(of: damage.series).map { String(decoding: $0.canonicalBytes, as: UTF8.self) }
                ?? String(damage.series)
            let first = Timestamp(nanoseconds: damage.first).rfc3339
            let last = Timestamp(nanoseconds: damage.last).rfc3339
            return language == .vi
                ? "cảnh báo: \(database): \(damage.file): mất \(damage.rows) bản ghi của \(series) từ \(first) đến \(last)"
                : "warning: \(database): \(damage.file): \(damage.rows) rows of \(series) from \(first) to \(last) cannot be read"
        }
    }
}
