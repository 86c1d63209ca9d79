// SPDX-License-Identifier: Apache-2.0
// Which notifications a list has: the query for the edge, and the same rule here.

/** @typedef {import('./types.js').Filter} Filter */

/** The same text for filters that mean the same. @param {Filter} filter */
export function queryOf({ unread, archived, kind, level }) {
  const query = new URLSearchParams();
  if (unread) query.set('unread', 'true');
  if (archived) query.set('archived', 'true');
  if (kind) query.set('kind', kind);
  if (level) query.set('level', level);
  return query.toString();
}

/** @param {Filter} filter @param {import('./types.js').Notification} item @param {number} now the server's time */
export const matches = ({ unread, archived, kind = '', level }, item, now) =>
  !!item.archivedAt === !!archived &&
  !(unread && item.readAt) &&
  (item.kind ?? '').startsWith(kind) &&
  (!level || item.level === level) &&
  !(item.expiresAt && Date.parse(item.expiresAt) <= now);
