// Runs before the page's own scripts, in our world of every document: which scripts, style sheets and frames have come,
// and which scripts failed. Their events tell it once; there is no asking later.
(() => {
  const kept = window[Symbol.for('celebs')] ??= { probes: new Map() };
  kept.came = new WeakSet();
  kept.shadowed = new WeakMap();
  kept.failed = [];
  const note = event => {
    if (event.target instanceof Element) kept.came.add(event.target);
  };
  // A load is not heard at the window.
  document.addEventListener('load', note, true);
  addEventListener('error', event => {
    note(event);
    if (event.target instanceof HTMLScriptElement && kept.failed.length < 50) kept.failed.push(event.target.src || location.href);
  }, true);
})();
