import Measures

// Values with their bounds, for profiles and configurations.
extension StrictMapping {
    package func required<Value>(_ key: String, _ value: Value?) throws(RecordFault) -> Value {
        guard let value else { throw fault(key, "is missing") }
        return value
    }

    /// One line that says something.
    package func requiredText(_ key: String) throws(RecordFault) -> String {
        let text = try required(key, try text(key))
        guard !text.isEmpty, !text.contains(where: \.isNewline) else { throw fault(key, "expected one line of text") }
        return text
    }

    package func integer(_ key: String, in range: ClosedRange<Int>) throws(RecordFault) -> Int? {
        guard let value = try integer(key) else { return nil }
        guard range.contains(value) else {
            throw fault(key, "\(value): expected \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    package func number(_ key: String, in range: ClosedRange<Double>) throws(RecordFault) -> Double? {
        guard let value = try number(key) else { return nil }
        guard range.contains(value) else {
            throw fault(key, "\(value): expected \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    package func bytes(_ key: String, in range: ClosedRange<Int>) throws(RecordFault) -> Int? {
        guard let text = try text(key) else { return nil }
        let value: Int
        do throws(UnitFault) { value = try ByteCount(parsing: text).bytes } catch {
            throw fault(key, error.description)
        }
        guard range.contains(value) else {
            throw fault(key, "'\(text)': expected \(range.lowerBound) to \(range.upperBound) bytes")
        }
        return value
    }

    package func seconds(_ key: String, in range: ClosedRange<Double>) throws(RecordFault) -> Double? {
        guard let text = try text(key) else { return nil }
        let value: Double
        do throws(UnitFault) { value = try HumanDuration(parsing: text).seconds } catch {
            throw fault(key, error.description)
        }
        guard range.contains(value) else {
            throw fault(key, "'\(text)': expected \(range.lowerBound) s to \(range.upperBound) s")
        }
        return value
    }

    package func choice(_ key: String, of allowed: [String]) throws(RecordFault) -> String? {
        guard let value = try text(key) else { return nil }
        guard allowed.contains(value) else {
            throw fault(key, "'\(value)': expected \(allowed.joined(separator: " or "))")
        }
        return value
    }
}
