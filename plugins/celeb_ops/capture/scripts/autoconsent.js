// Returns what autoconsent, which runs in the page's own world, reports: its state, then one line per message: type,
// dialog, and `yes` if it succeeded. The page may have replaced this object, and the functions that would limit a
// text's length. So this script uses only operators on strings, which no page can change.
(() => {
  const short = value => {
    let text = '';
    if (typeof value === 'string') for (let i = 0; i < value.length && i < 60; i++) text += value[i];
    return text;
  };
  try {
    const autoconsent = window.autoconsentStandalone, messages = autoconsent.messages;
    let told = short(autoconsent.instance.state.lifecycle);
    for (let i = 0; i < messages.length && i < 100; i++)
      told += `\n${short(messages[i].type)}\t${short(messages[i].cmp)}\t${messages[i].result ? 'yes' : ''}`;
    return told;
  } catch { return ''; }
})()
