import Synchronization

/// Bytes of rows that a store holds in memory: tails, open chunks, and blocks that are in no segment yet. Whoever holds
/// such bytes adds them when it is made and takes them off when it goes, so a snapshot that keeps old rows counts, too.
final class MemoryGauge: Sendable {
    private let bytes = Atomic<Int>(0)

    func add(_ count: Int) { bytes.wrappingAdd(count, ordering: .relaxed) }
    func remove(_ count: Int) { bytes.wrappingSubtract(count, ordering: .relaxed) }
    var byteCount: Int { bytes.load(ordering: .relaxed) }
}
