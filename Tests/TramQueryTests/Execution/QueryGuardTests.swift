import Synchronization
import Testing
import TramColumnar
import TramQuery

/// Is over after it was asked so many times.
final class Patience: Sendable {
    private let left: Atomic<Int>

    init(_ looks: Int) { left = Atomic(looks) }

    func isOver() -> Bool { left.subtract(1, ordering: .relaxed).newValue < 0 }
}

/// What a query holds and how long it runs is bounded wherever it happens.
@Suite struct QueryGuardTests {
    private static let rows = (0..<20_000).map { number in
        TestRow(
            time: Int64(number) * 1_000_000_000, tags: ["h": "1"],
            fields: ["v": .float(Double(number) + 0.5), "n": .int(Int64(number)), "s": .text("x\(number % 9000)")])
    }

    private static let source: MemorySource = {
        let source = MemorySource(rows)
        // Texts of a store are in its table before a query starts.
        _ = try? source.lines("m | count()")
        return source
    }()

    private func failure(
        _ text: String, memoryBytes: Int = 512 << 20, looks: Int = .max, code: QueryError.Code = .timeLimit,
        seconds: Int? = nil
    ) -> QueryError? {
        var limits = QueryLimits()
        limits.memoryBytes = memoryBytes
        limits.seconds = seconds
        var context = QueryContext(
            now: 1_000_000_000_000_000, zone: .hoChiMinh, zones: BuiltInZones(), defaultRange: .all, limits: limits)
        let patience = Patience(looks)
        context.interruption = { patience.isOver() ? code : nil }
        do {
            _ = try QueryRunner.run(text, source: QueryGuardTests.source, context: context)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        ("m", "reading rows"), ("m | unpivot v, n", "reading rows"), ("m | median(v, exact)", ""),
        ("m | distinct(v, exact), distinct(n, exact)", ""), ("m | count() by n", ""),
        ("m | set t = concat(s, s, string(n)) | count() by t", ""),
        ("m | mean(v) every 1s over 10s", ""), ("m | count() by n every 1s | sort -count", ""),
    ])
    func `more than a query may hold ends it, with the number and the stage`(text: String, stage: String) throws {
        let error = try #require(failure(text, memoryBytes: 100_000), "\(text)")
        #expect(error.code == .memoryLimit, "\(text): \(error)")
        #expect(error.message.en.contains("100000 byte") && error.message.en.contains(stage), "\(error.message.en)")
        #expect(error.message.vi.contains("100000 byte"))
        #expect(failure(text) == nil, "\(text)")
    }

    @Test func `texts that double are stopped before they fill the memory`() throws {
        let doubled = (0..<40).map { _ in "t = concat(t, t)" }.joined(separator: ", ")
        #expect(failure("m | set t = s, \(doubled) | count() by t", memoryBytes: 1 << 20)?.code == .memoryLimit)
        #expect(failure("m | limit 1 | set t = s, \(doubled)", memoryBytes: 1 << 20)?.code == .memoryLimit)
    }

    @Test(arguments: [
        "m | count()", "m | limit 20000 | sort s, -v | limit 1", "m | count() by n | top 3 count",
        "m | count() every 1s over 1h", "m | count() every 1s over 1d", "m | tz \"+07:00\" | count() every 1s over 1d",
        "m | mean(v) by n | unpivot mean, n", "m | stale 1s by h",
    ])
    func `a query is asked again and again whether it should go on`(text: String) throws {
        // However often it was asked before, it ends at the next time.
        for looks in [0, 1, 5, 20] {
            let error = failure(text, looks: looks, seconds: 30)
            #expect(error?.code == .timeLimit, "\(text), \(looks): \(String(describing: error))")
            #expect(error?.message.en.contains("30 s") == true)
        }
        #expect(failure(text, looks: 3, code: .cancelled)?.code == .cancelled)
    }

    @Test func `many rows sorted in pieces are in the order of one sort`() throws {
        let sorted = QueryGuardTests.rows.indices.sorted { one, other in
            let (left, right) = ("x\(one % 9000)", "x\(other % 9000)")
            return left == right ? one > other : left > right
        }
        let lines = try QueryGuardTests.source.lines("m | sort -s, -v | select n")
        #expect(lines.dropFirst().elementsEqual(sorted.map { "\($0)" }))
    }

    @Test func `many overlapping windows are refused by their number, not by their work`() {
        let clock = ContinuousClock()
        let begin = clock.now
        #expect(failure("m | count() every 1s over 1d")?.code == .windowLimit)
        #expect(clock.now - begin < .seconds(10))
    }
}
