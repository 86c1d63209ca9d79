// SPDX-License-Identifier: Apache-2.0
// Requests to the edge as the user: the credential, one renewal of it, and what failed as a Failure.
import { createBackoff } from './backoff.js';
import { failureOf, isTransient, toFailure } from './problem.js';

const ANSWER_MS = 30_000;
const TRIES = 5;
const DOWN_MS = 1000;

/**
 * @typedef {object} Ask
 * @property {string} [method]
 * @property {object} [body]
 * @property {object} [query]
 * @property {string} [key] the Idempotency-Key; a request with one outlives its page
 * @property {AbortSignal} [signal]
 */

/** @typedef {ReturnType<typeof createRequests>} Requests */

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * @param {{base: string, who: object, fetch: typeof globalThis.fetch, tokens: ReturnType<typeof import('./token.js').createTokens>, isDown: () => boolean}} what
 *   `who` this page means, in every query: the edge refuses what is another one's by the token
 */
export function createRequests({ base, who, fetch, tokens, isDown }) {
  /** @param {string} path @param {Ask} ask @param {string} token */
  const once = (path, { method, body, key, signal, query }, token) => fetch(`${base}${path}?${new URLSearchParams({ ...who, ...query })}`, {
    method,
    headers: {
      ...(token && { Authorization: `Bearer ${token}` }),
      ...(body && { 'Content-Type': 'application/json' }),
      ...(key && { 'Idempotency-Key': key }),
    },
    body: body && JSON.stringify(body),
    credentials: token ? 'omit' : 'include',
    keepalive: !!key,
    signal,
  });

  /** The answer if it is a 2xx. @param {string} path @param {Ask} ask @throws {Failure} */
  async function open(path, ask) {
    let token = await tokens.get();
    let answer = await once(path, ask, token);
    if (answer.status === 401 && token) {
      token = await tokens.renew(token);
      answer = await once(path, ask, token);
    }
    if (!answer.ok) throw await failureOf(answer);
    return answer;
  }

  /**
   * The answer's JSON; what may go well another time is tried again, a change once the stream is not
   * down any more.
   * @param {string} path @param {Ask} [ask] @throws {Failure}
   */
  async function send(path, ask = {}) {
    const backoff = createBackoff();
    for (let tries = 1; ; tries++) {
      try {
        const answer = await open(path, { ...ask, signal: AbortSignal.timeout(ANSWER_MS) });
        return await answer.json();
      } catch (error) {
        const failed = toFailure(error);
        if (tries === TRIES || !isTransient(failed.problem)) throw failed;
        await pause(backoff.next(failed.waitMs));
        while (ask.key && isDown()) await pause(DOWN_MS);
      }
    }
  }

  return { open, send };
}
