/// The style sheet of all pages: light, dark, narrow and on paper.
enum PageStyle {
    static let text =
        ":root{color-scheme:light dark;\(ReportPalette.light.variables)}"
        + "@media screen and (prefers-color-scheme:dark){:root{\(ReportPalette.dark.variables)}}"
        + compact(base) + compact(tables) + compact(charts) + compact(forms) + compact(narrow) + compact(paper)

    /// One rule a line, without what only people need.
    private static func compact(_ css: String) -> String {
        css.split(separator: "\n").map { line in line.drop { $0 == " " } }.joined()
    }

    private static let base = """
        *{box-sizing:border-box}
        html{-webkit-text-size-adjust:100%;text-size-adjust:100%;scroll-padding-top:1rem}
        body{margin:0;background:var(--background);color:var(--text);overflow-wrap:break-word;
        font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
        .page{max-width:76rem;margin:0 auto;padding:1.5rem 1.25rem 3rem}
        h1{font-size:1.75rem;line-height:1.3;margin:.4rem 0 .8rem;font-weight:650;text-wrap:balance}
        h2{font-size:1.3rem;line-height:1.3;margin:2.6rem 0 .8rem;padding-top:.9rem;border-top:2px solid var(--line)}
        h3{font-size:1.02em;line-height:1.35;margin:0 0 .25rem}
        p{margin:.5rem 0;max-width:72ch}
        ul,ol{margin:.5rem 0;padding-left:1.3rem;max-width:78ch}
        li{margin:.3rem 0}
        a{color:var(--accent);text-underline-offset:.15em}
        a:focus-visible,summary:focus-visible,button:focus-visible,input:focus-visible,.scroll:focus-visible{
        outline:3px solid var(--accent);outline-offset:2px}
        .over{margin:0;color:var(--muted);font-size:.9rem;letter-spacing:.02em}
        .lead{font-size:1.12em;max-width:68ch}
        .muted,.unit{color:var(--muted)}
        .good{color:var(--good);font-weight:600}
        .bad{color:var(--bad);font-weight:600}
        .caution{color:var(--caution);font-weight:600}
        .unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
        .skip{position:absolute;left:-99rem}
        .skip:focus{left:1rem;top:1rem;background:var(--background);padding:.5rem 1rem;z-index:9}
        .box{border-left:.4rem solid var(--line);background:var(--surface);padding:.7rem 1rem;margin:1rem 0;
        border-radius:.25rem}
        .box h2{border:0;margin:0;padding:0;font-size:1.1rem}
        .box.invalid{border-color:var(--bad);background:var(--bad-surface)}
        .box.invalid h2{color:var(--bad)}
        .box.warning{border-color:var(--caution);background:var(--caution-surface)}
        .box.warning h2{color:var(--caution)}
        .box.next{border-color:var(--accent)}
        nav.contents ul{list-style:none;display:flex;flex-wrap:wrap;gap:.3rem 1.1rem;padding:.6rem 0;margin:1.2rem 0 0;
        border-top:1px solid var(--line);border-bottom:1px solid var(--line);max-width:none;font-size:.94rem}
        nav.contents li{margin:0}
        .cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(17rem,100%),1fr));gap:1rem;
        margin:1.2rem 0;
        padding:0;list-style:none;max-width:none}
        .card{background:var(--surface);border:1px solid var(--line);border-radius:.5rem;padding:.9rem 1rem;margin:0;
        min-width:0}
        .card.best{border-color:var(--accent);border-width:2px}
        .card h3{overflow-wrap:anywhere}
        .card .figure{font-size:1.8em;font-weight:650;line-height:1.2;margin:.35rem 0 0;
        font-variant-numeric:tabular-nums}
        .card .figure small{font-size:.55em;font-weight:400;color:var(--muted)}
        .card p{margin:.25rem 0;font-size:.94em}
        dl.facts{display:grid;grid-template-columns:max-content 1fr;gap:.3rem 1.2rem;margin:.8rem 0}
        dl.facts dt{color:var(--muted)}
        dl.facts dd{margin:0;min-width:0;overflow-wrap:anywhere}
        dl.glossary dt{font-weight:650;margin-top:.7rem}
        dl.glossary dd{margin:0 0 0 1.1rem;max-width:72ch}
        details{margin:.7rem 0}
        summary{cursor:pointer;color:var(--accent)}
        pre{background:var(--surface);border:1px solid var(--line);border-radius:.35rem;padding:.7rem .9rem;
        overflow-x:auto;font:.86rem/1.5 ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;tab-size:4}
        code{font:.9em ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;overflow-wrap:anywhere}
        footer{margin-top:3rem;padding-top:.8rem;border-top:2px solid var(--line);color:var(--muted);font-size:.9rem}
        """

