// SPDX-License-Identifier: Apache-2.0
// One stream for all tabs of this browser: who leads reads it and passes everything on; a new tab
// gets the leader's snapshot. Without Web Locks each tab reads a stream of its own and passes
// nothing on, or every notification would come once per tab.
import { createElection } from './election.js';
import { compareIds } from './ids.js';

/** @typedef {import('./parser.js').Block} Block */
/** @typedef {import('./connection.js').Condition} Condition */
/** @typedef {Condition & {counts: import('./types.js').Counts, cursor: string|null, skewMs: number}} Welcome */
/**
 * @typedef {{hello: true} | {beat: boolean} | {welcome: Welcome} | {condition: Condition} |
 *   {block: Block, after: string|null}} Message
 */

/**
 * @param {object} parts
 * @param {string} parts.name the tabs of one edge, project and user have one
 * @param {() => Welcome} parts.snapshot
 * @param {(role: {leader: boolean, shared: boolean}) => void} parts.onRole
 * @param {(snapshot: Welcome) => void} parts.onWelcome everything up to its cursor is the leader's to say
 * @param {(block: Block) => void} parts.onBlock
 * @param {(condition: Condition) => void} parts.onCondition
 * @param {(code: string, detail: string) => void} parts.onAlone
 */
export function createTabs({ name, snapshot, onRole, onWelcome, onBlock, onCondition, onAlone }) {
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

  const election = createElection({
    name,
    beat: (hidden) => post({ beat: hidden }),
    onRole(leading) {
      leader = leading;
      if (!leading) hello();
      onRole({ leader, shared: true });
      if (leading) post({ welcome: snapshot() });
    },
    onDenied: (error) => alone('STORAGE_DENIED', String(error)),
  });

  /** @param {string} code @param {string} detail */
  function alone(code, detail) {
    stop();
    leader = true;
    onAlone(code, detail);
    onRole({ leader, shared: false });
  }

  /** @param {Block} block @param {string|null} after */
  function follow(block, after) {
    const { cursor } = snapshot();
    const known = compareIds(block.id, cursor) <= 0;
    if (compareIds(after, cursor) > 0) hello(); // one before it did not come here
    else if (!known || block.type === 'connected' || block.type === 'reset') onBlock(block);
  }

  /** @param {any} message */
  function take(message) {
    if (message.hello) {
      if (!leader) return;
      // Whoever comes may have what was refused to us.
      if (snapshot().state === 'refused') election.yield();
      else post({ welcome: snapshot() });
      return;
    }
    if (leader) return;
    election.heard(message.beat);
    if (message.welcome && !following) {
      following = true;
      onWelcome(message.welcome);
    } else if (following && message.block) follow(message.block, message.after);
    else if (following && message.condition) onCondition(message.condition);
  }

  function stop() {
    channel?.close();
    channel = null;
    election.stop();
    leader = following = false;
  }

  return {
    start() {
      if (!globalThis.navigator?.locks || !globalThis.BroadcastChannel) return alone('NO_LOCKS', 'this page has no Web Locks');
      try {
        channel = new BroadcastChannel(name);
      } catch (error) {
        return alone('STORAGE_DENIED', String(error));
      }
      channel.onmessage = ({ data }) => take(data);
      election.start();
      hello();
    },
    stop,
    post: (/** @type {Message} */ message) => { if (leader) post(message); },
  };
}
