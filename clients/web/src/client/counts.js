// SPDX-License-Identifier: Apache-2.0
// The counts: the server's numbers, in the order of the log positions at which they are true.
import { compareIds } from './ids.js';

/** @typedef {import('./types.js').Counts} Counts */

/** @type {Counts} */
export const NO_COUNTS = Object.freeze({ unreadCount: 0, unseenCount: 0, byKind: {}, upTo: '0' });

/** The later of two. @param {Counts} held @param {Counts} [given] @returns {Counts} */
export const laterCounts = (held, given) =>
  given && compareIds(given.upTo, held.upTo) > 0 ? Object.freeze(given) : held;

/**
 * With a notification that came on the stream. One that replaces another is followed by a `state`
 * with the server's numbers, which alone knows whether the other was unread.
 * @param {Counts} held @param {import('./types.js').Notification} notification @returns {Counts}
 */
export const countArrival = (held, { id, kind = '', readAt, replaces }) =>
  readAt || replaces ? held : laterCounts(held, {
    unreadCount: held.unreadCount + 1,
    unseenCount: held.unseenCount + 1,
    byKind: { ...held.byKind, [kind]: (held.byKind[kind] ?? 0) + 1 },
    upTo: id,
  });
