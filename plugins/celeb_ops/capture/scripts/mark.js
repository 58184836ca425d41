// Puts a mark of two colours on the page at row `top`, above everything else; a negative row removes it.
const [top] = arguments;
kept.mark?.remove();
kept.mark = null;
if (top < 0) return true;
kept.mark = document.createElement('div');
setStyle(kept.mark, { all: 'initial', position: 'absolute', top: `${top + 8}px`, left: '8px', width: '16px', height: '16px',
  background: 'linear-gradient(90deg, #000 50%, #fff 50%)', 'z-index': '2147483647' });
root.append(kept.mark);
return true;
