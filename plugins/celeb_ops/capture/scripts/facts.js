// The page's facts: its size, its title, and each picture with its box and the words beside it.
const root = document.documentElement;
const body = document.body || root;
const width = Math.max(window.innerWidth, 1);
const height = Math.max(root.scrollHeight, body.scrollHeight, window.innerHeight);
const clean = text => (text || '').replace(/\s+/g, ' ').trim().slice(0, 500);
const HEADLINES = 'h1, h2, h3, h4, h5, h6, [role=heading], figcaption';

const headline = element => {
  // The nearest ancestor that holds a headline and few pictures is the picture's own card.
  for (let node = element, up = 0; node && node !== body && up < 8; node = node.parentElement, up++) {
    const near = node.matches(HEADLINES) ? node : node.querySelector(HEADLINES);
    if (near && clean(near.textContent)) return clean(near.textContent);
    if (node.querySelectorAll('img').length > 3) break;
  }
  return '';
};
const link = element => {
  const anchor = element.closest('a[href]')
    || (element.closest('article, li, figure') || element).querySelector('a[href]');
  return anchor && /^https?:/.test(anchor.href) ? anchor.href : '';
};
const boxOf = element => {
  const box = element.getBoundingClientRect();
  const left = Math.floor(box.left + window.scrollX), top = Math.floor(box.top + window.scrollY);
  return [left, top, Math.ceil(box.right + window.scrollX) - left, Math.ceil(box.bottom + window.scrollY) - top];
};
const pictures = [];
const add = (element, src) => {
  const box = boxOf(element);
  const style = getComputedStyle(element);
  if (box[2] < 2 || box[3] < 2 || style.visibility === 'hidden' || style.opacity === '0') return;
  pictures.push({ box, src: src.startsWith('data:') ? 'data:' : src.slice(0, 2000),
    alt: clean(element.alt || element.getAttribute('aria-label')), link: link(element), headline: headline(element) });
};
let loaded = 0, total = 0;
for (const image of document.images) {
  if (!image.getClientRects().length) continue;
  const src = image.currentSrc || image.src;
  if (!src) continue;
  total += 1;
  if (image.complete && image.naturalWidth > 0) { loaded += 1; add(image, src); }
}
for (const element of body.querySelectorAll('*')) {
  const match = /url\(["']?([^"')]+)["']?\)/.exec(getComputedStyle(element).backgroundImage);
  if (match) add(element, new URL(match[1], document.baseURI).href);
}
return { url: location.href, title: clean(document.title), width, height, pictures,
  images_loaded: loaded, images_total: total };
