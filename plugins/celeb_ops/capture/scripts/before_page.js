// Runs before the page's own scripts, in every frame, in the page's own world: nothing may stop, print, open or leave
// the page.
(() => {
  const nothing = () => undefined;
  window.alert = nothing;
  window.confirm = () => false;
  window.prompt = () => null;
  window.print = nothing;
  window.open = () => null;
  // A page that asks "Leave this page?" would keep the browser from closing.
  const listen = EventTarget.prototype.addEventListener;
  EventTarget.prototype.addEventListener = function (type, ...rest) {
    return type === 'beforeunload' ? undefined : listen.call(this, type, ...rest);
  };
  Object.defineProperty(window, 'onbeforeunload', { get: () => null, set: nothing, configurable: true });
})();
