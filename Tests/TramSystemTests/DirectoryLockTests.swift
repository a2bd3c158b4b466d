import Testing
import TramSystem
import TramTesting

@Suite struct DirectoryLockTests {
    private func failure(_ body: () throws(DirectoryLock.Failure) -> DirectoryLock) -> DirectoryLock.Failure? {
        do throws(DirectoryLock.Failure) {
            _ = try body()
            return nil
        } catch {
            return error
        }
    }

    private func isHeld(_ failure: DirectoryLock.Failure?) -> Bool {
        if case .held = failure { true } else { false }
    }

    @Test func `a directory that one process has can be had and looked at by no other`() throws {
        let folder = try TemporaryFolder()
        let owner = try DirectoryLock(directory: folder.path)
        #expect(isHeld(failure { () throws(DirectoryLock.Failure) in try DirectoryLock(directory: folder.path) }))
        #expect(isHeld(failure { () throws(DirectoryLock.Failure) in try DirectoryLock(lookingAt: folder.path) }))
        withExtendedLifetime(owner) {}
    }

    @Test func `many look at a directory at once, and keep an owner out until the last has gone`() throws {
        let folder = try TemporaryFolder()
        _ = try DirectoryLock(directory: folder.path)
        do {
            let first = try DirectoryLock(lookingAt: folder.path)
            let second = try DirectoryLock(lookingAt: folder.path)
            #expect(isHeld(failure { () throws(DirectoryLock.Failure) in try DirectoryLock(directory: folder.path) }))
            withExtendedLifetime((first, second)) {}
        }
        #expect(failure { () throws(DirectoryLock.Failure) in try DirectoryLock(directory: folder.path) } == nil)
    }

    @Test func `looking makes no file`() throws {
        let folder = try TemporaryFolder()
        let look = try DirectoryLock(lookingAt: folder.path)
        #expect(try Directory.names(in: folder.path).isEmpty)
        withExtendedLifetime(look) {}
    }
}
