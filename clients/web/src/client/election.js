// SPDX-License-Identifier: Apache-2.0
// Which tab of this browser holds the stream: the one that has the lock. A lock whose holder is
// stuck would silence all, so a visible tab that hears nothing from it takes the lock away.
import { isHidden } from './page.js';

const BEAT_MS = 4000;
const SILENT_MS = 12_000;

/**
 * @param {string} name of the lock
 * @param {object} parts
 * @param {(leading: boolean) => void} parts.onRole
 * @param {(error: unknown) => void} parts.onDenied there are no locks for this page
 * @param {(hidden: boolean) => void} parts.beat tells the other tabs that we live
 */
export function createElection(name, { onRole, onDenied, beat }) {
  /** Gives up the request in force, or the lock if it was granted. */
  let leave = () => {};
  let leading = false;
  let heardAt = 0;
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

  /** @param {boolean} [steal] */
  function queue(steal) {
    leave();
    const abort = new AbortController();
    let given = false;
    const held = () => new Promise((resolve) => {
      if (given) return resolve(undefined);
      leave = () => resolve(undefined);
      become(true);
    });
    leave = () => {
      given = true;
      abort.abort();
    };
    // A request that steals cannot be given up; it does not wait either.
    navigator.locks.request(name, steal ? { steal } : { signal: abort.signal }, held).catch((error) => {
      if (given) return;
      leave = () => {};
      become(false);
      if (error.name === 'AbortError') queue(); // it was taken from us
      else onDenied(error);
    });
  }

  function tick() {
    if (leading) beat(isHidden());
    else if (!isHidden() && Date.now() - heardAt > SILENT_MS) queue(true);
  }

  return {
    start() {
      heardAt = Date.now();
      timer = setInterval(tick, BEAT_MS);
      queue();
    },
    stop() {
      clearInterval(timer);
      leave();
      leading = false;
    },
    /**
     * The leader has said something. Where it is in the background, whose timers are slow, and this
     * tab is not, this one takes over.
     * @param {boolean} [hidden]
     */
    heard(hidden) {
      heardAt = Date.now();
      if (hidden && !isHidden()) queue(true);
    },
    /** Lets another tab lead, if one waits. */
    yield() {
      become(false);
      queue();
    },
  };
}
