// Feeds bytes that libFuzzer invents to the column decoders, and columns of invented bits through encoder and decoder.
// Not part of `swift test`.
//
// Build, from the package's folder:
//
//     sh Tests/Fuzz/build.sh ColumnCodecFuzz
//
// Run for a minute (without the variable the first crash hangs in the backtracer):
//
//     SWIFT_BACKTRACE=enable=no .build/fuzz/ColumnCodecFuzz -max_total_time=60 -max_len=4096

/// Whatever the bytes are, decoding throws or gives as many rows as were asked for.
private func decodeAnything(_ bytes: [UInt8], rows: Int) {
    for type in FieldType.allCases {
        let column = try? unsafe ColumnDecoder.decode(bytes.span.bytes, type: type, rows: rows)
        precondition(column == nil || column?.count == rows, "a column has another number of rows")
        let mantissas = try? unsafe ColumnDecoder.mantissas(bytes.span.bytes, type: type, rows: rows)
        precondition((mantissas ?? nil)?.values.count ?? 0 <= rows, "more mantissas than rows")
    }
    let values = try? unsafe IntegerColumn.decode(bytes.span.bytes, count: rows)
    if rows > 0 {
        let last = try? unsafe IntegerColumn.value(at: rows - 1, in: bytes.span.bytes, count: rows)
        precondition(values == nil || values?.last == last, "a single value is another than in the column")
        _ = try? unsafe IntegerColumn.lowerBound(of: 1000, in: bytes.span.bytes, count: rows)
    }
    _ = try? unsafe ColumnEntry(decoding: bytes.span.bytes)
    _ = try? unsafe DictionaryPage.decode(bytes.span.bytes)
}

/// Columns of any bits come back, and no shorter part of their bytes passes for them.
///
/// `damage` flips a bit of what was encoded, which reaches further into the decoders than bytes that are all invented.
private func encodeAndDecode(_ bytes: [UInt8], _ choice: UInt8, damage: Int) {
    let type = FieldType.allCases[Int(choice) % FieldType.allCases.count]
    let preference: CodecPreference = choice & 0x80 == 0 ? .size : .speed
    var vector = Vector(type: type)
    var row = 0
    while row + 8 <= bytes.count, vector.count < Vector.maximumCount {
        let bits = bytes[row..<row + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        if choice & 0x40 != 0, bits & 7 == 0 { vector.appendAbsent() } else { vector.append(bits) }
        // Overlapping, so that few bytes make many values that have something in common.
        row += choice & 0x20 == 0 ? 8 : 1
    }
    var state = ColumnState()
    for hint in [nil, Int(choice & 15)] {
        var encoded: [UInt8] = []
        let entry = ColumnEncoder(preference).encode(vector, scaleHint: hint, state: &state, to: &encoded)
        precondition(entry.byteCount == encoded.count, "the entry has another size")
        let decoded = try? unsafe ColumnDecoder.decode(encoded.span.bytes, type: type, rows: vector.count)
        precondition(decoded?.bits == vector.bits, "a column came back as another")
        if !encoded.isEmpty {
            let part = Array(encoded.dropLast())
            let cut = try? unsafe ColumnDecoder.decode(part.span.bytes, type: type, rows: vector.count)
            precondition(cut == nil, "a column that was cut passes for whole")
            var damaged = encoded
            damaged[(damage >> 3) % damaged.count] ^= 1 << UInt8(damage & 7)
            decodeAnything(damaged, rows: vector.count)
        }
        var entryBytes: [UInt8] = []
        entry.encode(to: &entryBytes)
        var again: [UInt8] = []
        (try? unsafe ColumnEntry(decoding: entryBytes.span.bytes))?.encode(to: &again)
        precondition(again == entryBytes, "an entry came back as another")
    }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzColumnCodec(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 3 else { return 0 }
    let bytes = unsafe Array(UnsafeBufferPointer(start: start + 3, count: count - 3))
    let rows = unsafe (Int(start[0]) << 8 | Int(start[1])) % (Vector.maximumCount + 1)
    decodeAnything(bytes, rows: rows)
    unsafe encodeAndDecode(bytes, start[2], damage: Int(start[0]) << 8 | Int(start[1]))
    return 0
}
