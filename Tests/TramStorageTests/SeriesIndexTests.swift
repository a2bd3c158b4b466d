import Testing
import TramColumnar
import TramStorage

@Suite struct SeriesIndexTests {
    private let store: Store

    init() throws { store = try Store() }

    private func code(_ text: String) throws -> UInt32 { try #require(store.strings.existingCode(text)) }

    @Test func `equal keys have one number, in order of arrival`() throws {
        #expect(try store.seriesID(for: key("air", ["b": "1", "a": "2"])) == 0)
        #expect(try store.seriesID(for: key("air")) == 1)
        #expect(try store.seriesID(for: key("air", ["a": "2", "b": "1"])) == 0)
        #expect(try store.seriesID(for: key("noise")) == 2)
        #expect(store.snapshot().measurements == ["air", "noise"])
    }

    @Test func `a tag key that comes later is missing from earlier series`() throws {
        _ = try store.seriesID(for: key("air", ["station": "a"]))
        let early = store.snapshot()
        _ = try store.seriesID(for: key("air", ["district": "1", "station": "b"]))
        _ = try store.seriesID(for: key("air", ["zone": "z"]))
        let late = store.snapshot()
        #expect(early.schema(of: "air")?.tagKeys == ["station"])
        #expect(early.series(of: "air") == [StoredSeries(id: 0, tagCodes: [try code("a")])])
        #expect(late.schema(of: "air")?.tagKeys == ["district", "station", "zone"])
        #expect(
            late.series(of: "air") == [
                StoredSeries(id: 0, tagCodes: [nil, try code("a"), nil]),
                StoredSeries(id: 1, tagCodes: [try code("1"), try code("b"), nil]),
                StoredSeries(id: 2, tagCodes: [nil, nil, try code("z")]),
            ])
    }

    @Test func `postings name the series of a tag value as of the snapshot`() throws {
        for number in 0..<10 {
            _ = try store.seriesID(for: key("air", ["n": "\(number)", "parity": number % 2 == 0 ? "even" : "odd"]))
        }
        let early = store.snapshot()
        for number in 10..<20 {
            _ = try store.seriesID(for: key("air", ["n": "\(number)", "parity": number % 2 == 0 ? "even" : "odd"]))
        }
        _ = try store.seriesID(for: key("noise", ["parity": "odd"]))
        let late = store.snapshot()
        #expect(early.postings(of: "air", key: "parity", code: try code("odd")) == [1, 3, 5, 7, 9])
        #expect(
            late.postings(of: "air", key: "parity", code: try code("even")) == Array(stride(from: 0, to: 20, by: 2)))
        #expect(late.postings(of: "air", key: "n", code: try code("12")) == [12])
        #expect(early.postings(of: "air", key: "n", code: try code("12")) == [])
        #expect(late.postings(of: "air", key: "n", code: try code("odd")) == [])
        #expect(late.postings(of: "air", key: "none", code: try code("odd")) == [])
        #expect(late.postings(of: "noise", key: "parity", code: try code("odd")) == [20])
    }

    @Test func `names are sorted by their bytes`() throws {
        for name in ["đo", "z", "air", "Air", "é"] { _ = try store.seriesID(for: key(name, [name: "1"])) }
        #expect(store.snapshot().measurements == ["Air", "air", "z", "é", "đo"])
    }
}
