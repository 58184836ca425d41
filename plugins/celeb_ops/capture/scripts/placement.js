// Finds the owner of a place on the page: `editorial`, `advert` or `embed`. Runs after common.js and words.js, before
// facts.js. An advertisement is recognised by the marks that its network, its seller or the site itself leave in the
// markup. No list of filters: these are the documented marks of the best-known ones, and the words that sites use.
const ADVERTS = [
  // support.google.com/adsense, "Understanding AdSense ad code"; the frames that it makes.
  'ins.adsbygoogle', '[id^="aswift_"]',
  // developers.google.com/publisher-tag; its library writes these on a filled slot and on the frame in it.
  '[data-google-query-id]', '[id^="google_ads_"]', 'iframe[title="3rd party ad content" i]',
  // amp.dev/documentation/components: amp-ad, amp-sticky-ad, amp-embed.
  'amp-ad', 'amp-sticky-ad', 'amp-embed[type]',
  // The code that these give to publishers: carbonads.net, ethical-ad-client.readthedocs.io, yandex.com/dev (RTB
  // blocks), Amazon Associates, Raptive (AdThrive), Mediavine, Ezoic, Teads, revive-adserver.com ("Async JS tag"), AdSpirit.
  '#carbonads', '[data-ea-publisher]', '[id^="yandex_rtb_"]', '[id^="amzn-assoc-ad"]', '.adthrive-ad', '.mv-ad-box', '.ezoic-ad',
  '.teads-adCall', '.teads-inread', 'ins[data-revive-zoneid]', '.asm_async_creative',
  // developers.google.com/search/docs/crawling-indexing/qualify-outbound-links; MDN, attribute rel.
  'a[rel~="sponsored" i]'];
// Widgets of paid recommendations, with the site's own stories among them. The link of each item tells whether it is
// the site's or paid. Listed are the containers of their embed codes, and what their scripts put in: Taboola, Outbrain,
// MGID, Revcontent, ZergNet.
const WIDGETS = ['[id^="taboola-"]', '.trc_related_container', '.OUTBRAIN', '.ob-widget', '[data-ob-template]', '[id*="ScriptRootC"]',
  '[data-type="_mgwidget"]', '[id^="rcjsload"]', '.rc-widget', '[id^="zergnet-widget"]'];
// Of the embed codes of X, Instagram, TikTok, Facebook and Reddit, and of github.com/paulirish/lite-youtube-embed.
const EMBEDS = ['.twitter-tweet', 'twitter-widget', '.instagram-media', '.tiktok-embed', '.fb-post', '.reddit-embed-bq', 'lite-youtube'];
const SELLERS = /(^|\.)(doubleclick\.net|googlesyndication\.com|googleadservices\.com|2mdn\.net|amazon-adsystem\.com|adnxs\.com|taboola\.com|outbrain\.com|outbrainimg\.com|criteo\.(com|net)|rubiconproject\.com|pubmatic\.com|openx\.net|casalemedia\.com|3lift\.com|teads\.tv|media\.net|mgid\.com|revcontent\.com|zergnet\.com|adform\.net|smartadserver\.com|moatads\.com|yieldmo\.com|carbonads\.net)$|^(ads?|adserver|adclick)\d?\.[^.]+\./;
// revive-adserver.com: the path of its links, on any host.
const CLICK = /\/delivery\/c[kl]\.php/;
// Words in classes, ids and the names of data attributes, in the languages of the sites we know.
const AD_WORD = /^(ads?|superbanners?|adverts?|advertisements?|advertising|advertorials?|adslots?|adunits?|adbox|adcontainer|adwrap(per)?|adsense|adspot|dfp|gpt|mpu|sponsor(ed|s)?|werbung|anzeigen?|publicidad|publicite|reclame|reklama)$/;
const AD_LABEL = /^\W*(advertisements?|advertising|ads?( by .{1,30})?|sponsored( content| links?| posts?| stor(y|ies))?|paid (content|post|partnership)|promoted|advertorial|anzeige|werbung|advertentie|annonse?|publicit[ée]|publicidad|pubblicità|reklama?|广告|広告|광고)\W*$/i;
const NOT_ONE = /^(no|non|not|without|has|have|with|free|hide|hidden|block|blocker|blocked|blocking|disable[ds]?|enabled|choices|below|above|after|before|between|config|settings|sdk)$/;
// The letters of a hash are not words: `6a9a1ad2`.
const parts = name => String(name || '').slice(0, 300).replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase()
  .replace(/(?<![a-z0-9])(?=[0-9a-f]*\d[a-f]+\d)[0-9a-f]{4,}(?![a-z0-9])/g, ' ').split(/[^a-zà-ÿ]+/);
