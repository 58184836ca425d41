// Add the CSS rules of the sites file to the page, its own frames and open shadow trees, once per document. Returns how
// many elements each selector hides; null if it was done before. Throws if the browser does not accept a selector.
const [hide, css] = arguments;
if (kept.restyled) return null;
const counts = hide.map(selector => member(document, 'querySelectorAll')(selector).length);
const rules = `${css}\n${hide.map(selector => `${selector} { display: none !important }`).join('\n')}`;
for (const [page] of documents()) {
  addRules(page, rules);
  for (const element of everything(page)) {
    const shadow = member(element, 'shadowRoot');
    if (!shadow) continue;
    const sheet = new page.defaultView.CSSStyleSheet();
    sheet.replaceSync(rules);
    shadow.adoptedStyleSheets = [...shadow.adoptedStyleSheets, sheet];
  }
}
kept.restyled = true;
return counts;
