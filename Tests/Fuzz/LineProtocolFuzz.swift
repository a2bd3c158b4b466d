// Feeds line protocol that libFuzzer invents to the parser, and compares three ways of reading it. Not part of `swift
// test`.
//
// Build, from the package's folder:
//
//     sh Tests/Fuzz/build.sh LineProtocolFuzz
//
// Run for a minute (without the variable the first crash hangs in the backtracer):
//
//     SWIFT_BACKTRACE=enable=no .build/fuzz/LineProtocolFuzz -max_total_time=60 -max_len=4096

/// What two ways of reading the same bytes must agree on.
private func digest(_ bodies: [ParsedBody], _ parser: LineParser) -> Hasher {
    var hasher = Hasher()
    var rows: [(UInt32, Int)] = []
    for body in bodies {
        for refused in body.rejected { hasher.combine(refused.message) }
        for batch in body.batches {
            for row in 0..<batch.count {
                var line = Hasher()
                line.combine(parser.keys[Int(batch.series[row])])
                line.combine(batch.timestamps[row])
                var fields = 0
                for column in batch.columns where column.values.isPresent(row) {
                    var field = Hasher()
                    field.combine(column.name)
                    field.combine(column.values.type)
                    let bits = column.values.bits[row]
                    if column.values.type == .string {
                        field.combine(Array(batch.text[batch.textRange(bits)]))
                    } else {
                        field.combine(bits)
                    }
                    fields ^= field.finalize()
                }
                line.combine(fields)
                rows.append((batch.lines[row], line.finalize()))
            }
        }
    }
    rows.sort { $0.0 < $1.0 }
    for row in rows {
        hasher.combine(row.0)
        hasher.combine(row.1)
    }
    hasher.combine(bodies.reduce(0) { $0 + $1.lineCount })
    return hasher
}

private func read(_ pieces: [ArraySlice<UInt8>], _ precision: Precision, _ parser: LineParser) -> Int {
    parser.begin(precision: precision, now: 1_700_000_000_123_456_789)
    var bodies: [ParsedBody] = []
    for piece in pieces {
        // A copy of its own, so that the address sanitizer sees a read past its end.
        unsafe parser.feed(Array(piece).span.bytes)
        bodies.append(parser.take())
    }
    bodies.append(parser.finish())
    return digest(bodies, parser).finalize()
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzLineProtocol(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 2 else { return 0 }
    let bytes = unsafe Array(UnsafeBufferPointer(start: start + 2, count: count - 2))
    let precision = unsafe Precision.allCases[Int(start[0]) % Precision.allCases.count]
    let cut = unsafe min(Int(start[1]) * 4, bytes.count)
    let parser = LineParser()
    let fresh = read([bytes[...]], precision, parser)
    precondition(read([bytes[...]], precision, parser) == fresh, "a parser that knows the series reads something else")
    precondition(read([bytes[..<cut], bytes[cut...]], precision, LineParser()) == fresh, "a cut changes what is read")
    return 0
}
