// Scroll until the view shows these page rows. Returns the rows that it shows, and 1. If the view can't get there
// (another box scrolls, not the page), returns the wanted rows, to be captured beyond the view, and 0.
const [start, stop, viewHeight] = arguments;
window.scrollTo({ top: start, left: 0, behavior: 'instant' });
const top = Math.round(window.scrollY);
return window.innerHeight === viewHeight && top <= start && top + viewHeight >= stop
  ? [top, top + viewHeight, 1] : [start, stop, 0];
