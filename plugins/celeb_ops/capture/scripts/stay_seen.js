// Runs before the page's own scripts, in every frame, in the page's own world: to IntersectionObservers, an element
// that was in the view once stays in it. So content that a page hides or unloads when it leaves the view is there for
// the picture.
(() => {
  const Real = window.IntersectionObserver;
  if (!Real) return;
  const { has, add } = WeakSet.prototype, { filter } = Array.prototype;
  const run = (method, that, ...given) => Reflect.apply(method, that, given);
  const { get: meets } = Object.getOwnPropertyDescriptor(IntersectionObserverEntry.prototype, 'isIntersecting');
  const { get: targetOf } = Object.getOwnPropertyDescriptor(IntersectionObserverEntry.prototype, 'target');
  window.IntersectionObserver = new Proxy(Real, {
    construct(target, given, made) {
      const told = given[0];
      if (typeof told !== 'function') return Reflect.construct(target, given, made);
      const seen = new WeakSet();
      const heard = function (entries, observer) {
        const kept = run(filter, entries, entry => {
          const element = run(targetOf, entry);
          if (run(meets, entry)) return run(add, seen, element);
          return !run(has, seen, element);
        });
        return kept.length ? Reflect.apply(told, this, [kept, observer]) : undefined;
      };
      return Reflect.construct(target, given.length > 1 ? [heard, given[1]] : [heard], made);
    },
  });
})();
