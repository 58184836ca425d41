// What the page still waits for, what has come of it so far, and a signature of its layout: the page is still while
// that stays the same.
// Not a MutationObserver: a clock or a ticker that changes its text for ever moves nothing else.
const missing = [];
if (document.readyState === 'loading') missing.push('the document');
if (document.fonts && document.fonts.status === 'loading') missing.push('fonts');
let pending = 0, arrived = 0, signature = pageHeight();
for (const image of document.images) {
  if (!image.getClientRects().length) continue;
  if (!image.complete && (image.currentSrc || image.src)) pending += 1;
  arrived += image.naturalWidth > 0;
  const box = image.getBoundingClientRect();
  signature = (signature * 31 + Math.round(box.top + window.scrollY) + image.naturalWidth) % 2147483647;
}
// An app that fetches its content first shows an empty shell.
const shows = element => (element.matches('canvas, video, iframe, svg') || getComputedStyle(element).backgroundImage !== 'none')
  && element.clientWidth >= 64 && element.clientHeight >= 64;
if (!document.images.length && (document.body?.innerText || '').trim().length < 200 && ![...everything(document)].some(shows))
  missing.push('any content');
if (pending) missing.push(pending === 1 ? '1 picture' : `${pending} pictures`);
const handling = ['cmpDetected', 'openPopupDetected', 'runningOptOut', 'runningOptIn'];
const consent = window.autoconsentStandalone?.instance?.state?.lifecycle;
if (handling.includes(consent)) missing.push('the consent dialog');
return { missing, arrived: `${arrived}/${document.images.length}`, signature };
