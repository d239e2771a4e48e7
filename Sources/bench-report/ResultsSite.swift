import Foundation
import HTTPService
import Measures
import NIOHTTP1
import ResultStore
import RunRecords
import RunReporting

/// The pages of `bench-report serve`: all results, those that were chosen side by side, and their raw records.
struct ResultsSite: Sendable {
    let catalogue: ResultCatalogue

    /// Entries that one page compares.
    private static let mostCompared = 100

    func answer(_ call: HTTPCall) async -> HTTPAnswer {
        guard call.method == .GET || call.method == .HEAD else {
            var answer = HTTPAnswer.fault(.methodNotAllowed, "there is nothing to change here: GET and HEAD only")
            answer.headers.add(name: "allow", value: "GET, HEAD")
            return safe(answer)
        }
        switch call.path {
        case "/": return page(await list(call))
        case "/compare": return await compare(call)
        case "/api/results": return await json()
        default: return await record(call.path)
        }
    }

    // MARK: What every answer has

    /// - Parameter policy: what a browser may do with it; without one nothing.
    private func safe(
        _ answer: HTTPAnswer, policy: String = "default-src 'none'"
    ) -> HTTPAnswer {
        var answer = answer
        answer.headers.add(name: "content-security-policy", value: policy + "; frame-ancestors 'none'")
        answer.headers.add(name: "x-content-type-options", value: "nosniff")
        answer.headers.add(name: "x-frame-options", value: "DENY")
        answer.headers.add(name: "referrer-policy", value: "no-referrer")
        answer.headers.add(name: "cross-origin-resource-policy", value: "same-origin")
        answer.headers.add(name: "cache-control", value: "no-store")
        return answer
    }

    private func page(_ page: HTMLPage, _ status: HTTPResponseStatus = .ok) -> HTTPAnswer {
        safe(HTTPAnswer(status, page.html, contentType: "text/html; charset=utf-8"), policy: page.policy)
    }

    private func plea(_ status: HTTPResponseStatus, _ text: String) -> HTTPAnswer {
        let content = [
            element("h1", [:], "\(text)"), element("p", [:], element("a", ["href": "/"], "All results")),
        ]
        return page(HTMLPage(title: text, summary: text, content: content, footer: "Millrace"), status)
    }

    // MARK: The list

    private func list(_ call: HTTPCall) async -> HTMLPage {
        let order = ResultsList.Order(rawValue: call.query["sort"] ?? "") ?? .date
        let root = await catalogue.rootPath
        return ResultsList(entries: await catalogue.entries(), order: order, root: root).page
    }

    private func json() async -> HTTPAnswer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(await catalogue.entries()) else {
            return safe(.fault(.internalServerError, "the results cannot be written as JSON"))
        }
        return safe(
            HTTPAnswer(.ok, String(decoding: data, as: UTF8.self) + "\n", contentType: "application/json"))
    }

    // MARK: Some of them

    private func compare(_ call: HTTPCall) async -> HTTPAnswer {
        let ids = call.parameters.filter { $0.name == "r" }.map(\.value)
        guard !ids.isEmpty else { return plea(.badRequest, "Choose at least one result to look at") }
        guard ids.count <= Self.mostCompared else {
            return plea(.badRequest, "At most \(Self.mostCompared) results at once")
        }
        guard let directories = await catalogue.paths(of: ids) else {
            return plea(.notFound, "One of these results is not there")
        }
        let root = await catalogue.rootPath
        do {
            var (runs, links): ([RunRecord], [String?]) = ([], [])
            var options = ReadingOptions()
            // What is refused is shown with the reason in front, as a browser has no flag to ask for it.
            options.unchecked = true
            for directory in directories {
                let found = try ResultFiles.read([root + "/" + directory], options)
                runs += found
                links += found.map { _ in Self.address(ofRun: directory) }
            }
            let baseline = call.query["baseline"].flatMap { $0.isEmpty ? nil : $0 }
            return page(try HTMLReport(runs, links: links, baseline: baseline, home: "/").page)
        } catch {
            return plea(.unprocessableEntity, "\(error)")
        }
    }

    static func address(ofRun directory: String) -> String {
        "/records/" + directory.split(separator: "/").map { String($0).percentEncoded }.joined(separator: "/")
            + "/" + ResultBundle.recordName
    }

    // MARK: Raw records

    private func record(_ path: String) async -> HTTPAnswer {
        let (front, back) = ("/records/", "/" + ResultBundle.recordName)
        guard path.hasPrefix(front), path.hasSuffix(back), path.utf8.count > front.utf8.count + back.utf8.count,
            let name = String(path.dropFirst(front.count).dropLast(back.count)).removingPercentEncoding,
            let directory = await catalogue.path(ofRun: name),
            let data = FileManager.default.contents(atPath: directory + back)
        else { return plea(.notFound, "There is nothing here") }
        return safe(
            HTTPAnswer(.ok, String(decoding: data, as: UTF8.self), contentType: "application/json"))
    }
}

