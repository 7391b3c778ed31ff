"use strict";
// Headers of tables become buttons that sort by their column: numbers by value, what is not known last.
(() => {
  const collator = new Intl.Collator("en", { numeric: true });
  const known = (cell) => (cell.dataset.v ?? cell.textContent.trim()) !== "";
  const compare = (a, b, sign) => {
    if (known(a) !== known(b)) return known(a) ? -1 : 1;
    if (!known(a)) return 0;
    const x = Number(a.dataset.v ?? a.textContent), y = Number(b.dataset.v ?? b.textContent);
    return sign * (isNaN(x) || isNaN(y) ? collator.compare(a.textContent, b.textContent) : x - y);
  };
  const sort = (table, header, column) => {
    const up = header.getAttribute("aria-sort") !== "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", up ? "ascending" : "descending");
    const rows = [...table.tBodies[0].rows];
    rows.sort((a, b) => compare(a.cells[column], b.cells[column], up ? 1 : -1));
    table.tBodies[0].append(...rows);
  };
  for (const table of document.querySelectorAll("table.sort")) {
    [...table.tHead.rows[0].cells].forEach((header, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      button.addEventListener("click", () => sort(table, header, column));
      header.append(button);
    });
  }
  // A link into what is folded away unfolds it.
  const unfold = () => {
    const target = document.getElementById(location.hash.slice(1));
    const folded = target && target.closest("details");
    if (folded && !folded.open) {
      folded.open = true;
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", unfold);
  unfold();
})();
