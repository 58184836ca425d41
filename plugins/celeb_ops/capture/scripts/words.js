// Finds the words beside a picture; runs after common.js, before facts.js. A picture's story is the link that it shares
// with a title. Both are looked for in the picture's card, the largest element around it that holds no other story's
// picture. Of the texts there the title is the one that stands out by its type: size, weight, being a heading, being as
// long as titles are, saying what the link's address says. A text that stands on many cards (a section, an author,
// "read more") is a label and no title.
const areaOf = ({ box: [, , w, h] }) => w * h;
const overlap = ([l, t, w, h], [l2, t2, w2, h2]) => Math.max(0, Math.min(l + w, l2 + w2) - Math.max(l, l2))
  * Math.max(0, Math.min(t + h, t2 + h2) - Math.max(t, t2));
const CARD_LEVELS = 12, CARD_TEXTS = 150, CARD_PICTURES = 30;
// Like `member`, but faster: these are read from every element around every picture.
const getter = (kind, name) => {
  const { get } = Object.getOwnPropertyDescriptor(kind.prototype, name);
  return node => get.call(node);
};
const parentNode = getter(Node, 'parentNode'), parentElement = getter(Node, 'parentElement');
const nodeName = getter(Node, 'nodeName'), tagOf = node => nodeName(node).toUpperCase();
const up = node => parentNode(node) ?? member(node, 'host');
const isLink = node => tagOf(node) === 'A' && member(node, 'hasAttribute')('href');
const pageOf = address => address.split('#')[0];
const here = [location.href, member(document, 'baseURI')].map(pageOf);
// The web address that a link leads to; empty for a place on the page itself, and for a picture's file, which opens
// over the page.
const PICTURE_FILE = /\.(jpe?g|png|gif|webp|avif|svg)(\?|$)/i;
const addresses = new Map();
const addressOf = anchor => {
  if (!addresses.has(anchor)) {
    const address = String(anchor.href);
    const elsewhere = /^https?:/.test(address) && !here.includes(pageOf(address))
      && !PICTURE_FILE.test(pageOf(address));
    addresses.set(anchor, elsewhere ? address.slice(0, 2000).toWellFormed() : '');
  }
  return addresses.get(anchor);
};
const isFront = address => /^https?:\/\/[^/]*\/?$/.test(pageOf(address));
// The address of a link if it may be a story: not a site's front page.
const storyOf = anchor => {
  const address = pageOf(addressOf(anchor));
  return isFront(address) ? '' : address;
};
const AUTHOR = /\/(authors?|autor(en|es)?|auteurs?|contributors?|journalists?|profiles?|staff|users?)\//;
// The style of an element's text, and the block, the heading and the link that contain it.
const types = new Map();
const typeOf = element => {
  if (types.has(element)) return types.get(element);
  const parent = parentElement(element), outer = parent ? typeOf(parent) : null;
  const style = getComputedStyle(element), tag = tagOf(element), { display } = style;
  const heading = /^H[1-6]$/.test(tag) || member(element, 'getAttribute')('role') === 'heading';
  // Text for screen readers alone is clipped to a pixel.
  const clipped = style.position === 'absolute' && style.overflowY !== 'visible'
    && Math.min(boxOf(element).width, boxOf(element).height) <= 2;
  const type = { element, style, block: outer && /^(inline|contents)$/.test(display) ? outer.block : element,
    heading: heading ? element : outer?.heading, anchor: tag === 'A' && isLink(element) ? element : outer?.anchor,
    caption: !heading && (tag === 'FIGCAPTION' || outer?.caption), clipped: outer?.clipped || clipped };
  types.set(element, type);
  return type;
};
// The texts in an element, in their order, each with its type; null if there are too many for one card.
const texts = new Map();
const textsIn = node => {
  if (!texts.has(node)) texts.set(node, readTexts(node));
  return texts.get(node);
};
const NO_TEXT = /^(SCRIPT|STYLE|NOSCRIPT|TEMPLATE|TEXTAREA|OPTION|BUTTON|TIME)$/;
const sizeOf = ({ style }) => parseFloat(style.fontSize) || 16;
// Inside one block, linked and unlinked words are separate texts, and so are elements of different classes side by side
// (a kicker and its title).
const classOf = element => member(element, 'getAttribute')('class');
const below = (element, other) => {
  while (parentElement(element) && !member(parentElement(element), 'contains')(other)) element = parentElement(element);
  return element;
};
const apart = ({ type: one }, other) => {
  if (one.anchor !== other.anchor || one.heading !== other.heading) return true;
  if (member(one.element, 'contains')(other.element) || member(other.element, 'contains')(one.element)) return false;
  const [first, second] = [below(one.element, other.element), below(other.element, one.element)].map(classOf);
  return Boolean(first && second) && first !== second;
};
const readTexts = node => {
  const walker = member(member(node, 'ownerDocument'), 'createTreeWalker')(node, NodeFilter.SHOW_TEXT);
  const blocks = new Map();
  let count = 0, gap = '';
  while (walker.nextNode()) {
    const { data, previousSibling } = walker.currentNode, parent = parentElement(walker.currentNode);
    if (!/\S/.test(data) || previousSibling?.localName === 'br') gap = ' ';
    if (!parent || !/\S/.test(data) || NO_TEXT.test(tagOf(parent))) continue;
    if (++count > CARD_TEXTS) return null;
    const type = typeOf(parent);
    if (type.clipped || !(type.visible ??= isVisible(parent))) continue;
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
// Whether a text looks like a title: used where no shared link shows that it is one.
const isTitle = ({ text, heading, caption, letters: length = letters(text) }) => !caption && /\p{L}/u.test(text)
  && !/^\S+\.\w{2,4}$/.test(text) && (text.match(/\d/g) ?? []).length * 3 <= length
  && (heading ? length >= 4 : length >= 30 || (length >= 10 && text.split(' ').length >= 4));
// Notes the picture in each element around it, and the link around the picture.
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
    for (const anchor of member(document, 'querySelectorAll')('a[href]')) {
      const to = anchors.get(storyOf(anchor)) ?? anchors.set(storyOf(anchor), []).get(storyOf(anchor));
      if (to.length < 8) to.push(anchor);
    }
  }
  return anchors.get(story) ?? [];
};
// The title of the article that the page is, for the pictures in it.
const metaOf = name => {
  const meta = member(document, 'querySelector')(`meta[property="${name}"]`);
  return meta ? clean(member(meta, 'getAttribute')('content')) : '';
};
const isArticle = () => metaOf('og:type') === 'article';
let heads = null;
const ownTitles = () => {
  if (heads) return heads;
  const known = new Set(wordsOf(`${clean(document.title)} ${metaOf('og:title')}`));
  const titles = tags => [...member(document, 'querySelectorAll')(tags)].filter(isVisible)
    .map(heading => ({ heading, text: clean(member(heading, 'textContent')) })).filter(isTitle);
  const main = titles('h1');
  heads = main.filter(({ text }) => agreement(text, known) >= 0.5);
  // An article's title for search engines may differ from that for readers.
  if (!heads.length && isArticle()) heads = main.filter(({ text }) => main.length === 1 && letters(text) >= 15);
  // If the site's name is the first heading, a smaller heading says what the window's title says.
  if (!heads.length)
    heads = titles('h2, h3').filter(({ text }) => letters(text) >= 15 && agreement(text, known) >= 0.8);
  if (!heads.length && isArticle() && isTitle({ text: metaOf('og:title') })) heads = [{ text: metaOf('og:title') }];
  return heads;
};
// Whether a text is part of the article's body: no title, no link, no caption.
const isProse = ({ heading, anchor, caption, letters: length }) => !heading && !anchor && !caption && length >= 120;
const ownTitleOf = element => {
  // Elements in a separate part of the page are not in the article.
  const part = member(element, 'closest')('article, header, footer, nav, aside, li');
  const title = part && ownTitles().find(({ heading }) => heading && member(part, 'contains')(heading));
  if (title) return title;
  if (member(element, 'closest')('footer, nav, header:not(article header)')) return null;
  // A card links to exactly one other story and has little text; a list item or column links to at least one; an
  // article may link to many.
  const inner = member(element, 'closest')('article, aside, li'), words = (inner && textsIn(inner)) ?? [];
  const stories = new Set(words.filter(text => isTitle(text) && text.story).map(text => text.story));
  const isCard = tag => tag === 'ARTICLE' ? stories.size === 1 && words.filter(isProse).length < 2 : stories.size;
  if (inner && isCard(tagOf(inner))) return null;
  return ownTitles().find(({ text }) => isArticle() || (letters(text) >= 30 && !isFront(location.href))) ?? null;
};
const isElsewhere = (text, picture) => {
  const part = member(text.element, 'closest')('article, aside, li, nav, footer');
  return Boolean(part) && !member(part, 'contains')(picture);
};
const titleOf = ({ element, anchor, story, alt, box }, levels) => {
  // A logo, an icon, an author.
  const address = anchor ? addressOf(anchor) : '', part = member(element, 'closest')('nav, footer, article');
  if (address ? isFront(address) || AUTHOR.test(address) : part && tagOf(part) !== 'ARTICLE') return null;
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
  // A small picture in an article is a portrait of its author, or an icon.
  const pageTitle = story || Math.min(box[2], box[3]) < 100 ? null : ownTitleOf(element);
  let heading = null;
  for (const node of levels) {
    const titles = textsIn(node).filter(text => isTitle(text) && !isLabel(text) && (text.heading || text.story)
      && !AUTHOR.test(text.story) && !(pageTitle && isElsewhere(text, element)));
    // From this level on it is the page's own article, whose text may link to other stories.
    if (pageTitle && (titles.some(text => text.heading === pageTitle.heading)
      || (textsIn(node).some(isProse) && !titles.some(text => text.heading && text.story)))) break;
    // A list of links is not a card.
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
    for (const link of member(node, 'querySelectorAll')('a[href]')) {
      const spread = !/\S/.test(link.textContent) || getComputedStyle(link).position === 'absolute';
      // A link around another picture belongs to that picture.
      if (spread && storyOf(link) && !cards.has(link)) links.set(storyOf(link), link);
    }
    const title = best(links.size === 1 ? [...linked, ...unlinked] : linked, known);
    if (title) return { ...title, anchor: title.story ? title.anchor : links.values().next().value };
    if (!links.size) heading ??= best(unlinked, known);
  }
  if (!story) return pageTitle ?? heading;
  const label = clean(member(anchor, 'getAttribute')('aria-label') || member(anchor, 'getAttribute')('title'));
  const alone = textsIn(anchor)?.length === 1;
  const short = levels.length ? textsIn(levels.at(-1)).filter(text => text.story === story && !isLabel(text)
    && text.letters >= 4 && (text.text.includes(' ') || (alone && text.anchor === anchor))) : [];
  return heading ?? (isTitle({ text: label }) ? { text: label } : best(short, known));
};
const altOf = element => clean(member(element, 'getAttribute')('alt') || member(element, 'getAttribute')('aria-label'));
const describe = pictures => {
  for (const picture of pictures) {
    Object.assign(picture, { anchor: null, story: '',
      alt: altOf(picture.element) || (picture.twin ? altOf(picture.twin) : '') });
    place(picture);
  }
  const levels = new Map(pictures.map(picture => [picture, around(picture)]));
  for (const [picture, nodes] of levels) {
    for (const { text, story, element } of nodes.length ? textsIn(nodes.at(-1)) : [])
      (labels.get(text) ?? labels.set(text, new Set()).get(text))
        .add((story || picture.story).split('?')[0] || element);
  }
  return pictures.map(picture => {
    const { box, sure, src, alt, anchor, story } = picture, title = titleOf(picture, levels.get(picture));
    const link = story ? anchor : title?.anchor ?? anchor;
    const address = link ? addressOf(link) : '';
    return { box, sure, src, alt, link: address, headline: title?.text ?? '', placement: placementOf(picture.element, address) };
  });
};
// Titles of stories without a picture, each once; headings in menus and at the foot of the page don't count.
const otherTitles = (pictures, most) => {
  const known = new Set(pictures.map(({ headline }) => headline)), found = new Map();
  for (const element of member(document, 'querySelectorAll')('h1, h2, h3, h4, h5, h6, [role=heading], a[href]')) {
    if (found.size >= most) break;
    if (member(element, 'closest')('nav, footer')) continue;
    for (const text of textsIn(element) ?? []) {
      if (!isTitle(text) || isLabel(text) || known.has(text.text) || !(text.heading || text.story)) continue;
      const anchor = text.anchor ?? (isLink(element) ? element : member(element, 'closest')('a[href]'));
      if (!found.get(text.text)) found.set(text.text, anchor ? addressOf(anchor) : '');
    }
  }
  return [...found].map(([text, link]) => ({ text, link }));
};
