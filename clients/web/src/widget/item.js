// SPDX-License-Identifier: Apache-2.0
// One notification, as a row of the drawer or as a toast, and what happens when it is pressed.
import { button, fill, h, icon, setClass, setLabel } from './dom.js';
import { safeImage, safeLink } from './links.js';

/** @typedef {import('./types.js').Ui} Ui */
/** @typedef {import('./types.js').Notification} Notification */
/** @typedef {import('./types.js').Action} Action */
/** @typedef {'read' | 'unread' | 'archive' | 'unarchive' | 'delete'} Operation */

/**
 * A button that shows an icon only. Its operation is also the icon's and the text's name.
 * @param {import('./dom.js').IconName} operation
 * @param {string} [label]
 * @param {() => void} [onclick]
 */
export function iconButton(operation, label = '', onclick) {
  const it = button(`button ${operation}`, onclick && { onclick }, icon(operation));
  setLabel(it, label);
  return it;
}

/** @param {Notification} n */
function levelOf({ level }) {
  return level === 'success' || level === 'warning' || level === 'error' ? level : 'info';
}

/** The actor's picture or initials with the level as a mark, or the level alone. @param {Notification} n */
function pictures(n) {
  const level = levelOf(n);
  const name = String(n.meta?.actorName || n.actorId || '');
  const src = safeImage(n.imageUrl);
  const avatar = h('span', name ? 'avatar actor' : 'avatar', { ariaHidden: 'true' });
  const initials = () => fill(avatar, name
    ? name.split(/[\s._@-]+/, 2).map((word) => [...word][0]).join('').toUpperCase()
    : icon(level));
  avatar.style.setProperty('--hue', String([...name].reduce((sum, char) => sum * 31 % 360 + (char.codePointAt(0) ?? 0), 0)));
  initials();
  if (src) {
    fill(avatar, h('img', '', { alt: '', loading: 'lazy', referrerPolicy: 'no-referrer', onerror: initials, src }));
  }
  return [avatar, (name || src) && level !== 'info' && h('span', 'mark', {}, icon(level))];
}

/**
 * @param {Notification} n
 * @returns {Action[]}
 */
function actionsOf(n) {
  const list = n.meta?.actions;
  return (Array.isArray(list) ? list : [])
    .filter((a) => typeof a?.label === 'string' && a.label && (a.url == null || safeLink(a.url)))
    .slice(0, 2);
}

/**
 * A link where there is an address that may be followed, else a button.
 * @param {unknown} address
 * @param {string} classes
 * @param {...import('./dom.js').Child} children
 */
function press(address, classes, ...children) {
  const href = safeLink(address);
  return href ? h('a', classes, { href }, ...children) : button(classes, {}, ...children);
}

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
 * @param {string} classes  more of them
 * @param {import('./dom.js').IconName[]} operations  of the item's own buttons
 */
export function drawItem(ui, element, n, classes, operations) {
  const { t, number, when } = ui.words();
  const focused = ui.root.activeElement;
  const operation = element.contains(focused) && focused?.classList[1];
  const level = levelOf(n);
  const own = ui.options.renderItem?.(n);
  const time = h('time', 'time', { dateTime: n.createdAt, title: when(new Date(n.createdAt)) });
  const aloud = (/** @type {'unread' | 'success' | 'warning' | 'error'} */ key) => h('span', 'hidden', {}, t(key) + ': ');
  const title = press(n.actionUrl, 'title open', !n.readAt && aloud('unread'), level !== 'info' && aloud(level),
    h('span', own ? 'hidden' : '', { dir: 'auto' }, n.title));
  const actions = actionsOf(n).map(({ url, label }, index) => press(url, `action action${index}`, label));

  setAge(ui, time);
  setClass(element, `item ${level} ${classes}${n.readAt ? '' : ' unread'}`);
  fill(element,
    ...own ? [] : pictures(n),
    h('div', 'text', {},
      h('div', 'line', {}, title,
        n.collapsedCount && h('span', 'times', {}, '×' + number(n.collapsedCount + 1)), !own && time),
      own || n.body && h('p', 'body', {}, h('span', '', { dir: 'auto' }, n.body)),
      actions[0] && h('div', 'actions', {}, ...actions)),
    h('div', 'tools', {}, ...operations.map((op) => iconButton(op, t(/** @type {'to_read'} */ (`to_${op}`))))));
  if (operation) {
    /** @type {HTMLElement} */ (element.querySelector('.' + operation) ?? title).focus();
  }
}

/**
 * Handles a press on something in an item. The page may prevent that the link of "belfry-click" and
 * "belfry-action" is followed.
 * @param {Ui} ui
 * @param {Event} event
 * @param {Notification} n
 * @returns {string | undefined} the operation of what was pressed; "" for an action of the page
 */
export function pressItem(ui, event, n) {
  const operation = /** @type {Element} */ (event.target).closest('a, button')?.classList[1];
  const action = operation?.startsWith('action') && actionsOf(n)[+operation[6]];
  if (action || operation === 'open') {
    if (!ui.emit(action ? 'belfry-action' : 'belfry-click', { notification: n, action })) {
      event.preventDefault();
    }
    if (!n.readAt) {
      change(ui, 'read', n);
    }
  }
  return action ? '' : operation;
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
