import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// The manners of one HTTP connection: how long it may take, how much it may send, and how it is told when it does not
/// keep to that.
///
/// Two handlers share it. `HTTPWireHandler` stands at the wire and sees bytes: it counts the connection and knows when
/// a head begins. `HTTPMannersHandler` stands behind the decoder and sees requests and answers.
/// All on the channel's event loop.
final class HTTPConnection {
    let limits: ServerLimits
    let book: ConnectionBook
    let address: String
    /// Nil while the connection is not counted: it was refused, or has ended.
    var number: Int?
    /// Whether the next bytes belong to a request head.
    var awaitsHead = true
    var headBytes = 0
    /// Heads that have come to their end.
    var headCount = 0
    var headTimer: Scheduled<Void>?
    /// Whether the pipeline has asked for bytes; while it has not, a body that stands still is our doing.
    var hasReadOutstanding = false
    /// Bytes since the body's progress was looked at.
    var progressBytes = 0
    /// Everything that comes in from here on is thrown away: the last answer is written.
    var isClosing = false
    /// It was refused, and is listened to a little longer.
    var isSayingFarewell = false
    /// How long a refused connection is listened to: closing at once while its request is on its way would reset it,
    /// and the answer would be lost.
    static let farewell = TimeAmount.seconds(1)

    init(limits: ServerLimits, book: ConnectionBook, address: String) {
        self.limits = limits
        self.book = book
        self.address = address
    }
}

