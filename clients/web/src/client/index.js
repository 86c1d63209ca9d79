// SPDX-License-Identifier: Apache-2.0
// The headless client: one user's notifications, live. docs/headless.md describes it.
import { createChanges } from './changes.js';
import { createConnection } from './connection.js';
import { countArrival, laterCounts, NO_COUNTS } from './counts.js';
import { explain, warn } from './diagnose.js';
import { queryOf } from './filter.js';
import { compareIds, laterId } from './ids.js';
import { createList } from './list.js';
import { createListeners } from './listeners.js';
import { forget } from './overlay.js';
import { watchPage } from './page.js';
import { failure } from './problem.js';
import { createRequests } from './requests.js';
import { createStore } from './store.js';
import { createTabs } from './tabs.js';
import { createTokens } from './token.js';

export { compareIds } from './ids.js';

/** @typedef {import('./types.js').Client} Client */
/** @typedef {import('./types.js').Notification} Notification */
/** @typedef {import('./types.js').Snapshot} Snapshot */
/** @typedef {import('./types.js').ClientEvents} ClientEvents */
/** @typedef {import('./types.js').Counts} Counts */
/** @typedef {import('./types.js').Failed} Failed */
/** @typedef {import('./types.js').Filter} Filter */
/** @typedef {import('./types.js').List} List */
/** @typedef {import('./types.js').ListSnapshot} ListSnapshot */
/** @typedef {import('./types.js').Options} Options */
/** @typedef {import('./types.js').Problem} Problem */
/** @typedef {import('./types.js').State} State */

const STEPS_MAX = 50;
const AT_REST = { state: /** @type {const} */ ('idle'), problem: null, retryAt: null, leader: false, shared: false };

