import MailTypes
import MessageBuilding
import Testing

/// KumoMTA's X-Schedule.
@Suite struct ScheduleHeaderTests {
    private static let now: UInt64 = 1_795_685_400_000

    private func read(_ text: String) -> Result<DeliveryTerms, ScheduleHeader.Fault> {
        do throws(ScheduleHeader.Fault) {
            return .success(try ScheduleHeader.terms(text, now: Self.now) { $0 == "America/Phoenix" })
        } catch {
            return .failure(error)
        }
    }

    @Test func timesAndWindowsAreRead() throws {
        let whole = try read(
            #"""
            {"first_attempt": "2026-12-01T09:00:00-08:00", "expires": "2026-12-02T00:00:00Z",
             "dow": "Mon,Wednesday, fri", "tz": "America/Phoenix", "start": "09:00:00", "end": "17:00"}
            """#
        ).get()
        #expect(whole.notBefore == 1_796_144_400_000 && whole.expires == 1_796_169_600_000)
        #expect(
            whole.window
                == DeliveryWindow(days: 0b10101, timeZone: "America/Phoenix", start: 32_400, end: 61_200))
        let daily = try read(#"{"tz":"America/Phoenix","start":"00:00:00","end":"06:30:15"}"#).get()
        #expect(daily.window?.days == 0x7F && daily.window?.end == 23_415 && daily.notBefore == 0)
        #expect(try read("{}").get().isEmpty)
        #expect(try read(#"{"first_attempt": null}"#).get().isEmpty)
    }

    @Test(arguments: [
        ("tomorrow", "line 1"), ("[]", "a list: expected an object"), (#"{"first_atempt":"x"}"#, "'first_atempt'"),
        (#"{"first_attempt":1}"#, "a number, expected a text"), (#"{"first_attempt":"tomorrow"}"#, "'tomorrow'"),
        (#"{"first_attempt":"2036-12-01T09:00:00Z"}"#, "more than a year ahead"),
        (#"{"expires":"2026-11-26T09:30:00Z"}"#, "over before"),
        (#"{"first_attempt":"2026-12-02T00:00:00Z","expires":"2026-12-01T00:00:00Z"}"#, "over before"),
        (#"{"dow":"Mon"}"#, "stand together"), (#"{"tz":"America/Phoenix","start":"09:00:00"}"#, "stand together"),
        (#"{"dow":"Mon,Sumday","tz":"America/Phoenix","start":"09:00","end":"10:00"}"#, "'Sumday'"),
        (#"{"tz":"Mars/Olympus","start":"09:00","end":"10:00"}"#, "'Mars/Olympus' is no time zone"),
        (#"{"tz":"America/Phoenix","start":"24:00","end":"10:00"}"#, "'24:00'"),
        (#"{"tz":"America/Phoenix","start":"9:00","end":"10:00"}"#, "'9:00'"),
        (#"{"tz":"America/Phoenix","start":"+9:00","end":"10:00"}"#, "'+9:00'"),
    ]) func whatIsWrongIsSaid(text: String, part: String) {
        guard case .failure(let fault) = read(text) else {
            Issue.record("\(text) was taken")
            return
        }
        #expect(fault.text.contains(part), "\(fault.text)")
    }
}
