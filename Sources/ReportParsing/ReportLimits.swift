/// How much of a message is looked at: what comes back is written by strangers.
package enum ReportLimits {
    /// Octets of a message; reports have what they say in front of what they return.
    package static let messageBytes = 1 << 20
    /// Multiparts in one another.
    static let depth = 8
    /// Parts of all multiparts together.
    static let parts = 100
    /// Octets of one header.
    static let headerBytes = 128 << 10
    /// Fields of one header, or of one group of fields.
    static let fields = 2_000
    /// Octets of one field's value; the rest is left out.
    static let valueBytes = 16 << 10
    /// Recipients of one report.
    package static let recipients = 1_000
    /// Octets of the message that came back, as far as it is kept.
    package static let returnedBytes = 256 << 10
    /// Fields of a kind that may be there several times, and fields that we do not know.
    static let extensions = 200
}
