import MailTypes
import MessageBuilding

extension SupplementalField {
    /// For a message that came by SMTP. It names its recipient only where there is no other one who would read it.
    func bytes(of envelope: Envelope) -> [UInt8] {
        let labels = envelope.labels
        return bytes(recipient: envelope.recipients.count == 1 ? envelope.recipients[0].description : nil) { name in
            switch name {
            case "tenant": labels?.tenant
            case "campaign": labels?.campaign
            default: labels?.metadata[name]
            }
        }
    }
}
