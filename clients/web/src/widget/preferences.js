// SPDX-License-Identifier: Apache-2.0
// The panel that mutes kinds. It is fetched when it is first opened, and is given what it needs, so
// that its file holds only itself.

/** @typedef {import('./types.js').Ui} Ui */
const english = {
  choose: 'What should the bell ring for?',
  noKinds: 'There is nothing to choose from yet.',
  locked: 'This cannot be turned off.',
};

const css = `
.back:dir(rtl) { scale: -1 1; }
.settings .header { padding-inline: .6em; gap: .5em; }
.lead { padding: .3em 1.3em .8em; color: var(--muted); }
.switches { overflow-y: auto; padding: 0 .6em; }
.choice { display: flex; align-items: center; justify-content: space-between; gap: 1em; padding: .7em; border-radius: .6em; cursor: pointer; overflow-wrap: anywhere; }
.choice:hover { background: var(--hover); }
.note { padding: .5em 1.3em; color: var(--muted); }
.switch { appearance: none; flex: none; position: relative; width: 2.5em; height: 1.5em; border-radius: 1em; background: light-dark(#868e9c, #6a7180); cursor: pointer; transition: background .12s; }
.switch::after { content: ""; position: absolute; inset-block-start: .2em; inset-inline-start: .2em; width: 1.1em; height: 1.1em; border-radius: 50%; background: #fff; transition: translate .12s; }
.switch:checked { background: var(--accent); }
.switch:checked::after { translate: 1em 0; background: var(--on-accent); }
.switch:checked:dir(rtl)::after { translate: -1em 0; }
.switch[aria-disabled] { opacity: .5; }
@media (prefers-reduced-motion) { .switch, .switch::after { transition: none; } }
@media (forced-colors: active) {
  .switch { border: 1px solid ButtonText; }
  .switch::after { background: ButtonText; forced-color-adjust: none; }
  .switch:checked { background: Highlight; forced-color-adjust: none; }
}
`;

/** @type {CSSStyleSheet | undefined} */
let sheet;

/**
 * @param {Ui} ui
 * @param {typeof import('./dom.js').h} h
 * @param {typeof import('./item.js').iconButton} iconButton
 * @param {() => void} back
 */
export function preferences(ui, h, iconButton, back) {
  const { t, strings } = ui.words();
  const words = { ...english, .../** @type {Partial<typeof english>} */ (strings) };
  const client = ui.client();
  const note = h('p', 'note', { role: 'status' });
  const list = h('div', 'switches', { ariaBusy: 'true' });
  /** @type {string[]} */
  let muted = [];

  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
  }
  if (!ui.root.adoptedStyleSheets.includes(sheet)) {
    ui.root.adoptedStyleSheets.push(sheet);
  }

  /** @param {unknown} error */
  const explain = (error) => {
    const problem = /** @type {any} */ (error)?.problem ?? error;
    note.textContent = problem?.status === 422 ? words.locked : problem?.detail || problem?.title || t('undone');
  };

  /** The tabs' kinds, those with something unread, and those that are muted already. */
  function choices() {
    /** @type {Map<string, string>} */
    const all = new Map();
    const tabs = ui.options.kinds ?? [];
    const known = (/** @type {string} */ kind) => [...all.keys()].some((prefix) => kind.startsWith(prefix));
    tabs.forEach(({ kind, label }) => all.set(kind, label));
    for (const kind of [...muted, ...Object.keys(client.getSnapshot().counts.byKind).sort()]) {
      if (kind && !known(kind)) {
        all.set(kind, readable(kind));
      }
    }
    return all;
  }

  /** @param {string} kind @param {string} label */
  function choice(kind, label) {
    const input = h('input', 'switch', { type: 'checkbox', role: 'switch' });
    input.checked = !muted.includes(kind);
    // Not disabled while it is being changed: it has the focus, and would swallow Escape.
    input.addEventListener('click', (event) => {
      if (input.ariaDisabled) {
        event.preventDefault();
      }
    });
    input.addEventListener('change', async () => {
      note.textContent = '';
      const wanted = input.checked ? muted.filter((other) => other !== kind) : [...muted, kind];
      input.ariaDisabled = 'true';
      try {
        await client.setPreferences({ mutedKinds: wanted });
        muted = wanted;
      } catch (error) {
        input.checked = !input.checked;
        explain(error);
      }
      input.ariaDisabled = null;
    });
    return h('label', 'choice', {}, h('span', '', {}, label), input);
  }

  client.getPreferences().then((answer) => {
    muted = [...answer.mutedKinds];
    const all = choices();
    list.replaceChildren(...[...all].map(([kind, label]) => choice(kind, label)));
    if (all.size === 0) {
      note.textContent = words.noKinds;
    }
  }, explain).finally(() => { list.ariaBusy = 'false'; });

  return h('div', 'view settings', {},
    h('div', 'header', {}, iconButton('back', t('to_back'), back), h('h2', 'heading', {}, t('to_settings'))),
    h('p', 'lead', {}, words.choose), list, note);
}

/** "comment.created" as a label: "Comment created". @param {string} kind */
function readable(kind) {
  const text = kind.replace(/[._:-]+/g, ' ').trim();
  return text.charAt(0).toUpperCase() + text.slice(1);
}
