import NIOCore
import NIOPosix
import Synchronization
import TramColumnar
public import TramEngine
public import TramLineProtocol

/// Where line protocol comes in without HTTP.
public struct LineListenerAddress: Hashable, Sendable {
    public var address: ListenAddress
    /// The database that lines go to.
    public var database: String
    /// The unit of the timestamps. Told by their size unless said: collectd sends milliseconds, others nanoseconds.
    public var precision: Precision

    public init(address: ListenAddress, database: String = Engine.defaultDatabase, precision: Precision = .auto) {
        self.address = address
        self.database = database
        self.precision = precision
    }
}

/// Lines over TCP: a connection stays open, what is stored is not answered, a bad line is told on the same connection.
struct LineTCP: Sendable {
    let engine: Engine
    let address: LineListenerAddress
    let book: ConnectionBook
    let limits: ServerLimits
    let log: RefusalLog

    /// Serves until the task is cancelled; what a connection has sent by then is stored.
    ///
    /// - Parameter announce: told the port once it is open.
    func run(announce: @Sendable (Int) -> Void) async throws {
        let readBytes = limits.lineReadBytes
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // A gateway whose link went away without a word is noticed by the kernel.
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: readBytes, initial: readBytes, maximum: readBytes)
            )
            .bind(host: address.address.host, port: address.address.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
                }
            }
        announce(server.channel.localAddress?.port ?? address.address.port)
        try await withTaskCancellationHandler {
            try await server.executeThenClose { connections in
                try await withThrowingDiscardingTaskGroup { group in
                    for try await connection in connections {
                        group.addTask { await serve(connection) }
                    }
                }
            }
        } onCancel: {
            server.channel.close(promise: nil)
        }
    }

    private func serve(_ connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>) async {
        let peer = connection.channel.remoteAddress?.ipAddress ?? "local"
        guard let number = book.enter(peer) else {
            let words = ByteBuffer(string: "error line 0: too-many-connections: close some, or come again later\n")
            try? await connection.channel.writeAndFlush(words)
            try? await connection.channel.close()
            return
        }
        defer { book.leave(peer, number: number) }
        // A connection that breaks off is no fault of ours; what came whole is stored.
        try? await connection.executeThenClose { inbound, outbound in
            let sender = EngineMetrics.Peer(door: .tcp, address: peer)
            let stream = LineStream(
                into: address.database, of: engine, from: sender, precision: address.precision)
            var isFirst = true
            for try await bytes in inbound {
                if isFirst, let hint = LineAnswers.hintForHTTP(bytes) {
                    try await outbound.write(hint)
                    return
                }
                isFirst = false
                let words = await LineAnswers.text(log, sender) { () throws(EngineError) in
                    try await stream.feed(byteCount: bytes.readableBytes) { read in read(bytes.readableBytesSpan) }
                }
                tell(words, connection.channel)
            }
            let words = await LineAnswers.text(log, sender) { () throws(EngineError) in try await stream.finish() }
            if let words {
                try await outbound.write(ByteBuffer(string: words))
            }
        }
    }

    /// Tells bad lines without waiting: who does not read them must not be held up in sending.
    private func tell(_ words: String?, _ channel: any Channel) {
        guard let words, channel.isWritable else { return }
        channel.writeAndFlush(ByteBuffer(string: words), promise: nil)
    }
}

/// Lines in datagrams, one or more whole lines in each.
struct LineUDP: Sendable {
    let engine: Engine
    let address: LineListenerAddress
    let log: RefusalLog

    private static let maximumDatagramBytes = 65_536
    /// The kernel keeps so many bytes while a datagram is stored.
    private static let receiveBufferBytes = 4 << 20

    func run(announce: @Sendable (Int) -> Void) async throws {
        let server = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(
                .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: LineUDP.maximumDatagramBytes)
            )
            .channelOption(.socketOption(.so_rcvbuf), value: LineUDP.receiveBufferBytes)
            .bind(host: address.address.host, port: address.address.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<AddressedEnvelope<ByteBuffer>, AddressedEnvelope<ByteBuffer>>(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(backPressureStrategy: .init(lowWatermark: 256, highWatermark: 4096)))
                }
            }
        announce(server.channel.localAddress?.port ?? address.address.port)
        try await withTaskCancellationHandler {
            try await server.executeThenClose { inbound, _ in
                for try await datagram in inbound { await take(datagram, server.channel) }
            }
        } onCancel: {
            server.channel.close(promise: nil)
        }
    }

    private func take(_ datagram: AddressedEnvelope<ByteBuffer>, _ channel: any Channel) async {
        let bytes = datagram.data
        // Our own words come back when two servers are pointed at each other; answering them would never end.
        if bytes.readableBytesView.starts(with: LineAnswers.prefix.utf8) { return }
        let sender = EngineMetrics.Peer(door: .udp, address: datagram.remoteAddress.ipAddress ?? "local")
        let stream = LineStream(into: address.database, of: engine, from: sender, precision: address.precision)
        let words = await LineAnswers.text(log, sender) { () throws(EngineError) in
            try await stream.datagram(byteCount: bytes.readableBytes) { read in read(bytes.readableBytesSpan) }
        }
        guard let words, channel.isWritable else { return }
        // One datagram that crosses every link whole.
        let answer = ByteBuffer(string: String(words.prefix(512)))
        channel.writeAndFlush(AddressedEnvelope(remoteAddress: datagram.remoteAddress, data: answer), promise: nil)
    }
}

/// What the line listeners say.
enum LineAnswers {
    static let prefix = "error line "

    /// `error line 2: bad-field: …`, one line for each that was refused; nil when none was.
    static func text(
        _ log: RefusalLog, _ sender: EngineMetrics.Peer,
        _ store: () async throws(EngineError) -> LineStream.Piece
    ) async -> String? {
        do {
            let piece = try await store()
            log.note(before1971: piece.before1971, from: sender)
            let rejected = piece.rejected
            log.note(rejected, from: sender)
            guard !rejected.isEmpty else { return nil }
            return rejected.map { "\(prefix)\($0.line): \($0.reason.rawValue): \($0.text)\n" }.joined()
        } catch {
            return "\(prefix)0: \(error.code): \(DatabaseChoice.failure(error).message.en)\n"
        }
    }

    /// An answer for who speaks HTTP to a port for lines.
    static func hintForHTTP(_ bytes: ByteBuffer) -> ByteBuffer? {
        let methods = ["GET /", "POST /", "PUT /", "HEAD /", "OPTIONS /", "DELETE /", "PRI * HTTP/2"]
        guard methods.contains(where: { bytes.readableBytesView.starts(with: $0.utf8) }) else { return nil }
        let words = "this port takes lines of line protocol; HTTP is served at the address that tram serve prints\n"
        return ByteBuffer(
            string:
                "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: \(words.utf8.count)\r\nConnection: close\r\n\r\n\(words)"
        )
    }
}
