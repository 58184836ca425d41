// Returns the state of the script from the sites file (site_options.py): `running` or `ended`, a tab, its error. Empty
// if the page navigated to another one. The page may have replaced the state: so this script uses only operators on
// strings.
(() => {
  try {
    const { ended, trouble } = window[Symbol.for('celebs javascript')];
    let told = '';
    if (typeof trouble === 'string') for (let i = 0; i < trouble.length && i < 200; i++) told += trouble[i];
    return `${ended === true ? 'ended' : 'running'}\t${told}`;
  } catch { return ''; }
})()
