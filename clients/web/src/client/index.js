// SPDX-License-Identifier: Apache-2.0
// The headless client: one user's notifications, live. docs/headless.md describes it.
import { createChanges } from './changes.js';
import { createConnection } from './connection.js';
import { countArrival, laterCounts, NO_COUNTS } from './counts.js';
import { queryOf } from './filter.js';
import { compareIds, laterId } from './ids.js';
import { createList } from './list.js';
import { createListeners, tellAll } from './listeners.js';
import { createOverlay } from './overlay.js';
import { Failure, problem } from './problem.js';
import { createRequests } from './requests.js';
import { createStore } from './store.js';
import { createTokens } from './token.js';

export { compareIds } from './ids.js';

/** @typedef {import('./types.js').Client} Client */
/** @typedef {import('./types.js').Notification} Notification */
/** @typedef {import('./types.js').Snapshot} Snapshot */
/** @typedef {import('./types.js').ClientEvents} ClientEvents */

/** @param {import('./types.js').Options} options @returns {Client} */
export function createClient({ url = '', projectId, userId, getToken, fetch }) {
  const base = url.replace(/\/+$/, '');
  let skewMs = 0;
  const now = () => Date.now() + skewMs;
  const tokens = createTokens(getToken, now);
  const requests = createRequests({ base, tokens, fetch: fetch ?? ((...args) => globalThis.fetch(...args)) });
  const overlay = createOverlay();
  const store = createStore(overlay);
  const listeners = createListeners();
  /** @type {Map<string, Set<(event: any) => void>>} */
  const handlers = new Map();
  /** Open lists by their query. @type {Map<string, ReturnType<typeof createList>>} */
  const lists = new Map();
  /** The newest that this tab has received or listed. @type {string|null} */
  let newest = null;
  /** @type {Snapshot} */
  let snapshot = Object.freeze({
    state: 'idle', problem: null, retryAt: null, counts: NO_COUNTS, cursor: null,
    leader: false, shared: false, skewMs: 0,
  });

  /** @template {keyof ClientEvents} T @param {T} type @param {ClientEvents[T]} event */
  const emit = (type, event) => tellAll(handlers.get(type) ?? [], event);

  /** @param {Partial<Snapshot>} change */
  function update(change) {
    const before = snapshot;
    snapshot = Object.freeze({ ...before, ...change });
    listeners.tell();
    if (snapshot.state === before.state) return;
    emit('state', { state: snapshot.state });
    if (snapshot.state === 'live') lists.forEach((list) => list.retry());
    if (snapshot.state === 'refused' && snapshot.problem) emit('refused', { problem: snapshot.problem });
  }

  const touchLists = () => lists.forEach((list) => list.touch());

  /** @param {import('./types.js').Counts|undefined} counts */
  function takeCounts(counts) {
    const later = laterCounts(snapshot.counts, counts);
    if (later !== snapshot.counts) update({ counts: later });
  }

  /** @param {Notification} notification */
  function arrive(notification) {
    newest = laterId(newest, notification.id);
    if (lists.size > 0) store.arrive(notification);
    update({ counts: countArrival(snapshot.counts, notification) });
    emit('notification', { notification: Object.freeze(notification) });
  }

  /** @param {any} data @param {string} position */
  function operate(data, position) {
    store.operate(data, position);
    if (data.operation) overlay.remove(data.operation);
    takeCounts(data.counts);
    lists.forEach((list) => list.onState(data));
  }

  /** @param {any} data */
  function reset(data) {
    newest = null;
    store.clear();
    update({ counts: laterCounts(NO_COUNTS, data.counts) });
    lists.forEach((list) => list.reset());
    emit('reset', { reason: data.reason });
  }

  /** @param {any} data */
  function connected(data) {
    if (!data.counts) throw new Failure(problem(404, 'OTHER_VERSION', 'The server is of another version', 'it sent no counts'));
    skewMs = Date.parse(data.serverTime) - Date.now() || 0;
    takeCounts(data.counts);
    update({ skewMs });
  }

  /** @param {import('./parser.js').Block} block */
  function onBlock({ type, data, id }) {
    const content = data === null ? null : JSON.parse(data);
    if (type === 'connected') connected(content);
    else if (type === 'notification') arrive(content);
    else if (type === 'state') operate(content, id);
    else if (type === 'reset') reset(content);
    if (id) {
      store.moveTo(id);
      update({ cursor: id });
    }
    touchLists();
  }

  const connection = createConnection({
    requests, tokens, now, onBlock,
    onCondition: update,
    path: () => `/v1/stream?${new URLSearchParams({
      projectId, userId, ...(snapshot.cursor && { lastEventId: snapshot.cursor }),
    })}`,
  });

  const change = createChanges({
    requests, overlay, now,
    onShown: touchLists,
    onCounts: takeCounts,
    onFailed: (failed) => emit('failed', failed),
  });

  /** @param {string} op @param {string} id */
  const changeOne = (op, id) => change({ op, ids: [id] }, op === 'delete'
    ? `/v1/notifications/${id}` : `/v1/notifications/${id}/${op}`, { method: op === 'delete' ? 'DELETE' : 'POST' });

  /** @param {'read_all'|'archive_all'|'seen'} op @param {{kind?: string, onlyRead?: boolean}} [what] */
  function changeAll(op, { kind, onlyRead } = {}) {
    const upTo = newest ?? snapshot.counts.upTo;
    if (upTo === '0') return Promise.resolve();
    const body = { upTo, ...(kind && { kind }), ...(onlyRead && { onlyRead }) };
    return change({ op, ...body }, `/v1/notifications/${op.replace('_', '-')}`, { method: 'POST', body });
  }

  /** @param {import('./types.js').Filter} filter */
  function openList(filter) {
    const query = queryOf(filter);
    let list = lists.get(query);
    if (!list) {
      list = createList(filter, {
        requests, store, now,
        onPage({ notifications, counts }) {
          store.merge(notifications, counts.upTo);
          newest = laterId(newest, notifications[0]?.id ?? null);
          takeCounts(counts);
          touchLists();
        },
        onClose() {
          lists.delete(query);
          if (lists.size === 0) store.clear();
        },
      });
      lists.set(query, list);
    }
    list.open();
    return list.list;
  }

  return {
    start() {
      if (snapshot.state !== 'idle') return;
      update({ leader: true });
      connection.start();
    },
    stop() {
      connection.stop();
      update({ state: 'idle', problem: null, retryAt: null, leader: false });
    },
    getSnapshot: () => snapshot,
    subscribe: listeners.add,
    on(type, listener) {
      const own = (/** @type {any} */ event) => listener(event);
      handlers.set(type, (handlers.get(type) ?? new Set()).add(own));
      return () => void handlers.get(type)?.delete(own);
    },
    list: (filter = {}) => openList(filter),
    read: (id) => changeOne('read', id),
    unread: (id) => changeOne('unread', id),
    archive: (id) => changeOne('archive', id),
    unarchive: (id) => changeOne('unarchive', id),
    delete: (id) => changeOne('delete', id),
    bulk: (op, ids) => change({ op, ids }, '/v1/notifications/bulk', { method: 'POST', body: { op, ids } }),
    readAll: (what) => changeAll('read_all', what),
    archiveAll: (what) => changeAll('archive_all', what),
    seen: () => changeAll('seen'),
    getPreferences: () => requests.send('/v1/preferences'),
    setPreferences: ({ mutedKinds }) => requests.send('/v1/preferences', { method: 'PUT', body: { mutedKinds } }),
  };
}
