import MailTypes
import SMTPTransport
import SpoolContract

// When no new mail is taken.
extension RelayShard {
    /// Nil while new mail is taken.
    var refusesNewMail: SMTPReply? { refusesMail(goesOnElsewhere: false) }

    /// - Parameter goesOnElsewhere: a client of ours that another process goes on with after its message.
    func refusesMail(goesOnElsewhere: Bool) -> SMTPReply? {
        if isDraining, !goesOnElsewhere { return .serviceClosing }
        if let refusal = shedding.mail {
            counts.shed += 1
            return refusal
        }
        // What cannot be read back has to stay in memory, and memory ends.
        if !spool.canLoad, residentBytes > residentBudget { return SpoolFault.noSpace("").reply }
        return committer.fault?.reply
    }

    /// - Parameter handOver: takes clients to another process; nil: they are let go.
    func beginDrain(_ handOver: ClientHandOver?) {
        isDraining = true
        context.handOver = handOver
        answer()
    }
}
