// SPDX-License-Identifier: Apache-2.0
// Requests to the edge as the user: the credential, one renewal of it, and what failed as a Failure.
import { createBackoff } from './backoff.js';
import { Failure, failureOf, isTransient, problem, toFailure } from './problem.js';

const ANSWER_MS = 30_000;
/** A list is asked for again fewer times than a change: its reader waits. */
export const TRIES = { change: 6, list: 3 };

/**
 * @typedef {object} Ask
 * @property {string} [method]
 * @property {object} [body]
 * @property {string} [key] the Idempotency-Key; a request with one outlives its page
 * @property {string} [accept]
 * @property {AbortSignal} [signal]
 */

/** @typedef {ReturnType<typeof createRequests>} Requests */

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * @param {{base: string, fetch: typeof globalThis.fetch, tokens: ReturnType<typeof import('./token.js').createTokens>}} what
 */
export function createRequests({ base, fetch, tokens }) {
  /** @param {string} path @param {Ask} ask @param {string|null} token */
  function once(path, { method = 'GET', body, key, accept = 'application/json', signal }, token) {
    /** @type {Record<string, string>} */
    const headers = { Accept: accept };
    if (token !== null) headers.Authorization = `Bearer ${token}`;
    if (body) headers['Content-Type'] = 'application/json';
    if (key) headers['Idempotency-Key'] = key;
    return fetch(base + path, {
      method,
      headers,
      body: body && JSON.stringify(body),
      credentials: token === null ? 'include' : 'omit',
      cache: 'no-store',
      keepalive: !!key,
      signal,
    });
  }

  /** The answer if it is a 2xx. @param {string} path @param {Ask} ask @throws {Failure} */
  async function open(path, ask = {}) {
    let token = await tokens.get();
    let answer = await once(path, ask, token);
    if (answer.status === 401 && token !== null) {
      token = await tokens.renew(token);
      answer = await once(path, ask, token);
    }
    if (!answer.ok) throw await failureOf(answer);
    return answer;
  }

  /** @param {string} path @param {Ask} ask */
  async function json(path, ask) {
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), ANSWER_MS);
    try {
      const answer = await open(path, { ...ask, signal: timeout.signal });
      return await answer.json().catch(() => {
        throw new Failure(problem(502, 'NOT_BELFRY', 'Not an answer of belfry', 'the answer is no JSON'));
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * The answer's JSON; what may go well another time is tried again.
   * @param {string} path @param {Ask} [ask] @throws {Failure}
   */
  async function send(path, ask = {}) {
    const backoff = createBackoff();
    for (let left = ask.key ? TRIES.change : TRIES.list; ; ) {
      try {
        return await json(path, ask);
      } catch (error) {
        const failure = toFailure(error);
        if (--left === 0 || !isTransient(failure.problem)) throw failure;
        await pause(backoff.next(false, failure.waitMs));
      }
    }
  }

  return { open, send };
}
