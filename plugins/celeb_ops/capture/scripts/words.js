// The words beside a picture; behind common.js, before facts.js.
// A picture's story is the link that it shares with a title. Both are looked for in the picture's card, the largest
// element around it that holds no other story's picture. Of the texts there the title is the one that stands out by
// its type: size, weight, being a heading, being as long as titles are, saying what the link's address says. A text
// that stands on many cards (a section, an author, "read more") is a label and no title.
const visible = element => own(element, 'checkVisibility')({ opacityProperty: true, visibilityProperty: true });
const areaOf = ({ box: [, , w, h] }) => w * h;
const overlap = ([l, t, w, h], [l2, t2, w2, h2]) => Math.max(0, Math.min(l + w, l2 + w2) - Math.max(l, l2))
  * Math.max(0, Math.min(t + h, t2 + h2) - Math.max(t, t2));
const CARD_LEVELS = 12, CARD_TEXTS = 150, CARD_PICTURES = 30;
// As `own`, and faster: these are asked of every element around every picture.
const getter = (kind, name) => {
  const { get } = Object.getOwnPropertyDescriptor(kind.prototype, name);
  return node => get.call(node);
};
const parentNode = getter(Node, 'parentNode'), parentElement = getter(Node, 'parentElement');
const nodeName = getter(Node, 'nodeName'), tagOf = node => nodeName(node).toUpperCase();
const up = node => parentNode(node) ?? own(node, 'host');
const isLink = node => tagOf(node) === 'A' && own(node, 'hasAttribute')('href');
const pageOf = address => address.split('#')[0];
const here = [location.href, own(document, 'baseURI')].map(pageOf);
// Where a link leads, in the web; empty for a place on the page itself.
const addresses = new Map();
const addressOf = anchor => {
  if (!addresses.has(anchor)) {
    const address = String(anchor.href);
    const elsewhere = /^https?:/.test(address) && !here.includes(pageOf(address));
    addresses.set(anchor, elsewhere ? address.slice(0, 2000).toWellFormed() : '');
  }
  return addresses.get(anchor);
};
const isFront = address => /^https?:\/\/[^/]*\/?$/.test(pageOf(address));
// What a link leads to if that may be a story: no site's front page and no picture file.
const storyOf = anchor => {
  const address = pageOf(addressOf(anchor));
  return isFront(address) || /\.(jpe?g|png|gif|webp|avif|svg)(\?|$)/i.test(address) ? '' : address;
};
// How an element's text is set, and the block, the heading and the link that it stands in.
const types = new Map();
const typeOf = element => {
  if (types.has(element)) return types.get(element);
  const parent = parentElement(element), outer = parent ? typeOf(parent) : null;
  const style = getComputedStyle(element), tag = tagOf(element), { display } = style;
  const heading = /^H[1-6]$/.test(tag) || own(element, 'getAttribute')('role') === 'heading';
  // Text for screen readers alone is clipped to a pixel.
  const clipped = style.position === 'absolute' && style.overflowY !== 'visible'
    && Math.min(boxOf(element).width, boxOf(element).height) <= 2;
  const type = { element, style, block: outer && /^(inline|contents)$/.test(display) ? outer.block : element,
    heading: heading ? element : outer?.heading, anchor: tag === 'A' && isLink(element) ? element : outer?.anchor,
    caption: !heading && (tag === 'FIGCAPTION' || outer?.caption), clipped: outer?.clipped || clipped };
  types.set(element, type);
  return type;
};
// The texts in an element, in their order, each with its type; null where there are too many for one card.
const texts = new Map();
const textsIn = node => {
  if (!texts.has(node)) texts.set(node, readTexts(node));
  return texts.get(node);
};
const NO_TEXT = /^(SCRIPT|STYLE|NOSCRIPT|TEMPLATE|TEXTAREA|OPTION|BUTTON|TIME)$/;
const sizeOf = ({ style }) => parseFloat(style.fontSize) || 16;
// Inside one block, what is linked and what is not are texts of their own, and so are elements of different classes
// that stand side by side (a kicker and its title).
const classOf = element => own(element, 'getAttribute')('class');
const below = (element, other) => {
  while (parentElement(element) && !own(parentElement(element), 'contains')(other)) element = parentElement(element);
  return element;
};
const apart = ({ type: one }, other) => {
  if (one.anchor !== other.anchor || one.heading !== other.heading) return true;
  if (own(one.element, 'contains')(other.element) || own(other.element, 'contains')(one.element)) return false;
  const [first, second] = [below(one.element, other.element), below(other.element, one.element)].map(classOf);
  return Boolean(first && second) && first !== second;
};
const readTexts = node => {
  const walker = own(own(node, 'ownerDocument'), 'createTreeWalker')(node, NodeFilter.SHOW_TEXT);
  const blocks = new Map();
  let count = 0, gap = '';
  while (walker.nextNode()) {
    const { data, previousSibling } = walker.currentNode, parent = parentElement(walker.currentNode);
    if (!/\S/.test(data) || previousSibling?.localName === 'br') gap = ' ';
    if (!parent || !/\S/.test(data) || NO_TEXT.test(tagOf(parent))) continue;
    if (++count > CARD_TEXTS) return null;
    const type = typeOf(parent);
    if (type.clipped || !(type.visible ??= visible(parent))) continue;
    const parts = blocks.get(type.block) ?? blocks.set(type.block, []).get(type.block);
    const last = parts.at(-1);
    if (last && !apart(last, type)) {
      last.text += gap + data;
      if (type !== last.type && sizeOf(type) > sizeOf(last.type)) last.type = { ...type, element: last.type.element };
    } else parts.push({ text: data, type });
    gap = '';
  }
  const read = [];
  for (const parts of blocks.values()) {
    const length = parts.reduce((sum, part) => sum + part.text.trim().length, 0);
    for (const { text, type } of parts) {
      // A link inside a paragraph is no title.
      if (!type.heading && text.trim().length * 2 <= length) continue;
      const words = clean(text);
      read.push({ ...type, text: words, letters: letters(words), story: type.anchor ? storyOf(type.anchor) : '' });
    }
  }
  return read;
};
const letters = text => text.replace(/[^\p{L}\p{N}]/gu, '').length
  * (/[\u3040-\u30ff\u3400-\u9fff]/.test(text) ? 2.5 : 1);
