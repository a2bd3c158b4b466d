import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes

/// A connection of HTTP/1.1 with our manners in front of the requests.
struct MannersChannel: ServerChildChannel {
    typealias Value = HTTP1Channel.Value

    let responder: HTTPChannelHandler.Responder
    let limits: ServerLimits
    let connections: ConnectionBook
    let bodyBytes: Int

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        http1(channel.remoteAddress?.ipAddress ?? "local").setup(channel: channel, logger: logger)
    }

    func handle(value: Value, logger: Logger) async {
        await http1("").handle(value: value, logger: logger)
    }

    private func http1(_ address: String) -> HTTP1Channel {
        HTTP1Channel(
            responder: responder,
            configuration: .init(
                additionalChannelHandlers: [
                    HTTPMannersHandler(limits: limits, book: connections, address: address, bodyBytes: bodyBytes)
                ],
                idleTimeout: .seconds(Int64(limits.idleSeconds)),
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: limits.headBytes, maxHeaderListSize: limits.headBytes,
                    maxHeaderFieldCount: limits.headFields)))
    }
}
