import Testing
import TramColumnar
import TramStorage
import TramTesting

/// The index against a plain dictionary.
@Suite struct SeriesIndexModelTests {
    private struct Known {
        var keys: [SeriesKey] = []
        var ids: [SeriesKey: SeriesID] = [:]

        mutating func id(_ key: SeriesKey) -> SeriesID {
            if let known = ids[key] { return known }
            ids[key] = SeriesID(keys.count)
            keys.append(key)
            return SeriesID(keys.count - 1)
        }

        func series(of measurement: String, with tags: [(key: String, value: String)], below bound: Int) -> [SeriesID] {
            keys.indices.filter { index in
                index < bound && keys[index].measurement == measurement
                    && tags.allSatisfy { keys[index].tags[$0.key] == $0.value }
            }.map { SeriesID($0) }
        }
    }

    private static func randomKey(_ generator: inout SeededGenerator) -> SeriesKey {
        let measurement = ["air", "meter", "đo"].randomElement(using: &generator) ?? ""
        var tags: [TagSet.Tag] = []
        for (key, values) in [("province", 3), ("district", 40), ("zone", 2), ("sensor", 5000)]
        where Int.random(in: 0..<5, using: &generator) > 0 {
            tags.append(TagSet.Tag(key: key, value: "\(key.prefix(1))\(Int.random(in: 0..<values, using: &generator))"))
        }
        return SeriesKey(measurement: measurement, tags: TagSet(tags.shuffled(using: &generator)))
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `random keys have the numbers, postings and tags that a dictionary gives them`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let store = try Store()
        var model = Known()
        var views: [(snapshot: Snapshot, count: Int)] = []
        for round in 0..<60 {
            let keys = (0..<100).map { _ in SeriesIndexModelTests.randomKey(&generator) }
            if round % 3 == 0 {
                for key in keys { #expect(try store.seriesID(for: key) == model.id(key)) }
            } else {
                #expect(store.reserveSeriesIDs(for: SeriesKeyList(keys)) == keys.map { model.id($0) })
                // Shows what was reserved.
                _ = try store.seriesID(for: model.keys[model.keys.count - 1])
            }
            if round % 10 == 7 { views.append((store.snapshot(), model.keys.count)) }
        }
        #expect(store.seriesCount == model.keys.count)
        for (id, key) in model.keys.enumerated() {
            #expect(store.key(of: SeriesID(id)) == key)
            #expect(store.existingSeriesID(for: key) == SeriesID(id))
        }
        #expect(store.key(of: SeriesID(model.keys.count)) == nil)
        #expect(store.existingSeriesID(for: SeriesKey(measurement: "none")) == nil)
        let texts = store.strings.snapshot()
        for view in views {
            for measurement in ["air", "meter", "đo"] {
                let schema = try #require(view.snapshot.schema(of: measurement))
                let found = view.snapshot.series(of: measurement)
                #expect(found.map(\.id) == model.series(of: measurement, with: [], below: view.count))
                for series in found {
                    let tags = zip(schema.tagKeys, series.tagCodes).compactMap { key, code in
                        code.map { TagSet.Tag(key: key, value: texts[Int($0)]) }
                    }
                    #expect(TagSet(tags) == model.keys[Int(series.id)].tags)
                }
                check(view.snapshot, view.count, measurement, store, model, &generator)
            }
        }
    }

    private func check(
        _ view: Snapshot, _ bound: Int, _ measurement: String, _ store: Store, _ model: Known,
        _ generator: inout SeededGenerator
    ) {
        for _ in 0..<60 {
            let wanted = SeriesIndexModelTests.randomKey(&generator).tags.tags.map { (key: $0.key, value: $0.value) }
            let codes = wanted.compactMap { tag in
                store.strings.existingCode(tag.value).map { (key: tag.key, code: $0) }
            }
            guard codes.count == wanted.count else { continue }
            #expect(
                view.series(of: measurement, matching: codes)
                    == model.series(of: measurement, with: wanted, below: bound))
            if let first = codes.first {
                #expect(
                    view.postings(of: measurement, key: first.key, code: first.code)
                        == model.series(of: measurement, with: [wanted[0]], below: bound))
            }
        }
    }

    @Test func `lists of any lengths meet where both have a series`() throws {
        let store = try Store()
        var keys = SeriesKeyList()
        for number in 0..<30_000 {
            keys.append(
                key(
                    "m",
                    [
                        "half": "\(number % 2)", "third": "\(number % 3)", "block": "\(number / 5000)",
                        "rare": "\(number % 997)", "one": "\(number)",
                    ]))
        }
        _ = store.reserveSeriesIDs(for: keys)
        _ = try store.seriesID(for: keys[29_999])
        let view = store.snapshot()
        func matching(_ tags: KeyValuePairs<String, Int>) throws -> [SeriesID] {
            try view.series(
                of: "m",
                matching: tags.map { (key: $0.key, code: try #require(store.strings.existingCode("\($0.value)"))) })
        }
        func expected(_ isWanted: (Int) -> Bool) -> [SeriesID] { (0..<30_000).filter(isWanted).map { SeriesID($0) } }
        #expect(try matching(["half": 1, "third": 2]) == expected { $0 % 2 == 1 && $0 % 3 == 2 })
        #expect(try matching(["third": 0, "block": 3]) == expected { $0 % 3 == 0 && $0 / 5000 == 3 })
        #expect(try matching(["half": 0, "rare": 5]) == expected { $0 % 2 == 0 && $0 % 997 == 5 })
        #expect(
            try matching(["half": 0, "rare": 5, "block": 2, "third": 1])
                == expected { $0 % 2 == 0 && $0 % 997 == 5 && $0 / 5000 == 2 && $0 % 3 == 1 })
        #expect(try matching(["one": 29_999, "half": 1]) == [29_999])
        #expect(try matching(["one": 29_999, "half": 0]) == [])
        // A value of another key.
        #expect(try matching(["half": 5, "third": 0]) == [])
        #expect(view.series(of: "m", matching: []).count == 30_000)
        #expect(view.series(of: "none", matching: []) == [])
    }

    @Test func `names that are one text in other bytes are one name, values are not`() throws {
        let store = try Store()
        let composed = try store.seriesID(for: key("\u{e9}", ["\u{e9}": "1"]))
        #expect(try store.seriesID(for: key("e\u{301}", ["e\u{301}": "1"])) == composed)
        #expect(try store.seriesID(for: key("e\u{301}", ["e\u{301}": "\u{e9}"])) == 1)
        #expect(try store.seriesID(for: key("\u{e9}", ["\u{e9}": "e\u{301}"])) == 2)
        #expect(store.snapshot().measurements.count == 1)
        #expect(store.snapshot().schema(of: "\u{e9}")?.tagKeys.count == 1)
        // Its key leads back to it, whatever it was called by.
        for id in 0..<SeriesID(3) {
            let key = try #require(store.key(of: id))
            #expect(store.existingSeriesID(for: key) == id)
        }
    }

    @Test func `a store that is full names the tag with the most values, and grows no more`() throws {
        let store = try Store(configuration: StorageConfiguration(maximumSeries: 1000))
        #expect(store.widestTag == nil)
        var first = SeriesKeyList()
        for number in 0..<1200 {
            first.append(
                key(number % 10 == 0 ? "air" : "meter", ["district": "d\(number % 7)", "request": "r\(number)"]))
        }
        let ids = store.reserveSeriesIDs(for: first)
        #expect(ids == (0..<1000).map { SeriesID($0) } + [SeriesID](repeating: Store.refusedSeries, count: 200))
        let widest = try #require(store.widestTag)
        #expect(widest == (measurement: "meter", tagKey: "request", valueCount: 900))
        let (texts, bytes) = (store.strings.count, store.indexByteCount)
        for body in 0..<20 {
            var keys = SeriesKeyList()
            for number in 0..<10_000 {
                keys.append(key("m\(number % 50)", ["k\(number % 30)": "random \(body) \(number)"]))
            }
            #expect(store.reserveSeriesIDs(for: keys).allSatisfy { $0 == Store.refusedSeries })
        }
        #expect(store.strings.count == texts)
        #expect(store.indexByteCount == bytes)
        #expect(store.seriesCount == 1000)
        #expect(store.reserveSeriesIDs(for: first) == ids)
    }

    @Test func `a hundred thousand series take no more than their keys and 160 bytes each`() throws {
        let store = try Store()
        var keys = SeriesKeyList()
        for number in 0..<100_000 {
            keys.append(
                key(
                    "meter",
                    [
                        "province": "p\(number % 6)", "district": "d\(number % 120)", "commune": "c\(number % 4800)",
                        "sensor": "me\(1_000_000 + number)",
                    ]))
        }
        _ = store.reserveSeriesIDs(for: keys)
        #expect(store.indexByteCount < 100_000 * 160)
    }
}
