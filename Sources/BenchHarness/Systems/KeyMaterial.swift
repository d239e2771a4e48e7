import RunRecords

/// Certificates and keys of one run, made by openssl in its work directory.
enum KeyMaterial {
    /// Self-signed, for the system's host name; a day is more than a run takes.
    static func makeCertificate(_ scene: inout SystemScene) throws(RecordFault) {
        scene.certificate = scene.work + "/certificate.pem"
        scene.certificateKey = scene.work + "/certificate.key"
        try openssl([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=\(scene.hostname)", "-keyout",
            scene.certificateKey, "-out", scene.certificate,
        ])
    }

    /// - Parameter algorithm: one of ``RunProfile/dkimAlgorithms``.
    static func makeSigningKey(_ algorithm: String, _ scene: inout SystemScene) throws(RecordFault) {
        scene.dkimKey = scene.work + "/dkim.pem"
        let kind =
            algorithm == "ed25519"
            ? ["-algorithm", "ed25519"]
            : ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:\(algorithm.dropFirst(3))"]
        try openssl(["genpkey", "-out", scene.dkimKey] + kind)
    }

    private static func openssl(_ words: [String]) throws(RecordFault) {
        let outcome = try Command.run(["openssl"] + words)
        guard outcome.status == 0 else {
            throw RecordFault("openssl \(words[0]) ended with \(outcome.status): \(outcome.errors)")
        }
    }
}
