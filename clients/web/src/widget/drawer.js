// SPDX-License-Identifier: Apache-2.0
// The panel: heading, tabs, the list, what is wrong with the connection, and the offer to undo.
// Beside the bell it is a popover that takes no more than its place; on a narrow screen it is a
// modal dialog that fills it.
import { NO_COUNTS } from '../client/counts.js';
import { button, fill, h, icon, setClass, setLabel } from './dom.js';
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
  const title = h('h2', 'heading');
  const readAll = iconButton('readAll', '', markAll);
  const gear = iconButton('settings', '', openSettings);
  const close = iconButton('close', '', ui.close);
  const tabs = h('div', 'tabs', { onclick: choose });
  const kinds = h('div', 'kinds', { onclick: choose });
  const banner = h('p', 'banner', { hidden: true });
  const snack = h('div', 'snack', { hidden: true });
  const slot = (/** @type {string} */ name) => h('slot', '', { name });
  const main = h('div', 'view', {},
    h('div', 'header', {}, title, slot('header'), readAll, gear, close),
    tabs, kinds, banner, feed.element, snack, slot('footer'));
  const element = h('dialog', 'panel', { popover: 'auto', tabIndex: -1 }, main);

  /** A row's button was pressed. @param {Operation} operation @param {Notification} n */
  function changed(operation, n) {
    const { t } = ui.words();
    const run = (/** @type {Operation} */ op) => change(ui, op, n);
    if (operation === 'delete') {
      // It has no opposite, so it is asked for.
      offer(t('sure'), t('to_delete'), () => run('delete'))?.focus();
      return;
    }
    const opposite = /** @type {Operation} */ (operation.startsWith('un') ? operation.slice(2) : 'un' + operation);
    run(operation);
    offer(t(/** @type {'did_read'} */ (`did_${operation}`)), t('undo'), async () => {
      await run(opposite);
      // Archiving marks as read, and unarchiving leaves that.
      if (operation === 'archive' && !n.readAt) {
        run('unread');
      }
    });
  }

  function markAll() {
    ui.client().readAll(kind ? { kind } : {}).catch(() => {});
    offer(ui.words().t('did_read'));
  }

  /** A tab or kind was pressed. @param {Event} event */
  function choose(event) {
    const pressed = /** @type {any} */ (/** @type {Element} */ (event.target).closest('button'));
    if (pressed) {
      select(pressed.view ?? view, pressed.kind ?? kind);
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
    const answer = act && button('undo', {
      onclick() {
        act();
        snack.hidden = true;
        element.focus();
      },
    }, label);
    fill(snack, text, answer);
    snack.hidden = false;
    clearTimeout(offerTimer);
    offerTimer = setTimeout(endOffer, OFFER_MS);
    ui.say(text);
    return answer;
  }

  function endOffer() {
    if (snack.matches(':hover, :focus-within')) {
      offerTimer = setTimeout(endOffer, OFFER_MS);
    } else {
      snack.hidden = true;
    }
  }

  async function openSettings() {
    // It is not there when the edge cannot be reached, or is of another version than this page.
    const { preferences } = await import('./preferences.js').catch(() => ({ preferences: null }));
    if (!preferences) {
      return void offer(ui.words().t('failed'), ui.words().t('retry'), openSettings);
    }
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
      waitingTimer = setTimeout(tell, now === 'waiting' ? WAITING_MS : 0);
    }
  }

  /** What there is to say about the state; of most there is nothing. */
  function tell() {
    const { t, strings } = ui.words();
    const text = strings[/** @type {'waiting'} */ (state)] ?? '';
    banner.hidden = !text || state === 'refused'; // the list's place says that
    fill(banner, icon('warning'), text, state === 'evicted' && button('undo', { onclick: ui.restart }, t('retry')));
    ui.say(text);
  }

  function update() {
    const snapshot = ui.client().getSnapshot();
    showConnection(snapshot.state);
    // Who is refused is told nothing of what came before.
    const { unreadCount, byKind } = state === 'refused' ? NO_COUNTS : snapshot.counts;
    if (!ui.isOpen()) {
      return;
    }
    for (const it of /** @type {any[]} */ ([...tabs.children, ...kinds.children])) {
      const selected = it.view === view || it.kind === kind;
      const n = it.kind ? unreadOf(byKind, it.kind) : it.view === 'unread' ? unreadCount : 0;
      it.ariaPressed = selected;
      setClass(it, (it.view ? 'tab' : 'chip') + (selected ? ' selected' : ''));
      it.lastChild.hidden = !n;
      fill(it.lastChild, n && ui.words().number(n));
    }
    readAll.disabled = unreadCount === 0;
    feed.render();
  }

  function relabel() {
    const { t, strings } = ui.words();
    const choice = (/** @type {object} */ what, /** @type {string} */ label) =>
      button('', what, label, h('span', 'count'));
    const chips = ui.options.kinds ?? [];
    const heading = t('notifications');
    element.dir = strings.dir;
    element.ariaLabel = heading;
    fill(title, heading);
    setLabel(readAll, t('to_readAll'));
    setLabel(gear, t('to_settings'));
    setLabel(close, t('to_close'));
    fill(tabs, .../** @type {const} */ (['all', 'unread', 'archived']).map((id) => choice({ view: id }, t(id))));
    fill(kinds, choice({ kind: '' }, t('all')), ...chips.map(({ kind: prefix, label }) => choice({ kind: prefix }, label)));
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
