// Finds an element by a selector of the sites file, in the page, its own frames and open shadow trees. Returns whether
// it is visible, clicks on it, or returns its box on the page. Throws if the browser does not accept the selector.
const [what, selector] = arguments;
function* roots() {
  for (const [page] of documents()) {
    yield page;
    for (const element of everything(page)) if (member(element, 'shadowRoot')) yield member(element, 'shadowRoot');
  }
}
const isSeen = element => isShown(element)
  && isVisible(element);
let found = null;
for (const top of roots()) {
  found = [...member(top, 'querySelectorAll')(selector)].find(isSeen);
  if (found) break;
}
if (!found) return null;
if (what === 'click') member(found, 'click')();
if (what !== 'box') return true;
const { left, top, right, bottom } = boxOf(found);
return [left + window.scrollX, top + window.scrollY, right + window.scrollX, bottom + window.scrollY].map(Math.round);
