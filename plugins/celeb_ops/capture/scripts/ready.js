// What the page still waits for, what has come of it so far, and a signature of its layout: the page is still while
// that stays the same. `lacking`: it shows no picture yet, or boxes where content is to come: then whatever is under way
// may be its content.
// `files` are those that have come, of any kind.
// Not a MutationObserver: a clock or a ticker that changes its text for ever moves nothing else.
const [consent, said, sinceBottom] = arguments;
const missing = [];
const many = (number, what) => (number === 1 ? `1 ${what}` : `${number} ${what}s`);
if (document.readyState === 'loading') missing.push('the document');
if (document.fonts && document.fonts.status === 'loading') missing.push('fonts');
const pages = [...documents()];
let pending = 0, arrived = 0, images = 0, large = 0, signature = pageHeight();
for (const [page] of pages) {
  for (const image of everything(page)) {
    if (own(image, 'localName') !== 'img' || !isShown(image)) continue;
    images += 1;
    if (!image.complete && (image.currentSrc || image.src)) pending += 1;
    arrived += image.naturalWidth > 0;
    const box = boxOf(image);
    large += image.naturalWidth > 2 && box.width >= 64 && box.height >= 64;
    signature = (signature * 31 + Math.round(box.top + window.scrollY) + (image.naturalWidth || 0)) % 2147483647;
  }
}
// An app that fetches its content first shows an empty shell.
const shows = element => (own(element, 'matches')('canvas, video, iframe, svg') || getComputedStyle(element).backgroundImage !== 'none')
  && own(element, 'clientWidth') >= 64 && own(element, 'clientHeight') >= 64;
if (!images && (document.body?.innerText || '').trim().length < 200 && ![...everything(document)].some(shows))
  missing.push('any content');
if (!pending && !missing.length) {
  // The DOM does not tell when a background has come: an image of the same address, from the same cache, does.
  for (const [page] of pages) {
    for (const element of everything(page)) {
      if (!isShown(element)) continue;
      for (const address of backgrounds(page.defaultView.getComputedStyle(element))) {
        if (!/^https?:/.test(address)) continue;
        if (!kept.probes.has(address)) kept.probes.set(address, Object.assign(new Image(), { src: address }));
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
    && own(element, 'checkVisibility')({ opacityProperty: true, visibilityProperty: true });
});
// The site's own scripts and frames; while the page is lacking, all.
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
  // Those of other hosts are mostly advertisements: they have the time that the page itself takes, and a little more.
  if (sinceBottom !== null) kept.last ??= performance.now();
  const patient = lacking || (kept.last && performance.now() - kept.last < 1500);
  // A load is heard by a shadow tree alone; what came before it was asked for is not known.
  const hasCome = frame => {
    if (kept.came.has(frame) || own(frame, 'getRootNode')() === document) return kept.came.has(frame);
    if (!kept.shadowed.has(frame)) frame.addEventListener('load', () => kept.came.add(frame));
    if (!kept.shadowed.has(frame)) kept.shadowed.set(frame, performance.now());
    return performance.now() - kept.shadowed.get(frame) > 1000;
  };
  const frames = [...everything(document)].filter(element => own(element, 'localName') === 'iframe' && element.isConnected
    && /^https?:/.test(element.src) && !hasCome(element) && (patient || isOwn(element.src))
    && element.clientWidth >= 100 && element.clientHeight >= 60 && element.checkVisibility());
  if (frames.length) missing.push(many(frames.length, 'frame'));
}
// One that has run for long is a connection that is kept open.
const asked = said.filter(([kind, ms, address]) => kind === 'asked' && Number(ms) < 10_000 && (lacking || isOwn(address)));
if (asked.length) missing.push(`${many(asked.length, 'request')} (${hostOf(asked[0][2])})`);
// What it means to do soon counts while it is lacking, and where its bottom has just been reached.
const soon = said.filter(([kind, ago, left]) => kind === 'timer' && (lacking ? Number(left) < 5000
  : sinceBottom !== null && Math.abs(sinceBottom - Number(ago)) < 400 && Number(left) < 2500));
if (soon.length) missing.push('what a timer brings');
// A consent manager is often there without a dialog: then it stays detected for ever.
if (consent === 'cmpDetected') kept.detected ??= performance.now();
if (['openPopupDetected', 'runningOptOut', 'runningOptIn'].includes(consent)
  || (consent === 'cmpDetected' && performance.now() - kept.detected < 1000)) missing.push('the consent dialog');
return { missing: missing.map(clean), arrived: `${arrived}/${images}`, signature,
  files: performance.getEntriesByType('resource').length };
