import Testing
import TramLineProtocol

@Suite struct RefusedTextTests {
    private func found(_ body: String, line: Int, field: String?, pieces: Int = 1) -> RejectedLine {
        var text = RefusedText(lines: [line])
        let bytes = Array(body.utf8)
        let size = max(1, bytes.count / pieces)
        for start in stride(from: 0, to: bytes.count, by: size) {
            unsafe text.feed(Array(bytes[start..<min(start + size, bytes.count)]).span.bytes)
        }
        text.finish()
        return text.rejected(line: line, field: field, reason: .typeConflict, text: "wrong")
    }

    @Test(arguments: [1, 3, 100]) func `the value of the field is the place, however the body was cut`(pieces: Int) {
        let body = "m a=1\n  cpu\\ x,k=a\\ b one=1i,two=\"a, two=b\",three=4 17\nm b=2"
        #expect(found(body, line: 2, field: "three", pieces: pieces).column == 45)
        #expect(found(body, line: 2, field: "one", pieces: pieces).column == 21)
        #expect(found(body, line: 2, field: "two", pieces: pieces).column == 28)
        #expect(found(body, line: 3, field: "b", pieces: pieces).column == 5)
    }

    @Test func `without a field the timestamp is the place`() {
        #expect(found("m v=1 99\r\n", line: 1, field: nil).column == 7)
        #expect(found("m v=1 99", line: 1, field: nil).excerpt == "m v=1 99")
    }

    @Test func `a line that is not there has a place all the same`() {
        let line = found("m v=1", line: 9, field: "v")
        #expect(line.column == 1 && line.excerpt.isEmpty)
    }
}
