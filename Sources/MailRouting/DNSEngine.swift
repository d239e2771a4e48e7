import CLinux
import CUnbound
import Glibc
import Synchronization

/// libunbound: a resolver within the process, with its cache, its validation, random ids and ports, and answers that
/// are taken from the servers asked only. One thread of its own, one of libunbound's; both are called `mr-dns`.
final class DNSEngine: Sendable {
    struct Fault: Error, CustomStringConvertible { let description: String }

    private final class Context: @unchecked Sendable {
        // libunbound locks its context itself.
        let pointer: OpaquePointer
        init(_ pointer: OpaquePointer) { self.pointer = pointer }
    }

    /// A question under way; answered once, by libunbound or by the clock.
    final class Question: Sendable {
        let deadline: UInt64
        private let body: Mutex<(@Sendable (DNSAnswer) -> Void)?>

        init(deadline: UInt64, _ body: @escaping @Sendable (DNSAnswer) -> Void) {
            self.deadline = deadline
            self.body = Mutex(body)
        }

        var isAnswered: Bool { body.withLock { $0 == nil } }

        func answer(_ answer: DNSAnswer) {
            let body = body.withLock { body in
                defer { body = nil }
                return body
            }
            body?(answer)
        }
    }

    private let context: Context
    private let isStopping = Atomic<Bool>(false)
    private let open = Mutex<[ObjectIdentifier: Question]>([:])
    private let timeoutNanoseconds: UInt64

    init(_ settings: ResolverSettings) throws(Fault) {
        guard let pointer = ub_ctx_create() else { throw Fault(description: "DNS: libunbound cannot be set up") }
        context = Context(pointer)
        timeoutNanoseconds = UInt64(settings.timeoutSeconds * 1e9)
        // Failures come back as answers; nothing is written to standard error.
        ub_ctx_debugout(pointer, nil)
        // Before all else: what ends the setting up would leave libunbound with its default, a forked process, which has
        // copies of all that this process has open.
        try Self.check(ub_ctx_async(pointer, 1), "a thread")
        try Self.configure(pointer, settings)
        startThread()
    }

    // MARK: Setting up

    private static func configure(_ context: OpaquePointer, _ settings: ResolverSettings) throws(Fault) {
        var options = [
            "num-queries-per-thread:": "4096", "outgoing-range:": "8192", "qname-minimisation:": "yes",
            "harden-glue:": "yes", "harden-dnssec-stripped:": "yes", "do-not-query-localhost:": "no",
            "minimal-responses:": "yes", "prefetch:": "no",
        ]
        if settings.trustAnchorFile == nil { options["module-config:"] = "iterator" }
        for (name, value) in options { try check(ub_ctx_set_option(context, name, value), "option \(name) \(value)") }
        if let file = settings.trustAnchorFile { try check(ub_ctx_add_ta_file(context, file), "trust anchor \(file)") }
        for zone in settings.stubZones {
            try check(ub_ctx_set_stub(context, zone.name, zone.server, 0), "stub zone \(zone.name) at \(zone.server)")
        }
        try setServers(context, settings)
        // Names of RFC 6761 such as test. are answered locally unless they are said to be someone's. This comes last:
        // it ends the setting up.
        for zone in settings.stubZones {
            for name in ["test.", zone.name] { _ = ub_ctx_zone_remove(context, name) }
        }
    }

    private static func setServers(_ context: OpaquePointer, _ settings: ResolverSettings) throws(Fault) {
        if settings.isRecursive { return }
        if settings.servers.isEmpty {
            // Without the file the root is asked.
            _ = ub_ctx_resolvconf(context, nil)
        }
        for server in settings.servers { try check(ub_ctx_set_fwd(context, server), "server \(server)") }
    }

    private static func check(_ result: Int32, _ what: String) throws(Fault) {
        guard result == 0 else { throw Fault(description: "DNS: \(what): \(String(cString: ub_strerror(result)))") }
    }

    // MARK: Asking

