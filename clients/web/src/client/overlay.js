// SPDX-License-Identifier: Apache-2.0
// This tab's changes that the server has not confirmed on the stream yet. What is shown is the
// server's state with these on top; taking one back undoes it alone.
import { compareIds } from './ids.js';
import { applied } from './operations.js';

/** @typedef {import('./operations.js').Operation} Operation */
/** @typedef {import('./types.js').Notification} Notification */
/** @typedef {Operation & {key: string, settledAt?: string}} Pending */

export function createOverlay() {
  /** In the order in which they were made. @type {Map<string, Pending>} */
  const pending = new Map();
  return {
    /** @param {Pending} operation */
    add: (operation) => void pending.set(operation.key, operation),
    /** Takes it back, or the stream has confirmed it: false if that was done before. @param {string} key */
    remove: (key) => pending.delete(key),
    /** @param {string} key */
    has: (key) => pending.has(key),
    /** The server has answered: from `position` on its own state includes it. @param {string} key @param {string} position */
    settle(key, position) {
      const operation = pending.get(key);
      if (operation) operation.settledAt = position;
    },
    /** The stream has come to `cursor`. @param {string|null} cursor */
    forget(cursor) {
      for (const { key, settledAt } of pending.values()) {
        if (settledAt !== undefined && compareIds(settledAt, cursor) <= 0) pending.delete(key);
      }
    },
    /**
     * What to show; null: nothing.
     * @param {Notification} item as the server had it @param {string} asOf at this position
     * @returns {Notification|null}
     */
    over(item, asOf) {
      /** @type {Notification|null} */
      let shown = item;
      for (const operation of pending.values()) {
        const known = operation.settledAt !== undefined && compareIds(operation.settledAt, asOf) <= 0;
        if (shown && !known) shown = applied(shown, operation);
      }
      return shown;
    },
  };
}
