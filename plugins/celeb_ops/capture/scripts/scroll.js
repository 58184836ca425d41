// Scrolls down the page from `from`, one viewport at a time, so that lazy loaders see every part: to the bottom, to
// `maxHeight`, or until the time budget is spent. Or, with `back`: to the pictures that have not loaded yet, and then
// to the top.
const [maxHeight, budgetMs, from, back, done] = arguments;
const end = performance.now() + budgetMs;
// requestAnimationFrame is not called in a page that is not painted: a timer keeps the scroll from hanging there.
// IntersectionObservers run once in each frame, after its callbacks: so one frame per position is enough for all of
// them.
const frame = () => new Promise(resolve => { requestAnimationFrame(resolve); setTimeout(resolve, 100); });
const pause = ms => new Promise(resolve => setTimeout(resolve, ms));
const go = top => window.scrollTo({ top, behavior: 'instant' });

// Image elements whose picture has not loaded yet: lazy loaders that wait a moment before they act have missed them.
const LATE = ['data-src', 'data-srcset', 'data-lazy-src', 'data-lazy-srcset', 'data-lazy', 'data-original', 'data-bg',
  'data-background-image'];
const lateAddress = element => LATE.map(name => member(element, 'getAttribute')(name)).find(Boolean);
const isLate = element => {
  const late = lateAddress(element);
  if (member(element, 'localName') === 'img') {
    // A placeholder may be a small picture of its own, so what counts is whether the late address is shown.
    const shown = element.currentSrc || element.src;
    const candidates = (late || '').split(/,\s+/).map(one => one.trim().split(/\s/)[0]).filter(Boolean)
      .map(one => { try { return new URL(one, document.baseURI).href; } catch { return one; } });
    const waits = late ? !candidates.includes(shown) && element.naturalWidth < element.clientWidth / 2
      // An image without a `data-` address whose own `src` failed is broken, not late.
      : element.complete && element.naturalWidth <= 2 && (!shown || shown.startsWith('data:'));
    if (!waits) return false;
  } else if (!late || getComputedStyle(element).backgroundImage !== 'none') return false;
  const box = boxOf(element);
  return box.width >= 40 && box.height >= 40 && box.left < window.innerWidth && box.right > 0
    && box.top + window.scrollY < maxHeight && member(element, 'checkVisibility')();
};
const allLate = () => [...everything(document)].filter(isLate);

// The places where pictures were seen. Some pages show pictures only while they are in the view: a picture that is gone
// at the end of the way, but comes back when we scroll to where it was, exists only while in view.
kept.seen ??= new Map();
const address = image => image.currentSrc || image.src;
const isSeen = image => /^https?:/.test(address(image)) && boxOf(image).width >= 64 && boxOf(image).height >= 64
  && isVisible(image);
const note = () => {
  for (const image of document.images) {
    const { top, bottom } = boxOf(image);
    if (bottom > 0 && top < window.innerHeight && kept.seen.size < 2000 && isSeen(image)) kept.seen.set(address(image), top + window.scrollY);
  }
};
const isBoundToView = async () => {
  const still = new Set([...document.images].filter(isSeen).map(address));
  for (const [lost, top] of [...kept.seen].filter(([one]) => !still.has(one)).slice(0, 3)) {
    go(top - window.innerHeight / 3);
    await frame();
    await pause(150);
    if ([...document.images].some(image => address(image) === lost && isSeen(image))) return true;
  }
  return false;
};

const down = async () => {
  const step = Math.max(window.innerHeight, 200);
  note();
  let top = from, stopped = 'bottom', grown = false, bottomAt = performance.now();
  for (;;) {
    if (performance.now() >= end) { stopped = 'budget'; break; }
    if (top >= maxHeight) { stopped = 'max_height'; break; }
    if (top + window.innerHeight >= pageHeight()) {
      // At the bottom: an endless page grows now. If it has grown before, wait longer: what it fetches may take a
      // second. Any other page needs no longer wait here: `settle` waits for it at the bottom.
      const height = pageHeight();
      bottomAt = performance.now();
      for (let wait = 0; wait < (grown ? 30 : 4) && pageHeight() <= height && performance.now() < end; wait++) await pause(50);
      if (pageHeight() <= height) break;
      grown = true;
    }
    // Never scroll past the end: if the page grew meanwhile, the next step would look like its bottom.
    top = Math.min(top + step, Math.max(pageHeight() - window.innerHeight, top + 1));
    go(top);
    await frame();
    note();
  }
  return { stopped, height: pageHeight(), since_bottom: Math.round(performance.now() - bottomAt) };
};
const up = async () => {
  // Go from one view to the next: all late pictures in a view share the same quarter of a second.
  const place = element => boxOf(element).top + window.scrollY;
  let late = allLate();
  const began = late.length > 0;
  while (late.length && performance.now() < end) {
    const top = Math.min(...late.map(place));
    go(top - window.innerHeight / 3);
    const here = late.filter(element => place(element) <= top + window.innerHeight / 2);
    // Throttled loaders look every 100 to 200 ms. A picture that has begun to load is waited for later, with all
    // others.
    for (let wait = 0; wait < 5 && here.some(element => isLate(element) && (member(element, 'complete') ?? true)); wait++) await pause(50);
    late = late.filter(element => member(element, 'isConnected') && !here.includes(element));
  }
  go(0);
  await frame();
  await frame();
  const view_bound = await isBoundToView();
  go(0);
  await frame();
  return { late: allLate().length, view_bound, began: began || [...document.images].some(image => isShown(image) && !image.complete) };
};
(back ? up() : down()).then(done, error => done({ error: String(error) }));
