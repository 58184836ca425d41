// Shared by the scripts that run in the page after it has loaded; each of them is a function body behind this.
const root = document.documentElement;
const clean = text => (text || '').replace(/\s+/g, ' ').trim().slice(0, 500);
const nameOf = element => element.id ? `#${element.id}`
  : element.classList.length ? `${element.localName}.${element.classList[0]}` : element.localName;
// Every element below `top`, open shadow trees included.
function* everything(top) {
  for (const element of top.querySelectorAll('*')) {
    yield element;
    if (element.shadowRoot) yield* everything(element.shadowRoot);
  }
}
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
const picturesIn = top => [...top.querySelectorAll('img')].filter(image => image.getClientRects().length).length;
let all;
const isPage = element => {
  all ??= { pictures: picturesIn(document), text: (document.body?.innerText || '').length };
  return (all.pictures >= 3 && picturesIn(element) * 2 > all.pictures)
    || (all.text >= 2000 && (element.innerText || '').length * 2 > all.text);
};
