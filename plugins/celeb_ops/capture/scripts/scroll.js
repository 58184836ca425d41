// Down the page a viewport at a time and back to the top, so that loaders that watch the viewport see every part.
// Ends at the bottom once the height has been stable, at `maxHeight`, or when the budget is spent.
const [maxHeight, budgetMs, done] = arguments;
const end = performance.now() + budgetMs;
// requestAnimationFrame rests in a page that is not painted: a timer keeps the scroll from hanging there.
// IntersectionObservers run once in each frame, after its callbacks: one frame a position is seen by all of them.
const frame = () => new Promise(resolve => { requestAnimationFrame(resolve); setTimeout(resolve, 100); });
const pause = ms => new Promise(resolve => setTimeout(resolve, ms));
const go = top => window.scrollTo({ top, behavior: 'instant' });

// Pictures that have a place but no picture yet: loaders that wait a moment before they act have missed them.
const unloaded = () => [...everything(document)].filter(element => {
  const image = element.localName === 'img';
  const waiting = image ? element.complete && element.naturalWidth <= 2
    : element.matches('[data-bg], [data-background-image]') && getComputedStyle(element).backgroundImage === 'none';
  if (!waiting) return false;
  const box = element.getBoundingClientRect();
  return box.width >= 40 && box.height >= 40 && box.top + window.scrollY < maxHeight;
});

(async () => {
  const step = Math.max(window.innerHeight, 200);
  let top = 0, stopped = 'bottom';
  for (;;) {
    if (performance.now() >= end) { stopped = 'budget'; break; }
    if (top >= maxHeight) { stopped = 'max_height'; break; }
    if (top + window.innerHeight >= pageHeight()) {
      // At the bottom: an endless page grows now, a page with an end does not.
      const height = pageHeight();
      for (let wait = 0; wait < 6 && pageHeight() <= height; wait++) await pause(50);
      if (pageHeight() <= height) break;
    }
    // Not beyond the end: a page that grows meanwhile would be believed to end where the next step is already.
    top = Math.min(top + step, Math.max(pageHeight() - window.innerHeight, top + 1));
    go(top);
    await frame();
  }
  for (const element of unloaded()) {
    if (performance.now() >= end) break;
    if (!element.isConnected) continue;
    go(element.getBoundingClientRect().top + window.scrollY - window.innerHeight / 3);
    // Throttled loaders look every 100 to 200 ms.
    for (let wait = 0; wait < 5 && (element.complete ?? true) && !(element.naturalWidth > 2); wait++) await pause(50);
  }
  go(0);
  await frame();
  await frame();
  return stopped;
})().then(done, error => done(`error: ${error}`));
