// Shared by the scripts that run in the page after it has loaded; each of them is a function body behind this.
const root = document.documentElement;
// Half a sign (a cut emoji) could not be written as UTF-8. What a page may have made of a property, it is a text here.
const clean = text => String(text ?? '').replace(/\s+/g, ' ').trim().slice(0, 500).toWellFormed();
const nameOf = element => element.id ? `#${element.id}`
  : element.classList.length ? `${element.localName}.${element.classList[0]}` : element.localName;
// Every element below `top`, open shadow trees included.
function* everything(top) {
  for (const element of top.querySelectorAll('*')) {
    yield element;
    if (element.shadowRoot) yield* everything(element.shadowRoot);
  }
}
// The documents of the page and of the frames that its own site serves, each with the frame that shows it.
function* documents(top = document, frame = null) {
  yield [top, frame];
  for (const element of everything(top)) {
    if (element.localName !== 'iframe' && element.localName !== 'frame') continue;
    let inner = null;
    try { inner = element.contentDocument; } catch { /* another origin */ }
    if (inner?.documentElement && element.getClientRects().length) yield* documents(inner, element);
  }
}
// The addresses of an element's CSS background; the browser quotes them.
const backgrounds = style => [...style.backgroundImage.matchAll(/url\("((?:[^"\\]|\\.)*)"\)/g)].map(match => match[1]);
// What this project keeps in the page between two scripts.
const kept = window[Symbol.for('celebs')] ??= { probes: new Map() };
const pageHeight = () => Math.max(root.scrollHeight, document.body ? document.body.scrollHeight : 0);
// The share of the view that an element covers; a wall covers most of it.
const WALL = 0.6;
const covers = element => {
  const box = element.getBoundingClientRect();
  const w = Math.min(box.right, window.innerWidth) - Math.max(box.left, 0);
  const h = Math.min(box.bottom, window.innerHeight) - Math.max(box.top, 0);
  return Math.max(w, 0) * Math.max(h, 0) / (window.innerWidth * window.innerHeight);
};
// A site that stands or scrolls inside a layer of its own: the layer is the page.
const picturesIn = top => [...everything(top)].filter(element => element.getClientRects().length
  && (element.localName === 'img' || backgrounds(getComputedStyle(element)).length)).length;
let all;
const isPage = element => {
  all ??= { pictures: picturesIn(document), text: (document.body?.innerText || '').length };
  return (all.pictures >= 3 && picturesIn(element) * 2 > all.pictures)
    || (all.text >= 2000 && (element.innerText || '').length * 2 > all.text);
};
