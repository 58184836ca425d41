// Returns what the page still waits for, how many pictures have arrived, and a signature of its layout: while the
// signature stays the same, nothing moves. `lacking`: the page shows no picture yet, or boxes where content is to come;
// then everything under way may be its content. `files` counts the files of any kind that have arrived. No
// MutationObserver: a clock or ticker changes its text for ever, although nothing moves.
const [consent, said, sinceBottom] = arguments;
const missing = [];
const many = (number, what) => (number === 1 ? `1 ${what}` : `${number} ${what}s`);
if (document.readyState === 'loading') missing.push('the document');
if (document.fonts && document.fonts.status === 'loading') missing.push('fonts');
const pages = [...documents()], MOST_PROBES = 1000;
let pending = 0, arrived = 0, images = 0, large = 0, signature = pageHeight();
for (const [page] of pages) {
  for (const image of everything(page)) {
    if (member(image, 'localName') !== 'img' || !isShown(image)) continue;
    images += 1;
    if (!image.complete && (image.currentSrc || image.src)) pending += 1;
    arrived += image.naturalWidth > 0;
    const box = boxOf(image);
    large += image.naturalWidth > 2 && box.width >= 64 && box.height >= 64;
    signature = (signature * 31 + Math.round(box.top + window.scrollY) + (image.naturalWidth || 0)) % 2147483647;
  }
}
// An app that fetches its content first shows an empty shell.
const shows = element => (member(element, 'matches')('canvas, video, iframe, svg') || getComputedStyle(element).backgroundImage !== 'none')
  && member(element, 'clientWidth') >= 64 && member(element, 'clientHeight') >= 64;
if (!images && (document.body?.innerText || '').trim().length < 200 && ![...everything(document)].some(shows))
  missing.push('any content');
if (!pending && !missing.length) {
  // The DOM does not say when a background has loaded: an image with the same address, from the same cache, does.
  for (const [page] of pages) {
    for (const element of everything(page)) {
      if (!isShown(element)) continue;
      for (const address of backgrounds(page.defaultView.getComputedStyle(element))) {
        if (!/^https?:/.test(address)) continue;
        if (!kept.probes.has(address)) {
          if (kept.probes.size >= MOST_PROBES) continue;
          kept.probes.set(address, Object.assign(new Image(), { src: address }));
        }
        const { complete, naturalWidth } = kept.probes.get(address);
        if (!complete) pending += 1;
        large += naturalWidth > 64 && boxOf(element).height >= 64;
      }
    }
  }
}
if (pending) missing.push(many(pending, 'picture'));
const WAITS = '[aria-busy=true], [role=progressbar], [class*=skeleton i], [class*=shimmer i], [class*=spinner i], [class*=loading i]';
const lacking = !large || [...document.querySelectorAll(WAITS)].slice(0, 200).some(element => {
  const box = boxOf(element);
  return box.width >= 40 && box.height >= 40 && box.right > 0 && box.left < window.innerWidth
    && isVisible(element);
});
// The site's own scripts and frames count; while the page lacks content, all count.
const hostOf = address => { try { return new URL(address).hostname; } catch { return ''; } };
const isOwn = address => ownerOf(hostOf(address)) === ownerOf(location.hostname);
if (kept.came) {
  const RUNS = /^(|module|(text|application)\/(x-)?(java|ecma)script)$/i;
  const scripts = [...document.querySelectorAll('script[src], link[rel=modulepreload], link[rel=stylesheet]')].filter(element => {
    const address = element.src || element.href;
    return /^https?:/.test(address) && !kept.came.has(element) && (lacking || isOwn(address))
      && (element.localName === 'link' ? !element.disabled && (!element.media || matchMedia(element.media).matches)
        : RUNS.test(element.type) && !element.noModule);
  });
  if (scripts.length) missing.push(many(scripts.length, 'script'));
  // Frames of other hosts are mostly advertisements: they get the time that the page itself takes, and a little more.
  if (sinceBottom !== null) kept.last ??= performance.now();
  const patient = lacking || (kept.last && performance.now() - kept.last < 1500);
  // A `load` event does not leave a shadow tree, so we listen on the frame itself. A frame that had loaded before that
  // counts as loaded after a second.
  const hasCome = frame => {
    if (kept.came.has(frame) || member(frame, 'getRootNode')() === document) return kept.came.has(frame);
    if (!kept.shadowed.has(frame)) frame.addEventListener('load', () => kept.came.add(frame));
    if (!kept.shadowed.has(frame)) kept.shadowed.set(frame, performance.now());
    return performance.now() - kept.shadowed.get(frame) > 1000;
  };
  const frames = [...everything(document)].filter(element => member(element, 'localName') === 'iframe' && element.isConnected
    && /^https?:/.test(element.src) && !hasCome(element) && (patient || isOwn(element.src))
    && element.clientWidth >= 100 && element.clientHeight >= 60 && element.checkVisibility());
  if (frames.length) missing.push(many(frames.length, 'frame'));
}
// A request that has run for long is a connection that is kept open.
const asked = said.filter(([kind, ms, address]) => kind === 'asked' && Number(ms) < 10_000 && (lacking || isOwn(address)));
if (asked.length) missing.push(`${many(asked.length, 'request')} (${hostOf(asked[0][2])})`);
// Timers that fire soon count while the page lacks content, and so do those set when its bottom was reached.
const soon = said.filter(([kind, ago, left]) => kind === 'timer' && (lacking ? Number(left) < 5000
  : sinceBottom !== null && Math.abs(sinceBottom - Number(ago)) < 400 && Number(left) < 2500));
if (soon.length) missing.push('timed content');
// A consent manager is often there without a dialog: then it stays detected for ever.
if (consent === 'cmpDetected') kept.detected ??= performance.now();
if (['openPopupDetected', 'runningOptOut', 'runningOptIn'].includes(consent)
  || (consent === 'cmpDetected' && performance.now() - kept.detected < 1000)) missing.push('the consent dialog');
return { missing: missing.map(clean), arrived: `${arrived}/${images}`, signature,
  files: performance.getEntriesByType('resource').length };
