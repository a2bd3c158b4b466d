/// Lengths of Huffman codes no longer than a limit.
enum HuffmanLengths {
    /// Per symbol of `histogram` the length of its code, 0 where it does not occur; a single symbol gets one bit.
    ///
    /// Codes longer than the limit are cut to it, and the space that this overdraws is paid back by lengthening the
    /// longest codes that have room: a little more than the optimum of package-merge, on at most 98 symbols.
    static func limited(_ histogram: [Int], to limit: Int) -> PrefixCodes.CodeLengths {
        var lengths = [UInt8](repeating: 0, count: histogram.count)
        fillOptimal(histogram, &lengths)
        let space = 1 << limit
        var used = 0
        for symbol in lengths.indices where lengths[symbol] > 0 {
            lengths[symbol] = min(lengths[symbol], UInt8(limit))
            used += space >> Int(lengths[symbol])
        }
        let rarestFirst = lengths.indices.filter { lengths[$0] > 0 }.sorted { histogram[$0] < histogram[$1] }
        while used > space {
            for symbol in rarestFirst where used > space && Int(lengths[symbol]) < limit {
                used -= (space >> Int(lengths[symbol])) - (space >> Int(lengths[symbol] + 1))
                lengths[symbol] += 1
            }
        }
        // What is left over shortens codes again, the most frequent first.
        if lengths.count(where: { $0 > 0 }) > 1 {
            for symbol in rarestFirst.reversed() {
                while lengths[symbol] > 1, used + space >> Int(lengths[symbol]) <= space {
                    used += space >> Int(lengths[symbol])
                    lengths[symbol] -= 1
                }
            }
        }
        var result = PrefixCodes.CodeLengths()
        for length in lengths { result.append(length) }
        return result
    }
    /// Huffman's lengths. The search for the two lightest nodes is plain: there are at most 98 and mostly two dozen.
    private static func fillOptimal(_ histogram: [Int], _ lengths: inout [UInt8]) {
        let size = 2 * PrefixCodes.maximumClasses
        var weights = [Int](repeating: 0, count: size)
        var symbols = [Int](repeating: 0, count: size)
        var parents = [Int](repeating: 0, count: size)
        var open: [Int] = []
        var nodes = 0
        for symbol in histogram.indices where histogram[symbol] > 0 {
            weights[nodes] = histogram[symbol]
            symbols[nodes] = symbol
            open.append(nodes)
            nodes += 1
        }
        let leaves = nodes
        while open.count > 1 {
            let parent = nodes
            nodes += 1
            for _ in 0..<2 {
                var lightest = 0
                for place in open.indices where weights[open[place]] < weights[open[lightest]] { lightest = place }
                parents[open[lightest]] = parent
                weights[parent] += weights[open[lightest]]
                open[lightest] = open[open.count - 1]
                open.removeLast()
            }
            open.append(parent)
        }
        for leaf in 0..<leaves {
            var depth: UInt8 = 0
            var node = leaf
            while node != nodes - 1 {
                node = parents[node]
                depth += 1
            }
            lengths[symbols[leaf]] = max(1, depth)
        }
    }
}
