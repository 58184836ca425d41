// Runs before the page's own scripts, in every frame of an archived page: its clock goes on from the archive's time, by
// which it chooses and dates what it shows. Only what reads the present is changed, not how time passes.
(() => {
  const Real = Date;
  const present = Real.now;
  const now = () => present() + SHIFT_MS;
  const format = Intl.DateTimeFormat.prototype.formatToParts;
  const Then = new Proxy(Real, {
    construct: (target, given, made) => Reflect.construct(target, given.length ? given : [now()], made),
    apply: () => new Real(now()).toString(),
  });
  Object.defineProperty(Real, 'now', { value: now, writable: true, configurable: true });
  Object.defineProperty(Real.prototype, 'constructor', { value: Then, writable: true, configurable: true });
  Object.defineProperty(window, 'Date', { value: Then, writable: true, configurable: true });
  // Without a date they take the present one.
  const { get } = Object.getOwnPropertyDescriptor(Intl.DateTimeFormat.prototype, 'format');
  Object.defineProperty(Intl.DateTimeFormat.prototype, 'format', {
    configurable: true,
    get() { const made = get.call(this); return date => made(date === undefined ? now() : date); },
  });
  Intl.DateTimeFormat.prototype.formatToParts = function (date) {
    return format.call(this, date === undefined ? now() : date);
  };
})();
