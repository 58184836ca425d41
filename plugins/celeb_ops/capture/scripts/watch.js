// Runs before the page's own scripts, in our world of every document: notes which scripts, style sheets and frames have
// loaded, and which scripts failed. Each is announced by one event; there is no way to ask later.
(() => {
  const kept = window[Symbol.for('celebs')] ??= { probes: new Map() };
  kept.came = new WeakSet();
  kept.shadowed = new WeakMap();
  kept.failed = [];
  const note = event => {
    if (event.target instanceof Element) kept.came.add(event.target);
  };
  // `load` events don't reach the window.
  document.addEventListener('load', note, true);
  addEventListener('error', event => {
    note(event);
    if (event.target instanceof HTMLScriptElement && kept.failed.length < 50) kept.failed.push(event.target.src || location.href);
  }, true);
})();
