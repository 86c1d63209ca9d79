// SPDX-License-Identifier: Apache-2.0
// One list: the pages that were loaded, and everything newer that the stream brings. It is a
// question to the store, which has all that matches the filter from `bound` on.
import { bringsIn } from './operations.js';
import { matches, queryOf } from './filter.js';
import { compareIds } from './ids.js';
import { toFailure } from './problem.js';
import { createListeners } from './listeners.js';

/** @typedef {import('./types.js').ListSnapshot} ListSnapshot */
/** @typedef {import('./types.js').Filter} Filter */

const PAGE = 20;
const PAGE_MAX = 100;
/** A list that stays open drops its oldest beyond so many; they can be loaded again. */
const ITEMS_MAX = 3000;

/**
 * @param {Filter} filter
 * @param {object} parts
 * @param {import('./requests.js').Requests} parts.requests
 * @param {ReturnType<typeof import('./store.js').createStore>} parts.store
 * @param {() => number} parts.now
 * @param {(answer: {notifications: import('./types.js').Notification[], counts: import('./types.js').Counts}) => void} parts.onPage
 * @param {() => void} parts.onClose
 */
export function createList(filter, { requests, store, now, onPage, onClose }) {
  const query = queryOf(filter);
  /** @type {ReturnType<typeof createListeners<void>>} */
  const listeners = createListeners();
  /** All from here on are in the store; null: all there are; undefined: none, what is shown stays. @type {string|null|undefined} */
  let bound;
  /** @type {ListSnapshot} */
  let snapshot = { items: [], status: 'idle', more: true, problem: null };
  let fresh = false;
  /** What is under way; the answers of an earlier one are not used. @type {Promise<void>|null} */
  let loading = null;
  let users = 0;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let expiry;

  /** @param {Partial<ListSnapshot>} [change] */
  function touch(change) {
    snapshot = { ...snapshot, ...change };
    fresh = false;
    listeners.tell();
  }

  function items() {
    const from = bound;
    if (from === undefined) return snapshot.items;
    const found = store.select((item) => compareIds(item.id, from) >= 0 && matches(filter, item, now()));
    if (found.length > ITEMS_MAX) {
      found.length = ITEMS_MAX;
      bound = found[ITEMS_MAX - 1].id;
    }
    clearTimeout(expiry);
    const wait = Math.min(...found.map(({ expiresAt }) => Date.parse(expiresAt ?? '') || Infinity)) - now();
    if (users && wait < 2 ** 31) expiry = setTimeout(touch, Math.max(wait, 1000), {});
    return Object.freeze(found);
  }

  /** Pages from `before` down to `downTo`, or one. @param {string|null|undefined} before @param {string|null} [downTo] */
  function load(before, downTo) {
    /** @type {Promise<void>} */
    const mine = loading = pages(before, downTo, () => loading === mine).catch((error) => {
      if (loading === mine) touch({ status: 'error', problem: toFailure(error).problem });
    }).finally(() => {
      if (loading === mine) loading = null;
    });
    return mine;
  }

  /** @param {string|null|undefined} before @param {string|null|undefined} downTo @param {() => boolean} wanted */
  async function pages(before, downTo, wanted) {
    for (let at = before; ;) {
      const answer = await requests.send('/v1/notifications', {
        query: { ...query, limit: downTo ? PAGE_MAX : PAGE, ...(at && { before: at }) },
      });
      if (!wanted()) return;
      at = answer.nextBefore;
      onPage(answer);
      if (at && downTo && compareIds(at, downTo) > 0) continue;
      bound = at;
      return touch({ status: 'ready', problem: null });
    }
  }

  /** From the top again, as far as it was loaded. */
  const refresh = () => load(null, bound === null ? '0' : bound);

  /** @type {import('./types.js').List} */
  const list = {
    getSnapshot() {
      if (!fresh) {
        fresh = true;
        const shown = items();
        snapshot = Object.freeze({ ...snapshot, items: shown, more: bound !== null });
      }
      return snapshot;
    },
    subscribe: listeners.add,
    async loadMore() {
      if (loading) return loading;
      if (bound === null) return;
      touch({ status: 'loading' });
      return load(bound);
    },
    reload() {
      touch({ status: 'loading' });
      return refresh();
    },
    close() {
      if (!users || --users) return;
      loading = null;
      clearTimeout(expiry);
      onClose();
    },
  };

  return {
    list,
    touch,
    open() {
      if (!users++) list.loadMore();
    },
    /** The stream is back: what could not be loaded may be now. */
    retry() {
      if (snapshot.status === 'error') list.reload();
    },
    /**
     * The stream is followed from now on, and what came just before it did not come here.
     * @param {boolean} [anew] the history is another one: what is shown stays until the answer
     */
    startAgain(anew) {
      if (bound === undefined && !loading) return;
      list.getSnapshot();
      refresh();
      if (anew) bound = undefined;
    },
    /** @param {import('./operations.js').Operation} operation */
    onState({ op, ids }) {
      const from = bound;
      if (from !== undefined && bringsIn(op, filter) &&
        !ids?.every((id) => store.has(id) || compareIds(id, from) < 0)) refresh();
    },
  };
}
