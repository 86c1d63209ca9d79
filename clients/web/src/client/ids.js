// SPDX-License-Identifier: Apache-2.0
// Ids and cursors are decimal 64-bit numbers kept as text: a Number is exact only up to 2^53.

/** @typedef {string|null|undefined} MaybeId nothing is before every id */

/**
 * Negative, 0 or positive as `a` is before, at or after `b`. Without leading zeros the longer number
 * is the greater one.
 * @param {MaybeId} a @param {MaybeId} b
 */
export function compareIds(a, b) {
  const left = a ?? '';
  const right = b ?? '';
  return left.length - right.length || (left < right ? -1 : left > right ? 1 : 0);
}

/** @template {MaybeId} T @param {T} a @param {T} b @returns {T} */
export const laterId = (a, b) => (compareIds(a, b) < 0 ? b : a);
