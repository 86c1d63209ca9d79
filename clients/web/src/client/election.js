// SPDX-License-Identifier: Apache-2.0
// Which tab of this browser holds the stream: the one that has the lock. A lock whose holder is
// stuck would silence all, so a visible tab that hears nothing from it takes the lock away.
import { isHidden } from './page.js';

const BEAT_MS = 4000;
const SILENT_MS = 12_000;
/** So many beats of a leader in the background, and a visible tab takes over: timers there are slow. */
const HIDDEN_BEATS = 2;

/**
 * @param {object} parts
 * @param {string} parts.name of the lock
 * @param {(leading: boolean) => void} parts.onRole
 * @param {(error: unknown) => void} parts.onDenied there are no locks for this page
 * @param {(hidden: boolean) => void} parts.beat tells the other tabs that we live
 */
export function createElection({ name, onRole, onDenied, beat }) {
  /** The request in force; others were given up. @type {{abort?: AbortController, release?: () => void}|null} */
  let request = null;
  let leading = false;
  let heardAt = 0;
  let checkedAt = 0;
  let hiddenBeats = 0;
  /** @type {ReturnType<typeof setInterval>|undefined} */
  let timer;

  /** @param {boolean} now */
  function become(now) {
    if (leading === now) return;
    leading = now;
    heardAt = Date.now();
    if (now) beat(isHidden());
    onRole(now);
  }

  function leave() {
    request?.abort?.abort();
    request?.release?.();
    request = null;
  }

  /** @param {boolean} [steal] */
  function queue(steal) {
    leave();
    const abort = steal ? undefined : new AbortController();
    /** @type {NonNullable<typeof request>} */
    const mine = request = { abort };
    const held = () => new Promise((resolve) => {
      if (mine !== request) return resolve(undefined);
      mine.release = () => resolve(undefined);
      become(true);
    });
    navigator.locks.request(name, steal ? { steal } : { signal: abort?.signal }, held).catch((error) => {
      if (mine !== request) return;
      request = null;
      become(false);
      if (error.name === 'AbortError') queue(); // it was taken from us
      else onDenied(error);
    });
  }

  function tick() {
    const now = Date.now();
    // Late ourselves: the machine slept, and the leader's beats did too.
    if (now - checkedAt > 2 * BEAT_MS) heardAt = now;
    checkedAt = now;
    if (leading) beat(isHidden());
    else if (!isHidden() && now - heardAt > SILENT_MS) queue(true);
  }

  return {
    start() {
      heardAt = checkedAt = Date.now();
      timer = setInterval(tick, BEAT_MS);
      queue();
    },
    stop() {
      clearInterval(timer);
      leave();
      leading = false;
    },
    /** The leader has said something; a beat says whether it is hidden. @param {boolean} [hidden] */
    heard(hidden) {
      heardAt = Date.now();
      if (hidden !== undefined) hiddenBeats = hidden ? hiddenBeats + 1 : 0;
      if (hiddenBeats >= HIDDEN_BEATS && !leading && !isHidden()) {
        hiddenBeats = 0;
        queue(true);
      }
    },
    /** Lets another tab lead, if one waits. */
    yield() {
      become(false);
      queue();
    },
  };
}
