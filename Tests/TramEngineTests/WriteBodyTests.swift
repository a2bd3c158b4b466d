import Testing
import TramColumnar
import TramEngine
import TramLineProtocol
import TramQuery
import TramStorage
import TramTesting

/// Bodies on their way in, without a network.
@Suite struct WriteBodyTests {
    private static let now: Int64 = 1_700_000_000_000_000_000

    private func engine(_ configuration: EngineConfiguration = EngineConfiguration()) throws -> Engine {
        try Engine(configuration: configuration, time: ManualTime(now: WriteBodyTests.now))
    }

    private func body(
        _ engine: Engine, into name: String = "city", precision: Precision = .second,
        encoding: WriteBody.Encoding = .identity
    ) throws -> WriteBody {
        try WriteBody(
            into: name, of: engine, from: .init(door: .v1, address: "127.0.0.1"), precision: precision,
            encoding: encoding, now: WriteBodyTests.now)
    }

    private func write(
        _ text: String, _ engine: Engine, into name: String = "city", wholly: Bool = false
    ) async throws -> WriteOutcome {
        let body = try body(engine, into: name)
        try unsafe body.feed(Array(text.utf8).span.bytes)
        return try await body.commit(wholly: wholly)
    }

    private func points(_ engine: Engine, _ name: String = "city") -> Int? { engine.database(name)?.store.pointCount }

    @Test func `nothing of a body is seen before it is whole`() async throws {
        let engine = try engine()
        let body = try body(engine)
        try unsafe body.feed(Array("m,s=a v=1 1\nm,s=b v=2 2\n".utf8).span.bytes)
        #expect(engine.database("city") == nil)
        let outcome = try await body.commit()
        #expect(outcome.acceptedCount == 2 && outcome.refusedCount == 0)
        #expect(points(engine) == 2)
    }

