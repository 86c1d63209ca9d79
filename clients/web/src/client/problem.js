// SPDX-License-Identifier: Apache-2.0
// What went wrong, in one shape, and as an error that can be thrown.

/** @typedef {import('./types.js').Problem} Problem */

export class Failure extends Error {
  /** @param {Problem} what @param {number} [waitMs] the least time to the next attempt */
  constructor(what, waitMs = 0) {
    super(what.detail);
    this.problem = what;
    this.waitMs = waitMs;
  }
}

/** One that no server has reported. @param {string} code @param {unknown} detail @param {number} [status] */
export const failure = (code, detail, status = 0) => new Failure(
  { status, title: code.replace(/_/g, ' ').toLowerCase(), detail: String(detail), code });

/** Another attempt may go well. @param {Problem} what */
export const isTransient = ({ status, code }) =>
  (status === 0 && code !== 'BLOCKED_BY_CSP') || status === 429 || status >= 500;

/** @param {unknown} error @param {string} [code] of one that says nothing */
export const toFailure = (error, code = 'UNREACHABLE') =>
  error instanceof Failure ? error : failure(code, error);

/** An answer that is not what was asked for. @param {Response} answer */
export async function failureOf(answer) {
  const { status } = answer;
  const { title = answer.statusText, detail = title, reason: code = `HTTP_${status}` } =
    await answer.json().catch(() => ({}));
  return new Failure({ status, title, detail, code }, Number(answer.headers.get('retry-after')) * 1000 || 0);
}
