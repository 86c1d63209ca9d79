// SPDX-License-Identifier: Apache-2.0
// This tab's changes that the server has not confirmed on the stream yet. What is shown is the
// server's state with these on top; taking one back undoes it alone.
import { compareIds } from './ids.js';
import { applied } from './operations.js';

/** @typedef {import('./types.js').Notification} Notification */
/**
 * `settledAt`: the position from which on the server's own state includes it; '' until it answers.
 * @typedef {import('./operations.js').Operation & {key: string, settledAt: string}} Pending
 */

/** @param {Pending} operation @param {string} position */
const isIn = ({ settledAt }, position) => settledAt && compareIds(settledAt, position) <= 0;

/** By key, in the order in which they were made. @typedef {Map<string, Pending>} Overlay */

/** What the stream has brought by `cursor` is no longer pending. @param {Overlay} overlay @param {string} cursor */
export const forget = (overlay, cursor) =>
  overlay.forEach((operation, key) => { if (isIn(operation, cursor)) overlay.delete(key); });

/**
 * What to show; null: nothing.
 * @param {Overlay} overlay @param {Notification} item as the server had it @param {string} asOf at this position
 */
export const shown = (overlay, item, asOf) => [...overlay.values()].reduce(
  (now, operation) => (now && !isIn(operation, asOf) ? applied(now, operation) : now),
  /** @type {Notification|null} */ (item));
