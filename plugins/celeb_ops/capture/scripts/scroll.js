// Down the page a viewport at a time and back to the top, so that loaders that watch the viewport see every part.
// Ends at the bottom once the height has been stable, at `maxHeight`, or when the budget is spent. Begins at `from`.
const [maxHeight, budgetMs, from, done] = arguments;
const end = performance.now() + budgetMs;
// requestAnimationFrame rests in a page that is not painted: a timer keeps the scroll from hanging there.
// IntersectionObservers run once in each frame, after its callbacks: one frame a position is seen by all of them.
const frame = () => new Promise(resolve => { requestAnimationFrame(resolve); setTimeout(resolve, 100); });
const pause = ms => new Promise(resolve => setTimeout(resolve, ms));
const go = top => window.scrollTo({ top, behavior: 'instant' });

// Pictures that have a place but not yet their picture: loaders that wait a moment before they act have missed them.
const LATE = ['data-src', 'data-srcset', 'data-lazy-src', 'data-lazy-srcset', 'data-lazy', 'data-original', 'data-bg',
  'data-background-image'];
const lateAddress = element => LATE.map(name => own(element, 'getAttribute')(name)).find(Boolean);
const isLate = element => {
  const late = lateAddress(element);
  if (own(element, 'localName') === 'img') {
    // A placeholder may be a small picture of its own, so what counts is whether the late address is shown.
    const shown = element.currentSrc || element.src;
    const candidates = (late || '').split(/,\s+/).map(one => one.trim().split(/\s/)[0]).filter(Boolean)
      .map(one => { try { return new URL(one, document.baseURI).href; } catch { return one; } });
    const waits = late ? !candidates.includes(shown) && element.naturalWidth < element.clientWidth / 2
      // One without a late address whose own has failed is broken, not late.
      : element.complete && element.naturalWidth <= 2 && (!shown || shown.startsWith('data:'));
    if (!waits) return false;
  } else if (!late || getComputedStyle(element).backgroundImage !== 'none') return false;
  const box = boxOf(element);
  return box.width >= 40 && box.height >= 40 && box.left < window.innerWidth && box.right > 0
    && box.top + window.scrollY < maxHeight && own(element, 'checkVisibility')();
};
const allLate = () => [...everything(document)].filter(isLate);

// Pictures by where they were seen. Some pages show them only while they are in the view: what is not there at the end,
// but comes again where it was, can't be photographed from elsewhere.
const seen = new Map();
const address = image => image.currentSrc || image.src;
const isSeen = image => /^https?:/.test(address(image)) && boxOf(image).width >= 64 && boxOf(image).height >= 64
  && own(image, 'checkVisibility')({ opacityProperty: true, visibilityProperty: true });
const note = () => {
  for (const image of document.images) {
    const { top, bottom } = boxOf(image);
    if (bottom > 0 && top < window.innerHeight && seen.size < 2000 && isSeen(image)) seen.set(address(image), top + window.scrollY);
  }
};
const isBoundToView = async () => {
  const still = new Set([...document.images].filter(isSeen).map(address));
  for (const [lost, top] of [...seen].filter(([one]) => !still.has(one)).slice(0, 3)) {
    go(top - window.innerHeight / 3);
    await frame();
    await pause(150);
    if ([...document.images].some(image => address(image) === lost && isSeen(image))) return true;
  }
  return false;
};

(async () => {
  const step = Math.max(window.innerHeight, 200);
  note();
  let top = from, stopped = 'bottom', grown = false, bottomAt = performance.now();
  for (;;) {
    if (performance.now() >= end) { stopped = 'budget'; break; }
    if (top >= maxHeight) { stopped = 'max_height'; break; }
    if (top + window.innerHeight >= pageHeight()) {
      // At the bottom: an endless page grows now, a page with an end does not. One that has grown before is asked
      // for longer: what it fetches may take a second.
      const height = pageHeight();
      bottomAt = performance.now();
      for (let wait = 0; wait < (grown ? 30 : 12) && pageHeight() <= height && performance.now() < end; wait++) await pause(50);
      if (pageHeight() <= height) break;
      grown = true;
    }
    // Not beyond the end: a page that grows meanwhile would be believed to end where the next step is already.
    top = Math.min(top + step, Math.max(pageHeight() - window.innerHeight, top + 1));
    go(top);
    await frame();
    note();
  }
  // From one view to the next: each late picture in it has the same quarter of a second.
  const place = element => boxOf(element).top + window.scrollY;
  for (let late = allLate(); late.length && performance.now() < end;) {
    const top = Math.min(...late.map(place));
    go(top - window.innerHeight / 3);
    const here = late.filter(element => place(element) <= top + window.innerHeight / 2);
    // Throttled loaders look every 100 to 200 ms. One that has begun to load is waited for later, with all others.
    for (let wait = 0; wait < 5 && here.some(element => isLate(element) && (own(element, 'complete') ?? true)); wait++) await pause(50);
    late = late.filter(element => own(element, 'isConnected') && !here.includes(element));
  }
  const late = allLate().length;
  go(0);
  await frame();
  await frame();
  const bound = await isBoundToView();
  go(0);
  await frame();
  return { stopped, height: pageHeight(), late, bound, since_bottom: Math.round(performance.now() - bottomAt) };
})().then(done, error => done({ stopped: `error: ${error}`, height: 0, late: 0, bound: false, since_bottom: 0 }));
