// Removes layers that cover most of the viewport (consent walls, sign-up walls) and gives scrolling back.
const found = [], done = [];
const name = element => element.id ? `#${element.id}`
  : element.classList.length ? `${element.localName}.${element.classList[0]}` : element.localName;
const width = window.innerWidth, height = window.innerHeight;
const covers = element => {
  const box = element.getBoundingClientRect();
  const w = Math.min(box.right, width) - Math.max(box.left, 0);
  const h = Math.min(box.bottom, height) - Math.max(box.top, 0);
  return Math.max(w, 0) * Math.max(h, 0) / (width * height);
};
const fixed = [...document.querySelectorAll('body *')].filter(element => {
  const style = getComputedStyle(element);
  return style.position === 'fixed' && style.visibility !== 'hidden' && style.display !== 'none';
});
let walls = fixed.filter(element => {
  if (covers(element) < 0.6) return false;
  // A layer that lets the pointer through, or a backdrop painted below everything, hides nothing.
  const style = getComputedStyle(element);
  if (style.pointerEvents === 'none' && !element.textContent.trim()) return false;
  return !(parseInt(style.zIndex, 10) < 0);
});
const roots = [document.documentElement, document.body].filter(Boolean);
const locked = roots.filter(root => ['hidden', 'clip'].includes(getComputedStyle(root).overflowY)
  || getComputedStyle(root).position === 'fixed');
if (locked.length && document.body) {
  // Scrolling is locked by something: a dialog smaller than a wall counts then too.
  walls = walls.concat(fixed.filter(element => !walls.includes(element) && covers(element) >= 0.1
    && /dialog/.test(element.getAttribute('role') || element.localName)));
}
for (const wall of walls) {
  if (!wall.isConnected) continue;
  found.push(`a layer over ${Math.round(covers(wall) * 100)} % of the view: ${name(wall)}`);
  wall.remove();
  done.push(`removed ${name(wall)}`);
}
if (walls.length) {
  for (const root of locked) {
    found.push(`scrolling locked on ${root.localName}`);
    root.style.setProperty('overflow', 'visible', 'important');
    root.style.setProperty('height', 'auto', 'important');
    if (getComputedStyle(root).position === 'fixed') root.style.setProperty('position', 'static', 'important');
    done.push(`unlocked scrolling on ${root.localName}`);
  }
}
return { found, done };
