import Testing
import TramColumnar
import TramStorage
import TramTesting

@Suite struct StoreConcurrencyTests {
    /// Each batch holds one row per series at one time, so in every snapshot all series have the same rows.
    @Test func `readers see whole batches while writers append, overwrite and squeeze in`() async throws {
        let store = try Store()
        let ids = try (0..<70).map { try store.seriesID(for: key("air", ["n": "\($0)"])) }
        let rounds = 700
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                var generator = SeededGenerator(seed: 11)
                for round in 0..<rounds {
                    // Mostly the newest, at times one that was left out before, and now and then again what is there.
                    let time = Int64(
                        round % 5 == 4 ? Int.random(in: 0..<round, using: &generator) * 10 + 5 : round * 10)
                    let points = ids.map {
                        Point($0, time, ["v": .int(time), "w": .string("t\(time % 9)")])
                    }
                    _ = store.append(Batch("air", points))
                }
            }
            group.addTask {
                for number in 0..<rounds {
                    _ = try? store.seriesID(for: key("noise", ["n": "\(number)", "k\(number % 20)": "1"]))
                }
            }
            for reader in 0..<2 {
                group.addTask {
                    var last = 0
                    for _ in 0..<60 {
                        let snapshot = store.snapshot()
                        #expect(snapshot.pointCount >= last)
                        #expect(snapshot.pointCount % ids.count == 0)
                        last = snapshot.pointCount
                        let first = snapshot.rows(of: ids[reader], in: "air")
                        #expect(first?.count == snapshot.pointCount / ids.count)
                        for id in ids[10..<14] { #expect(snapshot.rows(of: id, in: "air") == first) }
                        for (time, cells) in first ?? [:] {
                            #expect(cells == ["v": .int(time), "w": .string("t\(time % 9)")])
                        }
                        let noise = snapshot.series(of: "noise")
                        #expect(noise.map(\.id) == noise.map(\.id).sorted())
                        let keys = snapshot.schema(of: "noise")?.tagKeys.count ?? 0
                        #expect(noise.allSatisfy { $0.tagCodes.count == keys })
                        await Task.yield()
                    }
                }
            }
        }
        #expect(store.snapshot().series(of: "noise").count == rounds)
    }
}