/// At the wire: counts the connection, and sees when a head begins and how long it gets.
final class HTTPWireHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let connection: HTTPConnection
    private let onHeadTimeout: (ChannelHandlerContext) -> Void
    private let onLargeHead: (ChannelHandlerContext) -> Void

    init(
        _ connection: HTTPConnection, onHeadTimeout: @escaping (ChannelHandlerContext) -> Void,
        onLargeHead: @escaping (ChannelHandlerContext) -> Void
    ) {
        self.connection = connection
        self.onHeadTimeout = onHeadTimeout
        self.onLargeHead = onLargeHead
    }

    func handlerAdded(context: ChannelHandlerContext) {
        // Bodies come in pieces of up to this size; a fixed one keeps the pieces whole and the system calls few.
        try? context.channel.syncOptions?.setOption(
            .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 262_144, initial: 262_144, maximum: 262_144)
        )
        connection.number = connection.book.enter(connection.address)
        connection.isClosing = connection.number == nil
    }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        // Not before: what is written to a channel that is not active yet goes nowhere.
        if connection.number == nil { turnAway(context) }
    }

    private func turnAway(_ context: ChannelHandlerContext) {
        let text = HTTPMannersHandler.refusal(
            .serviceUnavailable, code: "too_many_connections",
            message: "there are too many connections; close some, or come again later", id: RequestID.next(),
            retryAfter: 5)
        var buffer = context.channel.allocator.buffer(capacity: 512)
        buffer.writeString(text.wireText)
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
        guard connection.book.beginFarewell() else {
            context.close(promise: nil)
            return
        }
        connection.isSayingFarewell = true
        context.close(mode: .output, promise: nil)
        context.eventLoop.assumeIsolated().scheduleTask(in: HTTPConnection.farewell) { context.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { leave() }

    private func leave() {
        connection.headTimer?.cancel()
        connection.headTimer = nil
        if connection.isSayingFarewell {
            connection.isSayingFarewell = false
            connection.book.endFarewell()
        }
        if let number = connection.number {
            connection.number = nil
            connection.book.leave(connection.address, number: number)
        }
    }

    func read(context: ChannelHandlerContext) {
        connection.hasReadOutstanding = true
        context.read()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        connection.hasReadOutstanding = false
        context.fireChannelReadComplete()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if connection.isClosing { return }
        let count = unwrapInboundIn(data).readableBytes
        let wasAwaiting = connection.awaitsHead
        let heads = connection.headCount
        if wasAwaiting, connection.headBytes == 0 { beginHead(context) }
        connection.progressBytes += count
        context.fireChannelRead(data)
        // All bytes of this piece belonged to the head if it is still not there; a piece that ended a request is not
        // counted.
        guard wasAwaiting, connection.awaitsHead, connection.headCount == heads, !connection.isClosing else { return }
        connection.headBytes += count
        if connection.headBytes > connection.limits.headBytes { onLargeHead(context) }
    }

    private func beginHead(_ context: ChannelHandlerContext) {
        if let number = connection.number {
            connection.book.headBegins(number, connection.address, context.channel)
        }
        guard connection.headTimer == nil else { return }
        let onHeadTimeout = onHeadTimeout
        connection.headTimer = context.eventLoop.assumeIsolated().scheduleTask(
            in: .seconds(Int64(connection.limits.headSeconds))
        ) { onHeadTimeout(context) }
    }
}

/// Behind the decoder: times bodies and answers, says `100 Continue`, and turns what is no HTTP into a clear answer.
final class HTTPMannersHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let connection: HTTPConnection
    private let bodyBytes: Int
    private var bodyTimer: Scheduled<Void>?
    private var writeTimer: Scheduled<Void>?
    /// Answers that are not written to their end yet.
    private var openAnswers = 0
    private var hasBegunAnswer = false
    private var closesAfterAnswer = false
    /// What is said once the answers to the requests before it are written, and how many answers are open then.
    private var waiting: (refusal: Refusal, openAnswers: Int)?
    /// The other side has said all.
    private var isInputClosed = false
    private var isLingering = false
    private var context: ChannelHandlerContext?
    /// How long a closed side is listened to, so that the last answer is read before the connection is reset.
    private static let lingerSeconds: Int64 = 2
    /// How long an answer may take before a side that is closed is asked whether anybody is there.
    private static let probeDelay = TimeAmount.milliseconds(400)

    /// - Parameter bodyBytes: a body that says it is longer is not asked to come.
    init(limits: ServerLimits, book: ConnectionBook, address: String, bodyBytes: Int) {
        connection = HTTPConnection(limits: limits, book: book, address: address)
        self.bodyBytes = bodyBytes
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let wire = HTTPWireHandler(
            connection,
            onHeadTimeout: { [weak self] _ in
                self?.refuse(
                    .slowHead, .requestTimeout, code: "head_timeout",
                    message:
                        "the request's head did not come within \(self?.connection.limits.headSeconds ?? 0) seconds")
            },
            onLargeHead: { [weak self] _ in self?.refuseLargeHead() })
        try? context.pipeline.syncOperations.addHandler(wire, position: .first)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        bodyTimer?.cancel()
        writeTimer?.cancel()
        self.context = nil
    }

    // MARK: - In

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if connection.isClosing || waiting != nil { return }
        let part = unwrapInboundIn(data)
        switch part {
        case .head(let head):
            connection.awaitsHead = false
            connection.headBytes = 0
            connection.headCount += 1
            connection.headTimer?.cancel()
            connection.headTimer = nil
            if let number = connection.number { connection.book.headEnds(number) }
            openAnswers += 1
            if head.headerFields[.expect]?.lowercased() == "100-continue" { sayContinue(head, context) }
            timeBody(context)
        case .body: break
        case .end:
            bodyTimer?.cancel()
            bodyTimer = nil
            connection.awaitsHead = true
        }
        context.fireChannelRead(data)
    }

    private func sayContinue(_ head: HTTPRequest, _ context: ChannelHandlerContext) {
        // A body that is too long is answered at once; nobody has to send it first.
        if let text = head.headerFields[.contentLength], let length = Int(text), length > bodyBytes { return }
        context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
    }

    private func timeBody(_ context: ChannelHandlerContext) {
        connection.progressBytes = 0
        bodyTimer?.cancel()
        let pause = TimeAmount.seconds(Int64(connection.limits.bodySeconds))
        bodyTimer = context.eventLoop.assumeIsolated().scheduleTask(in: pause) { [weak self] in
            guard let self else { return }
            if connection.progressBytes < connection.limits.bodyProgressBytes, connection.hasReadOutstanding {
                refuse(
                    .slowBody, .requestTimeout, code: "body_timeout",
                    message:
                        "the body brought less than \(connection.limits.bodyProgressBytes) bytes in \(connection.limits.bodySeconds) seconds"
                )
                return
            }
            timeBody(context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if connection.isClosing { return }
        switch error {
        case is IOError, is ChannelError: context.fireErrorCaught(error)
        case HTTPParserError.headerOverflow: refuseLargeHead()
        case HTTPParserError.invalidEOFState:
            // Whoever has closed its own side alone still listens.
            refuse(
                .cut, .badRequest, code: "request_cut",
                message: "the connection ended in the middle of the request; nothing of it was stored")
        default:
            refuse(
                .notHTTP, .badRequest, code: "bad_request",
                message: "this is no valid HTTP/1.1 request; the server speaks plain HTTP here, no TLS and no HTTP/2")
        }
    }

    private func refuseLargeHead() {
        refuse(
            .largeHead, .requestHeaderFieldsTooLarge, code: "head_too_large",
            message:
                "the request's head is larger than \(connection.limits.headBytes) bytes or has more than \(connection.limits.headFields) fields"
        )
    }

    /// Answers in place of a handler, if no answer has begun, and closes.
    private func refuse(_ reason: ConnectionBook.Refusal, _ status: HTTPResponse.Status, code: String, message: String)
    {
        guard let context, !connection.isClosing, waiting == nil else { return }
        connection.book.note(reason)
        bodyTimer?.cancel()
        bodyTimer = nil
        let refusal = HTTPMannersHandler.refusal(status, code: code, message: message, id: RequestID.next())
        // A request whose head has come is one of those with an open answer. Those before it come first: a refusal must
        // not be taken for the answer to a write that was stored.
        let own = connection.awaitsHead ? 0 : 1
        if openAnswers > own {
            waiting = (refusal, own)
        } else if hasBegunAnswer {
            connection.isClosing = true
            context.fireErrorCaught(ConnectionEnded())
            context.close(promise: nil)
        } else {
            say(refusal, context)
        }
    }

    private func say(_ refusal: Refusal, _ context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.head(refusal.head)), promise: nil)
        var buffer = context.channel.allocator.buffer(capacity: refusal.body.utf8.count)
        buffer.writeString(refusal.body)
        context.write(wrapOutboundOut(.body(buffer)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        // Whoever reads the body learns that it will not end.
        context.fireErrorCaught(ConnectionEnded())
        linger(context)
    }

    struct Refusal {
        var head: HTTPResponse
        var body: String
        /// The same as bytes of HTTP/1.1.
        var wireText: String {
            var text = "HTTP/1.1 \(head.status.code) \(head.status.reasonPhrase)\r\n"
            for field in head.headerFields { text += "\(field.name.canonicalName): \(field.value)\r\n" }
            return text + "\r\n" + body
        }
    }

    static func refusal(
        _ status: HTTPResponse.Status, code: String, message: String, id: String, retryAfter: Int? = nil
    ) -> Refusal {
        let body = String(decoding: ErrorAnswer(code: code, message: message, id: id).json, as: UTF8.self)
        var head = HTTPResponse(status: status)
        head.headerFields[.contentType] = "application/json"
        head.headerFields[.contentLength] = String(body.utf8.count)
        head.headerFields[.connection] = "close"
        if let retryAfter { head.headerFields[.retryAfter] = String(retryAfter) }
        if !id.isEmpty { head.headerFields[.requestID] = id }
        return Refusal(head: head, body: body)
    }

    // MARK: - Out

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if connection.isClosing {
            promise?.fail(ConnectionEnded())
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(let head):
            if head.status.kind != .informational { hasBegunAnswer = true }
            if head.headerFields[.connection] == "close" { closesAfterAnswer = true }
        case .body: break
        case .end:
            hasBegunAnswer = false
            openAnswers -= 1
            // The rest of a body that nobody wants is not read to its end.
            if closesAfterAnswer {
                context.writeAndFlush(data, promise: promise)
                linger(context)
                return
            }
            if let waiting, openAnswers <= waiting.openAnswers {
                context.write(data, promise: promise)
                say(waiting.refusal, context)
                return
            }
        }
        context.write(data, promise: promise)
    }

    /// Closes our side, and the other a little later: closing at once while bytes are on their way would reset the
    /// connection, and the answer would be lost.
    private func linger(_ context: ChannelHandlerContext) {
        connection.isClosing = true
        bodyTimer?.cancel()
        connection.headTimer?.cancel()
        if isInputClosed {
            context.close(promise: nil)
            return
        }
        isLingering = true
        context.close(mode: .output, promise: nil)
        context.read()
        context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(HTTPMannersHandler.lingerSeconds)) { [weak self] in
            self?.endLinger()
        }
    }

    private func endLinger() {
        guard isLingering else { return }
        isLingering = false
        context?.close(promise: nil)
    }

    /// Whoever closes the connection because its request has ended waits until the other side has read why.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if isLingering, mode == .all {
            context.channel.closeFuture.cascade(to: promise)
        } else {
            context.close(mode: mode, promise: promise)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        // Nobody else asks for the bytes that are thrown away.
        if connection.isClosing { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent {
            isInputClosed = true
            scheduleProbe(context)
            // There is nothing to linger for.
            if connection.isClosing {
                isLingering = false
                context.close(promise: nil)
                return
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// Whoever closes his side may still listen, or may have gone: the wire tells them apart only when something is
    /// sent. So one whose answer takes a while is told again and again that it is being made; from him who has gone
    /// comes a reset, the connection ends, and with it the work.
    private func scheduleProbe(_ context: ChannelHandlerContext) {
        guard openAnswers > 0, !connection.isClosing else { return }
        context.eventLoop.assumeIsolated().scheduleTask(in: HTTPMannersHandler.probeDelay) { [weak self] in
            guard let self, let context = self.context, context.channel.isActive else { return }
            guard openAnswers > 0, !hasBegunAnswer, !connection.isClosing, waiting == nil else { return }
            context.writeAndFlush(
                wrapOutboundOut(.head(HTTPResponse(status: .init(code: 102, reasonPhrase: "Processing")))), promise: nil
            )
            scheduleProbe(context)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        writeTimer?.cancel()
        writeTimer = nil
        if !context.channel.isWritable {
            writeTimer = context.eventLoop.assumeIsolated().scheduleTask(
                in: .seconds(Int64(connection.limits.writeSeconds))
            ) { [weak self] in
                self?.connection.book.note(.slowReader)
                context.close(promise: nil)
            }
        }
        context.fireChannelWritabilityChanged()
    }
}

/// The connection ended before its request did.
struct ConnectionEnded: Error {}
