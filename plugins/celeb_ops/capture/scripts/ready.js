// What the page still waits for, what has come of it so far, and a signature of its layout: the page is still while
// that stays the same.
// `files` are those that have come, of any kind.
// Not a MutationObserver: a clock or a ticker that changes its text for ever moves nothing else.
const [consent] = arguments;
const missing = [];
if (document.readyState === 'loading') missing.push('the document');
if (document.fonts && document.fonts.status === 'loading') missing.push('fonts');
const pages = [...documents()];
let pending = 0, arrived = 0, images = 0, signature = pageHeight();
for (const [page] of pages) {
  for (const image of everything(page)) {
    if (own(image, 'localName') !== 'img' || !isShown(image)) continue;
    images += 1;
    if (!image.complete && (image.currentSrc || image.src)) pending += 1;
    arrived += image.naturalWidth > 0;
    signature = (signature * 31 + Math.round(boxOf(image).top + window.scrollY) + (image.naturalWidth || 0)) % 2147483647;
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
        if (!kept.probes.get(address).complete) pending += 1;
      }
    }
  }
}
if (pending) missing.push(pending === 1 ? '1 picture' : `${pending} pictures`);
// A consent manager is often there without a dialog: then it stays detected for ever.
if (consent === 'cmpDetected') kept.detected ??= performance.now();
if (['openPopupDetected', 'runningOptOut', 'runningOptIn'].includes(consent)
  || (consent === 'cmpDetected' && performance.now() - kept.detected < 1000)) missing.push('the consent dialog');
return { missing, arrived: `${arrived}/${images}`, signature, files: performance.getEntriesByType('resource').length };
