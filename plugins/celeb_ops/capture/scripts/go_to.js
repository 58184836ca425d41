// Move the view to where it shows these page rows: the rows that it shows there, and 1. Where the view does not come (what
// scrolls is not the page's own view) the wanted ones, to be taken beyond it, and 0.
const [start, stop, viewHeight] = arguments;
window.scrollTo({ top: start, left: 0, behavior: 'instant' });
const top = Math.round(window.scrollY);
return window.innerHeight === viewHeight && top <= start && top + viewHeight >= stop
  ? [top, top + viewHeight, 1] : [start, stop, 0];
