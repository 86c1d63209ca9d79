// SPDX-License-Identifier: Apache-2.0
// What the bell says, in English; src/locales/ has the other languages. A text with a number is an
// object of Intl.PluralRules' categories. The panel of preferences has some of its own.

export const english = {
  /** @type {'' | 'ltr' | 'rtl'} the language's direction; empty: the page's */
  dir: '',
  notifications: 'Notifications',
  /** @type {Plural} */
  unreadCount: { one: '{n} unread', other: '{n} unread' },
  /** @type {Plural} */
  fresh: { one: '{n} new notification', other: '{n} new notifications' },
  /** @type {Plural} */
  pill: { one: '{n} new', other: '{n} new' },
  now: 'now',
  all: 'All',
  unread: 'Unread',
  archived: 'Archived',
  close: 'Close',
  back: 'Back',
  settings: 'Settings',
  readAll: 'Mark all as read',
  toRead: 'Mark as read',
  toUnread: 'Mark as unread',
  toArchive: 'Archive',
  toUnarchive: 'Move to inbox',
  toDelete: 'Delete',
  sure: 'Delete for good?',
  didRead: 'Marked as read',
  didUnread: 'Marked as unread',
  didUnarchive: 'Moved to inbox',
  didReadAll: 'All marked as read',
  undo: 'Undo',
  undone: 'That could not be saved and was undone',
  empty: 'You’re all caught up',
  emptyArchived: 'Nothing archived',
  loading: 'Loading…',
  failed: 'Notifications could not be loaded',
  retry: 'Try again',
  offline: 'You’re offline. Nothing is lost: new notifications arrive when you’re back.',
  waiting: 'Connection lost. Reconnecting…',
  refused: 'Notifications are not available',
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
      return typeof text === 'string' ? text
        : (text[plurals.select(n)] ?? text.other).replace('{n}', number(n));
    },
    /**
     * "5m ago"; after a week the day.
     * @param {Date} time
     * @param {number} now
     */
    ago(time, now) {
      const minutes = (+time - now) / 60_000;
      const say = (/** @type {number} */ unit, /** @type {Intl.RelativeTimeFormatUnit} */ name) =>
        relative.format(Math.round(minutes / unit), name);
      return minutes > -1 ? strings.now
        : minutes > -60 ? say(1, 'minute')
          : minutes > -1440 ? say(60, 'hour')
            : minutes > -10_080 ? say(1440, 'day')
              : time.toLocaleDateString(locale, { day: 'numeric', month: 'short' });
    },
    /** @param {Date} time */
    when: (time) => time.toLocaleString(locale, { dateStyle: 'full', timeStyle: 'short' }),
  };
}

/** @typedef {ReturnType<typeof language>} Language */
