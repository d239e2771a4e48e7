import MTAConfiguration
import PolicyRules
import ProgramSupport

// Rules and plug-ins.
extension RelayAssembly {
    /// Nil: nothing is asked of any message.
    /// - Throws: ``UsageFault`` with everything that is wrong with the rules.
    func mailPolicy() throws -> PolicyMachine? {
        do throws(ConfigurationFaults) {
            let machine = PolicyMachine(rules: try PolicyReader.rules(settings), plugIns: plugIns)
            return machine.isEmpty ? nil : machine
        } catch {
            throw UsageFault(error.description)
        }
    }
}