    /// - Parameter seconds: an answer comes after this time at the latest; nil: after that of the settings.
    func ask(_ name: String, _ type: DNSType, within seconds: Double? = nil) async -> DNSAnswer {
        let nanoseconds = seconds.map { UInt64(max(0, $0) * 1e9) } ?? timeoutNanoseconds
        return await withCheckedContinuation { continuation in
            ask(name, type, nanoseconds) { continuation.resume(returning: $0) }
        }
    }

    private func ask(
        _ name: String, _ type: DNSType, _ nanoseconds: UInt64, _ body: @escaping @Sendable (DNSAnswer) -> Void
    ) {
        let question = Question(deadline: Self.now() + min(nanoseconds, timeoutNanoseconds), body)
        open.withLock { $0[ObjectIdentifier(question)] = question }
        let data = Unmanaged.passRetained(question).toOpaque()
        let result = ub_resolve_async(context.pointer, name + ".", type.rawValue, 1, data, Self.answered, nil)
        guard result != 0 else { return }
        Unmanaged<Question>.fromOpaque(data).release()
        question.answer(DNSAnswer(.failed(String(cString: ub_strerror(result)))))
    }

    private static let answered: ub_callback_type = { data, error, result in
        let question = Unmanaged<Question>.fromOpaque(data!).takeRetainedValue()
        defer { ub_resolve_free(result) }
        guard error == 0, let result else {
            return question.answer(DNSAnswer(.failed(String(cString: ub_strerror(error)))))
        }
        var answer = DNSAnswer(result.pointee)
        answer.alias = alias(result.pointee)
        question.answer(answer)
    }

    private static func alias(_ result: ub_result) -> String? {
        guard let asked = plain(result.qname), let found = plain(result.canonname), found != asked else { return nil }
        return found
    }

    private static func plain(_ name: UnsafeMutablePointer<CChar>?) -> String? {
        guard let name else { return nil }
        let text = String(cString: name).lowercased()
        return text.hasSuffix(".") ? String(text.dropLast()) : text
    }

    // MARK: The thread

    private func startThread() {
        let engine = Unmanaged.passRetained(self).toOpaque()
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            {
                Unmanaged<DNSEngine>.fromOpaque($0!).takeRetainedValue().run(); return nil
            }, engine)
        precondition(result == 0, "no thread for DNS")
        pthread_detach(thread)
    }

    private func run() {
        mr_name_thread("mr-dns")
        // The first question starts libunbound's thread, which takes this one's name.
        ask("localhost", .a, timeoutNanoseconds) { _ in }
        let descriptor = ub_fd(context.pointer)
        while !isStopping.load(ordering: .relaxed) {
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            if poll(&waiting, 1, 100) > 0 { ub_process(context.pointer) }
            expire()
        }
        ub_ctx_delete(context.pointer)
        for question in open.withLock({ Array($0.values) }) { question.answer(DNSAnswer(.failed("stopped"))) }
    }

    private func expire() {
        let now = Self.now()
        let late = open.withLock { open in
            open = open.filter { !$0.value.isAnswered }
            return open.values.filter { $0.deadline <= now }
        }
        for question in late { question.answer(DNSAnswer(.failed("no answer in time"))) }
    }

    /// Questions that are open are answered with a failure.
    func stop() { isStopping.store(true, ordering: .relaxed) }

    static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

extension DNSAnswer {
    fileprivate init(_ result: ub_result) {
        if result.bogus != 0 {
            let why = result.why_bogus.map { String(cString: $0) } ?? ""
            self.init(.failed("DNSSEC: \(why)"))
            return
        }
        switch (result.havedata != 0, result.nxdomain != 0, result.rcode) {
        case (true, _, _):
            var records: [[UInt8]] = []
            var index = 0
            while let data = result.data[index] {
                records.append(
                    Array(UnsafeRawBufferPointer(start: UnsafeRawPointer(data), count: Int(result.len[index]))))
                index += 1
            }
            self.init(.found, records: records, ttl: Int(result.ttl), isSecure: result.secure != 0)
        case (_, true, _): self.init(.noName, ttl: Int(result.ttl), isSecure: result.secure != 0)
        case (_, _, 0): self.init(.noData, ttl: Int(result.ttl), isSecure: result.secure != 0)
        case (_, _, let code): self.init(.failed(code == 2 ? "SERVFAIL" : "RCODE \(code)"))
        }
    }
}
