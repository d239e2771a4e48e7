import Foundation

/// A private certificate authority in a stage's directory, and certificates that it signs: made by openssl.
struct Authority {
    /// PEM, for who has to trust it.
    let certificate: String
    private let key: String
    private let stage: Stage

    /// PEM files.
    struct Issued {
        var certificate: String
        var key: String
    }

    init(_ stage: Stage, name: String = "ca") async throws {
        self.stage = stage
        (certificate, key) = (stage.path(name + ".crt"), stage.path(name + ".key"))
        // Nothing of the system's configuration: it would add extensions of its own.
        try "[req]\ndistinguished_name=dn\n[dn]\n"
            .write(toFile: stage.path("openssl.cnf"), atomically: true, encoding: .utf8)
        let extensions = ["-addext", "basicConstraints=critical,CA:TRUE"]
        try await Self.request(stage, ["-subj", "/CN=\(name)", "-keyout", key, "-out", certificate] + extensions)
    }

    /// - Parameter names: subjectAltName, such as `DNS:mx.test` or `email:a@x.test`.
    func issue(_ file: String, _ names: [String]) async throws -> Issued {
        let issued = Issued(certificate: stage.path(file + ".crt"), key: stage.path(file + ".key"))
        try await Self.request(
            stage,
            [
                "-CA", certificate, "-CAkey", key, "-subj", "/CN=\(file)", "-keyout", issued.key, "-out",
                issued.certificate, "-addext", "basicConstraints=critical,CA:FALSE", "-addext",
                "subjectAltName=" + names.joined(separator: ","),
            ])
        return issued
    }

    /// A file with the host's certificate and, behind it, the authority's.
    func chain(_ issued: Issued) throws -> Issued {
        let file = issued.certificate + ".chain"
        let texts = try [issued.certificate, certificate].map { try String(contentsOfFile: $0, encoding: .utf8) }
        try texts.joined().write(toFile: file, atomically: true, encoding: .utf8)
        return Issued(certificate: file, key: issued.key)
    }

    private static func request(_ stage: Stage, _ words: [String]) async throws {
        let common = [
            "req", "-config", stage.path("openssl.cnf"), "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
        ]
        guard let openssl = try stage.peer("openssl", common + words) else { throw StageFault("no openssl") }
        let code = try await openssl.waitForExit()
        guard code == 0 else { throw StageFault("openssl req: \(openssl.errorOutput)") }
    }
}
