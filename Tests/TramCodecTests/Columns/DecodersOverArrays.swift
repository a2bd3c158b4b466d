import TramCodec
import TramColumnar

// The decoders over whole arrays, which is what tests have.

extension ColumnDecoder {
    static func decode(_ bytes: [UInt8], type: FieldType, rows: Int) throws(CodecError) -> Vector {
        unsafe try decode(bytes.span.bytes, type: type, rows: rows)
    }

    static func mantissas(
        _ bytes: [UInt8], type: FieldType, rows: Int
    ) throws(CodecError) -> (values: [Int64], scale: Int)? {
        unsafe try mantissas(bytes.span.bytes, type: type, rows: rows)
    }
}

extension ColumnEntry {
    init(decoding bytes: [UInt8]) throws(CodecError) {
        unsafe try self.init(decoding: bytes.span.bytes)
    }
}

extension IntegerColumn {
    static func decode(_ bytes: [UInt8], count: Int) throws(CodecError) -> [Int64] {
        unsafe try decode(bytes.span.bytes, count: count)
    }

    static func byteCount(_ bytes: [UInt8], count: Int) throws(CodecError) -> Int {
        unsafe try byteCount(bytes.span.bytes, count: count)
    }

    static func value(at row: Int, in bytes: [UInt8], count: Int) throws(CodecError) -> Int64 {
        unsafe try value(at: row, in: bytes.span.bytes, count: count)
    }

    static func lowerBound(of value: Int64, in bytes: [UInt8], count: Int) throws(CodecError) -> Int {
        unsafe try lowerBound(of: value, in: bytes.span.bytes, count: count)
    }
}

extension DictionaryPage {
    static func decode(_ bytes: [UInt8]) throws(CodecError) -> [String] {
        unsafe try decode(bytes.span.bytes)
    }
}
