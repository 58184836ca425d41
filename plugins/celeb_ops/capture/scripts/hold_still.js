// From here on nothing moves (scripts are off by now) and nothing covers the page: animations that end are brought
// to their end, endless ones to their start, as Playwright's screenshots do; videos stop; bars that follow the view
// stay where the page's own flow has them, or are hidden.
const [wallsStay] = arguments;
const stays = element => covers(element) >= WALL && (wallsStay || isPage(element));
const animations = [];
for (const [page] of documents()) {
  animations.push(...page.getAnimations());
  for (const element of everything(page)) {
    if (element.localName === 'video' || element.localName === 'audio') element.pause?.();
    if (element.shadowRoot) animations.push(...element.shadowRoot.getAnimations());
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
  if (contentVisibility === 'auto') element.style.setProperty('content-visibility', 'visible', 'important');
  if (position === 'sticky') {
    element.style.setProperty('position', 'relative', 'important');
    for (const side of ['top', 'bottom', 'left', 'right']) element.style.setProperty(side, 'auto', 'important');
  }
  if (position === 'fixed' && element !== document.body && !stays(element)) {
    // Not display: none, which may let the flow close up; opacity too, since a child may turn visible again.
    element.style.setProperty('visibility', 'hidden', 'important');
    element.style.setProperty('opacity', '0', 'important');
  }
}
const style = document.createElement('style');
style.textContent = '*, *::before, *::after { transition: none !important; caret-color: transparent !important }'
  + ' html { scroll-behavior: auto !important }';
(document.head || root).append(style);
window.scrollTo({ top: 0, left: 0, behavior: 'instant' });
return true;
