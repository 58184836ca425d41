// Content that scrolls inside a box shows only one view of itself: so the box gets its full height. A frameset becomes
// frames in a page, and frames become as tall as their content.
const found = [], done = [];
let remade = false;
const say = (what, name) => { found.push(`${what} ${name}`); done.push(`unrolled ${name}`); };
const body = document.body;
const TALLER = 40;

if (body && member(body, 'localName') === 'frameset') {
  const frames = [...everything(document)].filter(one => member(one, 'localName') === 'frame' && isShown(one)).slice(0, 50)
    .map(frame => ({ src: frame.src, box: boxOf(frame) }));
  const page = document.createElement('body');
  for (const { src, box } of frames) {
    const frame = document.createElement('iframe');
    frame.src = src;
    setStyle(frame, { position: 'absolute', border: '0', left: `${box.left}px`, top: `${box.top}px`,
      width: `${box.width}px`, height: `${box.height}px` });
    page.append(frame);
  }
  setStyle(page, { margin: '0' });
  body.replaceWith(page);
  found.push('the page is a frameset');
  done.push('merged its frames');
  remade = true;
}
// Where both html and body have an overflow of their own, body scrolls inside html, which shows one view of it.
if (body && body.scrollHeight > body.clientHeight * 1.5 && root.scrollHeight <= body.clientHeight * 1.5
  && ['auto', 'scroll', 'hidden'].includes(getComputedStyle(body).overflowY)) {
  say('the page scrolls inside', 'body');
  for (const element of [root, body]) unroll(element);
}
const isPane = element => {
  const seen = member(element, 'clientHeight'), whole = member(element, 'scrollHeight');
  if (element === root || element === body || whole <= seen + TALLER || seen < 100 || member(element, 'clientWidth') < 150) return false;
  const { overflowY } = getComputedStyle(element);
  if (!['auto', 'scroll', 'overlay'].includes(overflowY)
    && !(overflowY === 'hidden' && whole > seen * 1.5 && covers(element) >= 0.5 && isPage(element))) return false;
  if (member(element, 'matches')('textarea, select, pre, code') || !isVisible(element)) return false;
  const box = boxOf(element);
  return box.right > 0 && box.left < window.innerWidth && (picturesIn(element) > 0 || (member(element, 'innerText') || '').length > 500);
};
for (const element of [...everything(document)].filter(isPane).slice(0, 50)) {
  say(isPage(element) ? 'the page scrolls inside' : 'a pane scrolls:', nameOf(element));
  if (getComputedStyle(element).position === 'fixed' && !isPage(element)) intoPage(element, true);
  unroll(element);
  growAround(element);
}
// Frames of the page's own site grow; those below such a frame move down with it.
for (const element of everything(document)) {
  if (member(element, 'localName') !== 'iframe' || !isShown(element) || element.clientWidth < 150 || element.clientHeight < 200) continue;
  const whole = innerDocument(element)?.documentElement?.scrollHeight || 0;
  if (whole <= element.clientHeight + TALLER || kept.grown?.has(element)) continue;
  (kept.grown ??= new WeakSet()).add(element);
  say('a frame scrolls:', nameOf(element));
  growFrame(element, whole);
  growAround(element);
}
return { found: found.slice(0, 100), done: done.slice(0, 100), remade };
