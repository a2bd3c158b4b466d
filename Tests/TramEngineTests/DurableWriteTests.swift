import Testing
import TramColumnar
import TramEngine
import TramLineProtocol
import TramQuery
import TramStorage
import TramSystem
import TramTesting

/// Bodies that are answered when they are on the disk, over a disk that loses power and fills up.
@Suite struct DurableWriteTests {
    private func engine(_ disk: SimulatedFileSystem) throws -> Engine {
        var configuration = EngineConfiguration()
        configuration.folder = "data"
        configuration.fileSystem = disk
        configuration.aheadNanoseconds = nil
        configuration.log = LogConfiguration(
            fileBytes: 64 << 10, maximumRecordBytes: 1 << 20, queueBytes: 8 << 20, minimumFreeBytes: 0,
            retryMilliseconds: 5)
        return try Engine(configuration: configuration, time: SystemTime())
    }

    private func write(_ text: String, _ engine: Engine) async throws -> WriteOutcome {
        let body = try WriteBody(
            into: "city", of: engine, from: .init(door: .v1, address: "a"), precision: .nanosecond,
            encoding: .identity, now: 0)
        try unsafe body.feed(Array(text.utf8).span.bytes)
        return try await body.commit()
    }

    /// Rows by number of body.
    private func rowsByBody(_ engine: Engine) throws -> [Int: Int] {
        let database = try engine.createDatabase("city")
        let context = QueryContext(now: 0, zone: .utc, zones: BuiltInZones(), defaultRange: .all)
        let source = StoreSource(database.store.snapshot())
        guard source.measurements.contains("m") else { return [:] }
        let result = try QueryRunner.run("m | n = count() by body", source: source, context: context)
        var rows: [Int: Int] = [:]
        for row in 0..<result.rowCount {
            guard case .int(let body) = result.value(row: row, column: 0),
                case .int(let count) = result.value(row: row, column: 1)
            else { continue }
            rows[Int(body)] = Int(count)
        }
        return rows
    }

    private static let rowsOfBody = 20

    private func body(_ number: Int, _ generator: inout SeededGenerator) -> String {
        (0..<DurableWriteTests.rowsOfBody).map { row in
            let series = Int.random(in: 0..<40, using: &generator)
            return "m,s=\(series),row=\(row) body=\(number)i,v=\(series).5,note=\"b\(number)\" \(number)\n"
        }.joined()
    }

    @Test(arguments: Array(UInt64(1)...25))
    func `after a power cut every answered body is there, whole, once`(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let disk = SimulatedFileSystem(seed: seed)
        var answered: Set<Int> = []
        var next = 0
        for _ in 0..<4 {
            let engine = try engine(disk)
            let kept = try rowsByBody(engine)
            #expect(answered.isSubset(of: kept.keys))
            #expect(kept.values.allSatisfy { $0 == DurableWriteTests.rowsOfBody })
            // The folders are there; what is cut off are writes.
            let texts = (0..<12).map { index in (next + index, body(next + index, &generator)) }
            next += texts.count
            let cut = Int.random(in: 5...60, using: &generator)
            disk.die(afterCalls: cut)
            let done = await withTaskGroup(of: Int?.self) { group in
                for (number, text) in texts {
                    group.addTask { (try? await self.write(text, engine)) == nil ? nil : number }
                }
                var done: [Int] = []
                for await number in group { if let number { done.append(number) } }
                return done
            }
            // What was answered is visible at once, too.
            if !done.isEmpty { #expect(Set(done).isSubset(of: try rowsByBody(engine).keys)) }
            answered.formUnion(done)
            disk.losePower()
            engine.close()
        }
        let engine = try engine(disk)
        let kept = try rowsByBody(engine)
        #expect(answered.isSubset(of: kept.keys))
        #expect(kept.values.allSatisfy { $0 == DurableWriteTests.rowsOfBody })
        // In some lives the power went before the first sync; in four lives it hardly can.
        #expect(!answered.isEmpty)
        engine.close()
    }

    @Test func `a full disk refuses a body whole, fixes nothing by it, and takes the next when there is room`()
        async throws
    {
        let disk = SimulatedFileSystem(seed: 1)
        let engine = try engine(disk)
        _ = try await write("m,s=a v=1 1\n", engine)
        disk.setCapacity(0)
        // Longer than what is left of the file that was reserved before.
        let long = String(repeating: "x", count: 60_000)
        await #expect(throws: WriteRefusal.self) {
            for number in 0..<8 {
                _ = try await self.write("m,s=b\(number) w=\"\(long)\",fresh=true 2\n", engine)
            }
        }
        let store = try #require(engine.database("city")?.store)
        let refusedAt = store.pointCount
        #expect(store.snapshot().schema(of: "m")?.fields.contains { $0.name == "v" } ?? false)
        disk.setCapacity(nil)
        var outcome: WriteOutcome?
        for _ in 0..<400 where outcome == nil {
            // A number where the refused body had a truth: nothing was fixed by it, unless one before it was kept.
            outcome = try? await write("m,s=c other=1 3\nm,s=b0 v=2 4\n", engine)
            if outcome == nil { try await Task.sleep(for: .milliseconds(10)) }
        }
        #expect(outcome?.acceptedCount == 2)
        #expect(store.pointCount == refusedAt + 2)
        let seen = store.snapshot().pointCount
        engine.close()
        let again = try self.engine(disk)
        let reopened = try again.createDatabase("city").store
        #expect(reopened.pointCount == seen)
        #expect(reopened.recovery?.log.isDegraded == false)
        again.close()
    }

    @Test func `a store that is opened again holds every type of value, to the bit`() async throws {
        let disk = SimulatedFileSystem(seed: 1)
        let engine = try engine(disk)
        _ = try await write(
            "m,s=a f=-0.0,g=1e300,i=-5i,u=18446744073709551615u,b=true,t=\"một\" -7\nm,s=b f=0.1 8\nn v=2 2\n", engine)
        let before = try show(engine)
        engine.close()
        let again = try self.engine(disk)
        #expect(try show(again) == before)
        #expect(before.count == 3)
        again.close()
    }

    private func show(_ engine: Engine) throws -> [String] {
        let database = try engine.createDatabase("city")
        let context = QueryContext(now: 0, zone: .utc, zones: BuiltInZones(), defaultRange: .all)
        let source = StoreSource(database.store.snapshot())
        return try ["m", "n"].flatMap { name in
            let result = try QueryRunner.run(name, source: source, context: context)
            return (0..<result.rowCount).map { row in
                result.columns.indices.map { result.value(row: row, column: $0).plainText }.joined(separator: " ")
            }
        }
    }
}
