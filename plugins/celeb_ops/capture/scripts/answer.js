// What the site answered with: enough to tell a homepage from an error page, a captcha or an empty shell.
const text = document.body?.innerText || '';
const large = [...everything(document)].filter(element => {
  const shows = ['img', 'video', 'canvas', 'picture', 'iframe', 'object'].includes(element.localName)
    || getComputedStyle(element).backgroundImage.includes('url(');
  if (!shows) return false;
  const box = element.getBoundingClientRect();
  return box.width >= 64 && box.height >= 64;
}).length;
return {
  url: location.href,
  title: clean(document.title),
  // Chromium's own page for what it could not open names the reason; the driver does not tell all of them.
  error: location.protocol === 'chrome-error:' ? document.querySelector('.error-code, #error-code')?.textContent || '' : '',
  status: performance.getEntriesByType('navigation')[0]?.responseStatus || 0,
  text: clean(text),
  text_length: text.trim().length,
  pictures: large,
};
