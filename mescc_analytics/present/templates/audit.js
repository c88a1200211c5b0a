// The case list: filter, sort and page through rows that are in the page already. Nothing is fetched.
(function () {
  "use strict";
  const PAGE = 200;
  const rows = JSON.parse(document.getElementById("case-data").textContent);
  const titles = JSON.parse(document.getElementById("titles").textContent);
  const form = document.getElementById("filter");
  const body = document.querySelector("#case-table tbody");
  const shown = document.getElementById("shown");
  const more = document.getElementById("more");
  const heads = Array.from(document.querySelectorAll("#case-table thead th"));
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  let limit = PAGE, column = -1, direction = 1;

  function chosen() {
    const want = Object.fromEntries(new FormData(form));
    const text = want.case.trim().toLowerCase();
    const found = rows.filter((row) =>
      (!want.indicator || row[0] === want.indicator) && (!want.site || row[2] === want.site) &&
      (!want.period || row[3] === want.period) && (!want.verdict || row[4] === want.verdict) &&
      (!text || row[1].toLowerCase().includes(text)));
    if (column >= 0) found.sort((a, b) => direction * compare(a[column], b[column]));
    return found;
  }

  function draw() {
    const found = chosen();
    const part = document.createDocumentFragment();
    for (const row of found.slice(0, limit)) {
      const line = document.createElement("tr");
      row.forEach((value, index) => {
        const cell = document.createElement("td");
        if (index === 0) {
          const link = document.createElement("a");
          link.href = "#" + value;
          link.title = titles[value] || "";
          link.textContent = value;
          cell.append(link);
        } else {
          cell.textContent = value;
        }
        line.append(cell);
      });
      part.append(line);
    }
    body.replaceChildren(part);
    const count = Math.min(limit, found.length);
    shown.textContent = found.length ? count + " of " + found.length + " rows shown" : "No row fits the filter";
    more.hidden = found.length <= limit;
  }

  function redraw() { limit = PAGE; draw(); }
  form.addEventListener("input", redraw);
  form.addEventListener("submit", (event) => event.preventDefault());
  more.addEventListener("click", () => { limit += 5 * PAGE; draw(); });
  window.addEventListener("beforeprint", () => { limit = Infinity; draw(); });
  window.addEventListener("afterprint", redraw);
  heads.forEach((head, index) => head.querySelector("button").addEventListener("click", () => {
    direction = column === index ? -direction : 1;
    column = index;
    heads.forEach((other) => other.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
    redraw();
  }));
  document.querySelectorAll("[data-show]").forEach((link) => link.addEventListener("click", () => {
    form.reset();
    form.elements.indicator.value = link.dataset.show;
    redraw();
  }));
  draw();
})();
