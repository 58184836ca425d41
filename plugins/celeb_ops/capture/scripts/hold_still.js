// From here on nothing moves: animations, transitions and videos stop; bars that follow the view stay where
// the page's own flow has them, so that no strip shows them over its content.
const style = document.createElement('style');
style.textContent = `*, *::before, *::after {
  animation-play-state: paused !important; transition: none !important;
  scroll-behavior: auto !important; caret-color: transparent !important; }`;
(document.head || document.documentElement).append(style);
for (const media of document.querySelectorAll('video, audio')) media.pause();
for (const animation of document.getAnimations ? document.getAnimations() : []) animation.pause();
for (const element of document.querySelectorAll('body *')) {
  const position = getComputedStyle(element).position;
  if (position === 'sticky') element.style.setProperty('position', 'relative', 'important');
  if (position === 'sticky') for (const side of ['top', 'bottom', 'left', 'right']) element.style.setProperty(side, 'auto', 'important');
  if (position === 'fixed') element.style.setProperty('visibility', 'hidden', 'important');
}
window.scrollTo({ top: 0, behavior: 'instant' });
return true;
