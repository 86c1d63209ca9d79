// SPDX-License-Identifier: Apache-2.0
// The button with its badge, and what hangs on it: drawer, toasts, and the one place that speaks to
// a screen reader. element.js makes it the element <belfry-bell>.
import { fill, h, icon } from './dom.js';
import { createDrawer } from './drawer.js';
import { place } from './placement.js';
import { language, locales } from './strings.js';
import { sheet } from './styles.js';
import { createToasts } from './toasts.js';

const BADGE_MAX = 99;
const SAY_MS = 3_000;
const TICK_MS = 30_000;
const SEEN_MS = 500;
const NARROW = '(max-width: 480px)';

/** @typedef {import('./types.js').BellOptions} BellOptions */
/** @typedef {import('./types.js').Client} Client */
/** @typedef {import('./types.js').Notification} Notification */

/**
 * The bell of `host`.
 * @param {HTMLElement} host
 */
export function createBell(host) {
  const root = host.attachShadow({ mode: 'open' });
  /** @type {BellOptions} */
  const options = {};
  /** @type {Client | null} */
  let client = null;
  let words = language('en');
  let wanted = '';  // the locale that is shown or being fetched
  let open = false;
  let hadFocus = false;
  /** @type {(() => void)[]} */
  let leave = [];

  /** @type {import('./types.js').Ui} */
  const ui = {
    host,
    root,
    options,
    client: () => /** @type {Client} */ (client),
    words: () => words,
    emit: (type, detail) => host.dispatchEvent(
      new CustomEvent(type, { detail, cancelable: true, bubbles: true, composed: true })),
    say,
    isOpen: () => open,
    close: () => setOpen(false),
    restart() {
      client?.stop();
      client?.start();
    },
  };

  const badge = h('span', { class: 'badge', 'aria-hidden': 'true', hidden: true });
  const button = h('button', {
    type: 'button', class: 'bell', 'aria-haspopup': 'dialog', 'aria-expanded': 'false', onclick: pressed,
  }, h('slot', { name: 'bell' }, icon('bell')), badge);
  const status = h('div', { class: 'hidden', role: 'status' });
  const drawer = createDrawer(ui);
  const toasts = createToasts(ui);
  const panel = drawer.element;
  const narrow = matchMedia(NARROW);

  root.adoptedStyleSheets = [sheet()];
  root.append(button, status, panel, toasts.element);
  panel.addEventListener('beforetoggle', (event) => {
    if (/** @type {ToggleEvent} */ (event).newState === 'closed') {
      hadFocus = panel.matches(':focus-within');
    } else if (!client || !ui.emit('belfry-open')) {
      event.preventDefault();
    }
  });
  panel.addEventListener('toggle', toggled);
  panel.addEventListener('close', toggled);
  narrow.onchange = setInvoker;
  setInvoker();

  // ---- Open and closed

  /** Beside the bell the browser toggles: only it knows whether the same press has just dismissed. */
  function setInvoker() {
    button.popoverTargetElement = narrow.matches ? null : panel;
  }

  function pressed() {
    if (narrow.matches) {
      setOpen(!open);
    }
  }

  /** @param {boolean} value */
  function setOpen(value) {
    if (value === open || !client || !host.isConnected) {
      return;
    }
    if (!value) {
      panel.open ? panel.close() : panel.hidePopover();
    } else if (!narrow.matches) {
      panel.showPopover();
    } else if (ui.emit('belfry-open')) {
      panel.showModal();
    }
    toggled();
  }

  function toggled() {
    const now = panel.open || panel.matches(':popover-open');
    if (now === open) {
      return;
    }
    open = now;
    host.toggleAttribute('open', open);
    button.setAttribute('aria-expanded', String(open));
    if (open) {
      toasts.clear();
      drawer.opened();
      locate();
      panel.focus();
      markSeen();
      addEventListener('resize', locate);
      addEventListener('scroll', locate, { passive: true, capture: true });
      document.addEventListener('pointerdown', outside);
    } else {
      drawer.closed();
      away();
      if (hadFocus) {
        button.focus();
      }
      ui.emit('belfry-close');
    }
  }

  function away() {
    removeEventListener('resize', locate);
    removeEventListener('scroll', locate, { capture: true });
    document.removeEventListener('pointerdown', outside);
  }

  function locate() {
    place(panel, button, options.placement ?? 'bottom-end');
  }

  /** iOS before 18.3 does not dismiss a popover by itself. @param {Event} event */
  function outside(event) {
    if (!event.composedPath().includes(host)) {
      setOpen(false);
    }
  }

  // ---- What is shown

  /** @param {string | (() => string)} text */
  function say(text) {
    saying.next = text;
    if (!saying.timer) {
      flush();
    }
  }

  /** @type {{next: string | (() => string), timer: number}} */
  const saying = { next: '', timer: 0 };

  function flush() {
    const { next } = saying;
    saying.next = '';
    saying.timer = next ? setTimeout(flush, SAY_MS) : 0;
    if (next) {
      fill(status, typeof next === 'string' ? next : next());
    }
  }

  let arrived = 0;

  /** @param {{notification: Notification}} event */
  function rang({ notification }) {
    const wantsToast = ui.emit('belfry-notification', { notification });
    arrived += 1;
    say(() => {
      const n = arrived;
      arrived = 0;
      return words.t('fresh', n);
    });
    button.classList.remove('ring');
    void button.offsetWidth;  // so that the animation starts again
    button.classList.add('ring');
    if (open) {
      markSeen();
    } else if (wantsToast && options.toasts !== 'off') {
      toasts.show(notification);
    }
  }

  let seenTimer = 0;

  /** What the open drawer shows has been seen; said at most twice a second. */
  function markSeen() {
    seenTimer ||= setTimeout(() => {
      seenTimer = 0;
      if (open && client?.getSnapshot().counts.unseenCount) {
        client.seen().catch(() => {});
      }
    }, SEEN_MS);
  }

  let told = '';

  function update() {
    if (!client) {
      return;
    }
    const { counts, state, problem } = client.getSnapshot();
    const n = options.badge === 'unseen' ? counts.unseenCount : counts.unreadCount;
    const text = n > BADGE_MAX ? words.number(BADGE_MAX) + '+' : words.number(n);
    badge.hidden = n <= 0;
    badge.dataset.count = text;
    button.ariaLabel = words.t('notifications')
      + (state === 'refused' ? ': ' + words.t('refused') : n > 0 ? ', ' + words.t('unreadCount', n) : '');
    host.dataset.state = state;
    drawer.update();
    const now = [state, n].join();
    if (told !== now) {
      told = now;
      ui.emit('belfry-change', { counts, state, problem });
    }
  }

  /** The nearest of: the option, the page's `lang`, the browser's language. */
  async function speak() {
    const locale = options.locale || host.closest('[lang]')?.getAttribute('lang') || navigator.language || 'en';
    if (wanted === locale) {
      return;
    }
    wanted = locale;
    const load = locales[/** @type {keyof typeof locales} */ (locale.split('-')[0].toLowerCase())];
    const strings = load && await load().then((module) => module.default, () => undefined);
    if (wanted === locale) {
      words = language(supported(locale), { ...strings, ...options.strings });
      drawer.relabel();
      update();
    }
  }

  let ticking = 0;
  const visibility = () => toasts.visibility();

  return {
    options,
    button,
    get open() {
      return open;
    },
    setOpen,
    get client() {
      return client;
    },
    /** @param {Client | null} next */
    setClient(next) {
      leave.forEach((off) => off());
      leave = [];
      client = next;
      drawer.reset();
      if (client) {
        leave = [client.subscribe(update), client.on('notification', rang), client.on('failed', () => drawer.offer(words.t('undone')))];
        wanted = '';
        speak();
        update();
        open ? drawer.opened() : setOpen(host.hasAttribute('open'));
      }
    },
    /** An option was changed. */
    changed() {
      wanted = '';
      if (client) {
        speak();
      }
    },
    connect() {
      document.addEventListener('visibilitychange', visibility);
      ticking = setInterval(() => open && !document.hidden && drawer.tick(), TICK_MS);
    },
    disconnect() {
      setOpen(false);
      document.removeEventListener('visibilitychange', visibility);
      away();
      clearInterval(ticking);
      toasts.clear();
    },
  };
}

/** @param {string} locale  perhaps not one at all: a page's `lang` is anything */
function supported(locale) {
  try {
    return Intl.getCanonicalLocales(locale)[0];
  } catch {
    return 'en';
  }
}
