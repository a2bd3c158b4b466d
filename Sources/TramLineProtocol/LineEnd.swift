/// Finds where a line ends, a piece of it at a time.
///
/// A newline ends a line unless it is inside a quoted field value. A quote opens or closes one only after the first
/// unescaped space, and after an `=` that has no `,` behind it; inside quotes a backslash hides the byte after it,
/// outside it hides a separator or quote. Comments end at the next newline whatever they hold.
struct LineEnd {
    enum State: UInt8 {
        case blanks
        case comment
        /// Measurement and tags: before the first unescaped space.
        case key
        /// After a space or comma of the fields: quotes are ordinary.
        case name
        /// After the `=` of a field.
        case value
        case quoted
        case quotedEscape
    }

    private(set) var state = State.blanks
    private var afterBackslash = false
    /// Bytes of the line looked at so far, its newline not counted.
    private(set) var length = 0
    /// Offset in the line of the quote that is open, when one is.
    private(set) var quote: Int?

    /// Reads on over the next `count` bytes of the line.
    ///
    /// Returns the index of the newline that ends it, nil when it is not among them. O(count).
    mutating func advance(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int? {
        var index = 0
        while index < count {
            let byte = unsafe bytes[index]
            switch state {
            case .blanks:
                if byte == UInt8(ascii: "#") {
                    state = .comment
                } else if byte != UInt8(ascii: " ") && byte != UInt8(ascii: "\t") {
                    state = .key
                    continue
                }
            case .comment:
                if byte == UInt8(ascii: "\n") { return finish(index) }
            case .key, .name, .value:
                if byte == UInt8(ascii: "\n") { return finish(index) }
                if !afterBackslash { step(byte, index) }
                afterBackslash = byte == UInt8(ascii: "\\")
            case .quoted:
                if byte == UInt8(ascii: "\"") {
                    state = .value
                    quote = nil
                } else if byte == UInt8(ascii: "\\") {
                    state = .quotedEscape
                }
            case .quotedEscape:
                state = .quoted
            }
            index += 1
        }
        length += count
        return nil
    }

    private mutating func finish(_ index: Int) -> Int {
        length += index
        return index
    }

    @inline(__always)
    private mutating func step(_ byte: UInt8, _ index: Int) {
        switch (state, byte) {
        case (.key, UInt8(ascii: " ")): state = .name
        case (.name, UInt8(ascii: "=")): state = .value
        case (.value, UInt8(ascii: ",")): state = .name
        case (.value, UInt8(ascii: "\"")):
            state = .quoted
            quote = length + index
        default: break
        }
    }
}