const wordsOf = text => text.toLowerCase().normalize('NFD').match(/[\p{L}\p{N}]{3,}/gu) ?? [];
// The share of a text's words that the address or the picture's own words have too.
const agreement = (text, known) => {
  const words = wordsOf(text);
  return words.length ? words.filter(word => known.has(word)).length / words.length : 0;
};
const prominence = (text, known) => {
  const { style, heading, caption, letters: length } = text;
  const fit = length < 6 ? 0.1 : length < 12 ? 0.45 : length < 18 ? 0.75 : length < 30 ? 0.9 : length < 120 ? 1
    : length < 200 ? 0.6 : 0.2;
  return sizeOf(text) * (Number(style.fontWeight) >= 600 ? 1.15 : 1) * (heading ? 1.5 : 1) * (caption ? 0.6 : 1) * fit
    * (1 + 0.7 * agreement(text.text, known()));
};
const best = (texts, known) => {
  if (texts.length < 2) return texts[0];
  const marks = texts.map(text => prominence(text, known));
  return texts[marks.indexOf(Math.max(...marks))];
};
// As long as titles are, where no link in common says that it is one.
const isTitle = ({ text, heading, caption, letters: length = letters(text) }) => !caption && /\p{L}/u.test(text)
  && !/^\S+\.\w{2,4}$/.test(text) && (text.match(/\d/g) ?? []).length * 3 <= length
  && (heading ? length >= 4 : length >= 30 || (length >= 10 && text.split(' ').length >= 4));
// The pictures in each element around one, and the link around each picture.
const cards = new Map();
const place = picture => {
  for (let node = picture.element, level = 0; node && level <= CARD_LEVELS; node = up(node), level++) {
    const inside = cards.get(node) ?? cards.set(node, []).get(node);
    if (inside.length < CARD_PICTURES) inside.push(picture);
    if (!picture.anchor && isLink(node)) Object.assign(picture, { anchor: node, story: storyOf(node) });
  }
};
const isOthers = (node, picture) => cards.get(node).length === CARD_PICTURES || cards.get(node).some(other =>
  other.src !== picture.src && !(picture.story && other.story === picture.story)
  && areaOf(other) * 4 >= areaOf(picture) && areaOf(other) >= 3600
  && overlap(other.box, picture.box) * 2 < Math.min(areaOf(other), areaOf(picture)));
