// SPDX-License-Identifier: Apache-2.0
// The token that getToken gives: asked for once at a time, kept until shortly before it ends.
import { Failure, problem } from './problem.js';

const EARLY_MS = 60_000;
const CALL_MS = 30_000;

/** The `exp` of a JWT in ms; Infinity if there is none to read. @param {string} token */
export function expiryOf(token) {
  try {
    const payload = token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
    return JSON.parse(atob(payload)).exp * 1000 || Infinity;
  } catch {
    return Infinity;
  }
}

/** @param {unknown} token @returns {string} */
function checked(token) {
  if (typeof token === 'string' && token.trim() !== '') return token.trim();
  throw new Failure(problem(401, 'NO_TOKEN', 'No token', 'getToken gave no token'));
}

/** @param {unknown} error */
function tokenFailure(error) {
  return error instanceof Failure
    ? error
    : new Failure(problem(0, 'TOKEN_FAILED', 'getToken failed', String(error)));
}

/** @template T @param {Promise<T>} promise @returns {Promise<T>} */
function within(promise) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no token within ${CALL_MS} ms`)), CALL_MS);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/**
 * @param {((how: {expired: boolean}) => string|Promise<string>)|undefined} getToken
 * @param {() => number} now the server's time
 */
export function createTokens(getToken, now) {
  /** @type {string|null} */
  let token = null;
  let endsAt = 0;
  let renewAt = 0;
  /** @type {Promise<string>|null} */
  let call = null;

  /** @param {boolean} expired */
  function ask(expired) {
    call ??= within(Promise.resolve().then(() => /** @type {any} */ (getToken)({ expired })))
      .then((given) => {
        token = checked(given);
        endsAt = expiryOf(token);
        // A fifth of its life for those that live shorter than five minutes.
        renewAt = endsAt - Math.min(EARLY_MS, Math.max(0, endsAt - now()) / 5);
        return token;
      }, (error) => { throw tokenFailure(error); })
      .finally(() => { call = null; });
    return call;
  }

  return {
    /** When to renew; Infinity: never. */
    renewAt: () => (getToken ? renewAt : Infinity),
    /** null: there is no getToken, the cookie decides. @returns {Promise<string|null>} */
    async get() {
      if (!getToken) return null;
      if (token !== null && now() < renewAt) return token;
      const old = token;
      return ask(old !== null).catch((error) => {
        if (old !== null && now() < endsAt) return old;
        throw error;
      });
    },
    /** A new one instead of `used`, which was refused or is about to end. @param {string} used */
    async renew(used) {
      return token !== null && token !== used ? token : ask(true);
    },
  };
}