/// The page of all results: sorted as asked for, each with its verdict, to be chosen for a comparison.
struct ResultsList {
    enum Order: String, CaseIterable { case date, profile, system, rate }

    var entries: [ResultCatalogue.Entry]
    var order: Order
    var root: String

    var page: HTMLPage {
        let title = "Results of Millrace"
        let valid = entries.filter(\.isValid).count
        return HTMLPage(
            title: title, summary: "\(entries.count) results, \(valid) valid",
            content: [
                element("header", [:], element("p", ["class": "over"], "\(root)"), element("h1", [:], "\(title)")),
                element(
                    "p", ["class": "lead"],
                    "\(grouped(entries.count)) \(entries.count == 1 ? "result" : "results"), \(grouped(valid)) valid."),
                entries.isEmpty ? nothing : form,
            ],
            footer: element(
                "p", [:], "Served by bench-report to this machine. The same for programs: ",
                element("a", ["href": "/api/results"], "/api/results"), "."))
    }

    private var nothing: Markup {
        element(
            "p", [:], "There are none yet: ", element("code", [:], "bench-report run profiles/quick.yaml"),
            " makes one.")
    }

    private var form: Markup {
        element(
            "form", ["action": "/compare", "method": "get"],
            element(
                "div", ["class": "bar-of-actions"],
                element("button", ["class": "main", "type": "submit"], "Show what is chosen"),
                element(
                    "span", ["hidden": ""],
                    element("label", ["class": "unseen", "for": "filter"], "Show only rows with these words"),
                    element(
                        "input",
                        [
                            "type": "search", "id": "filter", "data-filters": "results",
                            "placeholder": "words to look for",
                        ]))),
            element("p", ["class": "muted"], [Markup("Sorted by ")] + orders),
            element("div", ["id": "results"], table.markup))
    }

    private var orders: [Markup] {
        Order.allCases.enumerated().flatMap { index, other -> [Markup] in
            let name: Markup =
                other == order
                ? element("strong", [:], "\(other.rawValue)")
                : element("a", ["href": "/?sort=\(other.rawValue)"], "\(other.rawValue)")
            return index == 0 ? [name] : [" · ", name]
        }
    }

    private var sorted: [ResultCatalogue.Entry] {
        switch order {
        case .date: entries
        case .profile: entries.sorted { ($0.profile, $0.system) < ($1.profile, $1.system) }
        case .system: entries.sorted { ($0.system, $0.profile) < ($1.system, $1.profile) }
        case .rate: entries.sorted { $0.deliveredMMH ?? -1 > $1.deliveredMMH ?? -1 }
        }
    }

    private var table: DataTable {
        DataTable(
            caption: "Results",
            head: [
                "System", "Started", "Profile", "Runs", "Verdict", "Delivered, MMH", "Final reply p99, ms", "Commit",
            ],
            rows: sorted.enumerated().map { row($0.offset, $0.element) }, words: [1, 2, 4, 7], isSortable: true)
    }

    private func row(_ index: Int, _ entry: ResultCatalogue.Entry) -> [DataTable.Cell] {
        let verdict =
            entry.isValid
            ? element("span", ["class": "good"], "valid")
            : element("span", ["class": "bad"], "INVALID") + element("small", [:], "\(entry.reason ?? "")")
        return [
            DataTable.Cell(
                element(
                    "label", [:],
                    element("input", ["type": "checkbox", "name": "r", "value": entry.id]), " \(entry.system)")
                    + element("small", [:], "\(entry.promise)")),
            DataTable.Cell(
                element(
                    "a", ["href": "/compare?r=\(entry.id.percentEncoded)"],
                    "\(HTMLReport.moment(entry.startedUnixSeconds))"),
                value: entry.startedUnixSeconds),
            DataTable.Cell("\(entry.profile)"), DataTable.Cell("\(entry.runs)", value: Double(entry.runs)),
            DataTable.Cell(verdict),
            DataTable.Cell(entry.deliveredMMH.map { "\(fixed($0, 2))" } ?? "withheld", value: entry.deliveredMMH),
            DataTable.Cell(
                entry.replyP99Milliseconds.map { "\(fixed($0, 1))" } ?? "", value: entry.replyP99Milliseconds),
            DataTable.Cell("\(entry.commit)"),
        ]
    }
}
