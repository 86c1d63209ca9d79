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

  /** @param {Pending} operation @param {string} path @param {import('./requests.js').Ask} ask @param {Promise<void>[]} before */
  async function run(operation, path, ask, before) {
    await Promise.allSettled(before);
    try {
      const { counts } = await requests.send(path, { ...ask, key: operation.key });
      operation.settledAt = counts.upTo;
      onCounts(counts);
    } catch (error) {
      // The stream has confirmed it although no answer came.
      if (!overlay.delete(operation.key)) return;
      const { key, op, ids = [] } = operation;
      const failure = toFailure(error);
      onShown();
      onFailed({ operation: key, op, ids, problem: failure.problem });
      throw failure;
    }
  }

  /**
   * @param {import('./operations.js').Operation} what @param {string} path @param {import('./requests.js').Ask} ask
   * @returns {Promise<void>}
   */
  return function change(what, path, ask) {
    const operation = { ...what, key: newKey(), settledAt: '', at: new Date(now()).toISOString() };
    const before = [...sent].filter(([earlier]) => overlap(earlier, operation)).map(([, job]) => job);
    overlay.set(operation.key, operation);
    onShown();
    const job = run(operation, path, ask, before).finally(() => sent.delete(operation));
    sent.set(operation, job);
    job.catch(() => {}); // `failed` has told it, to whoever does not wait for this
    return job;
  };
}
