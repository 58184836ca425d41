// The page's facts: its size, its title, and each picture with its box and the words beside it; if there are very many
// pictures, only the largest. Called a second time, after the photo, it adds the pictures that came meanwhile; null if
// none came.
const [mostPictures, mostHeadlines, again] = arguments;
if (again && !kept.facts?.waiting.some(([element]) => element.complete && element.naturalWidth > 0)) return null;
// Measure boxes from the top of the page, as the first time.
if (again) window.scrollTo({ top: 0, left: 0, behavior: 'instant' });
const width = window.innerWidth;
const height = again ? kept.facts.height : Math.max(pageHeight(), window.innerHeight);
const found = again ? kept.facts.found : [], waiting = [];
let loaded = again ? kept.facts.loaded : 0, total = again ? kept.facts.total : 0;

// The part of an element that the boxes around it do not clip (a carousel shows one slide). Boxes do not clip an
// absolutely positioned element unless they are its containing block.
const seen = element => {
  const { left, top, right, bottom } = boxOf(element), area = { left, top, right, bottom };
  let escapes = getComputedStyle(element).position === 'absolute';
  for (let node = outward(element); node && member(node, 'localName') !== 'body'; node = outward(node)) {
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
// `view` is where the document's own viewport is on the page: a frame shows only what is inside it. `sure`: the browser
// has its pixels, so the page's picture can't be of one colour there.
const add = (element, src, view, sure = false) => {
  if (!isVisible(element)) return;
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
  const attribute = name => member(element, 'getAttribute')(name);
  switch (member(element, 'localName')) {
    case 'video': return attribute('poster') || element.currentSrc || 'video:';
    case 'image': return attribute('href') || attribute('xlink:href');
    case 'input': return attribute('type')?.toLowerCase() === 'image' && attribute('src');
    case 'object': case 'embed': return /^image\//.test(attribute('type') || '')
      || /\.(jpe?g|png|webp|avif|gif)$/i.test(attribute('data') || '') ? attribute('data') || attribute('src') : '';
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
    const kind = member(element, 'localName');
    if (kind === 'img') {
      if (!isShown(element)) continue;
      if (!(element.currentSrc || element.src)) continue;
      total += 1;
      addImage(element, view);
    } else if (otherPicture(element)) {
      add(element, absolute(otherPicture(element), doc) || 'video:', view);
    } else if (kind === 'iframe' || kind === 'frame') {
      const inner = innerDocument(element);
      if (!inner || !inner.documentElement || !isShown(element) || !isVisible(element)) continue;
      const box = boxOf(element);
      const x = view.x + box.left + element.clientLeft, y = view.y + box.top + element.clientTop;
      collect(inner, { x, y, left: Math.max(x, view.left), top: Math.max(y, view.top),
        right: Math.min(x + element.clientWidth, view.right), bottom: Math.min(y + element.clientHeight, view.bottom) });
    }
    // A background picture of the whole page does not count as a picture on it.
    if (element === doc.documentElement || element === doc.body) continue;
    for (const pseudo of kind === 'img' ? [null] : [null, '::before', '::after'])
      for (const src of backgrounds(frame.getComputedStyle(element, pseudo))) add(element, absolute(src, doc), view);
  }
};
// The pictures without placeholders and blurred or tiny copies that are in the same place as the real picture.
const withoutTwins = pictures => {
  const uses = new Map();
  for (const { src } of pictures) uses.set(src, (uses.get(src) ?? 0) + 1);
  const isBlurred = element => getComputedStyle(element).filter.includes('blur');
  const rank = ({ element, src, box }) => src === 'data:' ? 0
    : uses.get(src) > 2 || element.naturalWidth * 4 <= box[2] || isBlurred(element) ? 1 : 2;
  const gone = new Set();
  // Such copies are near each other in the document.
  pictures.forEach((one, at) => {
    for (const two of pictures.slice(Math.max(at - 4, 0), at)) {
      if (gone.has(one) || gone.has(two)) continue;
      const [small, large] = areaOf(one) < areaOf(two) ? [one, two] : [two, one];
      if (overlap(one.box, two.box) < 0.9 * areaOf(small) || areaOf(small) * 2 < areaOf(large)) continue;
      const above = one.element !== two.element
        && (member(two.element, 'contains')(one.element) || parentOf(one.element) === parentOf(two.element));
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
const described = describe(pictures);
return { url: location.href.slice(0, 2000), title: clean(document.title), height, pictures: described,
  headlines: otherTitles(described, mostHeadlines), left_out: shown.length - pictures.length,
  images_loaded: loaded, images_total: total, slots: slots() };
