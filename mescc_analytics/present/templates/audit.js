// The case list: filter, sort and page through rows that are in the page already. Nothing is fetched.
// The address holds the choice (#cases:I10:not%20met:A), so that it can be bookmarked and gone back from.
(function () {
  "use strict";
  const PAGE = 200, MOST_PRINTED = 2000, WIDTH = 3;
  const data = JSON.parse(document.getElementById("case-data").textContent);
  const form = document.getElementById("filter");
  const body = document.querySelector("#case-table tbody");
  const shown = document.getElementById("shown");
  const panel = document.getElementById("chosen");
  const more = document.getElementById("more");
  const heads = Array.from(document.querySelectorAll("#case-table th[aria-sort]"));
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  const fields = ["indicator", "verdict", "site", "case"];
  let limit = PAGE, column = -1, direction = 1, rows = null;

  function unpack() {
    const all = [];
    const order = Array.from(form.elements.indicator.options, (option) => option.value).filter(Boolean);
    for (const name of order) {
      const flat = data.rows[name] || [];
      for (let at = 0; at < flat.length; at += WIDTH) {
        const who = data.cases[flat[at]];
        all.push([name, who[0], who[1], who[2], data.verdicts[flat[at + 1]], data.values[flat[at + 2]]]);
      }
    }
    return all;
  }

  function chosen() {
    if (!rows) rows = unpack();
    const want = Object.fromEntries(new FormData(form));
    const text = want.case.trim().toLowerCase();
    const found = rows.filter((row) =>
      (!want.indicator || row[0] === want.indicator) && (!want.site || row[2] === want.site) &&
      (!want.period || row[3] === want.period) && (!want.verdict || row[4] === want.verdict) &&
      (!text || row[1].toLowerCase().includes(text)));
    if (column >= 0) found.sort((a, b) => direction * compare(a[column], b[column]));
    return found;
  }

  function link(text, address, title) {
    const made = document.createElement("a");
    made.href = address;
    made.title = title;
    made.textContent = text;
    return made;
  }

  function address(choice) {
    const parts = fields.map((field) => encodeURIComponent(choice[field] || ""));
    return "#cases:" + parts.join(":").replace(/:+$/, "");
  }

  function titleOf(name) {
    const heading = document.getElementById("h-" + name);
    return heading ? heading.firstChild.textContent.trim() : "";
  }

  function line(row) {
    const made = document.createElement("tr");
    row.forEach((value, index) => {
      const cell = document.createElement("td");
      if (index === 0) cell.append(link(value, "#" + value, "Back to: " + titleOf(value)));
      else if (index === 1) cell.append(link(value, address({ case: value }), "All verdicts on this case"));
      else cell.textContent = value;
      made.append(cell);
    });
    return made;
  }

  // Above the cases of one indicator stands what it means.
  function define() {
    const name = form.elements.indicator.value;
    panel.hidden = !name;
    if (!name) return;
    const heading = document.createElement("h3");
    heading.textContent = titleOf(name) + " (" + name + ")";
    const meaning = document.getElementById("definition-" + name).cloneNode(true);
    meaning.removeAttribute("id");
    const back = document.createElement("p");
    back.append(link("Back to the result, chart and sites of " + name, "#" + name, ""));
    panel.replaceChildren(heading, meaning, back);
  }

  function draw() {
    const found = chosen();
    const part = document.createDocumentFragment();
    for (const row of found.slice(0, limit)) part.append(line(row));
    body.replaceChildren(part);
    const count = Math.min(limit, found.length);
    shown.textContent = found.length ? count + " of " + found.length + " rows shown" : "No row fits the filter";
    more.hidden = found.length <= limit;
    define();
  }

  function redraw() { limit = PAGE; draw(); }

  function choose(choice) {
    form.reset();
    for (const field of fields) form.elements[field].value = choice[field] || "";
    redraw();
  }

  function follow() {
    if (!location.hash.startsWith("#cases:")) return;
    const parts = location.hash.slice("#cases:".length).split(":");
    choose(Object.fromEntries(fields.map((field, index) => [field, decodeURIComponent(parts[index] || "")])));
    const start = document.getElementById("h-cases");
    start.scrollIntoView();
    start.focus({ preventScroll: true });
  }

  form.addEventListener("input", redraw);
  form.addEventListener("submit", (event) => event.preventDefault());
  more.addEventListener("click", () => { limit += 5 * PAGE; draw(); });
  window.addEventListener("beforeprint", () => { limit = MOST_PRINTED; draw(); });
  window.addEventListener("afterprint", redraw);
  window.addEventListener("hashchange", follow);
  heads.forEach((head, index) => head.querySelector("button").addEventListener("click", () => {
    direction = column === index ? -direction : 1;
    column = index;
    heads.forEach((other) => other.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
    redraw();
  }));
  // A number leads to its cases; without this script its link leads to the definition.
  document.querySelectorAll("[data-show]").forEach((number) => {
    const { show, verdict, site } = number.dataset;
    number.href = address({ indicator: show, verdict: verdict, site: site });
  });
  document.querySelectorAll("svg a").forEach((number) => {
    const name = (number.getAttribute("xlink:href") || "#").slice(1);
    number.setAttribute("href", address({ indicator: name }));
    number.addEventListener("click", (event) => {
      event.preventDefault();
      location.hash = address({ indicator: name });
    });
    number.setAttribute("aria-label", titleOf(name) + ": " + number.textContent.trim());
  });
  draw();
  follow();
})();
