// SPDX-License-Identifier: Apache-2.0
// For what somebody has to mend there is one line on the console, and a fetch that failed without a
// reason is looked into. What knows how is loaded when it is needed: if it cannot be, then the edge
// cannot be reached, which is all there is to say.
import { failure } from './problem.js';

/** @typedef {import('./problem.js').Failure} Failure */

const load = () => import('./advice.lazy.js');

/** @param {import('./types.js').Problem} problem @param {boolean} [always] also where there is no advice */
export const warn = (problem, always) => void load().then(
  (advice) => advice.warn(problem, always),
  () => always && console.warn('belfry:', problem.code, problem.detail));

/** The same, with what can be known of a fetch of `url`. @param {Failure} failed @param {string} url @param {typeof globalThis.fetch} fetch */
export async function explain(failed, url, fetch) {
  const { code, detail } = failed.problem;
  if (code !== 'UNREACHABLE') return failed;
  return failure(await load().then(({ lookInto }) => lookInto(url, fetch)).catch(() => code), detail);
}
