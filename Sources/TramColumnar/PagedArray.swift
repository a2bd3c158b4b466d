/// Values that are only ever appended, in pages that never move.
///
/// A copy is a fixed view: it shares the pages, and may be read by any thread while one writer appends to the original,
/// which writes behind what the copy sees. So a reader of millions of values copies none of them and takes no lock, and
/// growing moves none, save for the first page: it begins small, since most arrays stay so, and is replaced by a larger
/// one until it has its full size.
///
/// Costs the values, up to one page of 64 Ki bytes more, and 24 bytes a page.
@safe
public struct PagedArray<Element: BitwiseCopyable & Sendable>: @unchecked Sendable {
    // Sendable: nothing that a copy sees is written again.
    @safe
    @usableFromInline
    final class Page {
        @usableFromInline let elements: UnsafeMutablePointer<Element>

        @inlinable
        init(capacity: Int) {
            unsafe elements = .allocate(capacity: capacity)
        }

        @inlinable
        deinit { unsafe elements.deallocate() }
    }

    @usableFromInline static var firstCapacity: Int { 16 }

    /// Owners of the memory at `bases`.
    @usableFromInline var pages: [Page] = []
    /// Where the elements of each page lie, so that reading touches no reference.
    @usableFromInline var bases: [UnsafeMutablePointer<Element>] = unsafe []
    @usableFromInline var capacity = 0
    @usableFromInline var filled = 0
    /// Elements of a page, a power of two.
    @usableFromInline let shift: Int
    /// How many values there are.
    @inlinable
    public var count: Int { filled }

    @inlinable
    public init() {
        shift = 16 - MemoryLayout<Element>.stride.trailingZeroBitCount
    }

    @inlinable
    public subscript(index: Int) -> Element {
        precondition(index >= 0 && index < count, "a value of the array")
        return unsafe bases[index &>> shift][index & (1 &<< shift &- 1)]
    }

    /// Appends a value. O(1); amortised O(1) in the first page.
    @inlinable
    public mutating func append(_ element: Element) {
        if filled == capacity { grow() }
        unsafe bases[filled &>> shift][filled & (1 &<< shift &- 1)] = element
        filled &+= 1
    }

    @inlinable
    mutating func grow() {
        let whole = 1 << shift
        guard capacity > 0, capacity < whole else {
            let page = Page(capacity: capacity == 0 ? PagedArray.firstCapacity : whole)
            pages.append(page)
            unsafe bases.append(page.elements)
            capacity += capacity == 0 ? PagedArray.firstCapacity : whole
            return
        }
        let page = Page(capacity: min(4 * capacity, whole))
        unsafe page.elements.update(from: bases[0], count: count)
        pages[0] = page
        unsafe bases[0] = unsafe page.elements
        capacity = min(4 * capacity, whole)
    }
}
