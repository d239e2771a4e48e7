import DeliveryQueue
import Synchronization

/// The one ``LimitBook`` of all event loops. Only destinations with limits of their own come here.
final class SharedLimits: Sendable {
    private let book = Mutex(LimitBook())

    func connect(_ name: String, limit: Int?, loop: Int) -> Bool {
        book.withLock { $0.connect(name, limit: limit, loop: loop) }
    }
    func disconnect(_ name: String) { book.withLock { $0.disconnect(name) } }
    func takeWanted(_ name: String, besides loop: Int) -> Bool {
        book.withLock { $0.takeWanted(name, besides: loop) }
    }
    func begin(_ name: String, rate: DeliveryRate, now: UInt64) -> Bool {
        book.withLock { $0.begin(name, rate: rate, now: now) }
    }
}
