import Foundation
import Glibc

/// A TCP connection on which a test says every byte itself. No call waits for ever: after `seconds` without progress it
/// fails with `EAGAIN`.
final class RawClient {
    struct Failure: Error, Equatable {
        var call: String
        var reason: Int32

        var isRefused: Bool { reason == ECONNREFUSED }
        /// Nothing moved for as long as the client waits.
        var isTimeout: Bool { reason == EAGAIN || reason == EINPROGRESS }
    }

    private var descriptor: Int32
    /// What has come in and is not read yet.
    private var arrived: [UInt8] = []
    private var position = 0
    /// How the connection ended.
    private(set) var isEnded = false
    private(set) var isReset = false

    /// - Parameters:
    ///   - place: `HOST:PORT`, an IPv6 host in brackets.
    ///   - receiveBytes: how much the kernel keeps for a client that does not read; its own choice where 0.
    init(_ place: String, seconds: Int = 30, receiveBytes: Int32 = 0) throws {
        let colon = place.lastIndex(of: ":") ?? place.startIndex
        let host = place[..<colon].filter { $0 != "[" && $0 != "]" }
        let port = UInt16(place[colon...].dropFirst()) ?? 0
        let family = host.contains(":") ? AF_INET6 : AF_INET
        descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(call: "socket", reason: errno) }
        var pause = timeval(tv_sec: seconds, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            _ = unsafe setsockopt(
                descriptor, SOL_SOCKET, option, &pause, socklen_t(MemoryLayout<timeval>.size))
        }
        if receiveBytes > 0 { set(SO_RCVBUF, receiveBytes) }
        guard connect(String(host), port, family) == 0 else {
            let reason = errno
            close()
            throw Failure(call: "connect", reason: reason)
        }
    }

    deinit { close() }

    private func connect(_ host: String, _ port: UInt16, _ family: Int32) -> Int32 {
        if family == AF_INET6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            _ = unsafe inet_pton(AF_INET6, host, &address.sin6_addr)
            return unsafe withUnsafeBytes(of: &address) { bytes in
                unsafe Glibc.connect(
                    descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
            }
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        _ = unsafe inet_pton(AF_INET, host, &address.sin_addr)
        return unsafe withUnsafeBytes(of: &address) { bytes in
            unsafe Glibc.connect(
                descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
    }

    private func set(_ option: Int32, _ value: Int32) {
        var value = value
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    // MARK: - Out

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// Sends all of it.
    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { bytes in
                unsafe Glibc.send(
                    descriptor, bytes.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                sent += count
            } else if errno != EINTR {
                throw Failure(call: "send", reason: errno)
            }
        }
    }

    /// Sends for as long as the other side takes it; false when it has hung up before all was sent.
    @discardableResult
    func offer(_ bytes: [UInt8]) throws -> Bool {
        do {
            try send(bytes)
            return true
        } catch let failure as Failure where failure.reason == EPIPE || failure.reason == ECONNRESET {
            return false
        }
    }

    @discardableResult
    func offer(_ text: String) throws -> Bool { try offer(Array(text.utf8)) }

    /// Says that nothing more comes; answers can still be read.
    func endSending() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

    func close() {
        guard descriptor >= 0 else { return }
        _ = Glibc.close(descriptor)
        descriptor = -1
    }

    /// Breaks off as a process that died, or a link that a firewall cut: the other side sees a reset.
    func reset() {
        var now = linger(l_onoff: 1, l_linger: 0)
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    // MARK: - In

    /// The next byte; nil when the connection has ended.
    func byte() throws -> UInt8? {
        if position == arrived.count {
            try fill()
            if position == arrived.count { return nil }
        }
        position += 1
        return arrived[position - 1]
    }

    /// So many bytes, or fewer when the connection ends before.
    func bytes(_ count: Int) throws -> [UInt8] {
        var taken: [UInt8] = []
        while taken.count < count {
            if position == arrived.count { try fill() }
            if position == arrived.count { break }
            let end = min(arrived.count, position + count - taken.count)
            taken += arrived[position..<end]
            position = end
        }
        return taken
    }

    /// A line without its end; nil when the connection ends before it.
    func line() throws -> String? {
        var line: [UInt8] = []
        while let byte = try byte() {
            if byte == UInt8(ascii: "\n") {
                if line.last == UInt8(ascii: "\r") { line.removeLast() }
                return String(decoding: line, as: UTF8.self)
            }
            line.append(byte)
        }
        return nil
    }

    /// Everything up to the end of the connection.
    func rest() throws -> [UInt8] { try bytes(.max) }

    private func fill() throws {
        guard !isEnded else { return }
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = unsafe recv(descriptor, &chunk, chunk.count, 0)
            if count > 0 {
                arrived = Array(chunk[..<count])
                position = 0
                return
            }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno != ECONNRESET { throw Failure(call: "recv", reason: errno) }
            isReset = count < 0
            isEnded = true
            return
        }
    }
}

/// Whatever HTTP/1.1 server answers, as a strict reader takes it.
struct HTTPAnswer {
    var status: Int
    /// Names in lower case.
    var headers: [(name: String, value: String)]
    var body: [UInt8]

    /// The connection ended, or something else came, in the middle of an answer.
    struct Broken: Error {
        var reason: String
    }

    subscript(_ name: String) -> String? { headers.first { $0.name == name }?.value }

    var text: String { String(decoding: body, as: UTF8.self) }
    var json: [String: Any]? {
        (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any]
    }
}

extension RawClient {
    /// The next answer; nil when the connection ends without a byte of it.
    ///
    /// - Parameter orInterim: also one that only says that the answer is being made, which is passed over otherwise.
    func answer(toHead: Bool = false, orInterim: Bool = false) throws -> HTTPAnswer? {
        guard let first = try byte() else { return nil }
        guard let line = try line() else { throw HTTPAnswer.Broken(reason: "the status line is cut") }
        let words = (String(UnicodeScalar(first)) + line).split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0] == "HTTP/1.1", let status = Int(words[1]) else {
            throw HTTPAnswer.Broken(reason: "no status line: \(words)")
        }
        var answer = HTTPAnswer(status: status, headers: [], body: [])
        while true {
            guard let line = try self.line() else { throw HTTPAnswer.Broken(reason: "the head is cut") }
            if line.isEmpty { break }
            guard let colon = line.firstIndex(of: ":") else { throw HTTPAnswer.Broken(reason: "no field: \(line)") }
            answer.headers.append(
                (line[..<colon].lowercased(), line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)))
        }
        if status == 102, !orInterim { return try self.answer(toHead: toHead) }
        if toHead || status / 100 == 1 || status == 204 || status == 304 { return answer }
        if answer["transfer-encoding"] == "chunked" {
            answer.body = try chunks()
        } else if let length = answer["content-length"].flatMap(Int.init) {
            answer.body = try bytes(length)
            guard answer.body.count == length else { throw HTTPAnswer.Broken(reason: "the body is cut") }
        } else {
            answer.body = try rest()
        }
        return answer
    }

    private func chunks() throws -> [UInt8] {
        var body: [UInt8] = []
        while true {
            guard let size = try line().flatMap({ Int($0, radix: 16) }) else {
                throw HTTPAnswer.Broken(reason: "the chunks are cut")
            }
            if size == 0 {
                guard try line() == "" else { throw HTTPAnswer.Broken(reason: "the last chunk is cut") }
                return body
            }
            let chunk = try bytes(size)
            guard chunk.count == size, try line() == "" else { throw HTTPAnswer.Broken(reason: "a chunk is cut") }
            body += chunk
        }
    }
}
