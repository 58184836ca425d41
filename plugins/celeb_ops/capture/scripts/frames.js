// Finds the visible frames (of other hosts, or all), the largest first. Keeps the elements for later scripts; returns
// each frame's box and placement, and the number of frames.
const [most, ownToo] = arguments;
const frames = [];
for (const element of everything(document)) {
  if (member(element, 'localName') !== 'iframe' || !isShown(element) || !isVisible(element)) continue;
  const box = boxOf(element);
  if ((!ownToo && innerDocument(element)) || element.clientWidth < 80 || element.clientHeight < 80 || box.right < 0 || box.left > window.innerWidth) continue;
  frames.push({ element, box: [Math.round(box.left + element.clientLeft + window.scrollX),
    Math.round(box.top + element.clientTop + window.scrollY), element.clientWidth, element.clientHeight] });
}
const area = ({ box: [, , width, height] }) => width * height;
frames.sort((one, other) => area(other) - area(one));
kept.frames = frames.slice(0, most).map(({ element }) => element);
return [frames.slice(0, most).map(({ box, element }) => [box, placementOf(element)]), frames.length];
