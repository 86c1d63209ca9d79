// SPDX-License-Identifier: Apache-2.0
// What the user does: shown at once, sent with one key until there is an answer, and taken back
// alone if it is refused. Changes of the same notification are sent in the order they were made in.
import { toFailure } from './problem.js';

/** @typedef {import('./overlay.js').Pending} Pending */

const newKey = () => crypto.getRandomValues(new Uint32Array(4)).join('-');

/** @param {Pending} a @param {Pending} b */
const overlap = (a, b) => !a.ids || !b.ids || a.ids.some((id) => b.ids?.includes(id));

/**
 * @param {object} parts
 * @param {import('./requests.js').Requests} parts.requests
 * @param {import('./overlay.js').Overlay} parts.overlay
 * @param {() => number} parts.now
 * @param {() => void} parts.onShown what is shown has changed
 * @param {(counts: import('./types.js').Counts) => void} parts.onCounts
 * @param {(failed: import('./types.js').Failed) => void} parts.onFailed
 */
export function createChanges({ requests, overlay, now, onShown, onCounts, onFailed }) {
  /** @type {Map<Pending, Promise<void>>} */
  const sent = new Map();

  /**
   * @param {import('./operations.js').Operation} what @param {string} path @param {import('./requests.js').Ask} ask
   * @returns {Promise<void>}
   */
  return function change(what, path, ask) {
    const key = newKey();
    const operation = { ...what, key, settledAt: '', at: new Date(now()).toISOString() };
    const before = [...sent].filter(([earlier]) => overlap(earlier, operation)).map(([, job]) => job);
    overlay.set(key, operation);
    onShown();
    const job = Promise.allSettled(before).then(() => requests.send(path, { ...ask, key })).then(({ counts }) => {
      operation.settledAt = counts.upTo;
      onCounts(counts);
    }).catch((error) => {
      // The stream has confirmed it although no answer came.
      if (!overlay.delete(key)) return;
      onShown();
      const failed = toFailure(error);
      onFailed({ operation: key, op: what.op, ids: what.ids ?? [], problem: failed.problem });
      throw failed;
    }).finally(() => sent.delete(operation));
    sent.set(operation, job);
    job.catch(() => {}); // `failed` has told it, to whoever does not wait for this
    return job;
  };
}
