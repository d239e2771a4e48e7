import Glibc
import ProcessLife
import Testing

@Suite struct PrivilegesTests {
    private static let user = Privileges.User(name: "millrace", id: 990, group: 990)

    /// Wanted user, whose rights there are, capabilities, what is to be done.
    @Test(arguments: [
        (nil as Privileges.User?, 0 as UInt32, 0x1ff as UInt64, Privileges.Step.nothing),
        (nil, 990, 0, .nothing), (nil, 990, 0x400, .shed), (user, 0, 0x1ff, .become(user)), (user, 0, 0, .become(user)),
        (user, 990, 0, .nothing), (user, 990, 0x400, .shed),
        (Privileges.User(name: "root", id: 0, group: 0), 0, 0x1ff, .nothing),
    ])
    func whatIsNotNeededIsGivenUp(
        wanted: Privileges.User?, effective: UInt32, capabilities: UInt64, step: Privileges.Step
    ) throws {
        #expect(try Privileges.step(wanted: wanted, effective: effective, capabilities: capabilities) == step)
    }

    @Test func onlyRootBecomesAnother() throws {
        let fault = try #require(throws: LifeFault.self) {
            try Privileges.step(wanted: Self.user, effective: 1000, capabilities: 0)
        }
        #expect(fault.description.contains("'millrace'") && fault.description.contains("1000"))
    }

    @Test func capabilitiesAreRead() {
        #expect(Privileges.capabilities(status: "Name:\tx\nCapPrm:\t0000000000000400\nCapEff:\t0\n") == 0x400)
        #expect(Privileges.capabilities(status: "") == 0)
    }

    @Test func usersAreLookedUp() throws {
        let root = try Privileges.User.named("root", group: nil)
        #expect(root.id == 0 && root.group == 0)
        #expect(throws: LifeFault.self) { try Privileges.User.named("no-such-user-here", group: nil) }
        #expect(throws: LifeFault.self) { try Privileges.User.named("root", group: "no-such-group-here") }
    }
}