    @Test(arguments: Array(UInt64(1)...10))
    func `a body that comes in pieces is stored as one that comes whole`(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        var text = ""
        for row in 0..<600 {
            let series = Int.random(in: 0..<5, using: &generator)
            var fields = ["v=\(Double(Int.random(in: -999...999, using: &generator)) / 10)"]
            if Bool.random(using: &generator) { fields.append("n=\(row)i") }
            if Int.random(in: 0..<50, using: &generator) == 0 { fields.append("rare=true") }
            if Int.random(in: 0..<3, using: &generator) > 0 { fields.append("s=\"state \(row % 7)\"") }
            if Int.random(in: 0..<90, using: &generator) == 0 { fields = ["v=\"no number\""] }
            // Times come again and out of order: the later line counts.
            let time = Int.random(in: 1..<300, using: &generator)
            text += "m\(series % 2),s=\(series) \(fields.shuffled(using: &generator).joined(separator: ",")) \(time)\n"
        }
        let bytes = Array(text.utf8)
        let (whole, cut) = (try engine(), try engine())
        let expected = try await write(text, whole)
        let body = try body(cut)
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + Int.random(in: 1...3000, using: &generator))
            try unsafe body.feed(Array(bytes[start..<end]).span.bytes)
            start = end
        }
        let outcome = try await body.commit()
        #expect(outcome.acceptedCount == expected.acceptedCount)
        #expect(outcome.refusedByClass == expected.refusedByClass)
        let (left, right) = (try rows(whole), try rows(cut))
        #expect(!left.isEmpty && left == right)
    }

    /// Every row of m0 and m1 as text.
    private func rows(_ engine: Engine) throws -> [String] {
        let database = try engine.createDatabase("city")
        let context = QueryContext(now: 0, zone: .utc, zones: BuiltInZones(), defaultRange: .all)
        let source = StoreSource(database.store.snapshot())
        return try ["m0", "m1"].flatMap { name in
            let result = try QueryRunner.run(name, source: source, context: context)
            return (0..<result.rowCount).map { row in
                result.columns.indices.map { result.value(row: row, column: $0).plainText }.joined(separator: " ")
            }
        }
    }

    @Test func `a body that is dropped leaves no database and no series`() async throws {
        let engine = try engine()
        do {
            let body = try body(engine)
            try unsafe body.feed(Array("m,s=a v=1 1\n".utf8).span.bytes)
        }
        #expect(engine.databases.isEmpty)
        _ = try await write("m,s=b v=1 1", engine)
        do {
            let body = try body(engine)
            try unsafe body.feed(Array("m,s=c v=1 1\nm,s=d v=1 1\n".utf8).span.bytes)
        }
        #expect(engine.database("city")?.store.seriesCount == 1)
        #expect(engine.metrics.openBodyBytes == 0)
    }

    @Test func `only bad lines make no database`() async throws {
        let engine = try engine()
        let outcome = try await write("bad\n# comment\n\nworse\n", engine)
        #expect(outcome.refusedCount == 2 && outcome.acceptedCount == 0 && outcome.isStored)
        #expect(engine.databases.isEmpty)
    }

    @Test func `good lines are kept beside bad ones, unless the body is to be whole`() async throws {
        let engine = try engine()
        let text = "m v=1 1\nbad\nm v=\"x\" 2\nm v=3 3\n"
        var outcome = try await write(text, engine, into: "whole", wholly: true)
        #expect(!outcome.isStored && outcome.acceptedCount == 0)
        #expect(engine.database("whole") == nil)
        outcome = try await write(text, engine)
        #expect(outcome.acceptedCount == 2)
        #expect(outcome.refusedByClass == [.missingFields: 1, .typeConflict: 1])
        #expect(points(engine) == 2)
    }

    @Test func `a whole body with a conflict stores nothing: no row, no field, no series`() async throws {
        let engine = try engine()
        _ = try await write("m,s=a v=1 1", engine)
        let outcome = try await write("m,s=b w=1 1\nm,s=c v=\"x\" 2\n", engine, wholly: true)
        #expect(!outcome.isStored && outcome.refusedByClass == [.typeConflict: 1])
        let store = try #require(engine.database("city")?.store)
        #expect(store.pointCount == 1 && store.seriesCount == 1)
        #expect(store.snapshot().schema(of: "m")?.fields.map(\.name) == ["v"])
        // Within one body, too, and in a database that is not there.
        let fresh = try await write("m v=1 1\nm v=true 2", engine, into: "fresh", wholly: true)
        #expect(!fresh.isStored && fresh.refusedByClass == [.typeConflict: 1])
        #expect(try await write("m v=1 1\nm v=2 2", engine, into: "fresh", wholly: true).isStored)
    }

    @Test func `a refused line is described with its place in the body`() async throws {
        let engine = try engine()
        let text = "m v=1 1\n\nm,s=a w=2,v=\"x\" 2\nm v= 3\n"
        let outcome = try await write(text, engine)
        let lines = outcome.described { feed in unsafe feed(Array(text.utf8).span.bytes) }
        #expect(lines.map(\.line) == [3, 4])
        #expect(lines.map(\.column) == [13, 3])
        #expect(lines.map(\.reason) == [.typeConflict, .missingFieldValue])
        #expect(lines.first?.excerpt == "m,s=a w=2,v=\"x\" 2")
    }

    @Test func `a time beyond the guard is refused and counted, its neighbours are kept`() async throws {
        var configuration = EngineConfiguration()
        configuration.keptNanoseconds = 86_400_000_000_000
        let engine = try engine(configuration)
        let now = WriteBodyTests.now / 1_000_000_000
        let outcome = try await write(
            "m v=1 \(now + 86_400)\nm v=2 \(now + 86_401)\nm v=3 \(now - 86_400)\nm v=4 \(now - 86_401)\nm v=5\n",
            engine)
        #expect(outcome.refusedByClass == [.tooNew: 1, .tooOld: 1])
        #expect(points(engine) == 3)
        configuration.aheadNanoseconds = nil
        configuration.keptNanoseconds = nil
        let open = try self.engine(configuration)
        #expect(try await write("m v=1 9223372036\nm v=2 -9223372036\n", open).refusedCount == 0)
        #expect(open.metrics.peers.values.map(\.before1971) == [1])
    }

    @Test func `a body over a bound is refused whole`() async throws {
        var configuration = EngineConfiguration()
        configuration.bodyBytes = 100
        let engine = try engine(configuration)
        let body = try body(engine)
        try unsafe body.feed([UInt8](repeating: 10, count: 100).span.bytes)
        #expect(throws: WriteRefusal.tooLarge(allowed: 100)) {
            try unsafe body.feed([UInt8](repeating: 10, count: 1).span.bytes)
        }
        configuration.openBodyBytes = 50
        let narrow = try self.engine(configuration)
        let other = try self.body(narrow)
        #expect(throws: WriteRefusal.overloaded) {
            try unsafe other.feed([UInt8](repeating: 10, count: 51).span.bytes)
        }
        #expect(narrow.metrics.openBodyBytes == 0)
        #expect(narrow.metrics.refusedBodies == ["overloaded": 1])
    }

    @Test func `what is no gzip, or ends early, is refused whole`() async throws {
        let engine = try engine()
        let plain = try body(engine, encoding: .gzip)
        #expect(throws: WriteRefusal.self) { try unsafe plain.feed(Array("m v=1 1\n".utf8).span.bytes) }
        let empty = try body(engine, encoding: .gzip)
        await #expect(throws: WriteRefusal.self) { try await empty.commit() }
        #expect(engine.databases.isEmpty)
    }

    @Test func `a database may have to be there`() async throws {
        var configuration = EngineConfiguration()
        configuration.createsDatabases = false
        configuration.databases = 1
        let engine = try engine(configuration)
        #expect(throws: WriteRefusal.database(.databaseNotFound("city", known: []))) { try body(engine) }
        try engine.createDatabase("city")
        #expect(try await write("m v=1 1", engine).acceptedCount == 1)
        #expect(throws: EngineError.tooManyDatabases(allowed: 1)) { try engine.createDatabase("more") }
        #expect(throws: EngineError.badDatabaseName("a\nb")) { try engine.createDatabase("a\nb") }
    }

    @Test func `a request that names no database means the only one, else default`() async throws {
        let engine = try engine()
        #expect(throws: EngineError.noDatabase) { try engine.databaseToRead(nil) }
        _ = try await write("m v=1 1", engine, into: "a")
        #expect(try engine.databaseToRead(nil).name == "a")
        _ = try await write("m v=1 1", engine, into: "b")
        #expect(throws: EngineError.databaseNeeded(known: ["a", "b"])) { try engine.databaseToRead("") }
        _ = try await write("m v=1 1", engine, into: "default")
        #expect(try engine.databaseToRead(nil).name == "default")
        #expect(throws: EngineError.databaseNotFound("c", known: ["a", "b", "default"])) {
            try engine.databaseToRead("c")
        }
    }

    @Test func `two first bodies of one database end in the same database`() async throws {
        let engine = try engine()
        let (first, second) = (try body(engine), try body(engine))
        try unsafe first.feed(Array("m,s=a v=1 1\nm,s=b v=1 1".utf8).span.bytes)
        try unsafe second.feed(Array("m,s=b v=2 2\nn,s=c v=1 1".utf8).span.bytes)
        _ = try await second.commit()
        _ = try await first.commit()
        #expect(points(engine) == 4)
        #expect(engine.database("city")?.store.seriesCount == 3)
    }

    @Test func `a series beyond the limit is refused by name, known ones go on`() async throws {
        var configuration = EngineConfiguration()
        configuration.series = 2
        let engine = try engine(configuration)
        let outcome = try await write("m,s=a v=1 1\nm,s=b v=1 1\nm,s=c v=1 1\nm,s=a v=2 2\n", engine)
        #expect(outcome.acceptedCount == 3 && outcome.refusedByClass == [.limitReached: 1])
        #expect(try await write("m,s=b v=2 2", engine).acceptedCount == 1)
    }

    @Test func `R-059 R-060 random tag values for ever leave a full store as it is`() async throws {
        var configuration = EngineConfiguration()
        configuration.series = 1000
        let engine = try engine(configuration)
        _ = try await write((0..<1000).map { "m,s=known\($0) v=1 1\n" }.joined(), engine)
        let store = try #require(engine.database("city")?.store)
        let (texts, bytes) = (store.strings.count, store.indexByteCount)
        for round in 0..<40 {
            var text = ""
            for number in 0..<5000 { text += "m,s=random\(round)-\(number) v=1 2\n" }
            text += (0..<1000).map { "m,s=known\($0) v=1 \(round + 2)\n" }.joined()
            let outcome = try await write(text, engine)
            #expect(outcome.acceptedCount == 1000 && outcome.refusedByClass == [.limitReached: 5000])
            #expect(
                outcome.refusals.first?.text.contains("\"s\" of m with 1000") == true,
                "\(outcome.refusals.first?.text ?? "")")
        }
        #expect(store.seriesCount == 1000)
        #expect(store.strings.count == texts)
        #expect(store.indexByteCount == bytes)
        #expect(points(engine) == 41_000)
    }

    @Test func `series keep their rows apart however many pieces, spellings and paths bring them`() async throws {
        let engine = try engine()
        // More than a path keeps to itself, in bodies that overlap, each tag order by turns.
        let count = 40_000
        for round in 0..<4 {
            let open = try body(engine)
            for start in stride(from: 0, to: count, by: 8000) {
                var text = ""
                for number in start..<(start + 8000) {
                    text += number % 2 == round % 2 ? "m,a=x,s=\(number)" : "m,s=\(number),a=x"
                    text += " v=\(number) \(round)\n"
                }
                try unsafe open.feed(Array(text.utf8).span.bytes)
                if start == 16_000 { _ = try await write("m,s=\(round),a=x v=7 9", engine) }
            }
            #expect(try await open.commit().acceptedCount == count)
        }
        let store = try #require(engine.database("city")?.store)
        #expect(store.seriesCount == count)
        let view = store.snapshot()
        for id in 0..<SeriesID(count) {
            let number = try #require(store.key(of: id)?.tags["s"].flatMap { Double($0) })
            var values: [Double] = []
            view.blocks(of: id, fields: [0], in: TimeRange(start: 0, end: 5_000_000_000)) { block in
                values += (block.columns[0]?.bits ?? []).map { Double(bitPattern: $0) }
            }
            #expect(values == [number, number, number, number])
        }
    }
}
