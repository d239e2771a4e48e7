import DKIMSigning
import MTAConfiguration
import MailAuthentication
import MailRouting
import MailTypes
import ProgramSupport
import RelayService

// What is verified of mail that comes in.
extension RelayAssembly {
    /// Nil: nothing is verified on this listener.
    func verification(_ section: ListenerVerificationSection) -> VerificationPlan? {
        guard section.isUsed else { return nil }
        var plan = verificationPlan()
        plan.spf = Self.mode(section.spf)
        plan.dkim = Self.mode(section.dkim)
        plan.dmarc = Self.mode(section.dmarc)
        plan.arc = Self.mode(section.arc)
        plan.reverseName = Self.mode(section.iprev)
        plan.blockLists = Self.mode(section.blockLists)
        plan.namesUsers = section.auth
        plan.seals = settings.verification.seal != nil && section.arc != .off
        return plan
    }

    /// With everything off, and what holds for all listeners.
    func verificationPlan() -> VerificationPlan {
        let section = settings.verification
        var plan = VerificationPlan()
        plan.lists = settings.blockLists.compactMap { list in
            list.zone.map {
                BlockList(
                    zone: $0.text, answers: list.answers.isEmpty ? BlockList.usualAnswers : list.answers,
                    isAllowList: list.kind == .allow)
            }
        }
        plan.listMoment = section.listMoment == .connection ? .connection : .recipient
        plan.listText = section.listText
        plan.defersOnTemporaryFailure = section.onTemporaryFailure == .deferMail
        plan.exempt = NetworkSet(section.exempt)
        plan.mostSignatures = section.mostSignatures
        plan.trustedSealers = Set(section.trustedSealers.map(\.text))
        return plan
    }

    private static func mode(_ mode: VerificationMode) -> VerificationPlan.Mode { .init(rawValue: mode.rawValue)! }

    /// Asks the DNS for all verifications.
    /// - Parameter names: nil: one is made.
    func verifier(_ names: MailRouter? = nil) throws -> MailVerifier {
        let section = settings.verification
        do {
            return MailVerifier(
                service: try section.service?.text ?? hostname(),
                names: try names ?? MailRouter(try resolverSettings()), secondsEach: section.lookupTimeout.seconds,
                seconds: section.timeout.seconds, sealer: try sealer())
        } catch let fault as MailRouter.Fault {
            throw UsageFault("\(fault)")
        }
    }

    private func sealer() throws -> ARCSealer? {
        guard let seal = settings.verification.seal else { return nil }
        guard let pem = SystemFiles().text(seal.key) else { throw UsageFault("\(seal.key): cannot be read") }
        do throws(DKIMKey.Fault) {
            return ARCSealer(
                domain: seal.domain!.text, selector: seal.selector, key: try DKIMKey(pem: pem, file: seal.key))
        } catch {
            throw UsageFault(seal.mapping?.fault("key", "\(error)").description ?? "\(error)")
        }
    }
}
