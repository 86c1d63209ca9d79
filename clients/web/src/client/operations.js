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

/** @param {Operation} operation @param {Notification} item */
function touches({ ids, upTo, kind = '', onlyRead }, item) {
  if (ids) return ids.includes(item.id);
  return upTo !== undefined && compareIds(item.id, upTo) <= 0 &&
    (item.kind ?? '').startsWith(kind) && !(onlyRead && !item.readAt);
}

/** @param {Notification} item @param {Partial<Notification>} change */
const changed = (item, change) => Object.freeze({ ...item, ...change });

/** The notification afterwards; null: it is gone. @param {Notification} item @param {Operation} operation */
export function applied(item, operation) {
  if (!touches(operation, item)) return item;
  const { op, at } = operation;
  switch (op) {
    case 'read':
    case 'read_all':
      return item.readAt ? item : changed(item, { readAt: at });
    case 'unread':
      return item.readAt ? changed(item, { readAt: undefined }) : item;
    case 'archive':
    case 'archive_all':
      return item.archivedAt ? item : changed(item, { archivedAt: at, readAt: item.readAt ?? at });
    case 'unarchive':
      return item.archivedAt ? changed(item, { archivedAt: undefined }) : item;
    case 'delete':
    case 'retracted':
    case 'expired':
    case 'replaced':
      return null;
    default:
      return item;
  }
}

/** Could notifications that we do not have enter a list of this filter? @param {string} op @param {import('./types.js').Filter} filter */
export function bringsIn(op, { unread, archived }) {
  if (archived) return op === 'archive' || op === 'archive_all';
  return op === 'unarchive' || (op === 'unread' && !!unread);
}