/** @param {import('./types.js').Options} options @returns {Client} */
export function createClient({ url = '', projectId, userId, getToken, fetch = (...args) => globalThis.fetch(...args) }) {
  const base = url.replace(/\/+$/, '');
  /** @type {Snapshot} */
  let snapshot = Object.freeze({ ...AT_REST, counts: NO_COUNTS, cursor: null, skewMs: 0 });
  const now = () => Date.now() + snapshot.skewMs;
  const tokens = createTokens(getToken, now);
  const requests = createRequests({
    base, who: { projectId, userId }, tokens, fetch, isDown: () => /^[ow]/.test(snapshot.state),
  });
  /** @type {import('./overlay.js').Overlay} */
  const overlay = new Map();
  const store = createStore(overlay);
  /** @type {ReturnType<typeof createListeners<void>>} */
  const listeners = createListeners();
  /** @type {ReturnType<typeof createListeners<[keyof ClientEvents, any]>>} */
  const events = createListeners();
  /** Open lists by their query. @type {Map<string, ReturnType<typeof createList>>} */
  const lists = new Map();
  /** The newest that this tab has received or listed. @type {string|null} */
  let newest = null;
  /** The last that came, without a gap: for a tab that slept meanwhile. @type {import('./tabs.js').Step[]} */
  let steps = [];
  let awake = false;
  /** @type {(() => void)|undefined} */
  let unwatch;

  /** @template {keyof ClientEvents} T @param {T} type @param {ClientEvents[T]} event */
  const emit = (type, event) => events.emit([type, event]);
  const touchLists = () => lists.forEach((list) => list.touch());

  /** @param {Partial<Snapshot>} change */
  function update(change) {
    const before = snapshot.state;
    snapshot = Object.freeze({ ...snapshot, ...change });
    listeners.tell();
    const { state, problem } = snapshot;
    if (state === before) return;
    emit('state', { state });
    if (state === 'live') lists.forEach((list) => list.retry());
    if (state === 'refused' && problem) emit('refused', { problem });
  }

  /** @param {import('./types.js').Counts} counts */
  const takeCounts = (counts) => update({ counts: laterCounts(snapshot.counts, counts) });

  /** @param {string} cursor @param {boolean} [start] from here on, whatever came before */
  function moveTo(cursor, start) {
    if (start) {
      steps = [];
      lists.forEach((list) => list.startAgain());
    }
    store.cursor = cursor;
    forget(overlay, cursor);
    update({ cursor });
  }

  /** What the stream says, by event. @type {Record<string, (data: any, id: string) => void>} */
  const takes = {
    connected(data, id) {
      if (!data.counts) throw failure('OTHER_VERSION', 'no counts', 404);
      takeCounts(data.counts);
      update({ skewMs: Date.parse(data.serverTime) - Date.now() });
      if (compareIds(id, snapshot.cursor) > 0) moveTo(id, true);
    },
    notification(notification) {
      newest = laterId(newest, notification.id);
      if (lists.size) store.arrive(notification);
      update({ counts: countArrival(snapshot.counts, notification) });
      emit('notification', { notification: Object.freeze(notification) });
    },
    state(data, id) {
      store.operate(data, id);
      overlay.delete(data.operation);
      takeCounts(data.counts);
      lists.forEach((list) => list.onState(data));
    },
    reset({ reason, counts }, id) {
      newest = null;
      steps = [];
      lists.forEach((list) => list.startAgain(true));
      store.clear();
      update({ counts: laterCounts(NO_COUNTS, counts) });
      moveTo(id);
      emit('reset', { reason });
    },
  };

  /** @param {import('./tabs.js').Said} said */
  function onSaid(said) {
    const { type, data, id } = said;
    const step = { said, after: snapshot.cursor ?? id };
    if (data) steps = [...steps.slice(-STEPS_MAX), step];
    takes[type]?.(data, id);
    if (id) moveTo(id);
    touchLists();
    return step;
  }

  const connection = createConnection({
    requests, tokens, now,
    onSaid: (said) => tabs.post(onSaid(said)),
    onCondition(condition) {
      if (condition.problem) warn(condition.problem, condition.state === 'refused');
      update(condition);
      tabs.post({ condition });
    },
    explain: (failed) => explain(failed, `${base}/v1/counts`, fetch),
    query: () => (snapshot.cursor ? { lastEventId: snapshot.cursor } : {}),
  });

  const tabs = createTabs({
    name: `belfry 1 ${JSON.stringify([base, projectId, userId])}`,
    snapshot: () => ({ ...snapshot, steps }),
    onRole(role) {
      update(role);
      if (role.leader) connection.start();
      else connection.stop();
    },
    onWelcome({ cursor, counts, state, problem, retryAt, skewMs, steps: missed = [] }) {
      const isWhole = missed[0] && compareIds(missed[0].after, snapshot.cursor) <= 0;
      if (isWhole) missed.forEach(({ said }) => { if (compareIds(said.id, snapshot.cursor) > 0) onSaid(said); });
      takeCounts(counts);
      update({ state, problem, retryAt, skewMs, shared: true });
      if (cursor && compareIds(cursor, snapshot.cursor) > 0) moveTo(cursor, !isWhole);
    },
    onSaid,
    onCondition: update,
  });

  const page = {
    suspend() {
      connection.stop();
      tabs.stop();
      awake = false;
    },
    resume() {
      if (awake) return;
      awake = true;
      update({ ...AT_REST, state: 'connecting' });
      tabs.start();
    },
    /** Who looks at it does not wait: evicted, or for as long as a hidden page may. @param {boolean} long */
    visible(long) {
      if (snapshot.leader && (long || /^[ew]/.test(snapshot.state))) connection.start();
    },
    network: connection.network,
  };

  const change = createChanges({
    requests, overlay, now,
    onShown: touchLists,
    onCounts: takeCounts,
    onFailed: (failed) => emit('failed', failed),
  });

  /** @param {string} op @param {string} [method] */
  const changeOne = (op, method) => (/** @type {string} */ id) => change(
    { op, ids: [id] }, `/v1/notifications/${id}${method ? '' : `/${op}`}`, { method: method ?? 'POST' });

  /** @param {'read_all'|'archive_all'|'seen'} op */
  const changeAll = (op) => (/** @type {{kind?: string, onlyRead?: boolean}} */ what = {}) => {
    const body = { ...what, upTo: newest ?? snapshot.counts.upTo };
    return body.upTo === '0' ? Promise.resolve()
      : change({ op, ...body }, `/v1/notifications/${op.replace('_', '-')}`, { method: 'POST', body });
  };

  return {
    start() {
      unwatch ??= watchPage(page);
      page.resume();
    },
    stop() {
      unwatch?.();
      unwatch = undefined;
      page.suspend();
      update(AT_REST);
    },
    getSnapshot: () => snapshot,
    subscribe: listeners.add,
    on: (type, listener) => events.add(([what, event]) => { if (what === type) listener(event); }),
    list(filter = {}) {
      const query = JSON.stringify(queryOf(filter));
      const list = lists.get(query) ?? createList(filter, {
        requests, store, now,
        onPage({ notifications, counts }) {
          store.merge(notifications, counts.upTo);
          newest = laterId(newest, notifications[0]?.id);
          takeCounts(counts);
          touchLists();
        },
        onClose() {
          lists.delete(query);
          if (!lists.size) store.clear();
        },
      });
      lists.set(query, list);
      list.open();
      return list.list;
    },
    read: changeOne('read'),
    unread: changeOne('unread'),
    archive: changeOne('archive'),
    unarchive: changeOne('unarchive'),
    delete: changeOne('delete', 'DELETE'),
    bulk: (op, ids) => change({ op, ids }, '/v1/notifications/bulk', { method: 'POST', body: { op, ids } }),
    readAll: changeAll('read_all'),
    archiveAll: changeAll('archive_all'),
    seen: changeAll('seen'),
    getPreferences: () => requests.send('/v1/preferences'),
    setPreferences: ({ mutedKinds }) => requests.send('/v1/preferences', { method: 'PUT', body: { mutedKinds } }),
  };
}
