// SPDX-License-Identifier: Apache-2.0
// One stream, kept open: attempt, read, notice that it died, wait, attempt again.
import { createBackoff, STABLE_MS } from './backoff.js';
import { createParser } from './parser.js';
import { Failure, isTransient, problem, toFailure } from './problem.js';

/** @typedef {import('./types.js').Problem} Problem */
/** @typedef {import('./types.js').State} State */
/** @typedef {import('./parser.js').Block} Block */
/** @typedef {{state: State, problem: Problem|null, retryAt: number|null}} Condition */

const FIRST_BYTE_MS = 15_000;
const HEARTBEAT_MS = 20_000;
const TIMER_MAX_MS = 2 ** 31 - 1;
const ONLINE_SPREAD_MS = 1000;

const SILENT = problem(0, 'SILENT', 'The stream went silent', 'no heartbeat came in time');
const ENDED = problem(0, 'ENDED', 'The stream ended', 'the server or a proxy closed it');
const NO_STREAM = problem(0, 'NOT_BELFRY', 'Not an answer of belfry', 'the answer is no event stream');

const isHidden = () => globalThis.document?.visibilityState === 'hidden';

/**
 * @param {object} parts
 * @param {import('./requests.js').Requests} parts.requests
 * @param {ReturnType<typeof import('./token.js').createTokens>} parts.tokens
 * @param {() => number} parts.now the server's time
 * @param {() => string} parts.path where the stream is, with the cursor
 * @param {(block: Block) => void} parts.onBlock may throw a Failure, which ends the attempts
 * @param {(condition: Condition) => void} parts.onCondition
 */
export function createConnection({ requests, tokens, now, path, onBlock, onCondition }) {
  const backoff = createBackoff();
  /** The attempt under way. @type {AbortController|null} */
  let current = null;
  let running = false;
  let heartbeatMs = 0;
  let retryMs = 0;
  let liveSince = 0;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let waiting;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let renewal;

  /** @param {State} state @param {Problem|null} [why] @param {number|null} [retryAt] */
  const tell = (state, why = null, retryAt = null) => onCondition({ state, problem: why, retryAt });

  function drop() {
    clearTimeout(waiting);
    clearTimeout(renewal);
    current?.abort();
    current = null;
  }

  /** @param {AbortController} attempt */
  function watchdog(attempt) {
    let heard = Date.now();
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    let timer;
    const limit = () => (heartbeatMs ? 2 * heartbeatMs + 1000 : FIRST_BYTE_MS);
    const check = () => {
      const left = heard + limit() - Date.now();
      if (left > 0) timer = setTimeout(check, left);
      else attempt.abort(new Failure(SILENT));
    };
    check();
    return { heard: () => { heard = Date.now(); }, stop: () => clearTimeout(timer) };
  }

  // A new stream with a new token, before the old one ends: there is nothing to see of it.
  function planRenewal() {
    const wait = tokens.renewAt() - now();
    if (wait >= TIMER_MAX_MS) return;
    renewal = setTimeout(() => {
      tokens.get().then(() => { if (running) begin(); }, () => {});
    }, Math.max(wait, 1000));
  }

  /** @param {Block} block @returns {Failure|null} why the stream ends now */
  function take(block) {
    if (block.type === 'connected') {
      const { heartbeatMs: every } = JSON.parse(block.data ?? '{}');
      heartbeatMs = every > 0 ? every : HEARTBEAT_MS;
      liveSince = Date.now();
      planRenewal();
    }
    if (block.type !== 'bye') {
      onBlock(block);
      if (block.type === 'connected') tell('live');
      return null;
    }
    const { reason } = JSON.parse(block.data ?? '{}');
    return new Failure(problem(0, String(reason).toUpperCase(), 'The server closed the stream', reason));
  }

  /** Reads until it ends, which is always a Failure. @param {AbortController} attempt */
  async function readThrough(attempt) {
    const dog = watchdog(attempt);
    try {
      const answer = await requests.open(path(), { accept: 'text/event-stream', signal: attempt.signal });
      if (!answer.body || !answer.headers.get('content-type')?.startsWith('text/event-stream')) {
        throw new Failure(NO_STREAM);
      }
      /** @type {Failure|null} */
      let end = null;
      const parse = createParser((block) => {
        if (attempt === current && !end) end = take(block);
      }, (ms) => { retryMs = ms; });
      const reader = answer.body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) throw new Failure(ENDED);
        dog.heard();
        parse(value);
        if (end) throw end;
      }
    } finally {
      dog.stop();
    }
  }

  async function begin() {
    drop();
    const attempt = current = new AbortController();
    heartbeatMs = 0;
    liveSince = 0;
    retryMs = 0;
    const failure = await readThrough(attempt).then(() => new Failure(ENDED), (error) =>
      toFailure(attempt.signal.reason instanceof Failure ? attempt.signal.reason : error));
    if (attempt !== current) return;
    drop();
    afterwards(failure);
  }

  /** @param {Failure} failure */
  function afterwards({ problem: why, waitMs }) {
    if (liveSince > 0 && Date.now() - liveSince > STABLE_MS) backoff.reset();
    if (!isTransient(why)) {
      running = false;
      return tell('refused', why);
    }
    const wait = why.code === 'TOKEN_EXPIRED'
      ? backoff.next() : backoff.next(isHidden(), Math.max(waitMs, retryMs));
    waiting = setTimeout(begin, Math.min(wait, TIMER_MAX_MS));
    tell(globalThis.navigator?.onLine === false ? 'offline' : 'waiting', why, Date.now() + wait);
  }

  return {
    start() {
      if (running) return;
      running = true;
      tell('connecting');
      begin();
    },
    stop() {
      running = false;
      drop();
    },
    /** Another attempt now, whatever the state says. */
    again() {
      running = true;
      tell('connecting');
      begin();
    },
    /** The network is back: soon, but not all at once. */
    online() {
      if (!running || current) return;
      clearTimeout(waiting);
      const wait = Math.random() * ONLINE_SPREAD_MS;
      waiting = setTimeout(begin, wait);
      tell('waiting', null, Date.now() + wait);
    },
  };
}
