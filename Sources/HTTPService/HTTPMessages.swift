package import MailTypes
package import NIOCore
package import NIOHTTP1
import SMTPTransport
import TextCodecs

/// One HTTP request, whole.
package struct HTTPCall: Sendable {
    package var method: HTTPMethod
    /// Without the query.
    package var path: String
    package var query: [String: String]
    /// The same in order, with all values of a name.
    package var parameters: [HTTPTarget.Parameter]
    package var headers: HTTPHeaders
    package var body: ByteBuffer
    package var peer: NetworkAddress?

    /// - Parameter target: as the request line has it.
    package init(
        _ method: HTTPMethod, _ target: String, headers: HTTPHeaders = [:], body: ByteBuffer = ByteBuffer(),
        peer: NetworkAddress? = nil
    ) {
        let target = HTTPTarget(target)
        self.method = method
        (path, query, parameters) = (target.path, target.query, target.parameters)
        self.headers = headers
        self.body = body
        self.peer = peer
    }
}

extension HTTPCall {
    /// - Parameter channel: whose peer calls.
    init(_ head: HTTPRequestHead, _ body: ByteBuffer, _ channel: any Channel) {
        self.init(
            head.method, head.uri, headers: head.headers, body: body, peer: channel.remoteAddress?.networkAddress)
    }
}

/// Dates as RFC 9110 §5.6.7 writes them: `Mon, 02 Nov 2026 20:14:56 GMT`.
func httpDate(unixSeconds: Int) -> String {
    let words = MailDate.text(unixSeconds: unixSeconds).split(separator: " ")
    return "\(words[0]) \(words[1].count == 1 ? "0" : "")\(words[1]) \(words[2]) \(words[3]) \(words[4]) GMT"
}

package struct HTTPAnswer: Sendable {
    package var status: HTTPResponseStatus
    package var contentType: String
    package var body: ByteBuffer
    package var headers: HTTPHeaders
    /// It may be compressed for who accepts that: nothing in it is both secret and chosen by who asks.
    package var isCompressible = false
    /// What follows the header instead of ``body``, as it comes; nil for most.
    package var stream: HTTPStream?

    package init(
        _ status: HTTPResponseStatus, _ body: String, contentType: String = "text/plain; charset=utf-8",
        headers: HTTPHeaders = [:]
    ) {
        self.init(status, ByteBuffer(string: body), contentType: contentType, headers: headers)
    }

    package init(
        _ status: HTTPResponseStatus, _ body: ByteBuffer, contentType: String, headers: HTTPHeaders = [:]
    ) {
        self.status = status
        self.contentType = contentType
        self.body = body
        self.headers = headers
    }

    /// `{"error": …, "pointer": …}` (RFC 6901).
    package static func fault(_ status: HTTPResponseStatus, _ text: String, pointer: String? = nil) -> HTTPAnswer {
        var json = "{\"error\":" + JSONText.quoted(text)
        if let pointer { json += ",\"pointer\":" + JSONText.quoted(pointer) }
        return HTTPAnswer(status, json + "}\n", contentType: "application/json")
    }
}
