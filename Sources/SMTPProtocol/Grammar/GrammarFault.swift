package import MailTypes

/// Why an argument was refused, and the reply that says so (RFC 5321 §4.2.3, RFC 3463).
package enum GrammarFault: Error, Equatable, Sendable {
    case badSender
    case badRecipient
    /// Bytes outside ASCII and no SMTPUTF8 (RFC 6531 §3.4).
    case needsSMTPUTF8
    case localPartTooLong
    case domainTooLong
    case pathTooLong
    case badArgument
    case badSize
    case unknownParameter(String)
    case badParameter(String)
    case badClientName

    /// Names of parameters are repeated shortened: a reply line has 512 octets (RFC 5321 §4.5.3.1.5).
    package var reply: SMTPReply {
        switch self {
        case .badSender: SMTPReply(501, .init(5, 1, 7), "Bad sender address syntax")
        case .badRecipient: SMTPReply(501, .init(5, 1, 3), "Bad recipient address syntax")
        case .needsSMTPUTF8: SMTPReply(553, .init(5, 6, 7), "Address needs SMTPUTF8")
        case .localPartTooLong: SMTPReply(501, .init(5, 1, 3), "Local part longer than 64 octets")
        case .domainTooLong: SMTPReply(501, .init(5, 1, 3), "Domain longer than 255 octets")
        case .pathTooLong: SMTPReply(501, .init(5, 1, 3), "Path longer than 256 octets")
        case .badArgument: SMTPReply(501, .init(5, 5, 4), "Syntax error in argument")
        case .badSize: SMTPReply(501, .init(5, 5, 4), "Size is not a decimal number")
        case .unknownParameter(let name): SMTPReply(555, .init(5, 5, 4), "Parameter \(name.prefix(64)) not recognized")
        case .badParameter(let name): SMTPReply(501, .init(5, 5, 4), "Bad value for parameter \(name.prefix(64))")
        case .badClientName: SMTPReply(501, .init(5, 5, 4), "A domain name or address literal is required")
        }
    }
}
