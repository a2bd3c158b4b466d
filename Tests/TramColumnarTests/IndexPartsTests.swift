import Testing
import TramColumnar
import TramTesting

/// What indexes are built from.
@Suite struct IndexPartsTests {
    @Test(arguments: [UInt64(0), 0xffff, 0xffff_ffff, .max])
    func `things whose hashes meet are told apart`(mask: UInt64) {
        // With a mask of 0 all hashes are equal, with the second one all that is kept of them.
        var slots = HashSlots()
        let count: UInt32 = mask == 0 ? 300 : 5000
        let hasher = KeyedHash()
        func hash(_ number: UInt32) -> UInt64 { hasher.mixed(0, UInt64(number)) & mask }
        for number in 0..<count {
            #expect(slots.find(hash(number)) { $0 == number } == nil)
            slots.insert(hash(number), number)
        }
        #expect(slots.count == Int(count))
        for number in 0..<count { #expect(slots.find(hash(number)) { $0 == number } == number) }
        for number in 0..<count where number % 3 == 0 { slots.renumber(hash(number), number, number + count) }
        for number in 0..<count {
            let now = number % 3 == 0 ? number + count : number
            #expect(slots.find(hash(number)) { $0 == now } == now)
            #expect(slots.find(hash(number)) { $0 == 2 * count + 1 } == nil)
        }
    }

    @Test func `a copy of an array keeps what it has while the original goes on`() {
        var array = PagedArray<UInt32>()
        var copies: [PagedArray<UInt32>] = []
        for number in 0..<UInt32(50_000) {
            if number % 1777 == 3 { copies.append(array) }
            array.append(number ^ 0x5555)
        }
        copies.append(array)
        for copy in copies {
            #expect((0..<copy.count).allSatisfy { copy[$0] == UInt32($0) ^ 0x5555 })
        }
        #expect(copies.map(\.count).prefix(2) == [3, 1780])
    }

    @Test(arguments: [UInt64(1), 2])
    func `keys come back from their bytes, and only equal keys have equal bytes`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let parts = ["", "a", "b=", "a,b", "\\", "é", "a=b,c", String(repeating: "x", count: 300)]
        var keys: [SeriesKey] = []
        for _ in 0..<400 {
            let tags = (0..<Int.random(in: 0..<4, using: &generator)).map { _ in
                TagSet.Tag(
                    key: parts.randomElement(using: &generator) ?? "",
                    value: parts.randomElement(using: &generator) ?? "")
            }
            keys.append(
                SeriesKey(measurement: parts.randomElement(using: &generator) ?? "", tags: TagSet(tags)))
        }
        let list = SeriesKeyList(keys)
        #expect(Array(list) == keys)
        let bytes = list.indices.map { index in
            unsafe list.withBytes(of: index) { unsafe Array($0) }
        }
        for first in keys.indices {
            for second in keys.indices { #expect((bytes[first] == bytes[second]) == (keys[first] == keys[second])) }
        }
    }
}
