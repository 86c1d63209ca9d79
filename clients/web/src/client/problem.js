// SPDX-License-Identifier: Apache-2.0
// What went wrong, in one shape, and as an error that can be thrown.

/** @typedef {import('./types.js').Problem} Problem */

/** @param {number} status @param {string} code @param {string} title @param {string} [detail] @returns {Problem} */
export const problem = (status, code, title, detail = '') =>
  Object.freeze({ status, title, detail, code });

export class Failure extends Error {
  /** @param {Problem} what @param {number} [waitMs] the least time to the next attempt */
  constructor(what, waitMs = 0) {
    super(what.detail || what.title);
    this.name = 'BelfryError';
    this.problem = what;
    this.waitMs = waitMs;
  }
}

/** @param {Problem} p another attempt may go well */
export const isTransient = (p) => p.status === 0 || p.status === 429 || p.status >= 500;

/** @param {unknown} error @returns {Failure} */
export const toFailure = (error) =>
  error instanceof Failure
    ? error
    : new Failure(problem(0, 'UNREACHABLE', 'No answer', String(error)));

/** @param {string|null} value seconds, or a date */
export function retryAfterMs(value) {
  if (!value) return 0;
  const ms = /^\d+$/.test(value) ? +value * 1000 : Date.parse(value) - Date.now();
  return ms > 0 ? ms : 0;
}

/** An answer that is not what was asked for. @param {Response} answer */
export async function failureOf(answer) {
  const body = await answer.json().catch(() => ({}));
  const what = problem(answer.status, body.reason ?? `HTTP_${answer.status}`,
    body.title ?? answer.statusText, body.detail);
  return new Failure(what, retryAfterMs(answer.headers.get('retry-after')));
}
