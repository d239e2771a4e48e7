import Glibc
import RunRecords

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
}
