import Glibc
import TramCodec
import TramTesting

/// Text and what the tools made of it, so that the tests need no tool.
enum Samples {
    static let text = Array("air,station=a pm=1 1\nair,station=b pm=2 2\n".utf8)

    /// `gzip -n`
    static let gzip: [UInt8] = [
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x4b, 0xcc, 0x2c, 0xd2, 0x29, 0x2e,
        0x49, 0x2c, 0xc9, 0xcc, 0xcf, 0xb3, 0x4d, 0x54, 0x28, 0xc8, 0xb5, 0x35, 0x54, 0x30, 0xe4, 0x4a,
        0x44, 0x12, 0x4c, 0x02, 0x09, 0x1a, 0x29, 0x18, 0x71, 0x01, 0x00, 0x17, 0x77, 0xa1, 0x5a, 0x2a,
        0x00, 0x00, 0x00,
    ]

    /// `zstd`, with its checksum.
    static let zstandard: [UInt8] = [
        0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x58, 0x15, 0x01, 0x00, 0xd0, 0x61, 0x69, 0x72, 0x2c, 0x73, 0x74,
        0x61, 0x74, 0x69, 0x6f, 0x6e, 0x3d, 0x61, 0x20, 0x70, 0x6d, 0x3d, 0x31, 0x20, 0x31, 0x0a, 0x62,
        0x32, 0x20, 0x32, 0x0a, 0x02, 0x00, 0x20, 0x10, 0x91, 0x9b, 0x4c, 0x3c, 0xe2, 0x02, 0xa1,
    ]

    static func packed(_ compression: Compression) -> [UInt8] {
        switch compression {
        case .none: text
        case .gzip: gzip
        case .zstandard: zstandard
        }
    }

    /// Line protocol of `rows` rows, the same for the same seed.
    static func feed(rows: Int, seed: UInt64) -> [UInt8] {
        var generator = SeededGenerator(seed: seed)
        var bytes: [UInt8] = []
        for row in 0..<rows {
            let station = Int.random(in: 0..<50, using: &generator)
            let value = Int.random(in: 0..<1000, using: &generator)
            bytes += Array("air,station=s\(station) pm=\(value) \(row)\n".utf8)
        }
        return bytes
    }

    /// What `command` writes for `input`; nil when it is not installed or fails.
    static func output(of command: String, for input: [UInt8]) -> [UInt8]? {
        var template = Array("/tmp/tram-codec-XXXXXX".utf8CString)
        let descriptor = unsafe mkstemp(&template)
        guard descriptor >= 0 else { return nil }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { _ = unsafe unlink(path) }
        var done = 0
        while done < input.count {
            let count = unsafe input.withUnsafeBytes { all in
                unsafe write(descriptor, all.baseAddress?.advanced(by: done), all.count - done)
            }
            guard count > 0 else { return nil }
            done += count
        }
        _ = close(descriptor)
        guard let pipe = unsafe popen("\(command) < \(path) 2>/dev/null", "r") else { return nil }
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe fread(&chunk, 1, chunk.count, pipe)
            if count == 0 { break }
            output += chunk[..<count]
        }
        return unsafe pclose(pipe) == 0 ? output : nil
    }
}

/// Everything in `packed`, given in pieces of `step` bytes and taken out in chunks of at most `limit`.
func decode(
    _ packed: [UInt8], as compression: Compression, step: Int = .max, limit: Int = 1 << 20
) throws(CodecError) -> [UInt8] {
    guard let decoder = try compression.makeDecoder() else { return packed }
    var result: [UInt8] = []
    var chunk: [UInt8] = []
    var rest = packed[...]
    while !rest.isEmpty {
        decoder.push(Array(rest.prefix(step)))
        rest = rest.dropFirst(step)
        while try decoder.nextChunk(into: &chunk, maximumByteCount: limit) {
            precondition(!chunk.isEmpty && chunk.count <= limit, "a chunk is never empty and never beyond its limit")
            result += chunk
        }
    }
    try decoder.finish()
    return result
}
