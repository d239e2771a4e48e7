import Testing

import SinkBehaviour

@Suite struct SinkStageTests {
    @Test func stagesAreNamedAsInProfiles() {
        #expect(SinkStage.allCases.map(\.rawValue) == ["connect", "ehlo", "mail", "rcpt", "data", "end"])
    }
}
