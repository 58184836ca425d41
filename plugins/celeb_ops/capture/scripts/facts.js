// The page's facts: its size, its title, and each picture with its box and the words beside it; of very many pictures
// the largest. Called a second time, after the photo: the same with the pictures that came meanwhile; null for none.
const [mostPictures, again] = arguments;
if (again && !kept.facts?.waiting.some(([element]) => element.complete && element.naturalWidth > 0)) return null;
const width = window.innerWidth;
const height = again ? kept.facts.height : Math.max(pageHeight(), window.innerHeight);
const found = again ? kept.facts.found : [], waiting = [];
let loaded = again ? kept.facts.loaded : 0, total = again ? kept.facts.total : 0;

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
const addImage = (element, view) => {
  const src = element.currentSrc || element.src;
  if (!element.complete || !(element.naturalWidth > 0)) return waiting.push([element, view]);
  loaded += 1;
  add(element, src, view, element.naturalWidth > 2 && element.naturalHeight > 2 && !src.startsWith('data:'));
};
const collect = (doc, view) => {
  const frame = doc.defaultView;
  for (const element of everything(doc)) {
    const kind = own(element, 'localName');
    if (kind === 'img') {
      if (!isShown(element)) continue;
      if (!(element.currentSrc || element.src)) continue;
      total += 1;
      addImage(element, view);
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
    for (const pseudo of kind === 'img' ? [null] : [null, '::before', '::after'])
      for (const src of backgrounds(frame.getComputedStyle(element, pseudo))) add(element, absolute(src, doc), view);
  }
};
// A placeholder, or a blurred or tiny twin, in a picture's own place is no picture of its own.
const withoutTwins = pictures => {
  const uses = new Map();
  for (const { src } of pictures) uses.set(src, (uses.get(src) ?? 0) + 1);
  const isBlurred = element => getComputedStyle(element).filter.includes('blur');
  const rank = ({ element, src, box }) => src === 'data:' ? 0
    : uses.get(src) > 2 || element.naturalWidth * 4 <= box[2] || isBlurred(element) ? 1 : 2;
  const gone = new Set();
  // Twins stand near each other in the document.
  pictures.forEach((one, at) => {
    for (const two of pictures.slice(Math.max(at - 4, 0), at)) {
      if (gone.has(one) || gone.has(two)) continue;
      const [small, large] = areaOf(one) < areaOf(two) ? [one, two] : [two, one];
      if (overlap(one.box, two.box) < 0.9 * areaOf(small) || areaOf(small) * 2 < areaOf(large)) continue;
      const above = one.element !== two.element
        && (own(two.element, 'contains')(one.element) || parentOf(one.element) === parentOf(two.element));
      const better = rank(one) - rank(two) || Number(above);
      if (!better) continue;
      const [real, twin] = better > 0 ? [one, two] : [two, one];
      gone.add(twin);
      real.twin = twin.element;
    }
  });
  return pictures.filter(picture => !gone.has(picture));
};
if (again) for (const [element, view] of kept.facts.waiting) addImage(element, view);
else collect(document, { x: window.scrollX, y: window.scrollY, left: 0, top: 0, right: width, bottom: height });
kept.facts = { found, waiting, loaded, total, height };
const shown = withoutTwins(found);
let pictures = shown;
if (shown.length > mostPictures) {
  const largest = new Set(shown.toSorted((a, b) => areaOf(b) - areaOf(a)).slice(0, mostPictures));
  pictures = shown.filter(one => largest.has(one));
}
return { url: location.href.slice(0, 2000), title: clean(document.title), height, pictures: describe(pictures),
  left_out: shown.length - pictures.length, images_loaded: loaded, images_total: total };
