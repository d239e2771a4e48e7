import Testing
import TransportSecurity

@Suite struct TLSARecordTests {
    /// RFC 7672 §3.1.3 and RFC 7671 §4.1: only 2 and 3, with digests of their length.
    @Test(arguments: [
        ([3, 1, 1] + [UInt8](repeating: 7, count: 32), true), ([2, 0, 2] + [UInt8](repeating: 7, count: 64), true),
        ([1, 1, 1] + [UInt8](repeating: 7, count: 32), false), ([0, 0, 1] + [UInt8](repeating: 7, count: 32), false),
        ([3, 2, 1] + [UInt8](repeating: 7, count: 32), false), ([3, 1, 1] + [UInt8](repeating: 7, count: 31), false),
        ([3, 1, 3] + [UInt8](repeating: 7, count: 32), false), ([3, 1, 0, 1, 2], false),
    ])
    func usableOnes(rdata: [UInt8], isUsable: Bool) {
        #expect(TLSARecord(rdata)?.isUsable == isUsable)
    }

    @Test func tooShortIsNoRecord() { #expect(TLSARecord([3, 1, 1]) == nil) }
}
