// Shared by the scripts that run in the page after it has loaded; each of them is a function body behind this.
// A form's fields stand in for its own members (<input name=matches>, <input name=children>), in every world. So
// whatever may be a form is asked through its prototype: own(element, 'matches')('a').
const own = (element, name) => {
  const member = Reflect.get(Object.getPrototypeOf(element), name, element);
  return typeof member === 'function' ? member.bind(element) : member;
};
const root = document.documentElement;
// Half a sign (a cut emoji) could not be written as UTF-8. What a page may have made of a property, it is a text here;
// of a very long one the rest is not looked at.
const clean = text => String(text ?? '').slice(0, 20_000).replace(/\s+/g, ' ').trim().slice(0, 500).toWellFormed();
const nameOf = element => {
  const kind = own(element, 'localName'), id = own(element, 'id'), names = own(element, 'classList');
  return (id ? `#${id}` : names.length ? `${kind}.${names[0]}` : kind).slice(0, 100);
};
// Every element below `top`, open shadow trees included.
function* everything(top) {
  for (const element of own(top, 'querySelectorAll')('*')) {
    yield element;
    const shadow = own(element, 'shadowRoot');
    if (shadow) yield* everything(shadow);
  }
}
const isShown = element => own(element, 'getClientRects')().length > 0;
const boxOf = element => own(element, 'getBoundingClientRect')();
const parentOf = element => own(element, 'parentElement');
// The documents of the page and of the frames that its own site serves, each with the frame that shows it.
function* documents(top = document, frame = null) {
  yield [top, frame];
  for (const element of everything(top)) {
    const kind = own(element, 'localName');
    if (kind !== 'iframe' && kind !== 'frame') continue;
    let inner = null;
    try { inner = element.contentDocument; } catch { /* another origin */ }
    if (inner?.documentElement && isShown(element)) yield* documents(inner, element);
  }
}
// The addresses of an element's CSS background; the browser quotes them.
const backgrounds = style => [...style.backgroundImage.matchAll(/url\("((?:[^"\\]|\\.)*)"\)/g)].map(match => match[1]);
// What this project keeps in its world of the page between two scripts.
const kept = window[Symbol.for('celebs')] ??= { probes: new Map() };
const pageHeight = () => Math.max(root.scrollHeight, document.body ? document.body.scrollHeight : 0);
// The share of the view that an element covers; a wall covers most of it.
const WALL = 0.6;
const covers = element => {
  const box = boxOf(element);
  const w = Math.min(box.right, window.innerWidth) - Math.max(box.left, 0);
  const h = Math.min(box.bottom, window.innerHeight) - Math.max(box.top, 0);
  return Math.max(w, 0) * Math.max(h, 0) / (window.innerWidth * window.innerHeight);
};
const setStyle = (element, properties) => {
  for (const [property, value] of Object.entries(properties))
    own(element, 'style').setProperty(property, value, 'important');
};
// A site that stands or scrolls inside a layer of its own: the layer is the page. So is a frame over a page that has little
// else.
const picturesIn = top => [...everything(top)].filter(element => isShown(element)
  && (own(element, 'localName') === 'img' || backgrounds(getComputedStyle(element)).length)).length;
let all;
const isPage = element => {
  all ??= { pictures: picturesIn(document), text: (document.body?.innerText || '').length };
  const isFrame = own(element, 'localName') === 'iframe' || [...own(element, 'children')].some(one => own(one, 'localName') === 'iframe');
  if (isFrame && all.pictures < 3 && all.text < 1000 && covers(element) >= WALL) return true;
  return (all.pictures >= 3 && picturesIn(element) * 2 > all.pictures)
    || (all.text >= 2000 && (own(element, 'innerText') || '').length * 2 > all.text);
};
// Whose a host is, as far as names tell: its last labels.
const ownerOf = host => {
  const labels = host.split('.');
  if (/^[\d.]+$|:/.test(host)) return host;
  return labels.slice(labels.length > 2 && labels.at(-1).length === 2 && labels.at(-2).length <= 3 ? -3 : -2).join('.');
};
// What shows something itself: a picture, or words of its own.
const PICTURES = ['img', 'video', 'canvas', 'picture', 'object', 'image', 'iframe', 'frame', 'embed'];
const showsSomething = element => PICTURES.includes(own(element, 'localName'))
  || backgrounds(getComputedStyle(element)).length > 0
  || [...own(element, 'childNodes')].some(node => node.nodeType === 3 && /\S/.test(node.data));
const outward = node => parentOf(node) || own(node, 'getRootNode')().host || null;
const contains = (outer, inner) => {
  for (let node = inner; node; node = outward(node)) if (node === outer) return true;
  return false;
};
// Take an element that keeps its place in the view into the page, where it stands now. Called with the page at its top.
const intoPage = (element, grows = false) => {
  const before = boxOf(element);
  setStyle(element, { position: 'absolute', inset: 'auto', left: '0', top: '0', 'box-sizing': 'border-box',
    width: `${before.width}px`, [grows ? 'min-height' : 'height']: `${before.height}px` });
  const now = boxOf(element);
  setStyle(element, { left: `${before.left - now.left}px`, top: `${before.top - now.top}px` });
};
// Let a box be as tall as what it holds.
const unroll = element => {
  const { position } = getComputedStyle(element);
  // Sites that lock scrolling by a fixed body move it up by what had been scrolled.
  setStyle(element, { overflow: 'visible', height: 'auto', 'max-height': 'none', contain: 'none',
    ...(position === 'fixed' ? { position: 'relative', inset: 'auto' } : position === 'absolute' ? { bottom: 'auto' } : {}) });
};
const growFrame = (frame, height) => {
  const before = boxOf(frame);
  if (getComputedStyle(frame).position === 'fixed') intoPage(frame);
  setStyle(frame, { height: `${height}px`, 'max-height': 'none' });
  const others = frame.parentElement?.querySelectorAll(':scope > iframe') || [];
  for (const other of others) {
    const { top } = boxOf(other);
    if (other !== frame && getComputedStyle(other).position === 'absolute' && top >= before.bottom - 1)
      setStyle(other, { top: `${parseFloat(getComputedStyle(other).top) + height - before.height}px` });
  }
};
// The boxes around one that has grown, where it does not fit any more.
const growAround = element => {
  for (let node = outward(element); node && node !== root; node = outward(node)) {
    if (!own(node, 'clientHeight') || own(node, 'scrollHeight') <= own(node, 'clientHeight') + 1) continue;
    unroll(node);
    if (own(node, 'scrollHeight') > own(node, 'clientHeight') + 1) setStyle(node, { 'min-height': `${own(node, 'scrollHeight')}px` });
  }
};
// A sheet that no page's policy forbids.
const addRules = (page, rules) => {
  const sheet = new page.defaultView.CSSStyleSheet();
  sheet.replaceSync(rules);
  page.adoptedStyleSheets = [...page.adoptedStyleSheets, sheet];
};
