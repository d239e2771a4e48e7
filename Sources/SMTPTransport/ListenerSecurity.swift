package import MailTypes

/// What stands between a listener's sockets and its sessions.
package struct ListenerSecurity: Sendable {
    /// For STARTTLS or, with ``isImplicit``, from the first octet on; nil: none.
    package var tls: TLSServerContext?
    /// RFC 8314 §3.3.
    package var isImplicit = false
    /// Each connection begins with a PROXY header (HAProxy, versions 1 and 2), from these peers; nil: none does.
    package var proxies: NetworkSet?

    var expectsProxyHeader: Bool { proxies != nil }

    package init() {}
}
