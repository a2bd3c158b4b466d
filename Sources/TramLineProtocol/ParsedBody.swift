public import TramColumnar

/// What came out of the lines of a body, or of the part of it since the last `take()`.
public struct ParsedBody: Sendable {
    /// The good lines, one batch per measurement, in order of first arrival; rows in order of arrival.
    ///
    /// A measurement has a second batch when the first one would be mostly empty cells, or longer than 32-bit
    /// references can say.
    public var batches: [Batch] = []
    /// The refused lines in order of arrival; of one body at most `maximumRejectedKept` altogether.
    public var rejected: [RejectedLine] = []
    /// How many lines were refused for each reason, also those that `rejected` no longer describes.
    public var rejectedByClass: [RejectedLine.Class: Int] = [:]
    /// Points and refused lines; blank lines and comments do not count.
    public var lineCount = 0

    /// All refused lines.
    public var rejectedCount: Int { rejectedByClass.values.reduce(0, +) }

    /// The rows of all batches.
    public var rowCount: Int { batches.reduce(0) { $0 + $1.count } }
}
