// SPDX-License-Identifier: Apache-2.0
// What a change does to a notification: the server's `state` events and this tab's pending changes.
import { compareIds } from './ids.js';

/** @typedef {import('./types.js').Notification} Notification */

/**
 * @typedef {object} Operation
 * @property {string} op
 * @property {string[]} [ids] these
 * @property {string} [upTo] or all up to here
 * @property {string} [kind] of this prefix
 * @property {boolean} [onlyRead]
 * @property {string} [at]
 */

/** @type {Record<string, (item: Notification, at?: string) => Partial<Notification>>} */
const EFFECTS = {
  read: ({ readAt }, at) => ({ readAt: readAt ?? at }),
  unread: () => ({ readAt: undefined }),
  archive: ({ readAt, archivedAt }, at) => ({ readAt: readAt ?? at, archivedAt: archivedAt ?? at }),
  unarchive: () => ({ archivedAt: undefined }),
};
const ENDS = /^(delete|retracted|expired|replaced)$/;

/** @param {Operation} operation @param {Notification} item */
const touches = ({ ids, upTo, kind = '', onlyRead, at = '' }, item) =>
  ids ? ids.includes(item.id)
    : compareIds(item.id, upTo) <= 0 && (item.kind ?? '').startsWith(kind) &&
      // In replay a notification comes as it is by now, and may have been read later.
      !(onlyRead && !((item.readAt ?? '~') < at));

/** The notification afterwards; null: it is gone. @param {Notification} item @param {Operation} operation */
export function applied(item, operation) {
  const { op, at } = operation;
  if (!touches(operation, item)) return item;
  const effect = EFFECTS[op.replace('_all', '')];
  if (effect) return Object.freeze({ ...item, ...effect(item, at) });
  return ENDS.test(op) ? null : item;
}

/** Could notifications that we do not have enter a list of this filter? @param {string} op @param {import('./types.js').Filter} filter */
export const bringsIn = (op, { unread, archived }) =>
  archived ? op.startsWith('archive') : op === 'unarchive' || (op === 'unread' && !!unread);
