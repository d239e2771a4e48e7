import LoadGeneration
import Synchronization

/// Somebody has pressed Ctrl-C: the run that goes on ends, and no other begins. The second time it does not wait for what
/// is under way.
final class Interruption: Sendable {
    private let state = Mutex<(generator: LoadGenerator?, count: Int)>((nil, 0))

    var hasCome: Bool { state.withLock { $0.count > 0 } }

    func concerns(_ generator: LoadGenerator) {
        let late = state.withLock {
            $0.generator = generator
            return $0.count
        }
        tell(generator, late)
    }

    func come(_ count: Int) {
        let generator = state.withLock {
            $0.count = count
            return $0.generator
        }
        if let generator { tell(generator, count) }
    }

    private func tell(_ generator: LoadGenerator, _ count: Int) {
        if count > 0 { generator.stop() }
        if count > 1 { generator.cutOff() }
    }
}
