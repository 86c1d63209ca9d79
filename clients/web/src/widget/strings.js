// SPDX-License-Identifier: Apache-2.0
// What the bell says, in English; src/locales/ has the other languages. A text with a number is an
// object of Intl.PluralRules' categories. The panel of preferences has some of its own.

export const english = {
  /** @type {'' | 'ltr' | 'rtl'} the language's direction; empty: the page's */
  dir: '',
  notifications: 'Notifications',
  /** @type {string | Plural} */
  unreadCount: '{n} unread',
  /** @type {string | Plural} */
  fresh: { one: '{n} new notification', other: '{n} new notifications' },
  /** @type {string | Plural} */
  pill: '{n} new',
  all: 'All',
  unread: 'Unread',
  archived: 'Archived',
  to_close: 'Close',
  to_back: 'Back',
  to_settings: 'Settings',
  to_readAll: 'Mark all as read',
  to_read: 'Mark as read',
  to_unread: 'Mark as unread',
  to_archive: 'Archive',
  to_unarchive: 'Move to inbox',
  to_delete: 'Delete',
  sure: 'Delete for good?',
  did_read: 'Marked as read',
  did_unread: 'Marked as unread',
  did_archive: 'Archived',
  did_unarchive: 'Moved to inbox',
  undo: 'Undo',
  undone: 'This could not be saved',
  empty: 'You’re all caught up',
  emptyArchived: 'Nothing archived',
  loading: 'Loading…',
  failed: 'This could not be loaded',
  retry: 'Try again',
  offline: 'You’re offline. New notifications arrive when you’re back.',
  waiting: 'Connection lost. Reconnecting…',
  evicted: 'Paused: open in too many places',
  refused: 'Notifications are unavailable',
  success: 'Success',
  warning: 'Warning',
  error: 'Error',
};

/** @typedef {typeof english} Strings */
/** @typedef {keyof Strings} StringKey */
/** @typedef {{other: string, [category: string]: string | undefined}} Plural */

/** The languages that have a file of their own. */
export const locales = {
  ar: () => import('../locales/ar.js'),
  de: () => import('../locales/de.js'),
  es: () => import('../locales/es.js'),
  fr: () => import('../locales/fr.js'),
  it: () => import('../locales/it.js'),
  ja: () => import('../locales/ja.js'),
  pt: () => import('../locales/pt.js'),
  zh: () => import('../locales/zh.js'),
};

/**
 * The words and numbers of one language.
 * @param {string} locale
 * @param {Partial<Strings>} [own]  replaces some or all of the English texts
 */
export function language(locale, own) {
  const strings = { ...english, ...own };
  const number = new Intl.NumberFormat(locale).format;
  const plurals = new Intl.PluralRules(locale);
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'narrow' });

  return {
    strings,
    number,
    /**
     * @param {StringKey} key
     * @param {number} [n]
     */
    t(key, n = 0) {
      const text = /** @type {string | Plural} */ (strings[key]);
      return (typeof text === 'string' ? text : text[plurals.select(n)] ?? text.other).replace('{n}', number(n));
    },
    /**
     * "5m ago"
     * @param {Date} time
     * @param {number} now
     */
    ago(time, now) {
      const minutes = Math.min(0, (+time - now) / 60_000);
      const [unit, size] = /** @type {[Intl.RelativeTimeFormatUnit, number]} */ (
        minutes > -1 ? ['second', Infinity] : minutes > -60 ? ['minute', 1] : minutes > -1440 ? ['hour', 60] : ['day', 1440]);
      return relative.format(Math.round(minutes / size), unit);
    },
    /** @param {Date} time */
    when: (time) => time.toLocaleString(locale),
  };
}

/** @typedef {ReturnType<typeof language>} Language */
