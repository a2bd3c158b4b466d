import NIOCore
import Synchronization

/// Which connections are open, by the address of their peer, and what was refused. Safe from any thread.
///
/// When there is no room for a newcomer, the connection whose request head has been incomplete for longest makes way,
/// if there is one: a hundred slow heads must not shut the gateways out.
final class ConnectionBook: Sendable {
    /// Why a connection ended before its time, or was not taken.
    enum Refusal: String, CaseIterable {
        case tooMany = "too_many_connections"
        case tooManyOfAddress = "too_many_connections_of_address"
        case madeWay = "made_way"
        case slowHead = "slow_head"
        case slowBody = "slow_body"
        case slowReader = "slow_reader"
        case largeHead = "large_head"
        case notHTTP = "not_http"
        case cut = "cut"
    }

    fileprivate struct State {
        var total = 0
        var byAddress: [String: Int] = [:]
        /// Connections that have sent a part of a head, by number.
        var openHeads: [Int: (address: String, channel: any Channel, since: NIODeadline)] = [:]
        var nextNumber = 0
        var accepted = 0
        var farewells = 0
        var refused: [Refusal: Int] = [:]
    }

    private let state = Mutex(State())
    private let maximum: Int
    private let maximumPerAddress: Int
    /// A head younger than this is on its way and no slow one.
    fileprivate static let patience = TimeAmount.milliseconds(500)

    /// Refused connections that are listened to until they have read why; beyond these they are closed at once.
    private static let maximumFarewells = 256

    init(maximum: Int, maximumPerAddress: Int) {
        self.maximum = maximum
        self.maximumPerAddress = maximumPerAddress
    }

    var open: Int { state.withLock { $0.total } }
    var accepted: Int { state.withLock { $0.accepted } }
    var refused: [Refusal: Int] { state.withLock { $0.refused } }

    /// Counts a new connection and gives it a number; nil when there is no room.
    func enter(_ address: String) -> Int? {
        let (number, displaced) = state.withLock { state -> (Int?, (any Channel)?) in
            let ofAddress = state.byAddress[address, default: 0]
            var displaced: (any Channel)?
            if state.total >= maximum || ofAddress >= maximumPerAddress {
                let isForAddress = state.total < maximum
                guard let victim = state.oldestHead(of: isForAddress ? address : nil) else {
                    state.refused[isForAddress ? .tooManyOfAddress : .tooMany, default: 0] += 1
                    return (nil, nil)
                }
                displaced = state.openHeads.removeValue(forKey: victim)?.channel
                state.refused[.madeWay, default: 0] += 1
            }
            state.total += 1
            state.byAddress[address, default: 0] += 1
            state.accepted += 1
            state.nextNumber += 1
            return (state.nextNumber, displaced)
        }
        displaced?.close(promise: nil)
        return number
    }

    func leave(_ address: String, number: Int) {
        state.withLock { state in
            state.openHeads[number] = nil
            state.total -= 1
            let count = state.byAddress[address, default: 1] - 1
            state.byAddress[address] = count > 0 ? count : nil
        }
    }

    func headBegins(_ number: Int, _ address: String, _ channel: any Channel) {
        state.withLock { $0.openHeads[number] = (address, channel, .now()) }
    }

    func headEnds(_ number: Int) {
        state.withLock { $0.openHeads[number] = nil }
    }

    /// Whether one more refused connection may stay a little; after true, `endFarewell` has to follow.
    func beginFarewell() -> Bool {
        state.withLock { state in
            guard state.farewells < ConnectionBook.maximumFarewells else { return false }
            state.farewells += 1
            return true
        }
    }

    func endFarewell() { state.withLock { $0.farewells -= 1 } }

    func note(_ refusal: Refusal) {
        state.withLock { $0.refused[refusal, default: 0] += 1 }
    }
}

extension ConnectionBook.State {
    /// The connection whose head has been incomplete for longest. O(open heads), only when there is no room.
    fileprivate func oldestHead(of address: String?) -> Int? {
        let bound = NIODeadline.now() - ConnectionBook.patience
        return openHeads.filter { $0.value.since < bound && (address == nil || $0.value.address == address) }
            .min { $0.value.since < $1.value.since }?.key
    }
}
