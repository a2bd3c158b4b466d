import TramSystem

/// A thread for the turns of committers.
///
/// A turn touches the newest rows of hundreds of series. On a thread of its own they stay in one processor's cache;
/// turns that wander from thread to thread fetch them from another's with each body. A few threads serve all databases.
final class CommitThread: SerialExecutor {
    private let jobs = Monitor<[UnownedJob]>([])

    /// - Throws: when the process may have no more threads.
    private init() throws(SystemError) {
        _ = try SystemThread(name: "tram-commit") { self.run() }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let isFirst = jobs.withLock { jobs in
            jobs.append(job)
            return jobs.count == 1
        }
        if isFirst { jobs.wake() }
    }

    private func run() {
        let executor = unsafe asUnownedSerialExecutor()
        while true {
            let next = jobs.wait { jobs -> [UnownedJob]? in
                guard !jobs.isEmpty else { return nil }
                defer { jobs = [] }
                return jobs
            }
            for job in next ?? [] { unsafe job.runSynchronously(on: executor) }
        }
    }

    // Parsing takes as much of the processors as committing, so half of them are enough.
    private static let threads = (0..<max(1, Processors.count / 2)).compactMap { _ in try? CommitThread() }
    private static let taken = Monitor(0)

    /// The threads in turn; nil when the process may have none.
    static func next() -> CommitThread? {
        guard !threads.isEmpty else { return nil }
        return taken.withLock { taken in
            defer { taken = (taken + 1) % threads.count }
            return threads[taken]
        }
    }
}
