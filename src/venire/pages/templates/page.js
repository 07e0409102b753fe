const data = JSON.parse(document.getElementById("data").textContent);
const all = (query, at = document) => [...at.querySelectorAll(query)];
const make = (tag, text = "", more = {}) => Object.assign(document.createElement(tag), { textContent: text }, more);
const tables = [];
const PAGE = 50, PRINTED = 1000;

/* The table takes text with "&" for HTML before it searches it: as such it is this text again. */
const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");

/* What is known of one row: every column, and whom the item met. */
function details(sheet, at) {
  const box = make("div");
  const facts = sheet.columns.flatMap((c, k) => (k === sheet.label ? [] : [`${c.title} ${sheet.rows[at][k]}`]));
  box.append(make("p", facts.join(" · "), { className: "fact" }));
  const met = sheet.opponents?.rows[at];
  if (!met?.length) return box;
  const table = make("table"), head = make("tr"), body = make("tbody"), top = make("thead");
  const heads = [["opponent", ""], ["games", ""], ["share won", "points from these games, a tie is half"],
    ["expected", "by the ratings"], ["residual", "won less expected, in standard deviations"]];
  heads.forEach(([text, title]) => head.append(make("th", text, { title, scope: "col" })));
  for (let k = 0; k < met.length; k += 5) {
    const [who, games, won, expected, z] = met.slice(k, k + 5), row = make("tr");
    const name = who < 0 ? "(not in this table)" : sheet.rows[who][sheet.label];
    row.append(make("td", name, { dir: "auto" }), make("td", games.toLocaleString("en")), make("td", won.toFixed(3)),
      make("td", expected.toFixed(3)), make("td", z.toFixed(1), { className: Math.abs(z) > 3 ? "odd-one" : "" }));
    body.append(row);
  }
  top.append(head);
  table.append(top, body);
  const wrap = make("div", "", { className: "against", tabIndex: 0 });
  wrap.setAttribute("role", "region");
  wrap.setAttribute("aria-label", "Games against each opponent");
  wrap.append(table);
  const n = sheet.opponents.met[at];
  if (n > met.length / 5) box.append(make("p", `The ${met.length / 5} opponents met most, of ${n}`, { className: "fact" }));
  box.append(wrap);
  return box;
}

function toggle(table, sheet, button) {
  const row = table.row(button.closest("tr")), open = !row.child.isShown();
  if (open) row.child(details(sheet, row.index()), "child").show();
  else row.child.hide();
  button.setAttribute("aria-expanded", open);
}

/* The table of one sheet, when it is first shown. */
function board(panel) {
  const element = panel.querySelector("table.board");
  if (!element || element.dataset.made) return;
  element.dataset.made = "1";
  const sheet = data[element.dataset.sheet];
  const columns = sheet.columns.map((c, k) => ({
    className: c.how + (c.spare ? " spare" : "") + (c.how === "range" ? " dt-right" : ""),
    type: c.how === "number" ? "num-fmt" : c.how === "rank" ? "num" : "string",
    orderSequence: c.how === "number" ? ["desc", "asc"] : ["asc", "desc"],
    orderable: c.how !== "range",
    searchable: c.how === "label" || c.how === "text",
    createdCell: (cell) => c.how === "label" || c.how === "text" ? (cell.dir = "auto") : 0,
    render: (value, use, _, at) => {
      if (c.how === "rank" && use === "sort") return at.row;
      if (use === "filter") return escaped(value);
      if (use !== "display") return value;
      if (k !== sheet.label || !sheet.opponents) return make("span", value);
      const button = make("button", value, { className: "open", type: "button" });
      button.setAttribute("aria-expanded", "false");
      return button;
    },
  }));
  const long = sheet.rows.length > PAGE;
  const table = new DataTable(element, {
    data: sheet.rows, columns, order: [], deferRender: true, autoWidth: false, pageLength: long ? PAGE : -1,
    lengthMenu: [25, PAGE, 100, 500, 1000], paging: long,
    layout: { topStart: "search", topEnd: long ? "pageLength" : null, bottomStart: "info", bottomEnd: long ? "paging" : null },
    language: { search: "Search:", info: "_TOTAL_ of _MAX_", infoFiltered: "", infoEmpty: "0 of _MAX_" },
  });
  element.addEventListener("click", (e) => e.target.closest("button.open") && toggle(table, sheet, e.target.closest("button.open")));
  if (long) tables.push(table);
}

/* Tabs: arrows, Home and End go from one to the next. */
const tabs = all("[role=tab]"), panels = all(".sheet");
function show(k) {
  tabs.forEach((tab, i) => { tab.setAttribute("aria-selected", i === k); tab.tabIndex = i === k ? 0 : -1; });
  panels.forEach((panel, i) => (panel.hidden = i !== k));
  board(panels[k]);
}
tabs.forEach((tab, k) => {
  tab.addEventListener("click", () => show(k));
  tab.addEventListener("keydown", (e) => {
    const to = { ArrowRight: k + 1, ArrowLeft: k - 1, Home: 0, End: tabs.length - 1 }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    const next = (to + tabs.length) % tabs.length;
    show(next);
    tabs[next].focus();
  });
});
show(0);

window.addEventListener("beforeprint", () => tables.forEach((t) => t.page.len(t.rows().count() <= PRINTED ? -1 : PRINTED).draw(false)));
window.addEventListener("afterprint", () => tables.forEach((t) => t.page.len(PAGE).draw(false)));
