// SPDX-License-Identifier: Apache-2.0
// The token that getToken gives: asked for once at a time, kept until shortly before it ends.
import { failure, toFailure } from './problem.js';

const EARLY_MS = 60_000;
const CALL_MS = 30_000;

/** The `exp` of a JWT in ms; Infinity if there is none to read. @param {string} token */
export function expiryOf(token) {
  try {
    return JSON.parse(atob(token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/'))).exp * 1000 || Infinity;
  } catch {
    return Infinity;
  }
}

/**
 * @param {((how: {expired: boolean}) => string|Promise<string>)|undefined} getToken
 * @param {() => number} now the server's time
 */
export function createTokens(getToken, now) {
  let token = '';
  let endsAt = 0;
  let renewAt = getToken ? 0 : Infinity;
  /** @type {Promise<string>|null} */
  let call = null;

  /** @param {boolean} expired @returns {Promise<string>} */
  const given = (expired) => new Promise((resolve, reject) => {
    const timer = setTimeout(reject, CALL_MS, 'no answer');
    Promise.resolve({ expired }).then(getToken).then(/** @type {any} */ (resolve), reject)
      .finally(() => clearTimeout(timer));
  });

  /** @param {boolean} expired */
  async function ask(expired) {
    try {
      const next = (await given(expired))?.trim?.();
      if (!next) throw failure('NO_TOKEN', 'getToken gave none', 401);
      token = next;
      endsAt = expiryOf(token);
      // A fifth of its life for those that live shorter than five minutes.
      renewAt = endsAt - Math.min(EARLY_MS, Math.max(0, endsAt - now()) / 5);
      return token;
    } catch (error) {
      throw toFailure(error, 'TOKEN_FAILED');
    } finally {
      call = null;
    }
  }

  return {
    /** When to renew; Infinity: never. */
    renewAt: () => renewAt,
    /** '': there is no getToken, the cookie decides. @returns {Promise<string>} */
    async get() {
      if (now() < renewAt) return token;
      try {
        return await (call ??= ask(!!token));
      } catch (error) {
        if (now() < endsAt) return token;
        throw error;
      }
    },
    /** A new one instead of `used`, which was refused, or of the one in use. @param {string} [used] */
    renew: async (used = token) => (token !== used ? token : (call ??= ask(true))),
  };
}
