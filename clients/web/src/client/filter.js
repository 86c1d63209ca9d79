// SPDX-License-Identifier: Apache-2.0
// Which notifications a list has: the query for the edge, and the same rule here.

/** @typedef {import('./types.js').Filter} Filter */

/** What it selects, in one order. @param {Filter} filter */
export const queryOf = (filter) => Object.fromEntries(Object.entries(filter).filter(([, value]) => value).sort());

/** @param {Filter} filter @param {import('./types.js').Notification} item @param {number} now the server's time */
export const matches = ({ unread, archived, kind = '', level }, item, now) =>
  !item.archivedAt === !archived &&
  !(unread && item.readAt) &&
  (item.kind ?? '').startsWith(kind) &&
  (!level || item.level === level) &&
  !(Date.parse(item.expiresAt ?? '') <= now);
