// Reads logs that libFuzzer invents, and checks what a log may never do. Not part of `swift test`.
//
// Build, from the package's folder:
//
//     sh Tests/Fuzz/build.sh LogRecordFuzz
//
// Run for a minute (without the variable the first crash hangs in the backtracer):
//
//     SWIFT_BACKTRACE=enable=no .build/fuzz/LogRecordFuzz -max_total_time=60 -max_len=20000
//
// A checksum cannot be guessed, so the input is mostly a script: it damages whole files, or makes heads and records
// whose checksums are right and whose numbers are not.

private let folder = "data/log"

/// The bytes of the input, one after the other; zeros behind its end.
private struct Script {
    var bytes: [UInt8]
    var place = 0

    var isAtEnd: Bool { place >= bytes.count }

    mutating func byte() -> Int {
        defer { place += 1 }
        return place < bytes.count ? Int(bytes[place]) : 0
    }

    mutating func word() -> Int { byte() | byte() << 8 }

    mutating func rest() -> [UInt8] {
        defer { place = bytes.count }
        return place < bytes.count ? Array(bytes[place...]) : []
    }
}

private func name(_ sequence: UInt64) -> String { folder + "/" + LogName.file(sequence) }

/// Three files with two records each, every one synced.
private func log() -> [[UInt8]] {
    var lsn: LSN = 1
    return (UInt64(1)...3).map { sequence in
        let header = LogFileHeader(sequence: sequence, epoch: 42, firstLSN: lsn)
        var bytes = header.block
        for size in [50, 300] {
            append(lsn, [UInt8](repeating: UInt8(lsn), count: size), unsynced: 0, to: &bytes, header.seed)
            lsn += 1
        }
        return bytes + [UInt8](repeating: 0, count: 600)
    }
}

private func append(_ lsn: LSN, _ payload: [UInt8], unsynced: UInt32, to bytes: inout [UInt8], _ seed: UInt32) {
    LogRecordHead(
        payloadBytes: payload.count, lsn: lsn, unsynced: unsynced, payloadChecksum: CRC32C.checksum(payload),
        type: LogRecordType(rawValue: 2), flags: 0
    ).write(to: &bytes, seed: seed)
    bytes += payload
    while bytes.count % 8 != 0 { bytes.append(0) }
}

private func read(
    _ disk: SimulatedFileSystem, _ needed: LSN, _ mode: LogRecovery.Mode
) -> (report: LogReport, lsns: [LSN], payloads: [[UInt8]])? {
    var lsns: [LSN] = []
    var payloads: [[UInt8]] = []
    let configuration = LogConfiguration(fileBytes: 8192, maximumRecordBytes: 4096, minimumFreeBytes: 0)
    guard
        let recovery = try? LogRecovery(folder: folder, fileSystem: disk, configuration: configuration, mode: mode),
        let report = try? recovery.run(
            from: needed,
            visit: { record, bytes throws(StorageError) in
                lsns.append(record.lsn)
                payloads.append(
                    (0..<bytes.byteCount).map { unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) })
            })
    else { return nil }
    return (report, lsns, payloads)
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzLogRecord(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 2 else { return 0 }
    var script = unsafe Script(bytes: Array(UnsafeBufferPointer(start: start, count: count)))
    let disk = SimulatedFileSystem(seed: 1)
    try? disk.createFolder(folder)
    var files = log()
    let whole = (1...6).map { lsn in [UInt8](repeating: UInt8(lsn), count: lsn % 2 == 1 ? 50 : 300) }
    var isInvented = false
    let needed = LSN(script.byte() % 8)
    while !script.isAtEnd {
        let index = script.byte() % 3
        switch script.byte() % 6 {
        case 0:
            let place = script.word() % max(1, files[index].count)
            if !files[index].isEmpty { files[index][place] ^= 1 << UInt8(script.byte() % 8) }
        case 1: files[index].removeLast(min(files[index].count, script.word() % 5000))
        case 2:
            // A head with a right checksum and any numbers.
            let header = LogFileHeader(
                sequence: UInt64(script.byte() % 5), epoch: 42, firstLSN: UInt64(script.byte()) &* 0x0101_0101_0101_0101
            )
            isInvented = true
            files[index].replaceSubrange(0..<min(4096, files[index].count), with: header.block)
        case 3:
            // A record with right checksums and any numbers.
            let seed = LogFileHeader.seed(epoch: 42, sequence: UInt64(index + 1))
            let lsn = LSN(script.byte()) &* (script.byte() % 2 == 0 ? 1 : 0x0101_0101_0101_0101)
            guard lsn > 0 else { continue }
            isInvented = true
            append(
                lsn, [UInt8](repeating: 1, count: script.byte()), unsynced: UInt32(script.byte()), to: &files[index],
                seed)
        case 4: files[index] = script.byte() % 2 == 0 ? [] : files[script.byte() % 3]
        default:
            isInvented = true
            files[index].append(contentsOf: script.rest())
        }
    }
    for (index, bytes) in files.enumerated() { disk.setContents(name(UInt64(index + 1)), bytes) }

    let strict = read(disk.copy(seed: 1), needed, .strict)
    guard let repaired = read(disk, needed, .repair) else { return 0 }
    for (before, after) in zip(repaired.lsns, repaired.lsns.dropFirst()) {
        precondition(before < after, "records come in the order of their numbers, once each")
    }
    precondition(repaired.lsns.allSatisfy { $0 >= needed && $0 < repaired.report.nextLSN }, "a number is out of range")
    if !isInvented {
        for (lsn, payload) in zip(repaired.lsns, repaired.payloads) {
            precondition(lsn <= 6 && whole[Int(lsn) - 1] == payload, "a record was invented")
        }
    }
    if let strict {
        precondition(!repaired.report.isDegraded && strict.lsns == repaired.lsns, "strict reads what repair reads")
    }
    // Reading it again gives the same, and the log can go on.
    guard let again = read(disk, needed, .repair) else {
        preconditionFailure("a log that was read cannot be read again")
    }
    precondition(
        again.lsns == repaired.lsns && again.payloads == repaired.payloads, "the second start reads other records")
    guard repaired.report.nextLSN < highestNumber - 1000,
        let writer = try? LogWriter(
            folder: folder, resuming: repaired.report, fileSystem: disk,
            configuration: LogConfiguration(fileBytes: 8192, maximumRecordBytes: 4096, minimumFreeBytes: 0),
            time: SystemTime(), newEpoch: 7, hasThreads: false)
    else { return 0 }
    _ = try? writer.append([1, 2, 3], type: LogRecordType(rawValue: 2)) { _ in }
    writer.close()
    guard let last = read(disk, needed, .repair) else { preconditionFailure("a log that went on cannot be read") }
    precondition(
        last.lsns.last == repaired.report.nextLSN && last.payloads.last == [1, 2, 3], "the new record is lost")
    return 0
}
