// From here on nothing moves (scripts are off by now) and nothing covers the page: animations stop where they show
// something, and videos stop. Sticky elements return to their place in the flow. Fixed elements become part of the page
// (a lead picture, a column, the page itself) or are hidden (a bar). Called with the page at its top.
const [wallsStay] = arguments;
window.scrollTo({ top: 0, left: 0, behavior: 'instant' });
const RULES = '*, *::before, *::after { transition: none !important; caret-color: transparent !important;'
  // A fixed background would show another part of its picture in each view.
  + ' background-attachment: scroll !important }'
  + ' html { scroll-behavior: auto !important; scroll-snap-type: none !important }'
  // With scripts off, Chromium paints `noscript`, and as raw text, because it was parsed while scripts were on.
  + ' noscript { display: none !important }';
const endless = [];
for (const [page] of documents()) {
  const animations = [...page.getAnimations()];
  addRules(page, RULES);
  for (const element of everything(page)) {
    const kind = member(element, 'localName'), shadow = member(element, 'shadowRoot');
    if (kind === 'video' || kind === 'audio') element.pause?.();
    if (kind === 'svg') element.pauseAnimations?.();
    if (kind === 'noscript') setStyle(element, { display: 'none' });
    if (shadow) {
      animations.push(...shadow.getAnimations());
      addRules(page, RULES, shadow);
    }
  }
  for (const animation of animations) {
    const end = animation.effect ? animation.effect.getComputedTiming().endTime : Infinity;
    try {
      if (typeof end === 'number' && Number.isFinite(end)) animation.finish(); else endless.push(animation);
    } catch { /* an animation without a time line has nothing to stop */ }
  }
}
bringToRest(endless);

// Whether a fixed element hides some of the page, measured at a few points on it.
const hidesPage = element => withPointer([element], () => {
  const box = boxOf(element);
  let hidden = 0, seen = 0;
  for (let i = 0; i < 36; i++) {
    const x = box.left + box.width * (i % 6 + 0.5) / 6, y = box.top + box.height * (Math.floor(i / 6) + 0.5) / 6;
    const stack = document.elementsFromPoint(x, y);
    if (!stack.length || !contains(element, stack[0])) continue;
    seen += 1;
    hidden += stack.some(one => one !== root && one !== document.body && !contains(element, one) && !contains(one, element) && showsSomething(one));
  }
  return hidden * 6 > seen;
});
const holdsPictures = element => [element, ...everything(element)].some(one => {
  const box = boxOf(one);
  return box.width >= 100 && box.height >= 100 && (member(one, 'localName') === 'img' || backgrounds(getComputedStyle(one)).length);
});
const fixed = [];
for (const element of everything(document)) {
  const { position, contentVisibility } = getComputedStyle(element);
  // The content of such an element is painted, and its height known, only while it is in the view.
  if (contentVisibility === 'auto') setStyle(element, { 'content-visibility': 'visible' });
  if (position === 'sticky')
    setStyle(element, { position: 'relative', top: 'auto', bottom: 'auto', left: 'auto', right: 'auto' });
  if (position === 'fixed' && element !== document.body) fixed.push(element);
}
for (const element of fixed) {
  const stays = covers(element) >= WALL && (wallsStay || isPage(element));
  if (stays || (isVisible(element) && holdsPictures(element) && !hidesPage(element)))
    intoPage(element, isPage(element));
  // Not display: none, which may let the flow close up; opacity too, since a child may turn visible again.
  else setStyle(element, { visibility: 'hidden', opacity: '0' });
}
// Some sites hide themselves until a script has run. If it never did, a visitor would see the page after a while.
for (const element of [root, document.body].filter(Boolean)) {
  const { opacity, visibility } = getComputedStyle(element);
  if (Number(opacity) < 0.1) setStyle(element, { opacity: '1' });
  if (visibility === 'hidden') setStyle(element, { visibility: 'visible' });
}
return true;
