import SMTPProtocol

/// How long a server waits, nanoseconds (RFC 5321 §4.5.3.2).
package struct ServerTimeouts: Sendable {
    package var idle: UInt64
    package var content: UInt64

    package init(
        idle: UInt64 = UInt64(SMTPLimits.Timeout.serverIdle) * 1_000_000_000,
        content: UInt64 = UInt64(SMTPLimits.Timeout.dataBlock) * 1_000_000_000
    ) {
        self.idle = idle
        self.content = content
    }
}
