// SPDX-License-Identifier: Apache-2.0
// What went wrong, in one shape, and as an error that can be thrown.

/** @typedef {import('./types.js').Problem} Problem */
/** `waitMs` is the least time to the next attempt. @typedef {Error & {problem: Problem, waitMs: number}} Failure */

/** @param {Problem} problem @param {number} [waitMs] @returns {Failure} */
const fail = (problem, waitMs = 0) => Object.assign(new Error(problem.detail), { problem, waitMs });

/** One that no server has reported. @param {string} code @param {unknown} detail @param {number} [status] */
export const failure = (code, detail, status = 0) =>
  fail({ status, title: code, detail: `${detail}`, code });

/** Another attempt may go well. @param {Problem} what */
export const isTransient = ({ status, code }) =>
  code !== 'BLOCKED_BY_CSP' && (!status || status === 429 || status >= 500);

/** @param {any} error @param {string} [code] of one that says nothing @returns {Failure} */
export const toFailure = (error, code = error instanceof SyntaxError ? 'NOT_BELFRY' : 'UNREACHABLE') =>
  (error?.problem ? error : failure(code, error));

/** An answer that is not what was asked for. @param {Response} answer */
export async function failureOf(answer) {
  const { status } = answer;
  const { title = answer.statusText, detail = title, reason: code = `HTTP_${status}` } =
    await answer.json().catch(() => ({}));
  return fail({ status, title, detail, code }, Number(answer.headers.get('retry-after')) * 1000 || 0);
}