const saysAd = name => {
  const words = parts(name).filter(Boolean);
  return words.some((word, at) => AD_WORD.test(word) && !NOT_ONE.test(words[at - 1] ?? '') && !NOT_ONE.test(words[at + 1] ?? ''));
};
const hostOf = address => { try { return new URL(address, document.baseURI).hostname; } catch { return ''; } };
const isWhole = element => ['html', 'body', 'main', 'article', 'head'].includes(member(element, 'localName'))
  || (document.images.length >= 6 && member(element, 'querySelectorAll')('img').length * 2 > document.images.length);
// A label such as "Anzeige" tells readers what is an advertisement. The smallest box that holds the label and a picture
// is the advertisement, if it holds little text. A link without a picture ("Advertising") leads to the sales
// department.
const LABEL_LEVELS = 6, LABELLED_CHARS = 800;
const labelled = new WeakMap();
const isLabelled = element => {
  const page = member(element, 'ownerDocument');
  if (!labelled.has(page)) {
    const found = new Set();
    labelled.set(page, found);
    for (const label of everything(page)) {
      const text = member(label, 'childElementCount') ? '' : member(label, 'textContent');
      if (!text || text.length > 50 || !AD_LABEL.test(text) || !isShown(label)) continue;
      const link = member(label, 'closest')('a, button');
      if (link && !member(link, 'querySelector')(PICTURES.join()) || member(label, 'closest')('nav, footer, form, dialog, [role="dialog"]')) continue;
      let around = outward(label);
      for (let level = 0; level < LABEL_LEVELS && around && !member(around, 'querySelector')(PICTURES.join()); level++) around = outward(around);
      const isCard = around && member(around, 'localName') === 'article' || around && !isWhole(around);
      if (isCard && member(around, 'innerText').length <= LABELLED_CHARS) found.add(around);
    }
  }
  return labelled.get(page).has(element);
};
// What the element itself is marked as; empty for nothing.
const markOf = element => {
  const matches = member(element, 'matches'), attribute = member(element, 'getAttribute'), kind = member(element, 'localName');
  if (matches(ADVERTS.join())) return 'advert';
  if (matches(WIDGETS.join())) return 'widget';
  if (matches(EMBEDS.join())) return 'embed';
  if (kind === 'a' && (SELLERS.test(hostOf(attribute('href') || '')) || CLICK.test(attribute('href') || ''))) return 'advert';
  const names = [attribute('id'), ...member(element, 'classList')];
  const isNamed = names.some(saysAd) || member(element, 'getAttributeNames')().some(name => name.startsWith('data-')
    && saysAd(name.slice(5)) && attribute(name) !== 'false') || saysAd(kind.includes('-') ? kind : '');
  if ((isNamed || AD_LABEL.test(attribute('aria-label') || '')) && !isWhole(element) || isLabelled(element)) return 'advert';
  if (kind !== 'iframe') return '';
  const host = hostOf(attribute('src') || '');
  if (SELLERS.test(host)) return 'advert';
  return host && /^https?:/.test(new URL(attribute('src'), document.baseURI).protocol) && ownerOf(host) !== ownerOf(location.hostname) ? 'embed' : '';
};
const marks = new Map();
// The nearest mark on or around an element, also outside its frame or shadow tree. An advertisement wins over an embed
// inside it.
const markAround = element => {
  if (!element) return '';
  if (!marks.has(element)) {
    const outer = markAround(outward(element) ?? frameAround(element)), mark = markOf(element);
    marks.set(element, outer === 'advert' ? outer : mark || outer);
  }
  return marks.get(element);
};
const frameAround = element => {
  try { return member(element, 'ownerDocument').defaultView?.frameElement ?? null; } catch { return null; }
};
// :param: the link of the element, if it has one.
const placementOf = (element, address = '') => {
  const mark = markAround(element);
  if (mark !== 'widget') return mark || 'editorial';
  return address && ownerOf(hostOf(address)) === ownerOf(location.hostname) ? 'editorial' : 'advert';
};
// The largest places that are not the site's own, as boxes on the page.
const MOST_SLOTS = 200;
const slots = () => {
  const found = [];
  for (const element of everything(document)) {
    const mark = markOf(element);
    if (!mark || !isShown(element)) continue;
    const { left, top, width, height } = boxOf(element);
    const box = [Math.max(left + window.scrollX, 0), Math.max(top + window.scrollY, 0), width, height].map(Math.round);
    if (width >= 40 && height >= 40) found.push({ box, placement: mark === 'embed' && markAround(element) !== 'advert' ? 'embed' : 'advert' });
  }
  return found.sort((one, other) => areaOf(other) - areaOf(one)).slice(0, MOST_SLOTS);
};
