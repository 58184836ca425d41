// The page's facts: its size, its title, its words in short, and each picture with its box and the words beside it; of
// very many pictures the largest.
const [mostPictures] = arguments;
const width = window.innerWidth;
const height = Math.max(pageHeight(), window.innerHeight);
const HEADLINES = 'h1, h2, h3, h4, h5, h6, [role=heading], figcaption';
const found = [];
let loaded = 0, total = 0;

// Of an ancestor, which many pictures may have in common: its headline, and whether it holds many pictures.
const cards = new Map();
const card = node => {
  if (!cards.has(node)) {
    const many = own(node, 'querySelectorAll')('img').length > 3;
    const near = many ? null : own(node, 'matches')(HEADLINES) ? node : own(node, 'querySelector')(HEADLINES);
    cards.set(node, { many, headline: near ? clean(own(near, 'textContent')) : '' });
  }
  return cards.get(node);
};
const headline = element => {
  // The nearest ancestor that holds a headline and few pictures is the picture's own card.
  for (let node = element, up = 0; node && own(node, 'localName') !== 'body' && up < 8; node = parentOf(node), up++) {
    // One that holds many is a grid of cards: its first headline is another card's.
    if (card(node).many) break;
    if (card(node).headline) return card(node).headline;
  }
  return '';
};
const link = element => {
  const anchor = own(element, 'closest')('a[href]')
    || own(own(element, 'closest')('article, li, figure') || element, 'querySelector')('a[href]');
  return anchor && /^https?:/.test(anchor.href) ? anchor.href.slice(0, 2000) : '';
};
const visible = element => own(element, 'checkVisibility')({ opacityProperty: true, visibilityProperty: true });
// What boxes around it leave of an element (a carousel shows one of its slides); an absolute one escapes those that
// do not place it.
const seen = element => {
  const { left, top, right, bottom } = boxOf(element), area = { left, top, right, bottom };
  let escapes = getComputedStyle(element).position === 'absolute';
  for (let node = above(element); node && own(node, 'localName') !== 'body'; node = above(node)) {
    const style = getComputedStyle(node);
    if (escapes && style.position === 'static' && style.transform === 'none') continue;
    escapes = style.position === 'absolute';
    const around = boxOf(node);
    if (style.overflowX !== 'visible') {
      area.left = Math.max(area.left, around.left); area.right = Math.min(area.right, around.right);
    }
    if (style.overflowY !== 'visible') {
      area.top = Math.max(area.top, around.top); area.bottom = Math.min(area.bottom, around.bottom);
    }
  }
  return area;
};
const above = node => parentOf(node) || own(node, 'getRootNode')().host;
// `view` is where the document's own viewport stands on the page: a frame shows only what is inside it.
// `sure`: the browser has its pixels, so the page's picture can't be of one colour there.
const add = (element, src, view, sure = false) => {
  if (!visible(element)) return;
  const box = seen(element);
  const left = Math.floor(Math.max(box.left, view.left - view.x) + view.x);
  const top = Math.floor(Math.max(box.top, view.top - view.y) + view.y);
  const right = Math.ceil(Math.min(box.right + view.x, view.right));
  const bottom = Math.ceil(Math.min(box.bottom + view.y, view.bottom));
  if (right - left < 2 || bottom - top < 2) return;
  found.push({ element, box: [left, top, right - left, bottom - top], sure,
    src: src.startsWith('data:') ? 'data:' : src.slice(0, 2000).toWellFormed() });
};
const described = ({ element, ...picture }) => ({ ...picture, link: link(element), headline: headline(element),
  alt: clean(own(element, 'getAttribute')('alt') || own(element, 'getAttribute')('aria-label')) });
const absolute = (address, doc) => { try { return new URL(address, doc.baseURI).href; } catch { return ''; } };
// Pictures that are neither an img nor a background.
const otherPicture = element => {
  const told = name => own(element, 'getAttribute')(name);
  switch (own(element, 'localName')) {
    case 'video': return told('poster') || element.currentSrc || 'video:';
    case 'image': return told('href') || told('xlink:href');
    case 'input': return told('type')?.toLowerCase() === 'image' && told('src');
    case 'object': case 'embed': return /^image\//.test(told('type') || '')
      || /\.(jpe?g|png|webp|avif|gif)$/i.test(told('data') || '') ? told('data') || told('src') : '';
    default: return '';
  }
};
const collect = (doc, view) => {
  const frame = doc.defaultView;
  for (const element of everything(doc)) {
    const kind = own(element, 'localName');
    if (kind === 'img') {
      if (!isShown(element)) continue;
      const src = element.currentSrc || element.src;
      if (!src) continue;
      total += 1;
      if (element.complete && element.naturalWidth > 0) {
        loaded += 1;
        add(element, src, view, element.naturalWidth > 2 && element.naturalHeight > 2 && !src.startsWith('data:'));
      }
    } else if (otherPicture(element)) {
      add(element, absolute(otherPicture(element), doc) || 'video:', view);
    } else if (kind === 'iframe' || kind === 'frame') {
      let inner = null;
      try { inner = element.contentDocument; } catch { /* another origin */ }
      if (!inner || !inner.documentElement || !isShown(element) || !visible(element)) continue;
      const box = boxOf(element);
      const x = view.x + box.left + element.clientLeft, y = view.y + box.top + element.clientTop;
      collect(inner, { x, y, left: Math.max(x, view.left), top: Math.max(y, view.top),
        right: Math.min(x + element.clientWidth, view.right), bottom: Math.min(y + element.clientHeight, view.bottom) });
    }
    // A skin behind the whole page is no picture on it.
    if (element === doc.documentElement || element === doc.body) continue;
    for (const pseudo of [null, '::before', '::after'])
      for (const src of backgrounds(frame.getComputedStyle(element, pseudo))) add(element, absolute(src, doc), view);
  }
};
collect(document, { x: window.scrollX, y: window.scrollY, left: 0, top: 0, right: width, bottom: height });
let pictures = found;
if (found.length > mostPictures) {
  const area = ({ box: [, , w, h] }) => w * h;
  const largest = new Set(found.toSorted((a, b) => area(b) - area(a)).slice(0, mostPictures));
  pictures = found.filter(one => largest.has(one));
}
return { url: location.href.slice(0, 2000), title: clean(document.title), height, pictures: pictures.map(described),
  left_out: found.length - pictures.length, images_loaded: loaded, images_total: total };
