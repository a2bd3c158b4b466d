import Testing
import TramQuery
import TramServer

@Suite struct WindowRowWriterTests {
    private let columns = [
        ColumnInfo(name: "time", type: .time), ColumnInfo(name: "way", type: .tag),
        ColumnInfo(name: "mean", type: .float),
    ]

    private func row(_ mean: Value, revision: Int) -> WindowResult {
        WindowResult(
            start: 0, end: 300_000_000_000, labels: [],
            values: [instant("2026-11-20T23:00:00Z"), .string("QL\"51\""), mean], revision: revision)
    }

    @Test func `a row ends with its revision and whether it is final`() {
        let writer = WindowRowWriter(name: "speed_5m", columns: columns)
        var bytes: [UInt8] = []
        writer.append(row(.float(42.25), revision: 0), isFinal: false, to: &bytes)
        bytes.append(UInt8(ascii: "\n"))
        writer.append(row(.null, revision: 2), isFinal: true, to: &bytes)
        let head = #"{"name":"speed_5m","columns":["time","way","mean","revision","final"],"row":"#
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == head + #"["2026-11-20T23:00:00Z","QL\"51\"",42.25,0,false]}"# + "\n"
                + head + #"["2026-11-20T23:00:00Z","QL\"51\"",null,2,true]}"#)
    }

    @Test func `columns may come with their types and times as integers`() {
        let writer = WindowRowWriter(name: "a", columns: [columns[0]], form: .namesAndTypes, epoch: .s)
        var bytes: [UInt8] = []
        let row = WindowResult(start: 0, end: 1, labels: [], values: [.time(-1)])
        writer.append(row, isFinal: true, to: &bytes)
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == #"{"name":"a","columns":[{"name":"time","type":"time"},{"name":"revision","type":"int"},"#
                + #"{"name":"final","type":"bool"}],"row":[-1,0,true]}"#)
    }
}
