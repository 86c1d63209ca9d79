// SPDX-License-Identifier: Apache-2.0
// For what somebody has to mend there is one line on the console, and a fetch that failed without a
// reason is looked into. What knows how is loaded when it is needed: if it cannot be, then the edge
// cannot be reached, which is all there is to say.

/** @typedef {import('./problem.js').Failure} Failure */

const load = () => import('./advice.lazy.js');

export function createConsole() {
  const said = new Set();
  /** @param {import('./types.js').Problem} problem @param {boolean} [always] also without advice */
  return ({ code, detail }, always = false) => {
    if (said.has(code)) return;
    said.add(code);
    load().then(({ ADVICE }) => ADVICE[code], () => '').then((advice) => {
      if (always || advice) console.warn(`belfry: ${code}: ${detail}. ${advice ?? ''}`);
    });
  };
}

/**
 * What a failed fetch of `url` was, as well as can be known.
 * @param {Failure} failed @param {string} url @param {typeof globalThis.fetch} fetch
 * @returns {Promise<Failure>}
 */
export const explain = (failed, url, fetch) =>
  failed.problem.code === 'UNREACHABLE' && globalThis.document
    ? load().then(({ lookInto }) => lookInto(failed, url, fetch)).catch(() => failed) : Promise.resolve(failed);
