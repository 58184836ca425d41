// From here on nothing moves (scripts are off by now) and nothing covers the page: animations that end are brought
// to their end, endless ones to their start, as Playwright's screenshots do; videos stop; bars that follow the view
// stay where the page's own flow has them, or are hidden.
const [wallsStay] = arguments;
const stays = element => covers(element) >= WALL && (wallsStay || isPage(element));
const animations = [];
for (const [page] of documents()) {
  animations.push(...page.getAnimations());
  for (const element of everything(page)) {
    const kind = own(element, 'localName'), shadow = own(element, 'shadowRoot');
    if (kind === 'video' || kind === 'audio') element.pause?.();
    if (shadow) animations.push(...shadow.getAnimations());
  }
}
for (const animation of animations) {
  const end = animation.effect ? animation.effect.getComputedTiming().endTime : Infinity;
  try {
    if (Number.isFinite(Number(end))) animation.finish(); else animation.cancel();
  } catch { /* an animation without a time line has nothing to stop */ }
}
for (const element of everything(document)) {
  const { position, contentVisibility } = getComputedStyle(element);
  // What such an element holds is painted in the view alone, and a strip is not the view.
  if (contentVisibility === 'auto') setStyle(element, { 'content-visibility': 'visible' });
  if (position === 'sticky')
    setStyle(element, { position: 'relative', top: 'auto', bottom: 'auto', left: 'auto', right: 'auto' });
  if (position === 'fixed' && element !== document.body && !stays(element)) {
    // Not display: none, which may let the flow close up; opacity too, since a child may turn visible again.
    setStyle(element, { visibility: 'hidden', opacity: '0' });
  }
}
const style = document.createElement('style');
style.textContent = '*, *::before, *::after { transition: none !important; caret-color: transparent !important }'
  + ' html { scroll-behavior: auto !important }';
(document.head || root).append(style);
window.scrollTo({ top: 0, left: 0, behavior: 'instant' });
return true;
