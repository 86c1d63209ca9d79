// SPDX-License-Identifier: Apache-2.0
// One notification, as a row of the drawer or as a toast, and what happens when it is pressed.
import { fill, h, icon, setClass, setLabel } from './dom.js';
import { safeImage, safeLink } from './links.js';

/** @typedef {import('./types.js').Ui} Ui */
/** @typedef {import('./types.js').Notification} Notification */
/** @typedef {import('./types.js').Action} Action */
/** @typedef {'read' | 'unread' | 'archive' | 'unarchive' | 'delete'} Operation */

/**
 * A button that shows an icon only.
 * @param {import('./dom.js').IconName} name
 * @param {string} [label]
 * @param {() => void} [onclick]
 */
export function iconButton(name, label = '', onclick = () => {}) {
  const button = h('button', { type: 'button', class: 'button', 'data-op': name, onclick }, icon(name));
  setLabel(button, label);
  return button;
}

/** @param {Notification} n */
function levelOf({ level }) {
  return level === 'success' || level === 'warning' || level === 'error' ? level : 'info';
}

/** @param {string} name */
function initials(name) {
  return name.split(/[\s._@-]+/, 2).map((word) => [...word][0]).join('').toUpperCase();
}

/** A colour of its own for each name. @param {string} name */
function hue(name) {
  return [...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 360, 0);
}

/** The actor's picture or initials with the level as a mark, or the level alone. @param {Notification} n */
function pictures(n) {
  const level = levelOf(n);
  const name = String(n.meta?.actorName || n.actorId || '');
  const src = safeImage(n.imageUrl);
  const avatar = h('span', { class: name ? 'avatar actor' : 'avatar', 'aria-hidden': 'true' });
  const draw = () => fill(avatar, name ? initials(name) : icon(level));
  avatar.style.setProperty('--hue', String(hue(name)));
  draw();
  if (src) {
    fill(avatar, h('img', { src, alt: '', loading: 'lazy', referrerpolicy: 'no-referrer', onerror: draw }));
  }
  return [avatar, (name || src) && level !== 'info' && h('span', { class: 'mark' }, icon(level))];
}

/**
 * @param {Notification} n
 * @returns {Action[]}
 */
export function actionsOf(n) {
  const list = /** @type {any} */ (n.meta)?.actions;
  return (Array.isArray(list) ? list : [])
    .filter((a) => typeof a?.label === 'string' && a.label && (a.url == null || safeLink(a.url)))
    .slice(0, 2);
}

/**
 * A link where there is an address, else a button.
 * @param {string | null} href
 * @param {Record<string, any>} looks
 * @param {...import('./dom.js').Child} children
 */
const press = (href, looks, ...children) => (href
  ? h('a', { href, ...looks }, ...children) : h('button', { type: 'button', ...looks }, ...children));

/** @param {Ui} ui @param {HTMLTimeElement} element */
export function setAge(ui, element) {
  const { skewMs } = ui.client().getSnapshot();
  fill(element, ui.words().ago(new Date(element.dateTime), Date.now() + skewMs));
}

/**
 * Draws `n` into `element`. Focus stays on the control that had it.
 * @param {Ui} ui
 * @param {HTMLElement} element
 * @param {Notification} n
 * @param {string} looks  more classes
 * @param {HTMLElement[]} controls  the row's own buttons
 */
export function drawItem(ui, element, n, looks, controls) {
  const { t, number, when } = ui.words();
  const focused = /** @type {HTMLElement | null} */ (ui.root.activeElement);
  const operation = element.contains(focused) && focused?.dataset.op;
  const level = levelOf(n);
  const own = ui.options.renderItem?.(n);
  const time = h('time', { class: 'time', datetime: n.createdAt, title: when(new Date(n.createdAt)) });
  const aloud = (/** @type {'unread' | 'success' | 'warning' | 'error'} */ key) =>
    h('span', { class: 'hidden' }, t(key) + ': ');
  const main = press(safeLink(n.actionUrl), { class: 'title', 'data-op': 'open' },
    !n.readAt && aloud('unread'), level !== 'info' && aloud(level),
    h('span', { class: own ? 'hidden' : '', dir: 'auto' }, n.title));
  const actions = actionsOf(n).map((action, index) =>
    press(safeLink(action.url), { class: index ? 'action' : 'action first', 'data-op': 'action', 'data-index': index },
      action.label));

  setAge(ui, time);
  setClass(element, ['item', level, n.readAt ? 'read' : 'unread', looks].join(' '));
  fill(element,
    ...own ? [] : pictures(n),
    h('div', { class: 'text' },
      h('div', { class: 'line' }, main,
        n.collapsedCount && h('span', { class: 'times' }, '×' + number(n.collapsedCount + 1)), !own && time),
      own || (n.body && h('p', { class: 'body' }, h('span', { dir: 'auto' }, n.body))),
      actions[0] && h('div', { class: 'actions' }, ...actions)),
    h('div', { class: 'tools' }, ...controls));
  if (operation) {
    /** @type {HTMLElement} */ (element.querySelector(`[data-op=${operation}]`) ?? main).focus();
  }
}

/**
 * Handles a press on something in an item. The page may prevent that the link of "belfry-click" and
 * "belfry-action" is followed.
 * @param {Ui} ui
 * @param {Event} event
 * @param {Notification} n
 * @returns {string} the operation of what was pressed; "" if it was nothing
 */
export function pressItem(ui, event, n) {
  const { op = '', index } = /** @type {HTMLElement | null} */ (
    /** @type {Element} */ (event.target).closest('[data-op]'))?.dataset ?? {};
  if (op === 'open' || op === 'action') {
    const action = index && actionsOf(n)[+index];
    if (!ui.emit(action ? 'belfry-action' : 'belfry-click', { notification: n, action })) {
      event.preventDefault();
    }
    if (!n.readAt) {
      change(ui, 'read', n);
    }
  }
  return op;
}

/**
 * A change of one notification. That it failed is told by the client's "failed" event.
 * @param {Ui} ui
 * @param {Operation} operation
 * @param {{id: string}} n
 */
export function change(ui, operation, n) {
  return ui.client()[operation](n.id).catch(() => {});
}
