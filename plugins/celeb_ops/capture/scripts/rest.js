// Stops animations without an end, and those that the scroll position drives: each group of them (the slides of one
// show) stops where it shows most. They stop at their start, as in Playwright's screenshots, if they show as much
// there.
const shownArea = element => {
  let opacity = 1;
  const area = { ...boxOf(element).toJSON() };
  for (let node = element, up = 0; node && up < 12; node = outward(node), up++) {
    const style = getComputedStyle(node);
    if (style.visibility === 'hidden' && node === element) return 0;
    opacity *= Number(style.opacity);
    if (node === element || style.overflowX === 'visible') continue;
    const around = boxOf(node);
    area.left = Math.max(area.left, around.left); area.right = Math.min(area.right, around.right);
    area.top = Math.max(area.top, around.top); area.bottom = Math.min(area.bottom, around.bottom);
  }
  area.left = Math.max(area.left, 0); area.right = Math.min(area.right, window.innerWidth);
  // A rotated or enlarged element counts at most its own size.
  const most = (element.offsetWidth || Infinity) * (element.offsetHeight || Infinity);
  return opacity * Math.min(Math.max(area.right - area.left, 0) * Math.max(area.bottom - area.top, 0), most);
};
const STATES = 12, MOST_ANIMATIONS = 300;
const bringToRest = animations => {
  const groups = new Map();
  for (const animation of animations) {
    const { target, pseudoElement } = animation.effect || {};
    // If there are very many, they are reset to their start; so is one whose part of the page can't be measured.
    if (!target || pseudoElement || groups.size > MOST_ANIMATIONS || animations.length > MOST_ANIMATIONS) {
      try { animation.cancel(); } catch { /* it has no time line */ }
      continue;
    }
    const around = outward(target) || target;
    if (!groups.has(around)) groups.set(around, { around, all: [], best: 'start', most: 0 });
    groups.get(around).all.push(animation);
  }
  const isScrolled = animation => animation.timeline && animation.timeline !== animation.effect.target.ownerDocument.timeline;
  const put = (animation, state) => {
    try {
      if (state === 'start') return animation.cancel();
      animation.pause();
      const { duration, iterations } = animation.effect.getComputedTiming();
      if (isScrolled(animation)) animation.currentTime = CSS.percent(100 * (state + 1) / STATES);
      else animation.currentTime = Number(duration) * Math.min(2, iterations) * (state + 0.5) / STATES;
    } catch { /* it stays as it is */ }
    return undefined;
  };
  // The last state is the end of the animation. States are tried from the last one, so for scroll-driven animations the
  // end is preferred.
  const states = [...Array(STATES).keys()].reverse();
  for (const state of [...states, 'start']) {
    for (const { all } of groups.values()) for (const animation of all) put(animation, state);
    for (const group of groups.values()) {
      let area = 0;
      for (const target of new Set(group.all.map(one => one.effect.target))) area += shownArea(target);
      // The start is preferred, then the state that was tried first.
      if (area > group.most * 1.1 || (state === 'start' && area >= group.most * 0.9)) Object.assign(group, { best: state, most: area });
    }
  }
  for (const { all, best } of groups.values()) for (const animation of all) put(animation, best);
};
