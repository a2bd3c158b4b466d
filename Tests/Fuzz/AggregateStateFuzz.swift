// Decodes aggregate states that libFuzzer invents. Not part of `swift test`.
//
// Build, from the package's folder:
//
//     sh Tests/Fuzz/build.sh AggregateStateFuzz
//
// Run for a minute (without the variable the first crash hangs in the backtracer):
//
//     SWIFT_BACKTRACE=enable=no .build/fuzz/AggregateStateFuzz -max_total_time=60 -max_len=4000
//
// The first byte chooses the call and the type; the rest is a state without its version, kind and length.

import TramColumnar
import TramQuery

private let functions: [(name: String, parameters: [AggregateParameter])] = [
    ("count", []), ("sum", []), ("mean", []), ("min", []), ("max", []), ("first", []), ("last", []), ("spread", []),
    ("var", []), ("p95", []), ("median", [.word("exact")]), ("distinct", []), ("distinct", [.word("exact")]),
    ("mode", []), ("min_at", []), ("max_at", []),
]

private let types: [ColumnType] = [.float, .int, .uint, .duration, .time, .bool, .string, .tag]

private final class Texts {
    var all: [String] = ["a", "b"]

    func code(_ text: String) -> UInt64 {
        if let known = all.firstIndex(where: { $0.utf8.elementsEqual(text.utf8) }) { return UInt64(known) }
        all.append(text)
        return UInt64(all.count - 1)
    }
}

private func bytes(_ states: any AggregateStates, _ slot: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    states.encode(slot: slot, to: &bytes)
    return bytes
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzAggregateState(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    let function = functions[Int(input[0] >> 4)]
    let type = types[Int(input[0] & 7)]
    let texts = Texts()
    guard
        let states = try? AggregateFunction.make(
            name: function.name, inputType: type, parameters: function.parameters,
            texts: StateTexts(all: { texts.all }, intern: { texts.code($0) }))
    else { return 0 }
    states.grow(to: 3)
    // With the envelope right, the fuzzer gets at the bodies at once; now and then it may invent the envelope too.
    var state = Array(input.dropFirst())
    if input[0] & 8 == 0 {
        var envelope = Array(bytes(states, 0).prefix(2))
        var length = state.count
        while length >= 0x80 {
            envelope.append(UInt8(length & 0x7f) | 0x80)
            length >>= 7
        }
        state = envelope + [UInt8(length)] + state
    }
    guard (try? states.decode(into: 0, from: state)) != nil else {
        precondition(bytes(states, 0) == bytes(states, 2), "a refused state leaves nothing behind")
        return 0
    }
    precondition(bytes(states, 0) == state, "a state has one form")
    _ = try? states.finish(slot: 0)
    let column = Column(type: type, bits: [1, 0, 1])
    try? states.update(slot: 1, column: column, timestamps: [7, 8, 9], rows: 0..<3, series: 0)
    try? states.merge(slot: 1, from: states, slot: 0)
    try? states.merge(slot: 0, from: states, slot: 0)
    try? states.update(slot: 0, column: column, timestamps: [7, 8, 9], rows: 0..<3, series: 0)
    for slot in 0..<2 {
        _ = try? states.finish(slot: slot)
        let sent = bytes(states, slot)
        guard (try? states.decode(into: 2, from: sent)) != nil else {
            preconditionFailure("what was written cannot be read")
        }
        precondition(bytes(states, 2) == sent, "what was read is written otherwise")
    }
    return 0
}
