import MailTypes
import NIOCore

/// ``DeliveryTerms`` behind the other options of a record's head. Little-endian.
///
///     u8 fields (1 release, 2 not before, 4 expires, 8 deliver by, 16 window) · of each that is there:
///     u8 kind (0 seconds, 1 date) · i64 · | u64 ms | u64 ms | i64 seconds · u8 mode · u8 traces · u64 ms |
///     u8 days · u32 start · u32 end · u16 length · time zone
enum TermsCodec {
    static func write(_ terms: DeliveryTerms, to head: inout ByteBuffer) {
        var fields: UInt8 = terms.release == nil ? 0 : 1
        if terms.notBefore > 0 { fields |= 2 }
        if terms.expires != nil { fields |= 4 }
        if terms.deliverBy != nil { fields |= 8 }
        if terms.window != nil { fields |= 16 }
        head.writeInteger(fields)
        switch terms.release {
        case nil: break
        case .interval(let seconds)?: head.writeMultipleIntegers(UInt8(0), Int64(seconds), endianness: .little)
        case .date(let seconds)?: head.writeMultipleIntegers(UInt8(1), Int64(seconds), endianness: .little)
        }
        if terms.notBefore > 0 { head.writeInteger(terms.notBefore, endianness: .little) }
        if let expires = terms.expires { head.writeInteger(expires, endianness: .little) }
        if let by = terms.deliverBy {
            head.writeMultipleIntegers(
                Int64(by.seconds), by.mode.rawValue, UInt8(by.traces ? 1 : 0), by.since, endianness: .little)
        }
        guard let window = terms.window else { return }
        head.writeMultipleIntegers(window.days, UInt32(window.start), UInt32(window.end), endianness: .little)
        let zone = window.timeZone.utf8.prefix(255)
        head.writeInteger(UInt16(zone.count), endianness: .little)
        head.writeBytes(zone)
    }

    /// - Returns: nil if it is malformed.
    static func read(_ head: inout ByteBuffer) -> DeliveryTerms? {
        var terms = DeliveryTerms()
        guard let fields: UInt8 = head.readInteger(), fields < 32 else { return nil }
        if fields & 1 != 0 {
            guard let kind: UInt8 = head.readInteger(), kind < 2,
                let value: Int64 = head.readInteger(endianness: .little)
            else { return nil }
            terms.release = kind == 0 ? .interval(Int(value)) : .date(Int(value))
        }
        if fields & 2 != 0 {
            guard let time: UInt64 = head.readInteger(endianness: .little) else { return nil }
            terms.notBefore = time
        }
        if fields & 4 != 0 {
            guard let time: UInt64 = head.readInteger(endianness: .little) else { return nil }
            terms.expires = time
        }
        if fields & 8 != 0 {
            guard let by = deliverBy(&head) else { return nil }
            terms.deliverBy = by
        }
        if fields & 16 != 0 {
            guard let window = window(&head) else { return nil }
            terms.window = window
        }
        return terms
    }

    private static func deliverBy(_ head: inout ByteBuffer) -> DeliverBy? {
        let limit = Int64(DeliverBy.mostSeconds)
        guard
            let (seconds, mode, traces, since) = head.readMultipleIntegers(
                endianness: .little, as: (Int64, UInt8, UInt8, UInt64).self),
            (-limit...limit).contains(seconds), let known = DeliverBy.Mode(rawValue: mode), traces < 2,
            since < 1 << 62
        else { return nil }
        var by = DeliverBy(seconds: Int(seconds), mode: known, traces: traces == 1)
        by.since = since
        return by
    }

    private static func window(_ head: inout ByteBuffer) -> DeliveryWindow? {
        guard
            let (days, start, end, length) = head.readMultipleIntegers(
                endianness: .little, as: (UInt8, UInt32, UInt32, UInt16).self),
            days > 0, days < 128, start < 86_400, end <= 86_400, length < 256,
            let zone = head.readBytes(length: Int(length))
        else { return nil }
        return DeliveryWindow(
            days: days, timeZone: String(decoding: zone, as: UTF8.self), start: Int(start), end: Int(end))
    }
}
