import Foundation
import Synchronization
import Testing

/// Clients that are slow, silent or deaf, on purpose or not: they must not take what the others need.
@Suite(.ownThreads) struct SlowClientTests {
    //
    @Test func `a head that drips is told 408 in its time, however it drips`() async throws {
        try await ServingTram.besieged(configuration: "limits: { head_timeout: 2s }\n") { server in
            let clients = try (0..<20).map { number in
                let client = try server.client()
                try client.send("GET /ping HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: \(number)")
                return client
            }
            let begin = Date()
            // A byte now and then gains nothing.
            while Date().timeIntervalSince(begin) < 1.5 {
                try await Task.sleep(for: .milliseconds(100))
                for client in clients { try client.offer("a") }
            }
            for client in clients {
                expectFailure(try client.answer(), 408)
                #expect(try client.answer() == nil)
            }
            #expect(Date().timeIntervalSince(begin) > 1.5)
            try await server.eventually("the connections are gone") { try server.metric("tram_connections") == 1 }
            // The second head on a connection has the same time as the first.
            let second = try server.client()
            try second.send(server.text("GET", "/ping"))
            #expect(try second.answer()?.status == 204)
            try second.send("GET /ping HT")
            expectFailure(try second.answer(), 408)
        }
    }

    //
    @Test func `a body that drips is told 408, and one that goes on slowly is taken`() async throws {
        try await ServingTram.besieged(configuration: "limits: { body_timeout: 4s }\n") { server in
            let head = server.text("POST", "/write?db=slow", length: 1 << 20)
            let silent = try server.client()
            try silent.send(head + "m v=1 1\n")
            let dripping = try server.client()
            try dripping.send(head)
            let chunked = try server.client()
            try chunked.send(
                server.text("POST", "/write?db=slow", headers: ["Transfer-Encoding: chunked"]) + "8\r\nm v")
            // 2 KiB every 0.4 seconds: slow, and no reason to hang up.
            let steady = try server.client()
            let lines = (0..<2048).map { "m v=\($0 % 10) 1\($0 + 1000)\n" }.joined()
            try steady.send(server.text("POST", "/write?db=steady", length: lines.utf8.count))
            var rest = Array(lines.utf8)[...]
            while !rest.isEmpty {
                try steady.send(Array(rest.prefix(2048)))
                rest = rest.dropFirst(2048)
                try dripping.offer("m")
                try await Task.sleep(for: .milliseconds(400))
            }
            #expect(try steady.answer()?.status == 204)
            for client in [silent, dripping, chunked] {
                expectFailure(try client.answer(), 408)
                #expect(try client.answer() == nil)
            }
            #expect(try server.count("slow") == nil)
            #expect(try server.count("steady") == 2048)
        }
    }

    // beside it
    @Test func `500 idle connections and 100 slow heads do not hold up a gateway`() async throws {
        try await ServingTram.besieged { server in
            let idle = try (0..<500).map { _ in try server.client() }
            let gateway = try server.client()
            func write(_ number: Int) throws {
                let begin = Date()
                let line = "m,s=a v=\(number) \(number)\n"
                try gateway.send(server.text("POST", "/write?db=a", length: line.utf8.count) + line)
                #expect(try gateway.answer()?.status == 204)
                #expect(Date().timeIntervalSince(begin) < 5)
            }
            try write(1)
            let end = End()
            try await withThrowingTaskGroup(of: Void.self) { group in
                // More than the 512 of one address: slow heads make way for each other.
                group.addTask {
                    let slow = try (0..<100).map { _ in
                        let client = try server.client()
                        try client.offer("POST /write?db=a HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-")
                        return client
                    }
                    // New ones come in too, as soon as the heads are old enough to make way.
                    try await server.eventually("a newcomer finds a place") {
                        let client = try server.client()
                        try client.offer(server.text("GET", "/ping"))
                        return try client.answer()?.status == 204
                    }
                    end.hasCome.store(true, ordering: .relaxed)
                    withExtendedLifetime(slow) {}
                }
                var number = 1
                while !end.hasCome.load(ordering: .relaxed) || number < 1000 {
                    number += 1
                    try write(number)
                }
                try await group.waitForAll()
                try gateway.send(server.text("GET", "/api/tram/count?db=a"))
                #expect(try gateway.answer()?.text == "\(number)\n")
            }
            withExtendedLifetime(idle) {}
        }
    }

