public import TramStorage

/// The folder of a database, named as the database is: letters, digits, `_` and `-` as they are, every other byte as
/// `%` and two hex digits. No name leads out of the data directory, and two names never meet.
enum DatabaseFolder {
    /// Folders that are being removed; no database is called so.
    static let droppedPrefix = ".dropped-"
    static let maximumNameBytes = 200

    static func name(of database: String) -> String {
        var name = ""
        for byte in database.utf8 {
            if isPlain(byte) {
                name.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16)
                name += "%" + (digits.utf8.count == 1 ? "0" : "") + digits
            }
        }
        return name
    }

    /// The database whose folder is called so; nil when it is none of ours.
    static func database(of name: String) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(name.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
                else { return nil }
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                guard isPlain(byte) else { return nil }
                bytes.append(byte)
            }
        }
        guard let database = String(validating: bytes, as: UTF8.self), !database.isEmpty,
            self.name(of: database) == name
        else { return nil }
        return database
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

/// What is heard while databases are opened.
public enum DatabaseOpening: Sendable {
    case reading(String)
    case opened(String, StoreRecovery)
}

/// A database that cannot be opened.
public struct DatabaseFailure: Error, Sendable {
    /// Nil when the data directory itself is to blame.
    public var database: String?
    public var error: StorageError
}
