// What the page still waits for, and for how long its document has been still (seconds).
const missing = [];
if (document.readyState === 'loading') missing.push('the document');
if (document.fonts && document.fonts.status === 'loading') missing.push('fonts');
const pending = [...document.images].filter(image =>
  !image.complete && image.getClientRects().length > 0 && (image.currentSrc || image.src));
if (pending.length) missing.push(`${pending.length} pictures`);
const changed = window.__celebs ? window.__celebs.changed : 0;
return { missing, quiet_s: (performance.now() - changed) / 1000 };