    private static let tables = """
        .scroll{overflow-x:auto;margin:.9rem 0;max-width:100%}
        table{border-collapse:collapse;font-size:.94em;font-variant-numeric:tabular-nums;min-width:min(100%,30rem)}
        caption{text-align:left;font-weight:650;padding:.2rem 0 .4rem}
        th,td{padding:.42rem .7rem;border-bottom:1px solid var(--line);text-align:right;vertical-align:top}
        thead th{background:var(--surface);vertical-align:bottom;font-weight:600}
        tbody th{font-weight:600;text-align:left;background:var(--background);position:sticky;left:0;min-width:11rem;
        max-width:16rem;overflow-wrap:anywhere}
        thead th:first-child{position:sticky;left:0}
        .words{text-align:left}
        td.words{min-width:9rem;max-width:26rem}
        td small,th small,.unit{display:block;font-weight:400;font-size:.92em;color:var(--muted)}
        td small{white-space:nowrap}
        td.words small{white-space:normal}
        th button{font:inherit;color:inherit;background:none;border:0;padding:0;text-align:inherit;cursor:pointer;
        text-decoration:underline dotted;text-underline-offset:.2em}
        th[aria-sort=ascending] button::after{content:" ▲";font-size:.7em}
        th[aria-sort=descending] button::after{content:" ▼";font-size:.7em}
        """

    private static let seriesRules = (1...8).map { number in
        "svg .curve.s\(number){stroke:var(--s\(number))}svg .area.s\(number){fill:var(--s\(number))}"
    }.joined(separator: "\n")

    private static let charts = """
        .legend+.charts,.legend+.pair,.legend+div{margin-top:.9rem}
        .chart+div{margin-top:1.2rem}
        .charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(22rem,100%),1fr));gap:1.2rem}
        .chart{margin:0;background:var(--surface);border:1px solid var(--line);border-radius:.5rem;padding:1rem;
        min-width:0}
        .chart figcaption p{margin:.1rem 0 .6rem;font-size:.92em;color:var(--muted)}
        .chart>svg{width:100%;height:auto;display:block;max-width:54rem}
        .chart>svg.small{max-width:30rem}
        .chart>svg.narrow{display:none}
        .pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(30rem,100%),1fr));gap:1.2rem}
        svg text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;
        fill:var(--text)}
        svg .note,svg .name,svg .value{paint-order:stroke;stroke:var(--surface);stroke-width:3px;stroke-linejoin:round}
        svg .note{fill:var(--muted)}
        svg .name{font-weight:600}
        svg .value{font-variant-numeric:tabular-nums}
        svg .grid{stroke:var(--line);stroke-width:1}
        svg .mark{stroke:var(--muted);stroke-width:1;stroke-dasharray:2 3}
        svg .ceiling{stroke:var(--bad);stroke-width:1.5;stroke-dasharray:6 4}
        svg .bar{stroke:var(--s1);stroke-width:1}
        svg .bar.synced{fill:var(--s1)}
        svg .bar.written{fill:var(--s1);fill-opacity:.45}
        svg .bar.lost{stroke:var(--s7)}
        svg .ink1{fill:var(--s1)}
        svg .ink2{fill:var(--s7)}
        svg .halo{stroke:var(--surface);stroke-width:4}
        svg .whisker{stroke:var(--text);stroke-width:1.5}
        svg .curve{fill:none;stroke-width:2;stroke-linejoin:round}
        svg .area{stroke:var(--surface);stroke-width:1}
        \(seriesRules)
        svg .s2{stroke-dasharray:7 3}
        svg .s3{stroke-dasharray:2 3}
        svg .s4{stroke-dasharray:9 3 2 3}
        svg .s6{stroke-dasharray:12 4}
        svg .s7{stroke-dasharray:4 4}
        svg .s8{stroke-dasharray:1 4}
        svg .area{stroke-dasharray:none}
        svg .area.light{fill-opacity:.5}
        svg .curve.solid{stroke-dasharray:none}
        svg .curve.dashed{stroke-dasharray:6 4}
        svg .curve.faint{stroke-width:1;stroke-opacity:.45}
        .legend{list-style:none;display:flex;flex-wrap:wrap;gap:.25rem 1.1rem;padding:0;margin:.6rem 0 0;
        font-size:.88rem}
        .legend li{display:flex;align-items:center;gap:.45rem;margin:0;overflow-wrap:anywhere}
        svg.key{width:28px;height:12px;flex:none}
        .figures{font-size:.88rem;margin:.6rem 0 0}
        """

