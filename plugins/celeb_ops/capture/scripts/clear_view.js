// Removes layers that stand before the page (consent walls, sign-up walls) and gives scrolling back.
const [consent] = arguments;
const found = [], done = [];
const unroll = element => {
  const fixed = getComputedStyle(element).position === 'fixed';
  // Sites that lock scrolling by a fixed body move it up by what had been scrolled.
  setStyle(element, { overflow: 'visible', height: 'auto', 'max-height': 'none', contain: 'none',
    ...(fixed ? { position: 'relative', inset: 'auto' } : {}) });
};

// What autoconsent did, if it is here.
for (const [type, cmp, yes] of consent) {
  if (type === 'popupFound') found.push(`consent dialog: ${cmp}`);
  if (type === 'optOutResult') done.push(`autoconsent opted out of ${cmp}: ${yes ? 'done' : 'failed'}`);
  if (type === 'optInResult') done.push(`autoconsent opted in to ${cmp}: ${yes ? 'done' : 'failed'}`);
}

const layers = [...everything(document)].filter(element => {
  const style = getComputedStyle(element);
  if (!own(element, 'checkVisibility')({ opacityProperty: true, visibilityProperty: true })) return false;
  if (style.position === 'fixed') return true;
  // A modal dialog is in the top layer; an absolute one covers the first view alone.
  return own(element, 'matches')('dialog:modal') || (style.position === 'absolute' && parseInt(style.zIndex, 10) > 99 && covers(element) >= 0.9);
});
const scrollLocked = () => [root, document.body].filter(Boolean).filter(element => {
  const style = getComputedStyle(element);
  return ['hidden', 'clip'].includes(style.overflowY) || style.position === 'fixed';
});
const locked = scrollLocked();
const walls = layers.filter(element => {
  if (element === document.body || isPage(element)) return false;
  const style = getComputedStyle(element), share = covers(element);
  if (parseInt(style.zIndex, 10) < 0) return false;
  if (own(element, 'matches')('dialog:modal')) return true;
  // A layer that lets the pointer through and says nothing hides nothing: a frame, a texture.
  if (share >= WALL) return !(style.pointerEvents === 'none' && !own(element, 'innerText')?.trim());
  // While scrolling is locked a dialog smaller than a wall counts too.
  return locked.length > 0 && share >= 0.1 && /dialog/.test(own(element, 'getAttribute')('role') || own(element, 'localName'));
});
for (const wall of walls) {
  if (!own(wall, 'isConnected')) continue;
  found.push(`a layer over ${Math.round(covers(wall) * 100)} % of the view: ${nameOf(wall)}`);
  own(wall, 'remove')();
  done.push(`removed ${nameOf(wall)}`);
}
for (const element of scrollLocked()) {
  found.push(`scrolling locked on ${element.localName}`);
  unroll(element);
  done.push(`unlocked scrolling on ${element.localName}`);
}
if (walls.length) {
  // Walls often blur what is behind them.
  for (const element of everything(document))
    if (/blur/.test(getComputedStyle(element).filter)) setStyle(element, { filter: 'none' });
}
// Where both html and body have an overflow of their own, body scrolls inside html, which shows one view of it.
const body = document.body;
if (body && body.scrollHeight > body.clientHeight * 1.5 && root.scrollHeight <= body.clientHeight * 1.5
  && ['auto', 'scroll', 'hidden'].includes(getComputedStyle(body).overflowY)) {
  found.push('the page scrolls inside body');
  for (const element of [root, body]) unroll(element);
  done.push('unrolled body');
}
// A page whose content scrolls inside a box shows one view of it: give the box its full height.
for (const element of everything(document)) {
  if (own(element, 'scrollHeight') <= own(element, 'clientHeight') * 1.5 || covers(element) < 0.5 || !isPage(element)) continue;
  if (element === root || element === document.body) continue;
  if (!['auto', 'scroll', 'overlay', 'hidden'].includes(getComputedStyle(element).overflowY)) continue;
  found.push(`the page scrolls inside ${nameOf(element)}`);
  for (let node = element; node && node !== root; node = parentOf(node)) unroll(node);
  done.push(`unrolled ${nameOf(element)}`);
}
return { found: found.slice(0, 200), done: done.slice(0, 200) };
