// What the site answered with: enough to tell a homepage from an error page, a captcha or an empty shell.
let text = '', large = 0;
const frames = [];
for (const [page] of documents()) {
  text += ` ${page.body?.innerText || ''}`;
  for (const element of everything(page)) {
    // A frame is no content: what its own document shows is, as far as it can be seen.
    const kind = own(element, 'localName');
    if (kind === 'iframe' && frames.length < 50) frames.push(String(element.src || '').slice(0, 200));
    const shows = ['img', 'video', 'canvas', 'picture', 'object'].includes(kind)
      || backgrounds(page.defaultView.getComputedStyle(element)).length;
    if (!shows) continue;
    const box = boxOf(element);
    if (box.width >= 64 && box.height >= 64) large += 1;
  }
}
return {
  url: location.href.slice(0, 2000),
  title: clean(document.title),
  // Chromium's own page for what it could not open names the reason; the driver does not tell all of them.
  error: location.protocol === 'chrome-error:' ? document.querySelector('.error-code, #error-code')?.textContent || '' : '',
  status: performance.getEntriesByType('navigation')[0]?.responseStatus || 0,
  text: clean(text),
  frames: clean(frames.join(' ')),
  text_length: text.trim().length,
  pictures: large,
};
