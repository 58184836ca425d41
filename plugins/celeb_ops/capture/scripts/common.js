// Shared by the scripts that run in the page after it has loaded; each of them is a function body that is appended to
// this file. A form's fields hide its members (<input name=matches>, <input name=children>), in every world. So members
// of anything that may be a form are read through its prototype: member(element, 'matches')('a').
const member = (element, name) => {
  const value = Reflect.get(Object.getPrototypeOf(element), name, element);
  return typeof value === 'function' ? value.bind(element) : value;
};
const root = document.documentElement;
// Half a character (a cut emoji) could not be written as UTF-8. Whatever the page made of a property, `String` turns it
// into text. Text past 20,000 characters is ignored.
const clean = text => String(text ?? '').slice(0, 20_000).replace(/\s+/g, ' ').trim().slice(0, 500).toWellFormed();
const nameOf = element => {
  const kind = member(element, 'localName'), id = member(element, 'id'), names = member(element, 'classList');
  return (id ? `#${id}` : names.length ? `${kind}.${names[0]}` : kind).slice(0, 100);
};
// Every element below `top`, open shadow trees included.
function* everything(top) {
  for (const element of member(top, 'querySelectorAll')('*')) {
    yield element;
    const shadow = member(element, 'shadowRoot');
    if (shadow) yield* everything(shadow);
  }
}
const isShown = element => member(element, 'getClientRects')().length > 0;
const isVisible = element => member(element, 'checkVisibility')({ opacityProperty: true, visibilityProperty: true });
const boxOf = element => member(element, 'getBoundingClientRect')();
const parentOf = element => member(element, 'parentElement');
// The document in a frame; null in one of another origin.
const innerDocument = frame => {
  try { return frame.contentDocument; } catch { return null; }
};
// The documents of the page and of the frames that its own site serves, each with the frame that shows it.
function* documents(top = document, frame = null) {
  yield [top, frame];
  for (const element of everything(top)) {
    const kind = member(element, 'localName');
    if (kind !== 'iframe' && kind !== 'frame') continue;
    const inner = innerDocument(element);
    if (inner?.documentElement && isShown(element)) yield* documents(inner, element);
  }
}
// The addresses of an element's CSS background; the browser quotes them.
const backgrounds = style => [...style.backgroundImage.matchAll(/url\("((?:[^"\\]|\\.)*)"\)/g)].map(match => match[1]);
// Values that this project keeps in its world of the page between two scripts.
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
    member(element, 'style').setProperty(property, value, 'important');
};
// Some sites are inside a layer of their own: then the layer is the page. So is a frame over a page that has little
// else.
const picturesIn = top => [...everything(top)].filter(element => isShown(element)
  && (member(element, 'localName') === 'img' || backgrounds(getComputedStyle(element)).length)).length;
let pageTotals;
const isPage = element => {
  pageTotals ??= { pictures: picturesIn(document), text: (document.body?.innerText || '').length };
  const isFrame = member(element, 'localName') === 'iframe' || [...member(element, 'children')].some(one => member(one, 'localName') === 'iframe');
  if (isFrame && pageTotals.pictures < 3 && pageTotals.text < 1000 && covers(element) >= WALL) return true;
  return (pageTotals.pictures >= 3 && picturesIn(element) * 2 > pageTotals.pictures)
    || (pageTotals.text >= 2000 && (member(element, 'innerText') || '').length * 2 > pageTotals.text);
};
// The owner of a host, as far as its name shows it: its last labels.
const ownerOf = host => {
  const labels = host.split('.');
  if (/^[\d.]+$|:/.test(host)) return host;
  return labels.slice(labels.length > 2 && labels.at(-1).length === 2 && labels.at(-2).length <= 3 ? -3 : -2).join('.');
};
// Whether an element shows something itself: a picture, or words of its own.
const PICTURES = ['img', 'video', 'canvas', 'picture', 'object', 'image', 'iframe', 'frame', 'embed'];
const showsSomething = element => PICTURES.includes(member(element, 'localName'))
  || backgrounds(getComputedStyle(element)).length > 0
  || [...member(element, 'childNodes')].some(node => node.nodeType === 3 && /\S/.test(node.data));
const outward = node => parentOf(node) || member(node, 'getRootNode')().host || null;
const contains = (outer, inner) => {
  for (let node = inner; node; node = outward(node)) if (node === outer) return true;
  return false;
};
// Turn a fixed element into part of the page, at the place where it is now. Called with the page at its top.
const intoPage = (element, grows = false) => {
  const before = boxOf(element);
  setStyle(element, { position: 'absolute', inset: 'auto', left: '0', top: '0', 'box-sizing': 'border-box',
    width: `${before.width}px`, [grows ? 'min-height' : 'height']: `${before.height}px` });
  const now = boxOf(element);
  setStyle(element, { left: `${before.left - now.left}px`, top: `${before.top - now.top}px` });
};
// Make a box as tall as its content.
const unroll = element => {
  const { position } = getComputedStyle(element);
  // Sites that lock scrolling with a fixed body move it up by the distance scrolled so far.
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
// Enlarge the boxes around an element that has grown, if it does not fit any more.
const growAround = element => {
  for (let node = outward(element); node && node !== root; node = outward(node)) {
    if (!member(node, 'clientHeight') || member(node, 'scrollHeight') <= member(node, 'clientHeight') + 1) continue;
    unroll(node);
    if (member(node, 'scrollHeight') > member(node, 'clientHeight') + 1) setStyle(node, { 'min-height': `${member(node, 'scrollHeight')}px` });
  }
};
// Add a style sheet, in a way that no page's policy forbids, to a document or a shadow tree in it.
const addRules = (page, rules, tree = page) => {
  const sheet = new page.defaultView.CSSStyleSheet();
  sheet.replaceSync(rules);
  tree.adoptedStyleSheets = [...tree.adoptedStyleSheets, sheet];
};
// Run a function while these elements receive pointer events, including those that normally let them through; return
// its result.
const withPointer = (elements, find) => {
  const before = elements.map(element => member(element, 'style').pointerEvents);
  for (const element of elements) setStyle(element, { 'pointer-events': 'auto' });
  const found = find();
  elements.forEach((element, at) => {
    member(element, 'style').removeProperty('pointer-events');
    if (before[at]) member(element, 'style').pointerEvents = before[at];
  });
  return found;
};
