// Removes layers that cover the page (consent walls, sign-up walls), however they are made, and unlocks scrolling. The
// browser says what is really on top, at a grid of points over the first view.
const [consent] = arguments;
const found = [], done = [];

// What autoconsent did, if it is installed.
for (const [type, cmp, yes] of consent) {
  if (type === 'popupFound') found.push(`consent dialog: ${cmp}`);
  if (type === 'optOutResult') done.push(`autoconsent opted out of ${cmp}: ${yes ? 'done' : 'failed'}`);
  if (type === 'optInResult') done.push(`autoconsent opted in to ${cmp}: ${yes ? 'done' : 'failed'}`);
}

const GRID = 10;
const points = [];
for (let i = 0; i < GRID * GRID; i++)
  points.push([(i % GRID + 0.5) / GRID * window.innerWidth, (Math.floor(i / GRID) + 0.5) / GRID * window.innerHeight]);
const DIALOG = 'dialog[open], [role=dialog], [role=alertdialog], [aria-modal=true]';
const isOnTopLayer = element => member(element, 'matches')('dialog:modal, :popover-open');
const isOpaque = element => {
  const { backgroundColor, backgroundImage, opacity, backdropFilter } = getComputedStyle(element);
  const alpha = backgroundColor.match(/^rgba\(.*,\s*([\d.]+)\)$|\/\s*([\d.]+)%?\)$/);
  return Number(opacity) > 0.5 && (backgroundImage.includes('url(') || backdropFilter?.includes('blur')
    || (backgroundColor !== 'transparent' && (!alpha || Number(alpha[1] ?? alpha[2]) >= 0.5))
    || ['img', 'video', 'canvas', 'iframe'].includes(member(element, 'localName')));
};

// Whether an element contains the page, or all its pictures.
const known = new Map();
const isAround = element => {
  if (!known.has(element)) known.set(element, element === root || element === document.body || isPage(element)
    || (pageTotals.pictures > 0 && picturesIn(element) === pageTotals.pictures));
  return known.get(element);
};
// The layers that hide something, each with the number of grid points at which it does. Only layers whose parent holds
// the page count.
const layersOnTop = () => {
  const layers = new Map();
  for (const [x, y] of points) {
    const [top, ...below] = document.elementsFromPoint(x, y);
    if (!top || top === root || top === document.body) continue;
    const hidden = below.find(one => one !== root && one !== document.body && !contains(one, top) && !contains(top, one) && showsSomething(one));
    if (!hidden) continue;
    let layer = top;
    while (outward(layer) && !contains(outward(layer), hidden)) layer = outward(layer);
    const around = outward(layer);
    let beside = hidden;
    while (outward(beside) && outward(beside) !== around) beside = outward(beside);
    // This is one slide of several on top of each other.
    const classes = member(layer, 'className');
    if (member(beside, 'localName') === member(layer, 'localName') && member(beside, 'className') === classes && (classes || around !== document.body)) continue;
    if (!isAround(around)) continue;
    layers.set(layer, (layers.get(layer) || 0) + 1);
  }
  return layers;
};
// The share of the points at which a layer is on top. It has no box if all of it is in a closed shadow tree.
const shareOf = layer => points.filter(([x, y]) => contains(layer, document.elementFromPoint(x, y))).length / points.length;
// Whether a layer is opaque at most of the points where it is on top.
const hides = layer => {
  let number = 0, opaque = 0;
  for (const [x, y] of points) {
    const top = document.elementFromPoint(x, y);
    if (!contains(layer, top)) continue;
    number += 1;
    for (let node = top; node && contains(layer, node); node = outward(node)) {
      const box = boxOf(node);
      if (!isOpaque(node) && box.left <= x && box.right >= x && box.top <= y && box.bottom >= y) continue;
      opaque += 1;
      break;
    }
  }
  return opaque * 2 > number;
};
// Whether a layer is a lead picture that stays fixed while the page scrolls over it: one view further down, it is no
// longer on top.
const isLead = layer => {
  if (!picturesIn(layer) || pageHeight() < window.innerHeight * 1.5) return false;
  const [x, y] = [window.scrollX, window.scrollY], before = shareOf(layer);
  window.scrollTo({ top: window.innerHeight, behavior: 'instant' });
  const after = window.scrollY >= window.innerHeight / 2 ? shareOf(layer) : 1;
  window.scrollTo({ top: y, left: x, behavior: 'instant' });
  return before > 0 && after < before / 3;
};
const isWall = (layer, locked, points) => {
  if (layer === document.body || isPage(layer) || parseInt(getComputedStyle(layer).zIndex, 10) < 0) return false;
  const { position, pointerEvents } = getComputedStyle(layer), share = Math.max(covers(layer), points ? shareOf(layer) : 0);
  const isDialog = member(layer, 'matches')(DIALOG) || isOnTopLayer(layer);
  if (member(layer, 'matches')('dialog:modal')) return true;
  if (share >= WALL) {
    if (isOnTopLayer(layer)) return true;
    // A layer that lets the pointer through and says nothing hides nothing: a frame, a texture.
    if (position === 'fixed') {
      return !(pointerEvents === 'none' && !member(layer, 'innerText')?.trim() && !isOpaque(layer)) && !isLead(layer);
    }
    return (points >= 3 && hides(layer)) || (position === 'absolute' && covers(layer) >= 0.9 && parseInt(getComputedStyle(layer).zIndex, 10) > 99);
  }
  // A dialog smaller than a wall counts if it hides something, or if scrolling is locked.
  return isDialog && share >= 0.1 && (locked || (points >= 3 && hides(layer)));
};
const scrollLocked = () => [root, document.body].filter(Boolean).filter(element => {
  const style = getComputedStyle(element);
  return ['hidden', 'clip'].includes(style.overflowY) || style.position === 'fixed';
});
const remove = (wall, share) => {
  if (!member(wall, 'isConnected')) return;
  found.push(`a layer over ${Math.round(share * 100)} % of the view: ${nameOf(wall)}`);
  member(wall, 'remove')();
  done.push(`removed ${nameOf(wall)}`);
};

