import Dispatch
public import TramQuery
import TramSystem

/// The threads that run parts of one query at once.
public enum QueryThreads {
    /// As many as the machine has processors; nil where there is only one.
    public static let workers: QueryWorkers? = {
        let count = Processors.count
        return count > 1
            ? QueryWorkers(count: count) { parts, body in
                DispatchQueue.concurrentPerform(iterations: parts) { body($0) }
            } : nil
    }()
}
