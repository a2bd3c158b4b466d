import Glibc
import Testing
import TramSystem

@Suite(.serialized) struct StandardStreamTests {
    private func pipe() throws -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [0, 0]
        try #require(unsafe Glibc.pipe(&ends) == 0)
        return (ends[0], ends[1])
    }

    @Test func `every byte arrives though the pipe takes few at a time`() async throws {
        let (reading, writing) = try pipe()
        // Non-blocking: the pipe answers EAGAIN once its 64 KiB are full.
        _ = fcntl(writing, F_SETFL, O_NONBLOCK)
        let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let reader = Task.detached {
            var all: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 10_000)
            while true {
                let count = unsafe read(reading, &chunk, chunk.count)
                if count <= 0 { return all }
                all += chunk[..<count]
            }
        }
        try StandardStream.output.write(bytes, to: writing)
        _ = close(writing)
        let arrived = await reader.value
        _ = close(reading)
        #expect(arrived == bytes)
    }

    @Test func `a reader that went away is an error and not the end of the process`() throws {
        StandardStream.ignoreBrokenPipeSignal()
        let (reading, writing) = try pipe()
        _ = close(reading)
        let error = #expect(throws: SystemError.self) { try StandardStream.output.write([1], to: writing) }
        #expect(error?.isBrokenPipe == true)
        #expect(error?.path == "standard output")
        _ = close(writing)
    }

    @Test func `the variable goes before the terminal's own word when it is a number`() {
        #expect(StandardStream.output.columns(variable: "132") == 132)
        let own = StandardStream.output.columns(variable: nil)
        for nonsense in ["", "wide", "-1", "0", "99999999999999999999", "10001"] {
            #expect(StandardStream.output.columns(variable: nonsense) == own)
        }
    }
}
