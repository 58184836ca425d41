// Removes layers that stand before the page (consent walls, sign-up walls), however they are made, and gives scrolling
// back. What is really on top is asked of the browser, at a grid of points over the first view.
const [consent] = arguments;
const found = [], done = [];

// What autoconsent did, if it is here.
for (const [type, cmp, yes] of consent) {
  if (type === 'popupFound') found.push(`consent dialog: ${cmp}`);
  if (type === 'optOutResult') done.push(`autoconsent opted out of ${cmp}: ${yes ? 'done' : 'failed'}`);
  if (type === 'optInResult') done.push(`autoconsent opted in to ${cmp}: ${yes ? 'done' : 'failed'}`);
}

const GRID = 10;
const points = [];
for (let i = 0; i < GRID * GRID; i++)
  points.push([(i % GRID + 0.5) / GRID * window.innerWidth, (Math.floor(i / GRID) + 0.5) / GRID * window.innerHeight]);
const isVisible = element => own(element, 'checkVisibility')({ opacityProperty: true, visibilityProperty: true });
const DIALOG = 'dialog[open], [role=dialog], [role=alertdialog], [aria-modal=true]';
const isOnTopLayer = element => own(element, 'matches')('dialog:modal, :popover-open');
const isOpaque = element => {
  const { backgroundColor, backgroundImage, opacity, backdropFilter } = getComputedStyle(element);
  const alpha = backgroundColor.match(/^rgba\(.*,\s*([\d.]+)\)$|\/\s*([\d.]+)%?\)$/);
  return Number(opacity) > 0.5 && (backgroundImage.includes('url(') || backdropFilter?.includes('blur')
    || (backgroundColor !== 'transparent' && (!alpha || Number(alpha[1] ?? alpha[2]) >= 0.5))
    || ['img', 'video', 'canvas', 'iframe'].includes(own(element, 'localName')));
};

// What holds the page, or all its pictures.
const known = new Map();
const isAround = element => {
  if (!known.has(element)) known.set(element, element === root || element === document.body || isPage(element)
    || (all.pictures > 0 && picturesIn(element) === all.pictures));
  return known.get(element);
};
// Of what is hidden: the layer that hides it, at how many points, and whether the page itself lies behind it.
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
    // One slide of several that lie on each other.
    const classes = own(layer, 'className');
    if (own(beside, 'localName') === own(layer, 'localName') && own(beside, 'className') === classes && (classes || around !== document.body)) continue;
    if (!isAround(around)) continue;
    layers.set(layer, (layers.get(layer) || 0) + 1);
  }
  return layers;
};
// The share of the points at which it is on top; it has no box of its own where it is all in a closed shadow tree.
const shareOf = layer => points.filter(([x, y]) => contains(layer, document.elementFromPoint(x, y))).length / points.length;
// Whether one sees nothing through it, at most of the points where it is on top.
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
// A lead picture that keeps its place while the page moves over it: a view further down it is not on top any more.
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
  const isDialog = own(layer, 'matches')(DIALOG) || isOnTopLayer(layer);
  if (own(layer, 'matches')('dialog:modal')) return true;
  if (share >= WALL) {
    if (isOnTopLayer(layer)) return true;
    // A layer that lets the pointer through and says nothing hides nothing: a frame, a texture.
    if (position === 'fixed') {
      return !(pointerEvents === 'none' && !own(layer, 'innerText')?.trim() && !isOpaque(layer)) && !isLead(layer);
    }
    return (points >= 3 && hides(layer)) || (position === 'absolute' && covers(layer) >= 0.9 && parseInt(getComputedStyle(layer).zIndex, 10) > 99);
  }
  // A dialog smaller than a wall counts where it hides something, and while scrolling is locked.
  return isDialog && share >= 0.1 && (locked || (points >= 3 && hides(layer)));
};
const scrollLocked = () => [root, document.body].filter(Boolean).filter(element => {
  const style = getComputedStyle(element);
  return ['hidden', 'clip'].includes(style.overflowY) || style.position === 'fixed';
});
const remove = (wall, share) => {
  if (!own(wall, 'isConnected')) return;
  found.push(`a layer over ${Math.round(share * 100)} % of the view: ${nameOf(wall)}`);
  own(wall, 'remove')();
  done.push(`removed ${nameOf(wall)}`);
};

const locked = scrollLocked();
let walls = 0, left = [];
for (let round = 0; round < 4; round++) {
  const asked = new Map();
  // What lets the pointer through is not at any point by itself.
  const through = [];
  for (const element of everything(document)) {
    const { position, pointerEvents } = getComputedStyle(element);
    const isLayer = position === 'fixed' || (position === 'absolute' && covers(element) >= WALL) || own(element, 'matches')(`dialog[open], :popover-open`);
    if (!isLayer || !isVisible(element)) continue;
    asked.set(element, 0);
    if (pointerEvents === 'none' && covers(element) >= WALL) through.push([element, own(element, 'style').pointerEvents]);
  }
  for (const [element] of through) own(element, 'style').setProperty('pointer-events', 'auto', 'important');
  const onTop = layersOnTop();
  for (const [layer, number] of onTop) asked.set(layer, number);
  const now = [...asked].map(([layer, number]) => [layer, Math.max(covers(layer), number ? shareOf(layer) : 0), number]);
  for (const [element, before] of through) {
    own(element, 'style').removeProperty('pointer-events');
    if (before) own(element, 'style').pointerEvents = before;
  }
  const walled = now.filter(([layer, , number]) => isWall(layer, locked.length > 0, number));
  // What only holds a layer is none.
  const standing = walled.filter(([layer]) => getComputedStyle(layer).position !== 'static'
    || !walled.some(([other]) => other !== layer && contains(layer, other)));
  left = now.filter(([layer, share, number]) => number >= GRID && share >= WALL && !isPage(layer) && hides(layer) && !isLead(layer));
  if (!standing.length) break;
  for (const [wall, share] of standing) remove(wall, share);
  walls += standing.length;
}
// Layers that are no elements: before or after the page's own boxes.
for (const element of [root, document.body, ...(document.body?.children || [])].filter(Boolean).slice(0, 50)) {
  for (const pseudo of ['::before', '::after']) {
    const { content, position, width, height, zIndex, backgroundColor, opacity } = getComputedStyle(element, pseudo);
    if (content === 'none' || !['fixed', 'absolute'].includes(position) || parseInt(zIndex, 10) < 0 || Number(opacity) < 0.1) continue;
    if (parseFloat(width) * parseFloat(height) < WALL * window.innerWidth * window.innerHeight || /^rgba\(.*, 0\)$/.test(backgroundColor)) continue;
    const name = `celebs-${pseudo.slice(2)}`;
    own(element, 'setAttribute')(name, '');
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
  // Walls often blur what is behind them.
  for (const element of everything(document))
    if (/blur/.test(getComputedStyle(element).filter)) setStyle(element, { filter: 'none' });
}
return { found: found.slice(0, 200), done: done.slice(0, 200), left: left.map(([layer]) => nameOf(layer)).slice(0, 10) };
