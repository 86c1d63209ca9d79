// SPDX-License-Identifier: Apache-2.0
// What the widget takes and what its parts share.

/** @typedef {import('../client/types.js').Client} Client */
/** @typedef {import('../client/types.js').Snapshot} Snapshot */
/** @typedef {import('../client/types.js').List} List */
/** @typedef {import('../client/types.js').Filter} Filter */
/** @typedef {import('../client/types.js').Notification} Notification */
/** @typedef {import('../client/types.js').Problem} Problem */
/** @typedef {import('./strings.js').Strings} Strings */

/**
 * Draws what is inside a row or toast in place of picture, title, body and time. The link and the
 * buttons of the row stay. Return null to have the usual one.
 * @callback RenderItem
 * @param {Notification} notification
 * @returns {Node | string | null | undefined}
 */

/**
 * A tab of its own for the kinds that begin with `kind`.
 * @typedef {object} KindTab
 * @property {string} kind   a prefix, such as "comment."
 * @property {string} label
 */

/**
 * @typedef {object} BellOptions
 * @property {Client} [client]  a client that the page has already; else one is made of the next four
 * @property {string} [projectId]
 * @property {string} [userId]
 * @property {string} [url]     the edge; default: where the script came from
 * @property {(why: {expired: boolean}) => string | Promise<string>} [getToken]  without it the cookie is used
 * @property {string | Element} [target]  where the bell goes; default: the page's own <belfry-bell>, else a corner of the page
 * @property {'auto' | 'light' | 'dark'} [theme]  auto (default): as the system says
 * @property {string} [placement]  "bottom-end" (default), "bottom-start", "top-end" or "top-start"
 * @property {'unread' | 'unseen'} [badge]  what the badge counts
 * @property {string} [toasts]  a corner as in `placement`, or "off"
 * @property {string} [locale]
 * @property {Partial<Strings>} [strings]
 * @property {KindTab[]} [kinds]
 * @property {RenderItem} [renderItem]
 * @property {boolean} [preferences]  false: without the panel that mutes kinds
 * @property {boolean} [open]
 */

/**
 * What a notification's `meta.actions` holds; the first two are shown.
 * @typedef {object} Action
 * @property {string} label
 * @property {string} [url]  without one the page handles "belfry-action"
 */

/**
 * What the bell's parts share.
 * @typedef {object} Ui
 * @property {ShadowRoot} root
 * @property {BellOptions} options
 * @property {() => Client} client
 * @property {() => import('./strings.js').Language} words
 * @property {(type: string, detail?: object) => boolean} emit  false: somebody called preventDefault
 * @property {(text: string) => void} say  to a screen reader
 * @property {() => boolean} isOpen
 * @property {() => void} close
 * @property {() => void} restart
 */

export {};
