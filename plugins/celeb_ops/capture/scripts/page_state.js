// Returns what the page shows: enough to tell a homepage from an error page, a captcha or an empty shell.
const [mostLinks] = arguments;
let text = '', large = 0, titles = 0, password = false;
const frames = [], links = new Map();
const here = location.href.split('#')[0];
// A Chinese, Japanese or Korean character says about as much as two letters.
const wide = words => [...words].reduce((sum, sign) => sum + (sign >= '\u2e80' ? 2 : 1), 0);
const nameIn = address => {
  try { return decodeURIComponent(new URL(address).pathname.split('/').findLast(Boolean) || ''); } catch { return ''; }
};
const addressOf = anchor => String(anchor.href).split('#')[0].slice(0, 2000);
const addLink = anchor => {
  const url = addressOf(anchor), words = clean(member(anchor, 'textContent'));
  if (!/^https?:/.test(url) || url === here || !isShown(anchor)) return;
  if (!links.has(url) && links.size < mostLinks) links.set(url, { url: url.toWellFormed(), words: 0, picture: false, file: false });
  const link = links.get(url), name = nameIn(url);
  if (!link) return;
  link.words = Math.max(link.words, wide(words));
  // The way servers list folders: "photos/", "star.jpg", "star-at-the-prem..>".
  link.file ||= /[./]/.test(words) && name !== '' && (words.startsWith(name) || name.startsWith(words.replace(/\.*>?$/, '')));
};
for (const [page] of documents()) {
  text += ` ${page.body?.innerText || ''}`;
  for (const element of everything(page)) {
    // A frame itself does not count as content. Its document's content counts, if we can read it.
    const kind = member(element, 'localName');
    if (kind === 'iframe' && frames.length < 50) frames.push(String(element.src || '').slice(0, 200));
    if (kind === 'a') addLink(element);
    if (/^h[1-6]$/.test(kind) && isShown(element)) titles += 1;
    if (kind === 'input' && member(element, 'type') === 'password' && isShown(element)) password = true;
    const shows = ['img', 'video', 'canvas', 'picture', 'object'].includes(kind)
      || backgrounds(page.defaultView.getComputedStyle(element)).length;
    if (!shows) continue;
    const box = boxOf(element);
    if (box.width < 64 || box.height < 64) continue;
    large += 1;
    const link = links.get(addressOf(member(element, 'closest')('a[href]') || {}));
    if (link) link.picture = true;
  }
}
const told = name => document.querySelector(`meta[name=${name} i]`)?.getAttribute('content') || '';
return {
  url: location.href.slice(0, 2000),
  title: clean(document.title),
  // Chromium's own page for an address that it could not open names the reason; the driver does not report all reasons.
  error: location.protocol === 'chrome-error:' ? document.querySelector('.error-code, #error-code')?.textContent || '' : '',
  status: performance.getEntriesByType('navigation')[0]?.responseStatus || 0,
  text: clean(text),
  frames: clean(frames.join(' ')),
  text_length: text.trim().length,
  pictures: large,
  links: [...links.values()],
  titles,
  password,
  began: performance.timeOrigin,
  unlisted: /noindex|none/i.test(told('robots')),
  reloads: parseInt(document.querySelector('meta[http-equiv=refresh i]')?.getAttribute('content')) <= 60,
};
