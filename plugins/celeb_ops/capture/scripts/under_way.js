// Returns the page's open requests, failed requests, timers and errors, one line each: kind, milliseconds (or a
// number), address. The page may have replaced these notes. So this script uses only operators on strings, which no
// page can change.
(() => {
  const short = value => {
    let text = '';
    if (typeof value === 'string') for (let i = 0; i < value.length && i < 120; i++) text += value[i];
    return text;
  };
  try {
    const { asked, timers, failed, errors, now } = window[Symbol.for('celebs requests')], time = now();
    let told = '', count = 0;
    for (const one of asked.values()) {
      if (++count > 50) break;
      // If nobody reads a response's body, it never ends.
      if (one.answered && time - one.answered > 3000) continue;
      told += `asked\t${(time - one.since) | 0}\t${short(one.url)}\n`;
    }
    for (let i = 0; i < timers.length && i < 50; i++) {
      const { set, due } = timers[i];
      if (due > time) told += `timer\t${(time - set) | 0}\t${(due - time) | 0}\n`;
    }
    for (let i = 0; i < failed.length && i < 50; i++) told += `failed\t${failed[i].status | 0}\t${short(failed[i].url)}\n`;
    return `${told}error\t${errors.number | 0}\t`;
  } catch { return ''; }
})()
