import Glibc
import NIOCore
import RunRecords
package import SMTPTransport

extension RelayServer {
    /// Requests that are about the process and not about its mail.
    /// - Returns: whether it was one.
    func answerForProcess(_ request: ControlRequest, _ response: inout ControlResponse) async throws -> Bool {
        switch request.command {
        case .identify: response.process = getpid()
        case .upgrade:
            guard let upgrade else { throw RecordFault("this relay cannot be replaced while it runs") }
            response.process = try await upgrade()
        default: return false
        }
        return true
    }

    /// Goes on with clients that another process has greeted, spread over the event loops. Their sockets are ours from now
    /// on; those that are none, or of a listener that is not here, are closed.
    /// - Returns: how many of them are served.
    package func adopt(_ clients: [HandedClient]) async -> Int {
        var adopted: [EventLoopFuture<Void>] = []
        for client in clients {
            let state = try? ClientState(decoding: client.state)
            guard let state, let listener = listener(state.service), isConnection(client.descriptor) else {
                close(client.descriptor)
                continue
            }
            // None waits for another one: the loops are busy with those who talk already.
            let loop = loops.contexts[adopted.count % loops.contexts.count]
            adopted.append(listener.adopt(client.descriptor, state, on: loop))
        }
        let loop = loops.contexts[0].eventLoop
        let results = try? await EventLoopFuture.whenAllComplete(adopted, on: loop).get()
        return (results ?? []).count { if case .success = $0 { true } else { false } }
    }

    private func listener(_ service: ClientState.Service) -> SMTPListener? {
        let index = shards[0].parts.listeners.firstIndex {
            $0.configuration.name == service.listener && $0.configuration.kind.rawValue == service.kind
        }
        return index.map { listeners[$0] }
    }

    private func isConnection(_ descriptor: Int32) -> Bool {
        var kind: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &kind, &length) == 0
            && kind == Int32(SOCK_STREAM.rawValue)
    }
}

extension RelayConfiguration {
    /// Whether a relay with this configuration can go on with a client of another one.
    package func takes(_ client: [UInt8]) -> Bool {
        guard let service = (try? ClientState(decoding: client))?.service else { return false }
        return listeners.contains { $0.name == service.listener && $0.kind.rawValue == service.kind }
    }
}
