// SPDX-License-Identifier: Apache-2.0
// How long to wait before the next attempt: full jitter, so that clients that lost one server do
// not come back together, under a bound that doubles. It never gives up.

const LEAST_MS = 250;
const FIRST_MS = 1000;
const VISIBLE_MAX_MS = 30_000;
const HIDDEN_MAX_MS = 300_000;
/** A stream that lived so long starts again from the first step. */
export const STABLE_MS = 30_000;

export function createBackoff() {
  let tries = 0;
  return {
    /** @param {number} floor in ms, what the server asked for @param {boolean} [hidden] */
    next(floor, hidden) {
      const most = Math.min(hidden ? HIDDEN_MAX_MS : VISIBLE_MAX_MS, FIRST_MS * 2 ** tries++);
      return Math.max(floor, LEAST_MS + Math.random() * most);
    },
    reset() {
      tries = 0;
    },
  };
}
