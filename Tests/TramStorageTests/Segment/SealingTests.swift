import Testing
import TramColumnar
import TramStorage
import TramSystem
import TramTesting

/// When rows in memory become a segment.
@Suite struct SealingTests {
    @Test func `a record that is durable but not applied yet is sealed once it is`() throws {
        let clock = ManualTime()
        let durable = try DurableStore(SimulatedFileSystem(seed: 1)) { $0.sealAfterLogBytes = 1 }
        let store = durable.store
        let series = try durable.series(1)
        var staged = store.stage([Batch("air", [Point(series[0], 1, ["v": .int(7)])])])
        let lsn = try durable.wait { (completion) throws(StorageError) in
            _ = try store.write(&staged, definingFrom: 0, completion: completion)
        }
        // The keeper comes between the disk and the memory.
        try store.tend(clock: clock)
        #expect(store.segmentFigures?.sealings == 0)
        _ = store.apply(staged, lsn: lsn)
        try store.tend(clock: clock)
        #expect(store.segmentFigures?.sealings == 1)
        #expect(store.unsealedLogBytes == 0)
    }
}
