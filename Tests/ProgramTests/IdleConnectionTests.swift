import Foundation
import RunRecords
import Testing

/// Clients that say EHLO and then nothing are cheap.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct IdleConnectionTests {
        static let limitBytes = 20_000

        @Test func idleConnectionsOfTheSinkAreCheap() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            try await measure(stage, sink)
            #expect(try await sink.stop(SinkRecord.self).connectionsPeak >= 2_000)
        }

        @Test func idleConnectionsOfTheRelayAreCheap() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let mta = try await stage.mta(to: try freePort())
            try await measure(stage, mta)
            _ = try await mta.stop(MTARecord.self)
        }

        private func measure(_ stage: Stage, _ server: Server) async throws {
            // The first connections bring code and allocator pages that are there once, not for each.
            try await hold(stage, server, 50) { _ in }
            let before = try server.program.residentBytes()
            try await hold(stage, server, 10_000) { count in
                #expect(count >= 2_000, "the descriptor limit allows only \(count)")
                let each = (try server.program.residentBytes() - before) / count
                print("\(server.program.name): \(count) idle connections, \(each) bytes of resident memory each")
                #expect(each < Self.limitBytes)
            }
        }

        /// Opens connections up to the descriptor limit, all idle while `body` runs.
        private func hold(_ stage: Stage, _ server: Server, _ wanted: Int, _ body: (Int) throws -> Void) async throws {
            let holder = try stage.script("hold_connections.py", [String(server.port), String(wanted)])
            let count = try await eventually("\(wanted) connections", seconds: 60) {
                guard holder.isRunning else { throw StageFault("hold_connections.py: \(holder.errorOutput)") }
                return holder.output.split(separator: "\n").first { $0.hasPrefix("holding ") }
                    .flatMap { Int($0.dropFirst("holding ".count)) }
            }
            try body(count)
            holder.kill()
        }
    }
}
