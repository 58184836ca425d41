// Scripts that did not come, and, where the page shows no picture, how many broke off with an error: what they would have
// built is not there.
const shows = [...everything(document)].some(element => {
  const box = boxOf(element);
  return box.width >= 64 && box.height >= 64
    && (own(element, 'localName') === 'img' ? element.naturalWidth > 2 : backgrounds(getComputedStyle(element)).length > 0);
});
return [(kept.failed || []).map(address => address.slice(0, 300)), shows ? 0 : kept.errors || 0];
