// What the pages can do beyond HTML: draw charts, and open a link from within Airflow's frame. Without it all is
// there to read; the charts have their tables.
"use strict";

const json = (id) => JSON.parse(document.getElementById(id).textContent);

// Colours in a specification are names of this page's own, so that a chart follows light and dark.
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
    ast: true, // Vega's interpreter of expressions: nothing is run as a script.
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
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => [...drawn.keys()].forEach(draw));

// Past the menu without a change of address, which would leave a person's part of the report.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  document.getElementById("main").focus();
});

// In the report: find a name on both boards.
const search = document.getElementById("search");
if (search) {
  // As names.py has it, near enough to find a name by.
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

// A crop that was tidied away leaves the initials below it.
for (const picture of document.querySelectorAll(".face img")) {
  const gone = () => picture.classList.add("broken");
  if (picture.complete && !picture.naturalWidth) gone();
  picture.addEventListener("error", gone);
}

// Airflow's frame opens no window and shows no other site. Airflow's own page around it may, and is of this origin.
function opener() {
  try {
    return window.parent !== window && window.parent.document ? window.parent.document : null;
  } catch {
    return null;
  }
}
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a.out");
  const outside = link && opener();
  if (!outside || !/^https?:$/.test(link.protocol)) return;
  event.preventDefault();
  const copy = outside.createElement("a");
  Object.assign(copy, { href: link.href, target: "_blank", rel: "noopener noreferrer nofollow" });
  copy.click();
});
