import DequeModule
import HeapModule

// Destinations that a limit keeps from connecting wait at a *gate*, one a key of ``LimitBook``, first come, first served.
// The first of a gate asks again when it is told to, or when its time has come, and the next one when the first was let
// through: whoever cannot go costs the others nothing, however many they are.
extension DeliveryQueue {
    struct Gate: Sendable {
        var waiting = Deque<UInt32>()
        /// The first one asks again then, milliseconds.
        var until: UInt64
    }

    struct GateTime: Comparable, Sendable {
        var until: UInt64
        var key: String
        static func < (a: GateTime, b: GateTime) -> Bool { a.until < b.until }
    }

    /// The connection is not opened: what a key allows is in use. The destination waits there.
    /// - Parameter until: when its first one asks again at the latest, milliseconds.
    package mutating func connectionDenied(_ destination: Destination, by key: String, until: UInt64) {
        let index = destination.index
        closed(destination, wasOpen: false)
        if ring.last == index {
            ring.removeLast()
            destinations[Int(index)].isInRing = false
        }
        let tried = destinations[Int(index)].trying
        destinations[Int(index)].trying = nil
        destinations[Int(index)].isAtGate = true
        var gate = gates.removeValue(forKey: key) ?? Gate(until: 0)
        if tried == key { gate.waiting.prepend(index) } else { gate.waiting.append(index) }
        if gate.until != until {
            gate.until = until
            gateTimes.insert(GateTime(until: until, key: key))
        }
        gates[key] = gate
        if let tried, tried != key { openGate(tried) }
    }

    /// Others wait there already, so that this destination has to stand behind them.
    package func mustQueue(_ destination: Destination, at key: String) -> UInt64? {
        guard !gates.isEmpty, destinations[Int(destination.index)].trying != key, let gate = gates[key] else {
            return nil
        }
        return gate.waiting.isEmpty ? nil : gate.until
    }

    /// The connection may be opened: whoever is next at its gate asks, too.
    package mutating func connectionGranted(_ destination: Destination) {
        guard let key = destinations[Int(destination.index)].trying else { return }
        destinations[Int(destination.index)].trying = nil
        openGate(key)
    }

    /// The first one at this gate asks again at once.
    /// - Returns: false if nobody there wants to.
    @discardableResult
    package mutating func openGate(_ key: String) -> Bool {
        while let index = gates[key]?.waiting.popFirst() {
            if gates[key]!.waiting.isEmpty { gates[key] = nil }
            destinations[Int(index)].isAtGate = false
            guard !destinations[Int(index)].ready.isEmpty else {
                dropIfEmpty(index)
                continue
            }
            destinations[Int(index)].trying = key
            if !destinations[Int(index)].isInRing {
                destinations[Int(index)].isInRing = true
                ring.prepend(index)
            }
            return true
        }
        return false
    }

    /// Gates whose time has come.
    mutating func openGates(to now: UInt64) {
        while let time = gateTimes.min, time.until <= now {
            gateTimes.removeMin()
            guard gates[time.key]?.until == time.until else { continue }
            let next = now + LimitBook.pollMilliseconds
            gates[time.key]!.until = next
            gateTimes.insert(GateTime(until: next, key: time.key))
            openGate(time.key)
        }
    }

    /// When the first gate's time comes; nil: there is none.
    package var nextGateTime: UInt64? { gateTimes.min?.until }
}
