// Down the page a viewport at a time and back to the top. Ends at the bottom once the height has been
// stable, at `maxHeight`, or when the budget is spent. Two frames a step let IntersectionObservers run.
const [maxHeight, budgetMs, done] = arguments;
const end = performance.now() + budgetMs;
const root = document.scrollingElement || document.documentElement;
// requestAnimationFrame rests in a page that is not painted: a timer keeps the scroll from hanging there.
const frame = () => new Promise(resolve => { requestAnimationFrame(resolve); setTimeout(resolve, 100); });
const pause = ms => new Promise(resolve => setTimeout(resolve, ms));
(async () => {
  const step = Math.max(window.innerHeight, 200);
  let top = 0;
  while (performance.now() < end && top < maxHeight) {
    if (top + window.innerHeight >= root.scrollHeight) {
      // At the bottom: an endless page grows now, a page with an end does not.
      const height = root.scrollHeight;
      await pause(150);
      if (root.scrollHeight <= height) break;
    }
    top += step;
    window.scrollTo({ top, behavior: 'instant' });
    await frame();
    await frame();
  }
  window.scrollTo({ top: 0, behavior: 'instant' });
  await frame();
  await frame();
})().then(() => done(true), () => done(false));
