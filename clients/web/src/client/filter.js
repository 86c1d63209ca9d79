// SPDX-License-Identifier: Apache-2.0
// Which notifications a list has: the query for the edge, and the same rule here.

/** @typedef {import('./types.js').Filter} Filter */

/** The same text for filters that mean the same. @param {Filter} filter */
export const queryOf = (filter) =>
  String(new URLSearchParams(/** @type {string[][]} */ (
    Object.entries(filter).filter(([, value]) => value).sort())));

/** @param {Filter} filter @param {import('./types.js').Notification} item @param {number} now the server's time */
export const matches = ({ unread, archived, kind = '', level }, item, now) =>
  !item.archivedAt === !archived &&
  !(unread && item.readAt) &&
  (item.kind ?? '').startsWith(kind) &&
  (!level || item.level === level) &&
  !(Date.parse(item.expiresAt ?? '') <= now);
