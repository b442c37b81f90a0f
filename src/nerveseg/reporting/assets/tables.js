// Clicking a column head sorts the table by it; clicking again reverses the order.
function sortTable(table, column, descending) {
  const body = table.tBodies[0];
  const key = (row) => {
    const cell = row.cells[column];
    const number = parseFloat(cell.dataset.value);
    return Number.isNaN(number) ? cell.dataset.value ?? cell.textContent.trim() : number;
  };
  const missing = (value) => value === "" || value === "–";
  const rows = [...body.rows].filter((row) => !row.classList.contains("rest"));
  const rest = [...body.rows].filter((row) => row.classList.contains("rest"));
  rows.sort((one, other) => {
    const a = key(one), b = key(other);
    if (missing(a) || missing(b)) return missing(a) - missing(b); // missing values last in both orders
    const order = typeof a === "number" && typeof b === "number"
      ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
    return descending ? -order : order;
  });
  body.append(...rows, ...rest);
}

for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
  heads.forEach((head, column) => {
    head.querySelector("button")?.addEventListener("click", () => {
      const before = head.getAttribute("aria-sort");
      const numbers = !head.classList.contains("text");
      // Numbers start with the largest, names with A.
      const descending = before ? before === "ascending" : numbers;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      sortTable(table, column, descending);
    });
  });
}
