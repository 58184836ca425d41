// Runs before the page's own scripts, in every frame of an archived page: its clock starts at the archive's time,
// because the page uses the clock to choose and date what it shows. Only functions that read the present time are
// changed, not how time passes.
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
  // Called without a date, these use the present one.
  const { get } = Object.getOwnPropertyDescriptor(Intl.DateTimeFormat.prototype, 'format');
  Object.defineProperty(Intl.DateTimeFormat.prototype, 'format', {
    configurable: true,
    get() { const made = get.call(this); return date => made(date === undefined ? now() : date); },
  });
  Intl.DateTimeFormat.prototype.formatToParts = function (date) {
    return format.call(this, date === undefined ? now() : date);
  };
})();
