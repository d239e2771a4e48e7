import Foundation
import Measures
import ResultStore
import RunRecords
import RunReporting

/// The HTML page of results, with links to their raw records where these lie near it.
enum ReportPage {
    /// - Parameters:
    ///   - results: directories or files in which the raw records may lie; empty: beside the page and below.
    ///   - notRun: systems that could not be run, with the reason.
    ///   - file: where the page will lie.
    /// - Throws: ``RecordFault`` if it cannot be made or written.
    static func write(
        _ records: [RunRecord], from results: [String] = [], notRun: [String] = [], baseline: String? = nil,
        to file: String
    ) throws(RecordFault) {
        let directory = URL(fileURLWithPath: file).deletingLastPathComponent().path
        let places = places(results.isEmpty ? [directory] : results)
        let links = records.map { record in
            places[record.generator.runID].map { relative($0, to: directory) }
        }
        let page = try HTMLReport(records, links: links, notRun: notRun, baseline: baseline).page
        do throws(OutputFault) { try writeOutput(page.html, to: file) } catch { throw RecordFault(error.description) }
    }

    /// Just enough of a record to know which run it is of.
    private struct Identity: Decodable {
        struct Generator: Decodable { var run_id: String }
        var generator: Generator
    }

    /// Files of records, by the run's id.
    private static func places(_ results: [String]) -> [String: String] {
        var found: [String: String] = [:]
        for path in results {
            let inner = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
            let files =
                path.hasSuffix(".json")
                ? [path] : ([path] + inner.map { path + "/" + $0 }).map { $0 + "/" + ResultBundle.recordName }
            for file in files {
                guard let data = FileManager.default.contents(atPath: file),
                    let identity = try? JSONDecoder().decode(Identity.self, from: data)
                else { continue }
                found[identity.generator.run_id] = file
            }
        }
        return found
    }

    /// `../results/x/run.json` as an address, percent-encoded; never one that a browser takes for another scheme.
    static func relative(_ file: String, to directory: String) -> String {
        let own = URL(fileURLWithPath: file).standardizedFileURL.pathComponents
        let base = URL(fileURLWithPath: directory).standardizedFileURL.pathComponents
        let common = zip(own, base).prefix { $0 == $1 }.count
        let up = [String](repeating: "..", count: base.count - common)
        let words = (up + own[common...]).map(\.percentEncoded)
        return up.isEmpty ? "./" + words.joined(separator: "/") : words.joined(separator: "/")
    }
}

extension String {
    /// As one segment of a path or one value of a query (RFC 3986 §2.3).
    var percentEncoded: String {
        let unreserved = CharacterSet(
            charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
        return addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
    }
}
