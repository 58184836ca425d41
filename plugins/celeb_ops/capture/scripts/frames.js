// The frames of other hosts that are seen on the page, the largest first: kept for what is asked of them, with the box
// of what they show.
const [most] = arguments;
const frames = [];
for (const element of everything(document)) {
  if (own(element, 'localName') !== 'iframe' || !isShown(element) || !own(element, 'checkVisibility')({ opacityProperty: true, visibilityProperty: true })) continue;
  let inner = null;
  try { inner = element.contentDocument; } catch { /* another origin */ }
  const box = boxOf(element);
  if (inner || element.clientWidth < 80 || element.clientHeight < 80 || box.right < 0 || box.left > window.innerWidth) continue;
  frames.push({ element, box: [Math.round(box.left + element.clientLeft + window.scrollX),
    Math.round(box.top + element.clientTop + window.scrollY), element.clientWidth, element.clientHeight] });
}
const area = ({ box: [, , width, height] }) => width * height;
frames.sort((one, other) => area(other) - area(one));
kept.frames = frames.slice(0, most).map(({ element }) => element);
return [frames.slice(0, most).map(({ box }) => box), frames.length];
