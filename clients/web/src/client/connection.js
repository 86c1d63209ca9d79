// SPDX-License-Identifier: Apache-2.0
// One stream, kept open: attempt, read, notice that it died, wait, attempt again.
import { createBackoff, STABLE_MS } from './backoff.js';
import { isHidden, isOffline } from './page.js';
import { createParser } from './parser.js';
import { failure, isTransient, toFailure } from './problem.js';

/** @typedef {import('./types.js').Problem} Problem */
/** @typedef {import('./types.js').State} State */
/** @typedef {import('./tabs.js').Said} Said */
/** @typedef {import('./problem.js').Failure} Failure */
/** @typedef {{state: State, problem: Problem|null, retryAt: number|null}} Condition */

const FIRST_BYTE_MS = 15_000;
const WATCH_MS = 5000;
const TIMER_MAX_MS = 2 ** 31 - 1;
const NETWORK_SPREAD_MS = 1000;

/**
 * @param {object} parts
 * @param {import('./requests.js').Requests} parts.requests
 * @param {ReturnType<typeof import('./token.js').createTokens>} parts.tokens
 * @param {() => number} parts.now the server's time
 * @param {() => object} parts.query with the cursor
 * @param {(said: Said) => void} parts.onSaid may throw a Failure, which ends the attempts
 * @param {(condition: Condition) => void} parts.onCondition
 * @param {(failed: Failure) => Promise<Failure>} parts.explain
 */
export function createConnection({ requests, tokens, now, query, onSaid, onCondition, explain }) {
  const backoff = createBackoff();
  /** The attempt under way. @type {AbortController|null} */
  let current = null;
  let running = false;
  let silenceMs = 0;
  let retryMs = 0;
  /** 0: it is not live. */
  let liveSince = 0;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let next;

  /** @param {State} state @param {Problem|null} [problem] @param {number|null} [retryAt] */
  const tell = (state, problem = null, retryAt = null) => onCondition({ state, problem, retryAt });

  function drop() {
    clearTimeout(next);
    current?.abort();
    current = null;
  }

  /** @param {number} wait @param {Problem|null} why */
  function plan(wait, why) {
    drop();
    next = setTimeout(begin, wait);
    tell(isOffline() ? 'offline' : why?.code === 'EVICTED' ? 'evicted' : 'waiting', why, Date.now() + wait);
  }

  /** @param {AbortController} attempt @param {Said} said @returns {Failure|undefined} why the stream ends now */
  function take(attempt, said) {
    const { type, data } = said;
    if (type === 'bye') return failure(data.reason.toUpperCase(), 'the stream was closed');
    onSaid(said);
    if (type !== 'connected') return;
    silenceMs = 2 * data.heartbeatMs + 1000;
    liveSince = Date.now();
    tell('live');
    // A new stream with a new token before the old one ends: there is nothing to see of it.
    next = setTimeout(
      () => tokens.renew().then(() => { if (attempt === current) begin(); }, () => {}),
      Math.min(TIMER_MAX_MS, Math.max(1000, tokens.renewAt() - now())));
  }

  /** Reads until it ends, which is always an error. @param {AbortController} attempt */
  async function readThrough(attempt) {
    let heardAt = Date.now();
    const watch = setInterval(() => {
      if (Date.now() - heardAt > silenceMs) attempt.abort(failure('SILENT', 'no heartbeat'));
    }, WATCH_MS);
    try {
      const { body, headers } = await requests.open('/v1/stream', { signal: attempt.signal, query: query() });
      if (!headers.get('content-type')?.startsWith('text/event-stream')) {
        throw failure('NOT_BELFRY', 'no event stream');
      }
      /** @type {Failure|undefined} */
      let end;
      const parse = createParser(({ type, data, id }) => {
        if (attempt === current) end ??= take(attempt, { type, id, data: data && JSON.parse(data) });
      }, (ms) => { retryMs = ms; });
      const reader = /** @type {ReadableStream} */ (body).getReader();
      for (;;) {
        // Cut in the middle it is an error, which says no more than its end does.
        const { done, value } = await reader.read().catch(() => ({ done: true, value: null }));
        if (done) throw failure('ENDED', 'the stream was closed');
        heardAt = Date.now();
        parse(value);
        if (end) throw end;
      }
    } finally {
      clearInterval(watch);
    }
  }

  async function begin() {
    drop();
    running = true;
    const attempt = current = new AbortController();
    silenceMs = FIRST_BYTE_MS;
    retryMs = 0;
    const error = await readThrough(attempt).catch((why) => why);
    if (attempt !== current) return;
    const { problem, waitMs } = await explain(toFailure(attempt.signal.reason ?? error));
    if (attempt !== current) return;
    if (liveSince && Date.now() - liveSince > STABLE_MS) backoff.reset();
    liveSince = 0;
    if (isTransient(problem)) {
      plan(backoff.next(problem.code === 'TOKEN_EXPIRED' ? 0 : Math.max(waitMs, retryMs), isHidden()), problem);
    } else {
      stop();
      tell('refused', problem);
    }
  }

  function stop() {
    running = false;
    liveSince = 0;
    drop();
  }

  return {
    stop,
    /** An attempt now, whatever the state says: a stream may look alive and be dead. */
    start: begin,
    /** The network is gone or back, or so it is said: soon, but not all clients at once. */
    network() {
      if (running) plan(Math.random() * NETWORK_SPREAD_MS, null);
    },
  };
}
