internal import CTramSystem
internal import Glibc

/// What this process uses, as the kernel counts it.
public struct ProcessFigures: Sendable {
    /// Bytes of memory that are resident.
    public var residentBytes: Int
    /// Seconds of all threads, in user and system mode.
    public var cpuSeconds: Double
    public var openFiles: Int

    /// Read now. Figures that the kernel does not give are 0.
    public static func read() -> ProcessFigures {
        var usage = rusage()
        _ = unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        let pages = (try? File.open("/proc/self/statm").readToEnd(limit: 4096))
            .map { String(decoding: $0, as: UTF8.self).split(separator: " ") }
        let resident = pages.flatMap { $0.count > 1 ? Int($0[1]) : nil } ?? 0
        let files = (try? Directory.names(in: "/proc/self/fd").count) ?? 0
        return ProcessFigures(
            residentBytes: resident * Int(sysconf(Int32(_SC_PAGESIZE))),
            cpuSeconds: seconds(usage.ru_utime) + seconds(usage.ru_stime), openFiles: files)
    }
}

/// The processors that this process may run on.
public enum Processors {
    public static var count: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
}

/// Memory of the process.
public enum ProcessMemory {
    /// Gives memory that was freed back to the system. What is freed in small pieces between others stays with the
    /// process otherwise. Takes some milliseconds.
    public static func giveBack() { tram_give_back_memory() }
}
