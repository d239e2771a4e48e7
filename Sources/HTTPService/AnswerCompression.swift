import NIOCore
import NIOHTTP1
import NIOHTTPCompression

/// Compresses the answers that say so (gzip or deflate), for clients that accept it.
struct AnswerCompression {
    /// Smaller ones are one packet anyway.
    static let least = 1_024
    /// Marks the head of an answer for the compressor; it goes no further.
    private static let mark = "x-compress"

    let handler = HTTPResponseCompressor(initialByteBufferCapacity: 0) { head, _ in
        let isMarked = head.headers.contains(name: AnswerCompression.mark)
        head.headers.remove(name: AnswerCompression.mark)
        return isMarked ? .compressIfPossible : .doNotCompress
    }

    /// - Parameter hasBody: HEAD is answered without one.
    func prepare(_ headers: inout HTTPHeaders, _ answer: HTTPAnswer, hasBody: Bool) {
        guard answer.isCompressible, answer.body.readableBytes >= Self.least else { return }
        headers.add(name: "vary", value: "accept-encoding")
        if hasBody { headers.add(name: Self.mark, value: "1") }
    }

    /// Where to write what answers no request, of which the compressor knows nothing: what it expects is one head for each
    /// request.
    func way(around context: ChannelHandlerContext) -> ChannelHandlerContext {
        (try? context.pipeline.syncOperations.context(handler: handler)) ?? context
    }
}
