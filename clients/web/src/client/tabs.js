// SPDX-License-Identifier: Apache-2.0
// One stream for all tabs of this browser: who leads reads it and passes everything on; a new tab
// gets the leader's snapshot. Without Web Locks each tab reads a stream of its own and passes
// nothing on, or every notification would come once per tab.
import { warn } from './diagnose.js';
import { createElection } from './election.js';
import { compareIds } from './ids.js';
import { failure } from './problem.js';

/** What the stream said, with its data read. @typedef {{type: string, data: any, id: string}} Said */
/** @typedef {import('./connection.js').Condition} Condition */
/** What was said, and the cursor before it. @typedef {{said: Said, after: string|null}} Step */
/**
 * `steps` are the last ones, without a gap up to `cursor`.
 * @typedef {Condition & {counts: import('./types.js').Counts, cursor: string|null, skewMs: number, steps?: Step[]}} Welcome
 */
/**
 * These names are in every build the same: a tab of an earlier one may listen.
 * @typedef {object} Message one of
 * @property {true} [hello] a new tab, or one that has missed something
 * @property {boolean} [beat] of the leader; whether it is hidden
 * @property {Welcome} [welcome]
 * @property {Condition} [condition]
 * @property {Said} [said] with `after`
 * @property {string|null} [after] the cursor before it
 */

/**
 * @param {object} parts
 * @param {string} parts.name the tabs of one edge, project and user have one
 * @param {() => Welcome} parts.snapshot
 * @param {(role: {leader: boolean, shared: boolean}) => void} parts.onRole
 * @param {(snapshot: Welcome) => void} parts.onWelcome everything up to its cursor is the leader's to say
 * @param {(said: Said) => void} parts.onSaid
 * @param {(condition: Condition) => void} parts.onCondition
 */
export function createTabs({ name, snapshot, onRole, onWelcome, onSaid, onCondition }) {
  /** @type {BroadcastChannel|null} */
  let channel = null;
  let leader = false;
  /** Follows the leader without a gap. */
  let following = false;

  /** @param {Message} message */
  const post = (message) => channel?.postMessage(message);
  const hello = () => {
    following = false;
    post({ hello: true });
  };

  const election = createElection(name, {
    beat: (hidden) => post({ beat: hidden }),
    onRole(leading) {
      leader = leading;
      if (!leading) hello();
      onRole({ leader, shared: true });
      if (leading) post({ welcome: snapshot() });
    },
    onDenied: (error) => alone('STORAGE_DENIED', error),
  });

  /** @param {string} code @param {unknown} detail */
  function alone(code, detail) {
    stop();
    leader = true;
    warn(failure(code, detail).problem);
    onRole({ leader, shared: false });
  }

  /** @param {Message} message */
  function take({ hello: asked, beat, welcome, condition, said, after }) {
    if (leader) {
      // Refused or evicted: whoever comes may have what was refused to us, and somebody looks at it.
      if (asked && /d$/.test(snapshot().state)) election.yield();
      else if (asked) post({ welcome: snapshot() });
      return;
    }
    if (asked) return;
    election.heard(beat);
    if (following) {
      const { cursor } = snapshot();
      if (condition) onCondition(condition);
      if (compareIds(after, cursor) > 0) hello(); // one before it did not come here
      else if (said && (compareIds(said.id, cursor) > 0 || /^[cr]/.test(said.type))) onSaid(said);
    } else if (welcome) {
      following = true;
      onWelcome(welcome);
    }
  }

  function stop() {
    channel?.close();
    channel = null;
    election.stop();
    leader = following = false;
  }

  return {
    stop,
    start() {
      try {
        if (!navigator.locks) return alone('NO_LOCKS', 'navigator.locks');
        channel = new BroadcastChannel(name);
        channel.onmessage = ({ data }) => take(data);
        election.start();
        hello();
      } catch (error) {
        alone('STORAGE_DENIED', error);
      }
    },
    /** From the leader. @param {Message} message */
    post: (message) => { if (leader) post(message); },
  };
}