    //
    @Test func `a connection on which nothing happens is closed after its time`() async throws {
        try await ServingTram.besieged(configuration: "limits: { idle_timeout: 2s }\n") { server in
            var clients = try (0..<25).map { _ in
                let client = try server.client()
                try client.send(server.text("GET", "/ping"))
                #expect(try client.answer()?.status == 204)
                return client
            }
            for _ in 0..<25 { clients.append(try server.client()) }
            for client in clients { #expect(try client.rest().isEmpty) }
        }
    }

    //
    @Test func `who never reads its answers is cut off and costs no memory`() async throws {
        let settings = "limits: { write_timeout: 1s, query_rows: 200000 }\n"
        try await ServingTram.besieged(configuration: settings, peakMebibytes: 600) { server in
            let lines = (0..<100_000).map { "m,s=s\($0 % 50) v=\($0) \($0 + 1)\n" }.joined()
            #expect(try server.write("a", lines).status == 204)
            let query = server.text("GET", "/api/tram/query?db=a&format=ndjson&q=m%5B30000d%5D")
            let deaf = try (0..<16).map { _ in
                let client = try server.client(receiveBytes: 4096)
                try client.send(String(repeating: query, count: 50))
                return client
            }
            // The others are answered meanwhile.
            for _ in 0..<20 { #expect(try server.write("b", "m v=1 1").status == 204) }
            try await server.eventually("they are cut off") {
                try server.metric("tram_connections_refused_total{reason=\"slow_reader\"}") == 16
            }
            try await server.eventually("the connections are gone") { try server.metric("tram_connections") == 1 }
            #expect(try server.metric("tram_queries_running") == 0)
            withExtendedLifetime(deaf) {}
        }
    }

    //
    @Test func `answers that nobody reads take so much memory and no more`() async throws {
        let settings = "limits: { open_answers: 10MiB, write_timeout: 6s }\n"
        try await ServingTram.besieged(configuration: settings) { server in
            let lines = (0..<100_000).map { "m,s=s\($0 % 50) v=\($0) \($0 + 1)\n" }.joined()
            #expect(try server.write("a", lines).status == 204)
            let path = "/api/tram/query?format=ndjson&q=m%5B30000d%5D"
            // 2.7 MB each: three find room, and one too many is told so.
            var deaf: [RawClient] = []
            for _ in 0..<3 {
                deaf.append(try server.client(receiveBytes: 4096))
                try deaf.last?.send(server.text("GET", path))
                #expect(try deaf.last?.line() == "HTTP/1.1 200 OK")
            }
            let busy = try server.request("GET", path)
            expectFailure(busy, 503)
            #expect(busy.json?["code"] as? String == "query.busy")
            #expect(busy["retry-after"] != nil)
            // Small ones always do.
            #expect(try server.request("GET", "/api/tram/query?q=m%5B30000d%5D%7Ccount()").status == 200)
            try await server.eventually("there is room again") { try server.metric("tram_open_answer_bytes") == 0 }
            #expect(try server.request("GET", path).body.count(where: { $0 == UInt8(ascii: "\n") }) == 100_000)
            withExtendedLifetime(deaf) {}
        }
    }

    //
    @Test func `many small answers that nobody reads are bounded too`() async throws {
        try await ServingTram.besieged(configuration: "limits: { write_timeout: 1s }\n") { server in
            let client = try server.client(seconds: 3, receiveBytes: 4096)
            let requests = String(repeating: server.text("GET", "/openapi.json"), count: 1000)
            var isTaken = true
            // It stops reading once its answers are not read, and hangs up.
            do {
                for _ in 0..<1000 where isTaken { isTaken = try client.offer(requests) }
            } catch let failure as RawClient.Failure {
                #expect(failure.isTimeout)
                isTaken = false
            }
            #expect(!isTaken)
            try await server.eventually("it is cut off") { try server.metric("tram_connections") == 1 }
        }
    }

    //
    @Test func `bad lines whose errors are never read do not stop good ones`() async throws {
        try await ServingTram.besieged { server in
            let client = try RawClient(server.lineTCP, receiveBytes: 4096)
            let bad = String(repeating: "nonsense\n", count: 20_000)
            for number in 1...100 { try client.send(bad + "m v=\(number) \(number)\n") }
            try await server.eventually("every good line is stored") { try server.count("default") == 100 }
            #expect(try client.line()?.hasPrefix("error line 1: ") == true)
        }
    }
}
