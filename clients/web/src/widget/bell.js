// SPDX-License-Identifier: Apache-2.0
// The button with its badge, and what hangs on it: drawer, toasts, and the one place that speaks to
// a screen reader. element.js makes it the element <belfry-bell>.
import { button, fill, h, icon } from './dom.js';
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

  const badge = h('span', 'badge', { ariaHidden: 'true', hidden: true });
  const bell = button('bell', {
    ariaExpanded: 'false', onclick: pressed,
    onanimationend: () => bell.classList.remove('ring'),
  }, h('slot', '', { name: 'bell' }, icon('bell')), badge);
  const speaker = () => h('div', 'hidden', { role: 'status' });
  const status = speaker();
  const statusInside = speaker();  // beside a modal drawer everything is silent
  const drawer = createDrawer(ui);
  const toasts = createToasts(ui);
  const panel = drawer.element;
  const narrow = matchMedia(NARROW);

  root.adoptedStyleSheets = [sheet()];
  root.append(bell, status, panel, toasts.element);
  panel.append(statusInside);
  panel.addEventListener('beforetoggle', (event) => {
    toggled();  // where this follows another one at once, the browser tells of both together
    if (/** @type {ToggleEvent} */ (event).newState === 'closed') {
      hadFocus = panel.matches(':focus-within');
    } else if (!client || !ui.emit('belfry-open')) {
      event.preventDefault();
    }
  });
  panel.addEventListener('toggle', toggled);
  panel.addEventListener('close', toggled);
  // Beside the bell the browser toggles: only it knows whether the same press has just dismissed.
  bell.popoverTargetElement = panel;

  // ---- Open and closed

  /** @param {Event} event */
  function pressed(event) {
    if (narrow.matches) {
      event.preventDefault();
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
    bell.ariaExpanded = String(open);
    if (open) {
      toasts.clear();
      if (host.dataset.state === 'evicted') {
        ui.restart();
      }
      drawer.opened();
      locate();
      panel.focus();
      markSeen();
      ticking = setInterval(drawer.tick, TICK_MS);
      const ends = closing = new AbortController();
      addEventListener('resize', locate, ends);
      addEventListener('scroll', locate, { signal: ends.signal, capture: true });
      document.addEventListener('visibilitychange', markSeen, ends);
      // Safari on an iPad does so by itself only since 18.3.
      let pressedAway = false;
      addEventListener('pointerdown', (event) => { pressedAway = isAway(event); }, ends);
      addEventListener('pointerup', (event) => {
        if (pressedAway && isAway(event)) {
          setOpen(false);
        }
      }, ends);
    } else {
      drawer.closed();
      clearInterval(ticking);
      closing?.abort();
      if (hadFocus) {
        bell.focus();
      }
      ui.emit('belfry-close');
    }
  }

  /** Outside of the bell and what hangs on it. @param {Event} event */
  const isAway = (event) => !event.composedPath().includes(host);

  let ticking = 0;
  /** @type {AbortController | undefined} */
  let closing;

  function locate() {
    place(panel, bell, options.placement ?? 'bottom-end');
  }

  // ---- What is shown

  let next = '';
  let sayTimer = 0;
  let arrived = 0;

  /** The last of what is said within three seconds. @param {string} text */
  function say(text) {
    next = text;
    if (!sayTimer) {
      speakUp();
    }
  }

  function speakUp() {
    if (next) {
      fill(panel.matches(':modal') ? statusInside : status, next);
    }
    sayTimer = next ? setTimeout(speakUp, SAY_MS) : 0;
    next = '';
    arrived = 0;
  }

  /** @param {{notification: Notification}} event */
  function rang({ notification }) {
    const wantsToast = ui.emit('belfry-notification', { notification });
    arrived += 1;
    say(words.t('fresh', arrived));
    bell.classList.add('ring');
    if (open) {
      markSeen();
    } else if (wantsToast && options.toasts !== 'off') {
      toasts.show(notification);
    }
  }

  let seenTimer = 0;

  /** What the open drawer shows has been seen, unless its page is not; said at most twice a second. */
  function markSeen() {
    seenTimer ||= setTimeout(() => {
      seenTimer = 0;
      if (open && !document.hidden && client?.getSnapshot().counts.unseenCount) {
        client.seen().catch(() => {});
      }
    }, SEEN_MS);
  }

  function update() {
    if (!client) {
      return;
    }
    const { counts, state, problem } = client.getSnapshot();
    const refused = state === 'refused';
    const n = refused ? 0 : options.badge === 'unseen' ? counts.unseenCount : counts.unreadCount;
    badge.hidden = n <= 0;
    badge.dataset.count = words.number(Math.min(n, BADGE_MAX)) + (n > BADGE_MAX ? '+' : '');
    bell.ariaLabel = words.t('notifications')
      + (refused ? ': ' + words.t('refused') : n > 0 ? ', ' + words.t('unreadCount', n) : '');
    host.dataset.state = state;
    drawer.update();
    ui.emit('belfry-change', { counts, state, problem });
  }

  /** The nearest of: the option, the page's `lang`, the browser's language. */
  async function speak() {
    const locale = options.locale || /** @type {HTMLElement | null} */ (host.closest('[lang]'))?.lang || navigator.language;
    if (wanted === locale) {
      return;
    }
    wanted = locale;
    const load = locales[/** @type {keyof typeof locales} */ (locale.split('-')[0].toLowerCase())];
    const strings = load && await load().then((module) => module.strings, () => undefined);
    if (wanted !== locale) {
      return;
    }
    const texts = { ...strings, ...options.strings };
    try {
      words = language(locale, texts);
    } catch {
      words = language('en', texts);  // a page's `lang` is anything
    }
    drawer.relabel();
    update();
  }

  return {
    bell,
    ui,
    setOpen,
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
    /** The host has left the page; what was open is not any more, and nobody is told of it. */
    disconnect() {
      panel.close();
      toggled();
      toasts.clear();
    },
  };
}
