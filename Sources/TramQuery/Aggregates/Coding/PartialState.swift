import TramColumnar

/// The serialised form of aggregate states: what goes into files and from a node to its parent.
///
/// A state is an envelope, and states are written one behind the other:
///
///     bytes    field
///     1        version: 1
///     1        kind of state, `PartialState.Kind`
///     varint   length of the body
///     ...      body; empty when the slot has seen no value
///
/// The form is canonical: slots that were fed the same rows, in any order and over any tree of merges, on any node,
/// give the same bytes. A decoder takes no other form of a state, so that what it takes encodes to the same bytes
/// again.
package enum PartialState {
    static let version: UInt8 = 1
    /// 2^62. Counts beyond it are refused and merges that would give them throw; rows of one's own, added to such a
    /// count, cannot overflow.
    static let mostValues: Int64 = 1 << 62

    /// What a body holds. Functions with the same state share one: a sketch serves every quantile. Never renumbered;
    /// 10, 11 and 14...18 are kept for functions to come.
    package enum Kind: UInt8, CaseIterable, Sendable {
        case count = 1
        case sum = 2
        case min = 3
        case max = 4
        case mean = 5
        case moments = 6
        case first = 7
        case last = 8
        case minAt = 9
        case sketch = 12
        case distinct = 13
        case maxAt = 19
        case spread = 20
        case mode = 21
        case values = 22
        case valueSet = 23
    }

    /// The sum of two counts, if it is one that a state may have.
    static func total(_ left: Int64, _ right: Int64) throws(QueryError) -> Int64 {
        // Neither is much above 2^62.
        let (total, overflow) = left.addingReportingOverflow(right)
        guard !overflow, total <= mostValues else { throw .aggregateOverflow }
        return total
    }

    /// Which types of values there are in a body; tags are texts.
    static func typeCode(_ type: ColumnType) -> UInt8 {
        switch type {
        case .float: 0
        case .int: 1
        case .uint: 2
        case .duration: 3
        case .time: 4
        case .bool: 5
        case .string, .tag: 6
        }
    }
}

/// Why bytes are not the state that was expected. Offsets are from the start of what the reader was given.
package enum PartialStateError: Error, Hashable, Sendable {
    /// The bytes end before the state does.
    case truncated(at: Int)
    case unknownVersion(UInt8)
    /// The state of another function.
    case unfitKind(expected: UInt8, found: UInt8)
    /// Of values of another type; both are codes of types.
    case unfitType(expected: UInt8, found: UInt8)
    /// A number that is out of range or order, or not in its shortest form, or a text that is no UTF-8.
    case malformed(at: Int)
    /// Whoever made the states gave them no place for texts, or it takes no more.
    case noRoomForTexts

    /// The stable name in logs and metrics. Never renamed.
    package var code: StaticString {
        switch self {
        case .truncated: "state.truncated"
        case .unknownVersion: "state.unknown_version"
        case .unfitKind: "state.unfit_kind"
        case .unfitType: "state.unfit_type"
        case .malformed: "state.malformed"
        case .noRoomForTexts: "state.no_room_for_texts"
        }
    }
}

/// The string table of a query as states see it: texts by code, as of now, and codes of texts that come from elsewhere.
package struct StateTexts {
    /// Asked for once a vector by what orders or hashes texts.
    let all: () -> [String]
    /// The code of a text, a new one when it has none; nil when no text can be added.
    let intern: (String) -> UInt64?

    package init(
        all: @escaping () -> [String] = { [] }, intern: @escaping (String) -> UInt64? = { _ in nil }
    ) {
        self.all = all
        self.intern = intern
    }

    func code(_ text: String) throws(PartialStateError) -> UInt64 {
        guard let code = intern(text) else { throw .noRoomForTexts }
        return code
    }

    /// The order of texts: that of `String`, by Unicode scalar with accents put together; of texts that differ only in
    /// how their accents are written, by bytes. So no two texts are equal, and an order of arrival cannot show.
    static func isOrdered(_ left: String, before right: String) -> Bool {
        left < right || left == right && left.utf8.lexicographicallyPrecedes(right.utf8)
    }
}

extension PortableStates {
    /// Appends the state of a slot, envelope and body. O(size of the state).
    package func encode(slot: Int, to bytes: inout [UInt8]) {
        bytes.append(PartialState.version)
        bytes.append(stateKind.rawValue)
        let start = bytes.count
        // Nearly every length takes one byte, which is kept free for it.
        bytes.append(0)
        encodeBody(slot: slot, to: &bytes)
        let length = bytes.count - start - 1
        if length < 0x80 {
            bytes[start] = UInt8(truncatingIfNeeded: length)
        } else {
            var varint: [UInt8] = []
            varint.appendVarint(count: length)
            bytes.replaceSubrange(start...start, with: varint)
        }
    }

    /// Replaces the state of a slot by the next one of `reader`, which then stands behind it. After a throw the slot is
    /// empty, and the reader must not be used any more.
    ///
    /// Whatever the bytes are, this returns or throws. It takes memory in proportion to the bytes of the state, at most
    /// 64 bytes for one, plus 40 KiB.
    package func decode(into slot: Int, from reader: inout StateReader) throws(PartialStateError) {
        reset(slot: slot)
        let version = try reader.byte()
        guard version == PartialState.version else { throw .unknownVersion(version) }
        let kind = try reader.byte()
        guard kind == stateKind.rawValue else { throw .unfitKind(expected: stateKind.rawValue, found: kind) }
        let outer = try reader.enter(try reader.varint())
        if !reader.isAtEnd {
            do {
                try decodeBody(into: slot, from: &reader)
                try reader.leave(outer)
            } catch {
                reset(slot: slot)
                throw error
            }
        } else {
            try reader.leave(outer)
        }
    }

    /// The same for bytes that hold this one state.
    package func decode(into slot: Int, from bytes: [UInt8]) throws(PartialStateError) {
        var reader = StateReader(bytes)
        try decode(into: slot, from: &reader)
        guard reader.isAtEnd else {
            reset(slot: slot)
            throw .malformed(at: reader.offset)
        }
    }
}

extension ValueKind {
    /// Appends a canonical value: floats eight bytes, signed numbers zigzag, unsigned ones as they are, texts
    /// themselves.
    func append(_ bits: UInt64, to bytes: inout [UInt8], _ texts: @autoclosure () -> [String]) {
        switch self {
        case .float: bytes.appendWord(bits)
        case .signed: bytes.appendZigzag(Int64(bitPattern: bits))
        case .unsigned: bytes.appendVarint(bits)
        case .text: bytes.appendText(texts()[Int(bits)])
        }
    }

    /// Reads what `append` wrote, of this type.
    func read(_ reader: inout StateReader, as type: ColumnType, _ texts: StateTexts) throws(PartialStateError) -> UInt64
    {
        let start = reader.offset
        switch self {
        case .float:
            let bits = try reader.word()
            guard canonical(bits) == bits else { throw .malformed(at: start) }
            return bits
        case .signed: return UInt64(bitPattern: try reader.zigzag())
        case .unsigned: return try reader.varint(in: 0...(type == .bool ? 1 : .max))
        case .text: return try texts.code(try reader.text())
        }
    }
}

extension StateReader {
    /// The code of the type that the values of a body have.
    mutating func type(_ expected: ColumnType) throws(PartialStateError) {
        let code = PartialState.typeCode(expected)
        let found = try byte()
        guard found == code else { throw .unfitType(expected: code, found: found) }
    }
}
