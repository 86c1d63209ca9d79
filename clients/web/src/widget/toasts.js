// SPDX-License-Identifier: Apache-2.0
// The notifications that arrive while the drawer is closed: three at most, in a corner, for some
// seconds. They wait while the pointer or the focus is on one of them and while the page is hidden;
// errors stay until they are dismissed. They are not announced: the bell's status says how many came.
import { h } from './dom.js';
import { drawItem, iconButton, pressItem } from './item.js';

const SHOWN_MAX = 3;
const SHOWN_MS = 6_000;

/** @typedef {import('./types.js').Ui} Ui */
/** @typedef {import('./types.js').Notification} Notification */
/** @typedef {{n: Notification, element: HTMLElement, left: number, timer: number}} Toast */

/** @param {Ui} ui */
export function createToasts(ui) {
  /** @type {Toast[]} newest first */
  let shown = [];
  let since = 0;
  let held = false;
  const element = h('section', {
    class: 'toasts', popover: 'manual',
    onpointerenter: hold, onpointerleave: release, onfocusin: hold, onfocusout: release,
  });
  const isError = (/** @type {Toast} */ toast) => toast.n.level === 'error';

  function hold() {
    if (!held) {
      held = true;
      for (const toast of shown) {
        clearTimeout(toast.timer);
        toast.left -= Date.now() - since;
      }
    }
  }

  function release() {
    if (element.matches(':hover, :focus-within') || document.hidden) {
      return;
    }
    held = false;
    since = Date.now();
    for (const toast of shown) {
      clearTimeout(toast.timer);
      // A second at least, so that what was being read does not vanish with the pointer.
      toast.left = Math.max(1_000, toast.left);
      if (!isError(toast)) {
        toast.timer = setTimeout(remove, toast.left, toast);
      }
    }
  }

  /** @param {Toast} toast */
  function remove(toast) {
    const had = toast.element.contains(ui.root.activeElement);
    clearTimeout(toast.timer);
    shown = shown.filter((other) => other !== toast);
    toast.element.remove();
    if (shown.length === 0) {
      element.hidePopover?.();
      held = false;
    } else if (had) {
      /** @type {HTMLElement} */ (shown[0].element.querySelector('.title')).focus();
    }
  }

  /** @param {Notification} n */
  function show(n) {
    const full = shown.length >= SHOWN_MAX;
    const oldest = full && shown.filter((toast) => !isError(toast)).pop();
    if (document.hidden && n.level !== 'error' || full && (held || !oldest)) {
      return;  // it is in the list, and the badge counts it
    }
    if (oldest) {
      remove(oldest);
    }
    hold();
    const item = h('div');
    /** @type {Toast} */
    const toast = { n, element: item, left: SHOWN_MS, timer: 0 };
    item.addEventListener('click', (event) => {
      if (pressItem(ui, event, n)) {
        remove(toast);
      }
    });
    drawItem(ui, item, n, 'toast', [iconButton('close', ui.words().t('close'))]);
    shown.unshift(toast);
    element.prepend(item);
    element.setAttribute('aria-label', ui.words().t('notifications'));
    element.dataset.at = ui.options.toasts ?? 'bottom-end';
    element.showPopover?.();
    release();
  }

  return {
    element,
    show,
    /** Hides all of them: the drawer shows what they say. */
    clear: () => shown.forEach(remove),
    /** The page was hidden or shown. */
    visibility: () => (document.hidden ? hold() : release()),
  };
}
