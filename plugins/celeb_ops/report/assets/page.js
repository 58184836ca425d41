// What the pages can do beyond HTML: draw charts, and open a link from within Airflow's frame. Without this script
// everything can still be read: each chart has a table.
"use strict";

const json = (id) => JSON.parse(document.getElementById(id).textContent);

// Colours in a chart specification are names of this page's CSS variables, so that charts follow the light or dark
// theme.
function coloured(value, style) {
  if (Array.isArray(value)) return value.map((one) => coloured(one, style));
  if (value && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, coloured(one, style)]));
  return typeof value === "string" && value.startsWith("--") ? style.getPropertyValue(value).trim() : value;
}

function config(style) {
  const [ink, quiet, rule] = ["--ink", "--quiet", "--rule"].map((name) => style.getPropertyValue(name).trim());
  return {
    background: null,
    font: style.getPropertyValue("--sans"),
    view: { stroke: null },
    axis: { labelColor: quiet, titleColor: quiet, gridColor: rule, domainColor: rule, tickColor: rule, labelFontSize: 12 },
    axisY: { domain: false, ticks: false, labelPadding: 6 },
    text: { color: ink },
  };
}

const drawn = new Map();

function draw(figure) {
  if (typeof vegaEmbed === "undefined") return;
  const chart = json(figure.dataset.chart);
  const objects = ([columns, rows]) => rows.map((row) => Object.fromEntries(columns.map((column, at) => [column, row[at]])));
  const datasets = Object.fromEntries(Object.entries(chart.datasets).map(([name, table]) => [name, objects(table)]));
  const style = getComputedStyle(document.documentElement);
  drawn.get(figure)?.finalize();
  vegaEmbed(figure, { ...coloured(json(`spec-${chart.spec}`), style), datasets }, {
    ast: true, // Vega interprets expressions itself: nothing is run as a script.
    actions: false,
    renderer: "svg",
    defaultStyle: false,
    config: config(style),
    tooltip: { disableDefaultStyle: true },
  }).then(
    (view) => {
      drawn.set(figure, view);
      figure.dataset.drawn = "yes";
    },
    (error) => {
      figure.dataset.drawn = "no";
      figure.textContent = "The chart could not be drawn; its table is below.";
      console.error(error);
    },
  );
}

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries)
    if (entry.isIntersecting) {
      seen.unobserve(entry.target);
      draw(entry.target);
    }
});
for (const figure of document.querySelectorAll("figure[data-chart]")) seen.observe(figure);
// theme.js sends the `theme` event. The one-file report has no theme.js; there only the system's setting counts.
for (const [target, event] of [[document, "theme"], [matchMedia("(prefers-color-scheme: dark)"), "change"]])
  target.addEventListener(event, () => [...drawn.keys()].forEach(draw));

// Skip the menu without changing the address: in the report, a changed address would close the person's part.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  document.getElementById("main").focus();
});

// In the report: find a name on both boards.
const search = document.getElementById("search");
if (search) {
  // Folds a name like names.py does, closely enough for a search.
  const letters = JSON.parse(search.dataset.letters);
  const folded = (text) =>
    [...text.normalize("NFKD").toLowerCase().replaceAll("ß", "ss")]
      .map((sign) => letters[sign] ?? sign)
      .join("")
      .replace(/[^\p{L}\p{N}]/gu, "");
  const rows = [...document.querySelectorAll(".board tbody tr")].map((row) => [row, folded(row.dataset.name)]);
  search.closest("form").hidden = false;
  search.closest("form").addEventListener("submit", (event) => event.preventDefault());
  search.addEventListener("input", () => {
    const wanted = folded(search.value);
    for (const [row, name] of rows) row.hidden = !name.includes(wanted);
    const found = new Set(rows.filter(([row]) => !row.hidden).map(([, name]) => name)).size;
    document.getElementById("found").textContent = wanted ? `${found} found` : "";
  });
}

// A crop that was deleted leaves the initials below it.
for (const picture of document.querySelectorAll(".face img")) {
  const gone = () => picture.classList.add("broken");
  if (picture.complete && !picture.naturalWidth) gone();
  picture.addEventListener("error", gone);
}

// Airflow shows this page in a frame that may open no window and show no other site. The page around the frame may, and
// it has the same origin.
function opener() {
  try {
    return window.parent !== window && window.parent.document ? window.parent.document : null;
  } catch {
    return null;
  }
}
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a.out, a.airflow");
  const outside = link && opener();
  if (!outside || !/^https?:$/.test(link.protocol)) return;
  event.preventDefault();
  const copy = outside.createElement("a");
  // A link to one of Airflow's pages replaces the page around this frame.
  const where = link.matches(".airflow") ? {} : { target: "_blank", rel: "noopener noreferrer nofollow" };
  Object.assign(copy, { href: link.href, ...where });
  copy.click();
});
