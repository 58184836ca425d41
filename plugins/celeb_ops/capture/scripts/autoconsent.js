// What autoconsent, which acts in the page's own world, says: its state, then a line for each message: type, dialog, yes.
// A page may have made anything of it, and of the functions by which its length would be bounded: there are only
// operators on texts here, which no page can change.
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
