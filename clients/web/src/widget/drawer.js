// SPDX-License-Identifier: Apache-2.0
// The panel: heading, tabs, the list, what is wrong with the connection, and the offer to undo.
// Beside the bell it is a popover that takes no more than its place; on a narrow screen it is a
// modal dialog that fills it.
import { fill, h, icon, setClass, setLabel } from './dom.js';
import { createFeed } from './feed.js';
import { change, iconButton } from './item.js';

const OFFER_MS = 6_000;
const WAITING_MS = 2_000;  // a reconnect that takes no longer is nobody's concern

/** @typedef {import('./types.js').Ui} Ui */
/** @typedef {import('./item.js').Operation} Operation */
/** @typedef {import('./types.js').Notification} Notification */

/** @param {Ui} ui */
export function createDrawer(ui) {
  let view = '';
  let kind = '';
  let offerTimer = 0;
  let waitingTimer = 0;
  let state = '';
  /** @type {HTMLElement | undefined} */
  let settings;

  const feed = createFeed(ui, changed);
  const title = h('h2', { id: 'heading', class: 'heading' });
  const readAll = iconButton('readAll', '', markAll);
  const gear = iconButton('settings', '', openSettings);
  const close = iconButton('close', '', ui.close);
  const tabs = h('div', { class: 'tabs', role: 'group', onclick: choose });
  const kinds = h('div', { class: 'kinds', role: 'group', onclick: choose });
  const banner = h('p', { class: 'banner', hidden: true });
  const snack = h('div', { class: 'snack', hidden: true });
  const main = h('div', { class: 'view' },
    h('div', { class: 'header' }, title, h('slot', { name: 'header' }), readAll, gear, close),
    tabs, kinds, banner, feed.element, snack, h('slot', { name: 'footer' }));
  const element = h('dialog', {
    class: 'panel', popover: 'auto', tabindex: -1, 'aria-labelledby': 'heading',
  }, main);

  /** A row's button was pressed. @param {Operation} operation @param {Notification} n */
  function changed(operation, n) {
    const { t } = ui.words();
    const run = (/** @type {Operation} */ op) => change(ui, op, n);
    if (operation === 'delete') {
      // It has no opposite, so it is asked for.
      offer(t('sure'), t('toDelete'), () => run('delete'))?.focus();
      return;
    }
    const opposite = /** @type {const} */ ({
      read: 'unread', unread: 'read', archive: 'unarchive', unarchive: 'archive',
    })[operation];
    const done = /** @type {const} */ ({
      read: 'didRead', unread: 'didUnread', archive: 'archived', unarchive: 'didUnarchive',
    })[operation];
    run(operation);
    offer(t(done), t('undo'), async () => {
      await run(opposite);
      // Archiving marks as read, and unarchiving leaves that.
      if (operation === 'archive' && !n.readAt) {
        run('unread');
      }
    });
  }

  function markAll() {
    ui.client().readAll(kind ? { kind } : {}).catch(() => {});
    offer(ui.words().t('didReadAll'));
  }

  /** A tab or kind was pressed. @param {Event} event */
  function choose(event) {
    const data = /** @type {Element} */ (event.target).closest('button')?.dataset;
    if (data) {
      select(data.view ?? view, data.kind ?? kind);
    }
  }

  /** @param {string} nextView @param {string} nextKind */
  function select(nextView, nextKind) {
    if (nextView !== view || nextKind !== kind) {
      view = nextView;
      kind = nextKind;
      feed.choose({ archived: view === 'archived', unread: view === 'unread' || undefined, kind: kind || undefined });
      update();
    }
  }

  /**
   * Says what was done, or asks, with one button for a while.
   * @param {string} text
   * @param {string} [label]
   * @param {() => void} [act]
   */
  function offer(text, label, act) {
    const button = act && h('button', {
      type: 'button', class: 'undo',
      onclick() {
        act();
        snack.hidden = true;
        element.focus();
      },
    }, label);
    fill(snack, text, button);
    snack.hidden = false;
    clearTimeout(offerTimer);
    offerTimer = setTimeout(endOffer, OFFER_MS);
    ui.say(text);
    return button;
  }

  function endOffer() {
    if (snack.matches(':hover, :focus-within')) {
      offerTimer = setTimeout(endOffer, OFFER_MS);
    } else {
      snack.hidden = true;
    }
  }

  async function openSettings() {
    const { preferences } = await import('./preferences.js');
    closeSettings();
    settings = preferences(ui, h, iconButton, () => {
      closeSettings();
      gear.focus();
    });
    main.hidden = true;
    element.append(settings);
    settings.querySelector('button')?.focus();
  }

  function closeSettings() {
    settings?.remove();
    main.hidden = false;
  }

  /** @param {import('./types.js').Snapshot['state']} now */
  function showConnection(now) {
    if (now !== state) {
      state = now;
      clearTimeout(waitingTimer);
      tell(now === 'offline' || now === 'refused' ? now : '');
      if (now === 'waiting') {
        waitingTimer = setTimeout(tell, WAITING_MS, now);
      }
    }
  }

  /** @param {'offline' | 'refused' | 'waiting' | ''} what */
  function tell(what) {
    const text = what && ui.words().t(what);
    banner.hidden = !text;
    fill(banner, icon('offline'), text);
    ui.say(text);
  }

  function update() {
    const snapshot = ui.client().getSnapshot();
    const { unreadCount, byKind } = snapshot.counts;
    showConnection(snapshot.state);
    if (!ui.isOpen()) {
      return;
    }
    for (const button of /** @type {HTMLElement[]} */ ([...tabs.children, ...kinds.children])) {
      const { view: of, kind: prefix } = button.dataset;
      const selected = of === view || prefix === kind;
      const n = prefix ? unreadOf(byKind, prefix) : of === 'unread' ? unreadCount : 0;
      const count = /** @type {HTMLElement} */ (button.lastElementChild);
      button.ariaPressed = String(selected);
      setClass(button, (of ? 'tab' : 'chip') + (selected ? ' selected' : ''));
      count.hidden = !n;
      fill(count, n && ui.words().number(n));
    }
    readAll.disabled = unreadCount === 0;
    feed.render();
  }

  function relabel() {
    const { t, strings } = ui.words();
    const choice = (/** @type {string} */ name, /** @type {string} */ value, /** @type {string} */ label) =>
      h('button', { type: 'button', [name]: value }, label, h('span', { class: 'count' }));
    const chips = ui.options.kinds ?? [];
    element.dir = strings.dir;
    fill(title, t('notifications'));
    for (const button of [readAll, gear, close]) {
      setLabel(button, t(/** @type {'close'} */ (button.dataset.op)));
    }
    fill(tabs, .../** @type {const} */ (['all', 'unread', 'archived']).map((id) => choice('data-view', id, t(id))));
    fill(kinds, choice('data-kind', '', t('all')), ...chips.map((chip) => choice('data-kind', chip.kind, chip.label)));
    kinds.hidden = chips.length === 0;
    gear.hidden = ui.options.preferences === false;
    feed.redraw();
  }

  return {
    element,
    update,
    relabel,
    offer,
    tick: feed.tick,
    /** The drawer was opened: from now on what it shows is current. */
    opened() {
      select(view || 'all', kind);
      update();
    },
    closed() {
      closeSettings();
      snack.hidden = true;
    },
    /** Another client: nothing of the former one stays. */
    reset() {
      feed.close();
      view = '';
    },
  };
}

/** @param {Record<string, number>} byKind @param {string} prefix */
const unreadOf = (byKind, prefix) => Object.entries(byKind)
  .reduce((sum, [kind, n]) => sum + (kind.startsWith(prefix) ? n : 0), 0);
