import Testing
import TramColumnar
import TramQuery
import TramTesting

/// Calls of every function with arguments that fit and arguments that do not.
@Suite struct RandomCallTests {
    private let source: MemorySource = {
        var rows: [TestRow] = []
        for step in 0..<12 {
            let fields: [String: Cell] = [
                "x": .float([0.5, -2, 1e300, -1e300, 0, .infinity][step % 6]), "i": .int([.max, .min, 0, 7][step % 4]),
                "u": .uint(step % 2 == 0 ? .max : 0), "s": .text("t\(step % 3)"), "ok": .bool(step % 3 == 0),
            ]
            let times: [Int64] = [.min + 1, -1, 0, 60_000_000_000, .max - 1]
            rows.append(
                TestRow(
                    time: step < 5 ? times[step] : Int64(step) * 1_000_000_000, tags: ["st": "\(step % 2)"],
                    fields: fields.filter { _ in step % 5 != 4 }))
        }
        return MemorySource(rows)
    }()

    private static let arguments = [
        "x", "i", "u", "s", "ok", "st", "time", "null", "true", "0", "1", "-1", "3", "0.5", "1e308", "10001",
        "9223372036854775807", "1ns", "1m", "1mo", "100000d", "\"t\"", "\"10,106,5m\"", "\"1 1, 1 2, 2 2\"", "now", "*",
        "x > 0", "i + 1", "diff(x)", "age()", "mean(x)", "count", "exact",
    ]

    @Test(arguments: [UInt64(1), 2, 3, 4])
    func `no call traps, and what is refused is refused with a place and in both languages`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let names = FunctionHelp.all.map(\.name)
        for _ in 0..<1500 {
            let name = names.randomElement(using: &generator) ?? "count"
            let count = Int.random(in: 0...4, using: &generator)
            var list = (0..<count).compactMap { _ in Self.arguments.randomElement(using: &generator) }
            if Bool.random(using: &generator), count > 0 {
                list[0] = ["x", "i", "u", "ok"].randomElement(using: &generator) ?? "x"
            }
            let call = "\(name)(\(list.joined(separator: ", ")))"
            let query =
                [
                    "m | set r = \(call)", "m where \(call) > 1", "m | r = \(call)", "m | r = \(call) by st every 1m",
                    "m | r = \(call) every 1m over 3m", "m | unpivot x, i | r = \(call)",
                    "m | x = sum(x), i = count() by st every 1m | set r = \(call)",
                    "m | x = last(x) by st | where \(call) = 0",
                    "m | x = last(x) every 1m | r = \(call)", "m | sort -time | set r = \(call)",
                ].randomElement(using: &generator) ?? ""
            do {
                _ = try source.lines(query, limits: QueryLimits(rows: 10_000, windows: 1000))
            } catch {
                #expect(!error.message.vi.isEmpty && error.message.vi != error.message.en, "\(query)")
                let needsPlace = error.code != .rowLimit && error.code != .memoryLimit
                #expect(!needsPlace || error.at != nil, "\(query): \(error)")
            }
        }
    }
}
