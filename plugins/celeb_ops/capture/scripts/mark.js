// A mark of two colours on the page's row `top`, over all that is there; a negative row takes it away.
const [top] = arguments;
kept.mark?.remove();
kept.mark = null;
if (top < 0) return true;
kept.mark = document.createElement('div');
setStyle(kept.mark, { all: 'initial', position: 'absolute', top: `${top + 8}px`, left: '8px', width: '16px', height: '16px',
  background: 'linear-gradient(90deg, #000 50%, #fff 50%)', 'z-index': '2147483647' });
root.append(kept.mark);
return true;
