// First call: false if a picture is chosen by the window's height; else it keeps all boxes. Second call, in the taller
// window: whether all visible boxes are where they were.
const [compare] = arguments;
const HEIGHTS = /height|aspect|orientation|\d[sld]?v(h|min|max|b)/i;
const look = element => {
  const { left, top, right, bottom } = boxOf(element);
  return [left, top, right, bottom, member(element, 'localName') === 'img' && isVisible(element) ? 1 : 0];
};
// An element that grows with the window and paints nothing (html, body, a wrapper) does not matter. The colours of html
// and body fill the page anyway.
const paints = element => {
  if (!isShown(element)) return true;
  if (!isVisible(element)) return false;
  if (showsSomething(element)) return true;
  if (element === root || element === document.body) return false;
  return !/^rgba\(.*, 0\)$/.test(getComputedStyle(element).backgroundColor)
    || ['::before', '::after'].some(pseudo => getComputedStyle(element, pseudo).content !== 'none');
};
if (compare) {
  for (const [element, before] of kept.layout)
    if (look(element).some((value, at) => Math.abs(value - before[at]) >= 0.5) && paints(element)) return false;
  return true;
}
kept.layout = new Map();
window.scrollTo({ top: 0, left: 0, behavior: 'instant' });
for (const [page] of documents()) {
  for (const element of everything(page)) {
    // Pictures that are chosen by the window's height.
    if (['source', 'img'].includes(member(element, 'localName')) && HEIGHTS.test(`${element.media} ${element.sizes}`)) return false;
    kept.layout.set(element, look(element));
  }
}
return true;