    private static let forms = """
        .bar-of-actions{display:flex;flex-wrap:wrap;gap:.7rem;align-items:center;margin:1rem 0}
        button.main{font:inherit;font-weight:600;background:var(--accent);color:var(--background);border:0;
        border-radius:.35rem;padding:.55rem 1.1rem;cursor:pointer}
        label{cursor:pointer}
        input[type=checkbox]{width:1.15rem;height:1.15rem;accent-color:var(--accent)}
        input::placeholder{color:var(--muted);opacity:1}
        input[type=search]{font:inherit;color:inherit;background:var(--background);border:1px solid var(--muted);
        border-radius:.35rem;padding:.5rem .7rem;min-width:0;width:18rem;max-width:100%}
        """

    private static let narrow = """
        @media screen and (max-width:620px){
        .page{padding:1rem .9rem 2rem}
        h1{font-size:1.35rem}
        h2{font-size:1.15rem;margin-top:2rem}
        .chart{padding:.75rem .7rem}
        .chart>svg.wide{display:none}
        .chart>svg.narrow{display:block}
        dl.facts{grid-template-columns:1fr;gap:0}
        dl.facts dd{margin-bottom:.5rem}
        tbody th{min-width:6.5rem;max-width:8.5rem}
        th,td{padding:.4rem .5rem}
        }
        """

    private static let paper = """
        @page{margin:14mm 13mm}
        @media print{
        :root{color-scheme:light}
        body{font-size:10pt;line-height:1.4;background:#fff}
        .page{max-width:none;padding:0}
        h1{font-size:17pt}
        h2{font-size:13pt;margin-top:16pt;break-after:avoid}
        h3,caption,summary{break-after:avoid}
        nav.contents,.skip,.no-print{display:none}
        .card,.box,.chart,figure,tr,dl.glossary>div{break-inside:avoid}
        .scroll{overflow:visible}
        table{font-size:8.5pt;width:100%}
        th,td{padding:2pt 4pt}
        td.words,tbody th{min-width:0}
        thead{display:table-header-group}
        tbody th,thead th:first-child{position:static}
        .box,.card,.chart,pre,thead th{background:none}
        .chart,.card,pre{border:1px solid #777}
        pre{white-space:pre-wrap;overflow:visible;font-size:8pt}
        details::details-content{content-visibility:visible;block-size:auto}
        details.figures{display:none}
        summary{color:inherit;list-style:none;font-weight:600}
        a{color:inherit}
        svg .bar,svg .area{print-color-adjust:exact;-webkit-print-color-adjust:exact}
        .pair{grid-template-columns:1fr}
        .charts{grid-template-columns:1fr 1fr}
        }
        """
}
