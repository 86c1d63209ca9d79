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
/** @type {readonly import('./types.js').Notification[]} */
const NONE = Object.freeze([]);

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
  const listeners = createListeners();
  /** All from here on are loaded; null: all there are; undefined: none yet. @type {string|null|undefined} */
  let bound;
  /** @type {ListSnapshot} */
  let snapshot = Object.freeze({ items: NONE, status: 'idle', more: true, problem: null });
  let fresh = true;
  /** @type {ListSnapshot['status']} */
  let status = 'idle';
  /** @type {import('./types.js').Problem|null} */
  let problem = null;
  /** @type {Promise<void>|null} */
  let loading = null;
  /** Answers of an earlier one are not used. */
  let epoch = 0;
  /** After a reset, until the new first page is here, what was shown stays. */
  let stale = false;
  let users = 0;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let expiry;

  function touch() {
    fresh = false;
    listeners.tell();
  }

  /** @param {ListSnapshot['status']} next @param {ListSnapshot['problem']} [why] */
  function become(next, why = null) {
    status = next;
    problem = why;
    touch();
  }

  function items() {
    if (stale || bound === undefined) return snapshot.items;
    const from = bound;
    const found = store.select((item) => compareIds(item.id, from) >= 0 && matches(filter, item, now()));
    if (found.length > ITEMS_MAX) bound = found[ITEMS_MAX - 1].id;
    watchExpiry(found);
    return Object.freeze(found.slice(0, ITEMS_MAX));
  }

  /** @param {import('./types.js').Notification[]} found */
  function watchExpiry(found) {
    clearTimeout(expiry);
    const ends = found.flatMap(({ expiresAt }) => (expiresAt ? [Date.parse(expiresAt)] : []));
    const wait = Math.min(...ends) - now();
    if (users > 0 && wait < 2 ** 31) expiry = setTimeout(touch, Math.max(wait, 1000));
  }

  /** @param {string|null} before @param {number} limit */
  const fetchPage = (before, limit) => requests.send(
    `/v1/notifications?limit=${limit}${query && `&${query}`}${before ? `&before=${before}` : ''}`);

  // Pages from `before` down to `downTo`, or one.
  /** @param {string|null} before @param {string|null|undefined} downTo */
  async function load(before, downTo) {
    const mine = epoch;
    for (let at = before; ;) {
      const answer = await fetchPage(at, downTo === undefined ? PAGE : PAGE_MAX);
      if (mine !== epoch || users === 0) return;
      onPage(answer);
      stale = false;
      bound = at = answer.nextBefore;
      if (at === null || downTo === undefined || (downTo && compareIds(at, downTo) <= 0)) return;
    }
  }

  /** @param {string|null} before @param {string|null} [downTo] @param {boolean} [quiet] */
  function run(before, downTo, quiet = false) {
    const mine = epoch;
    if (!quiet || status !== 'ready') become('loading');
    const job = load(before, downTo).then(
      () => mine === epoch && users > 0 && become('ready'),
      (error) => mine === epoch && users > 0 && become('error', toFailure(error).problem),
    ).then(() => { if (loading === job) loading = null; });
    loading = job;
    return job;
  }

  /** From the top again, as far as it was loaded. @param {boolean} [quiet] */
  function reload(quiet) {
    epoch++;
    const downTo = bound;
    return run(null, downTo === null ? undefined : downTo, quiet);
  }

  /** @type {import('./types.js').List} */
  const list = {
    getSnapshot() {
      if (!fresh) {
        fresh = true;
        const shown = items();
        snapshot = Object.freeze({ items: shown, status, more: bound !== null, problem });
      }
      return snapshot;
    },
    subscribe: listeners.add,
    loadMore: () => loading ?? (bound === null ? Promise.resolve() : run(bound ?? null)),
    reload: () => reload(),
    close() {
      if (users === 0 || --users > 0) return;
      epoch++;
      loading = null;
      clearTimeout(expiry);
      become('idle');
      onClose();
    },
  };

  return {
    list,
    open() {
      if (++users === 1 && bound === undefined) queueMicrotask(() => { if (users > 0) list.loadMore(); });
    },
    touch,
    bound: () => bound,
    /** The stream is back: what could not be loaded may be now. */
    retry() {
      if (status === 'error') run(bound === undefined || stale ? null : bound);
    },
    /** The history is another one: what is shown is only shown until the first page is here. */
    reset() {
      list.getSnapshot();
      stale = bound !== undefined;
      reload(true);
    },
    /** @param {import('./operations.js').Operation} operation */
    onState({ op, ids }) {
      const from = bound;
      if (from === undefined || !bringsIn(op, filter)) return;
      if (!ids || ids.some((id) => !store.has(id) && compareIds(id, from) >= 0)) reload(true);
    },
  };
}
