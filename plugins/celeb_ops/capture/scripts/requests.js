// Runs before the page's own scripts, in the page's own world, because its requests and timers can be seen only there.
// Notes the requests that are still open, the failed ones, and the timers that will fire soon. `under_way.js` reads the
// notes.
(() => {
  if (window !== window.top) return;
  const asked = new Map(), timers = [], failed = [], errors = { number: 0 };
  const now = performance.now.bind(performance);
  Object.defineProperty(window, Symbol.for('celebs requests'), { value: { asked, timers, failed, errors, now } });
  // These events reach only the page's own world.
  addEventListener('error', event => { errors.number += event instanceof ErrorEvent; });
  addEventListener('unhandledrejection', () => { errors.number += 1; });
  const absolute = address => { try { return new URL(address, document.baseURI).href; } catch { return ''; } };
  const begin = address => {
    const url = absolute(address);
    if (!/^https?:/.test(url) || asked.size >= 200) return null;
    const one = { url, since: now(), answered: 0 };
    asked.set(one, one);
    return one;
  };
  const end = (one, status) => {
    if (!one) return;
    asked.delete(one);
    if (status >= 400 && failed.length < 50) failed.push({ url: one.url, status });
  };
  window.fetch = new Proxy(window.fetch, {
    apply(target, that, given) {
      const [what, options] = given;
      const one = options?.keepalive ? null : begin(what instanceof Request ? what.url : what);
      const answer = Reflect.apply(target, that, given);
      if (one) answer.then(
        // Its body is still to come: the browser's resource timing shows when it has arrived.
        ({ status, headers }) => {
          one.answered = now();
          if (status >= 400 || /event-stream/.test(headers.get('content-type') || '')) end(one, status);
        },
        error => end(one, error?.name === 'AbortError' ? 0 : 999));
      return answer;
    },
  });
  new PerformanceObserver(list => {
    for (const { name } of list.getEntries())
      for (const one of asked.values()) if (one.answered && one.url.split('#')[0] === name) { end(one, 0); break; }
  }).observe({ type: 'resource' });
  const addresses = new WeakMap(), sent = XMLHttpRequest.prototype;
  sent.open = new Proxy(sent.open, {
    apply(target, that, given) { addresses.set(that, given[1]); return Reflect.apply(target, that, given); },
  });
  sent.send = new Proxy(sent.send, {
    apply(target, that, given) {
      const one = begin(addresses.get(that));
      let stopped = false;
      that.addEventListener('abort', () => { stopped = true; });
      that.addEventListener('loadend', () => end(one, stopped ? 0 : that.status || 999));
      try { return Reflect.apply(target, that, given); } catch (error) { end(one, 0); throw error; }
    },
  });
  // A timer that is set again and again with the same delay is a clock or a carousel.
  const delays = new Map();
  window.setTimeout = new Proxy(window.setTimeout, {
    apply(target, that, given) {
      const delay = Number(given[1]) || 0, times = (delays.get(delay) || 0) + 1;
      if (delay >= 100 && delay <= 5000) {
        if (delays.size < 1000) delays.set(delay, times);
        if (times <= 2) { timers.push({ set: now(), due: now() + delay }); if (timers.length > 50) timers.shift(); }
      }
      return Reflect.apply(target, that, given);
    },
  });
})();