// The texts around a picture, from its own element outwards to its card.
const around = picture => {
  const levels = [];
  for (let node = picture.element, level = 0; node && level <= CARD_LEVELS; node = up(node), level++) {
    if (tagOf(node) === 'BODY' || isOthers(node, picture) || !textsIn(node)) break;
    levels.push(node);
  }
  return levels;
};
const labels = new Map();
const isLabel = ({ text }) => labels.get(text)?.size >= 3;
let anchors = null;
const anchorsTo = story => {
  if (!anchors) {
    anchors = new Map();
    for (const anchor of own(document, 'querySelectorAll')('a[href]')) {
      const to = anchors.get(storyOf(anchor)) ?? anchors.set(storyOf(anchor), []).get(storyOf(anchor));
      if (to.length < 8) to.push(anchor);
    }
  }
  return anchors.get(story) ?? [];
};
// The title of the article that the page is, for the pictures in it.
let heads = null;
const ownTitles = () => {
  const known = new Set(wordsOf(clean(document.title)));
  heads ??= [...own(document, 'querySelectorAll')('h1')].filter(visible)
    .map(heading => ({ heading, text: clean(own(heading, 'textContent')) }))
    .filter(title => isTitle(title) && agreement(title.text, known) >= 0.5);
  return heads;
};
const ownTitleOf = element => {
  const type = own(document, 'querySelector')('meta[property="og:type"]');
  const isArticle = type && own(type, 'getAttribute')('content') === 'article';
  // What stands in a part of the page of its own is not in the article.
  const part = own(element, 'closest')('article, header, footer, nav, aside, li')
    ?? (isArticle ? own(element, 'closest')('body > *') : null);
  return (part && ownTitles().find(({ heading }) => own(part, 'contains')(heading))) ?? null;
};
const titleOf = ({ element, anchor, story, alt }, levels) => {
  // A logo, an icon.
  const address = anchor ? addressOf(anchor) : '';
  if (address ? isFront(address) : own(element, 'closest')('nav, footer')) return null;
  let words = null;
  const known = () => words ??= new Set(wordsOf(`${story.split('/').findLast(Boolean) ?? ''} ${alt}`));
  if (story) {
    const shares = text => text.story === story && !isLabel(text) && /\p{L}/u.test(text.text)
      && (text.heading || text.letters >= 10);
    const near = levels.length ? textsIn(levels.at(-1)).filter(shares) : [];
    const far = near.some(isTitle) ? [] : anchorsTo(story).flatMap(one => textsIn(one) ?? []);
    const shared = [...near, ...far.filter(text => shares(text) && isTitle(text))];
    if (shared.length) return best(shared, known);
  }
  const pageTitle = story ? null : ownTitleOf(element);
  let heading = null;
  for (const node of levels) {
    const titles = textsIn(node).filter(text => isTitle(text) && !isLabel(text) && (text.heading || text.story));
    if (pageTitle && titles.some(text => text.heading === pageTitle.heading)) break;
    // A list of links is no card.
    const isList = new Set(textsIn(node).map(text => text.story).filter(Boolean)).size > 4;
    const unlinked = titles.filter(text => !text.story && !ownTitles().some(one => one.heading === text.heading));
    if (story) {
      if (unlinked.length) return best(unlinked, known);
      // The title's link may be another address of the same story.
      const headings = titles.filter(text => text.heading && text.letters >= 15);
      if (headings.length === 1) heading ??= headings[0];
      continue;
    }
    const linked = titles.filter(text => text.story && (text.heading || !isList));
    if (!unlinked.length) {
      if (linked.length) return best(linked, known);
      continue;
    }
    // One link for the whole card: it may be spread over it, without a text of its own.
    const links = new Map(titles.filter(text => text.story).map(text => [text.story, text.anchor]));
    for (const link of own(node, 'querySelectorAll')('a[href]')) {
      const spread = !/\S/.test(link.textContent) || getComputedStyle(link).position === 'absolute';
      if (spread && storyOf(link)) links.set(storyOf(link), link);
    }
    const title = best(links.size === 1 ? [...linked, ...unlinked] : linked, known);
    if (title) return { ...title, anchor: title.story ? title.anchor : links.values().next().value };
    if (!links.size) heading ??= best(unlinked, known);
  }
  if (!story) return pageTitle ?? heading;
  const label = clean(own(anchor, 'getAttribute')('aria-label') || own(anchor, 'getAttribute')('title'));
  const short = levels.length ? textsIn(levels.at(-1)).filter(text => text.story === story && !isLabel(text)
    && text.letters >= 4 && text.text.includes(' ')) : [];
  return heading ?? (isTitle({ text: label }) ? { text: label } : best(short, known));
};
const altOf = element => clean(own(element, 'getAttribute')('alt') || own(element, 'getAttribute')('aria-label'));
const describe = pictures => {
  for (const picture of pictures) {
    Object.assign(picture, { anchor: null, story: '',
      alt: altOf(picture.element) || (picture.twin ? altOf(picture.twin) : '') });
    place(picture);
  }
  const levels = new Map(pictures.map(picture => [picture, around(picture)]));
  for (const [picture, nodes] of levels) {
    for (const { text, story } of nodes.length ? textsIn(nodes.at(-1)) : [])
      (labels.get(text) ?? labels.set(text, new Set()).get(text))
        .add((story || picture.story).split('?')[0] || picture);
  }
  return pictures.map(picture => {
    const { box, sure, src, alt, anchor, story } = picture, title = titleOf(picture, levels.get(picture));
    const link = story ? anchor : title?.anchor ?? anchor;
    return { box, sure, src, alt, link: link ? addressOf(link) : '', headline: title?.text ?? '' };
  });
};
