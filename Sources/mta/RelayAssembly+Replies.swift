import Foundation
import MTAConfiguration
import ProgramSupport
import RelayService
import ReplyClassification
import RunRecords

// What replies mean, and what becomes of reports that come back.
extension RelayAssembly {
    /// - Throws: ``UsageFault`` with what is wrong with a file of rules.
    func classification() throws -> ReplyRules? {
        guard let section = settings.classification else { return nil }
        return ReplyRules(try ClassificationFiles.classifier(section.files), remembered: section.remembered)
    }

    func reportRules() -> ReportRules {
        var rules = ReportRules()
        for section in settings.reports {
            let bounces = ReportRules.Treatment(section.bounces)
            let rule = ReportRules.Rule(
                bounces: bounces, complaints: .init(section.complaints),
                others: section.others.map(ReportRules.Treatment.init) ?? bounces,
                returned: section.returned == .none ? .none : section.returned == .header ? .header : .whole)
            for address in section.addresses { rules.add(address.text, rule) }
        }
        return rules
    }
}

extension ReportRules.Treatment {
    fileprivate init(_ written: ReportTreatment) {
        switch written {
        case .ignore: self = .ignore
        case .logThenDrop: self = .logThenDrop
        case .logThenRelay: self = .logThenRelay
        }
    }
}

/// Files of rules: where they are, and what they say together.
enum ClassificationFiles {
    /// - Parameter names: `default` is the one that comes with the program.
    /// - Throws: ``UsageFault`` with everything that is wrong, a line each.
    static func classifier(_ names: [String]) throws -> ReplyClassifier {
        var files: [ClassificationFile] = []
        var faults: [RecordFault] = []
        for name in names {
            let path = try path(name)
            guard let text = SystemFiles().text(path) else { throw UsageFault("\(path): cannot be read") }
            let (file, found) = ClassificationFile.read(text: text, file: path)
            files.append(file)
            faults += found
        }
        guard faults.isEmpty else { throw UsageFault(faults.map(\.description).joined(separator: "\n")) }
        do { return try ReplyClassifier(files) } catch { throw UsageFault("\(error)") }
    }

    /// `default` is `profiles/classification/default.yaml` above the program, or
    /// `share/millrace/classification/default.yaml` where it is installed.
    static func path(_ name: String) throws -> String {
        guard name == ClassificationSection.shippedRules else { return name }
        var above = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        while above.path != "/" {
            for place in ["profiles", "share/millrace", "share/millrace/profiles"] {
                let candidate = "\(above.path)/\(place)/classification/default.yaml"
                if FileManager.default.fileExists(atPath: candidate) { return candidate }
            }
            above = above.deletingLastPathComponent()
        }
        throw UsageFault("classification: default: profiles/classification/default.yaml is nowhere above this program")
    }
}
