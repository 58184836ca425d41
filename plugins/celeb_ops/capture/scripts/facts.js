// The page's facts: its size, its title, its words in short, and each picture with its box and the words beside it.
const width = Math.max(window.innerWidth, 1);
const height = Math.max(pageHeight(), window.innerHeight);
const HEADLINES = 'h1, h2, h3, h4, h5, h6, [role=heading], figcaption';
const pictures = [];
let loaded = 0, total = 0;

const headline = element => {
  // The nearest ancestor that holds a headline and few pictures is the picture's own card.
  for (let node = element, up = 0; node && node.localName !== 'body' && up < 8; node = node.parentElement, up++) {
    // One that holds many is a grid of cards: its first headline is another card's.
    if (node.querySelectorAll('img').length > 3) break;
    const near = node.matches(HEADLINES) ? node : node.querySelector(HEADLINES);
    if (near && clean(near.textContent)) return clean(near.textContent);
  }
  return '';
};
const link = element => {
  const anchor = element.closest('a[href]')
    || (element.closest('article, li, figure') || element).querySelector('a[href]');
  return anchor && /^https?:/.test(anchor.href) ? anchor.href.slice(0, 2000) : '';
};
const visible = element => {
  if (element.checkVisibility) return element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const style = getComputedStyle(element);
  return style.visibility !== 'hidden' && style.opacity !== '0';
};
// What boxes around it leave of an element (a carousel shows one of its slides); an absolute one escapes those that
// do not place it.
const seen = element => {
  const box = element.getBoundingClientRect();
  const area = { left: box.left, top: box.top, right: box.right, bottom: box.bottom };
  let escapes = getComputedStyle(element).position === 'absolute';
  for (let node = above(element); node && node.localName !== 'body'; node = above(node)) {
    const style = getComputedStyle(node);
    if (escapes && style.position === 'static' && style.transform === 'none') continue;
    escapes = style.position === 'absolute';
    const around = node.getBoundingClientRect();
    if (style.overflowX !== 'visible') {
      area.left = Math.max(area.left, around.left); area.right = Math.min(area.right, around.right);
    }
    if (style.overflowY !== 'visible') {
      area.top = Math.max(area.top, around.top); area.bottom = Math.min(area.bottom, around.bottom);
    }
  }
  return area;
};
const above = node => node.parentElement || node.getRootNode().host;
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
  pictures.push({ box: [left, top, right - left, bottom - top], sure,
    src: src.startsWith('data:') ? 'data:' : src.slice(0, 2000).toWellFormed(),
    alt: clean(element.getAttribute('alt') || element.getAttribute('aria-label')), link: link(element), headline: headline(element) });
};
const absolute = (address, doc) => { try { return new URL(address, doc.baseURI).href; } catch { return ''; } };
// Pictures that are neither an img nor a background.
const otherPicture = element => {
  switch (element.localName) {
    case 'video': return element.getAttribute('poster') || element.currentSrc || 'video:';
    case 'image': return element.getAttribute('href') || element.getAttribute('xlink:href');
    case 'input': return element.getAttribute('type')?.toLowerCase() === 'image' && element.getAttribute('src');
    case 'object': case 'embed': return /^image\//.test(element.getAttribute('type') || '')
      || /\.(jpe?g|png|webp|avif|gif)$/i.test(element.getAttribute('data') || '') ? element.getAttribute('data') || element.getAttribute('src') : '';
    default: return '';
  }
};
const collect = (doc, view) => {
  const frame = doc.defaultView;
  for (const element of everything(doc)) {
    const kind = element.localName;
    if (kind === 'img') {
      if (!element.getClientRects().length) continue;
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
      if (!inner || !inner.documentElement || !element.getClientRects().length || !visible(element)) continue;
      const box = element.getBoundingClientRect();
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
return { url: location.href, title: clean(document.title), width, height, pictures,
  images_loaded: loaded, images_total: total };
