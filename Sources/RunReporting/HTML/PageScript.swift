/// What the pages do beyond being read: sorting, and nothing that they would need. Without it every table is there, in
/// its own order.
enum PageScript {
    static let text = #"""
        "use strict";
        addEventListener("beforeprint", () => {
          for (const part of document.querySelectorAll("details:not(.figures)")) part.open = true;
        });
        function sortKey(row, column) {
          const cell = row.cells[column];
          const value = cell.dataset.value;
          return value !== undefined ? Number(value) : cell.textContent.trim().toLowerCase();
        }
        function compare(a, b) {
          if (typeof a === typeof b) return typeof a === "number" ? a - b : a.localeCompare(b);
          return typeof a === "number" ? -1 : 1;
        }
        for (const table of document.querySelectorAll("table.sortable")) {
          const body = table.tBodies[0];
          Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
            if (head.dataset.fixed !== undefined) return;
            const button = document.createElement("button");
            button.type = "button";
            button.title = "Sort by this column";
            while (head.firstChild) button.append(head.firstChild);
            head.append(button);
            button.addEventListener("click", () => {
              const turn = head.getAttribute("aria-sort") === "descending" ? 1 : -1;
              for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
              head.setAttribute("aria-sort", turn < 0 ? "descending" : "ascending");
              const rows = Array.from(body.rows);
              rows.sort((a, b) => turn * compare(sortKey(a, column), sortKey(b, column)));
              body.append(...rows);
            });
          });
        }
        for (const field of document.querySelectorAll("input[data-filters]")) {
          field.closest("[hidden]").hidden = false;
          const rows = document.getElementById(field.dataset.filters).querySelectorAll("tbody tr");
          field.addEventListener("input", () => {
            const words = field.value.toLowerCase().split(/\s+/);
            for (const row of rows) {
              const text = row.textContent.toLowerCase();
              row.hidden = !words.every((word) => text.includes(word));
            }
          });
        }
        """#
}