const locked = scrollLocked();
let walls = 0, left = [];
for (let round = 0; round < 10; round++) {
  const asked = new Map();
  // `elementsFromPoint` does not find elements that let the pointer through.
  const through = [];
  for (const element of everything(document)) {
    const { position, pointerEvents } = getComputedStyle(element);
    const isLayer = position === 'fixed' || (position === 'absolute' && covers(element) >= WALL) || member(element, 'matches')(`dialog[open], :popover-open`);
    if (!isLayer || !isVisible(element)) continue;
    asked.set(element, 0);
    if (pointerEvents === 'none' && covers(element) >= WALL) through.push(element);
  }
  const now = withPointer(through, () => {
    for (const [layer, number] of layersOnTop()) asked.set(layer, number);
    return [...asked].map(([layer, number]) => [layer, Math.max(covers(layer), number ? shareOf(layer) : 0), number]);
  });
  const walled = now.filter(([layer, , number]) => isWall(layer, locked.length > 0, number));
  // An element that only contains a layer is not a layer itself.
  const standing = walled.filter(([layer]) => getComputedStyle(layer).position !== 'static'
    || !walled.some(([other]) => other !== layer && contains(layer, other)));
  left = now.filter(([layer, share, number]) => number >= GRID && share >= WALL && !isPage(layer) && hides(layer) && !isLead(layer));
  if (!standing.length) break;
  for (const [wall, share] of standing) remove(wall, share);
  walls += standing.length;
}
// Layers that are pseudo-elements (::before, ::after) of the page's own boxes.
for (const element of [root, document.body, ...(document.body?.children || [])].filter(Boolean).slice(0, 50)) {
  for (const pseudo of ['::before', '::after']) {
    const { content, position, width, height, zIndex, backgroundColor, opacity } = getComputedStyle(element, pseudo);
    if (content === 'none' || !['fixed', 'absolute'].includes(position) || parseInt(zIndex, 10) < 0 || Number(opacity) < 0.1) continue;
    if (parseFloat(width) * parseFloat(height) < WALL * window.innerWidth * window.innerHeight || /^rgba\(.*, 0\)$/.test(backgroundColor)) continue;
    const name = `celebs-${pseudo.slice(2)}`;
    member(element, 'setAttribute')(name, '');
    addRules(document, `[${name}]${pseudo} { display: none !important }`);
    found.push(`a layer over the view: ${nameOf(element)}${pseudo}`);
    done.push(`removed ${nameOf(element)}${pseudo}`);
  }
}
for (const element of scrollLocked()) {
  found.push(`scrolling locked on ${element.localName}`);
  unroll(element);
  done.push(`unlocked scrolling on ${element.localName}`);
}
if (walls) {
  // Sites often blur the page behind a wall.
  for (const element of everything(document))
    if (/blur/.test(getComputedStyle(element).filter)) setStyle(element, { filter: 'none' });
}
left = left.filter(([layer]) => member(layer, 'isConnected'));
return { found: found.slice(0, 200), done: done.slice(0, 200), remaining: left.map(([layer]) => nameOf(layer)).slice(0, 10),
  hidden: left.some(([layer]) => boxOf(layer).height >= WALL * pageHeight()) };
