package import HTTPService
import MessageBuilding
package import NIOCore
package import NIOHTTP1

/// The admin API: a call becomes an order, what comes of it an answer. The same over HTTP and over the control socket.
package struct AdminService: Sendable {
    private let administration: any Administration

    package init(_ administration: any Administration) { self.administration = administration }

    /// Methods of a path; nil: it is no path of the admin API.
    package static func methods(_ path: String) -> [HTTPMethod]? {
        AdminRoute.all[path]?.methods.keys.sorted().map { HTTPMethod(rawValue: $0) }
    }

    /// Answers a call of a method that the path has.
    package func respond(_ call: HTTPCall, on loop: any EventLoop) -> EventLoopFuture<HTTPAnswer> {
        let meaning: AdminRoute.Meaning
        do throws(AdminRequestFault) { meaning = try read(call) } catch {
            let status: HTTPResponseStatus = error.pointer == nil ? .badRequest : .unprocessableEntity
            return loop.makeSucceededFuture(.fault(status, error.text, pointer: error.pointer))
        }
        let administration = administration
        switch meaning {
        case .trace(let wish):
            var answer = HTTPAnswer(.ok, "", contentType: "application/x-ndjson")
            answer.stream = administration.trace(wish)
            return loop.makeSucceededFuture(answer)
        case .order(let order):
            return loop.makeFutureWithTask { await Self.answer(administration, order) }
        }
    }

    private static func answer(_ administration: any Administration, _ order: AdminOrder) async -> HTTPAnswer {
        do {
            let value = try await administration.perform(order)
            return HTTPAnswer(.ok, value.line + "\n", contentType: "application/json")
        } catch let fault as AdminFault {
            return .fault(fault.kind == .notFound ? .notFound : .serviceUnavailable, fault.description)
        } catch {
            return .fault(.internalServerError, "\(error)")
        }
    }

    private func read(_ call: HTTPCall) throws(AdminRequestFault) -> AdminRoute.Meaning {
        let asked = call.method == .HEAD ? "GET" : call.method.rawValue
        guard let method = AdminRoute.all[call.path]?.methods[asked] else {
            throw AdminRequestFault(text: "expected another method", pointer: nil)
        }
        let body = method.isQuery ? try Self.query(call) : try Self.body(call)
        return try method.read(try AdminFields(body, method.fields))
    }

    /// A query as an object of texts; a name that comes more than once is one text with commas.
    private static func query(_ call: HTTPCall) throws(AdminRequestFault) -> JSONValue {
        var members: [JSONValue.Member] = []
        for parameter in call.parameters {
            if let index = members.firstIndex(where: { $0.key == parameter.name }),
                case .string(let text) = members[index].value, parameter.name == "queues"
            {
                members[index].value = .string(text + "," + parameter.value)
            } else if members.contains(where: { $0.key == parameter.name }) {
                throw AdminRequestFault(
                    text: "comes more than once", pointer: "/" + InjectionRequest.escaped(parameter.name))
            } else {
                members.append(.init(parameter.name, .string(parameter.value)))
            }
        }
        return .object(members)
    }

    private static func body(_ call: HTTPCall) throws(AdminRequestFault) -> JSONValue {
        var parsed: Result<JSONValue, JSONValue.Fault>!
        call.body.withUnsafeReadableBytes { bytes in
            do throws(JSONValue.Fault) { parsed = .success(try JSONValue.parse(bytes)) } catch {
                parsed = .failure(error)
            }
        }
        switch parsed! {
        case .success(let value): return value
        case .failure(let fault): throw AdminRequestFault(text: fault.text, pointer: nil)
        }
    }
}
