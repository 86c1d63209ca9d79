// SPDX-License-Identifier: Apache-2.0
// The notifications that arrive while the drawer is closed: three at most, in a corner, for some
// seconds. They wait while the pointer or the focus is on one of them and while the page is hidden;
// errors stay until they are dismissed. They are not announced: the bell's status says how many came.
import { h } from './dom.js';
import { drawItem, pressItem, setAge } from './item.js';

const SHOWN_MAX = 3;
const SHOWN_S = 6;

/** @typedef {import('./types.js').Ui} Ui */
/** @typedef {import('./types.js').Notification} Notification */
/** @typedef {{element: HTMLElement, stays: boolean, secondsLeft: number}} Toast */

/** @param {Ui} ui */
export function createToasts(ui) {
  /** @type {Toast[]} oldest first */
  let shown = [];
  let timer = 0;
  const element = h('section', 'toasts', { popover: 'manual' });

  const held = () => document.hidden || element.matches(':hover, :focus-within');

  /** Each second while there are any. */
  function tick() {
    element.querySelectorAll('time').forEach((time) => setAge(ui, time));
    if (!held()) {
      for (const toast of shown) {
        toast.secondsLeft -= 1;
        if (toast.secondsLeft < 1 && !toast.stays) {
          remove(toast);
        }
      }
    }
  }

  /** @param {Toast | undefined} toast */
  function remove(toast) {
    const hadFocus = toast?.element.contains(ui.root.activeElement);
    toast?.element.remove();
    shown = shown.filter((other) => other !== toast);
    if (!shown[0]) {
      clearInterval(timer);
      element.hidePopover();
    } else if (hadFocus) {
      element.querySelector('button')?.focus();
    }
  }

  /** @param {Notification} n */
  function show(n) {
    const stays = n.level === 'error';
    const full = shown.length === SHOWN_MAX;
    const oldest = shown.find((toast) => !toast.stays);
    if (document.hidden && !stays || full && (held() || !oldest)) {
      return;  // it is in the list, and the badge counts it
    }
    if (full) {
      remove(oldest);
    }
    /** @type {Toast} */
    const toast = {
      stays,
      secondsLeft: SHOWN_S,
      element: h('div', '', {
        onclick(/** @type {Event} */ event) {
          if (pressItem(ui, event, n) != null) {
            remove(toast);
          }
        },
      }),
    };
    drawItem(ui, toast.element, n, 'toast', ['close']);
    shown.push(toast);
    element.prepend(toast.element);
    element.ariaLabel = ui.words().t('notifications');
    element.dataset.at = ui.options.toasts;
    element.showPopover();
    clearInterval(timer);
    timer = setInterval(tick, 1_000);
  }

  return {
    element,
    show,
    /** Hides all of them: the drawer shows what they say. */
    clear: () => shown.forEach(remove),
  };
}
