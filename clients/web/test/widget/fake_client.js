// SPDX-License-Identifier: Apache-2.0
// The headless client's interface over an array, for looking at the widget without a server. What it
// shows says nothing about the real client: tests/browser/widget_test.mjs runs that.

const EMPTY = { unreadCount: 0, unseenCount: 0, byKind: {}, upTo: '0' };

export function fakeClient({ items = [], state = 'live', problem = null, failing = null, hanging = false, page = 20 } = {}) {
  const listeners = new Set();
  const handlers = new Map();
  const lists = new Set();
  let all = [...items];
  let connection = { state, problem, retryAt: null };
  let snapshot;
  let muted = [];

  function counts() {
    const unread = all.filter((n) => !n.readAt && !n.archivedAt);
    const byKind = {};
    unread.forEach((n) => { byKind[n.kind] = (byKind[n.kind] ?? 0) + 1; });
    return { ...EMPTY, unreadCount: unread.length, unseenCount: unread.length, byKind, upTo: all[0]?.id ?? '0' };
  }

  function changed() {
    snapshot = Object.freeze({ ...connection, counts: counts(), cursor: null, leader: true, shared: false, skewMs: 0 });
    listeners.forEach((listener) => listener());
    lists.forEach((list) => list.changed());
  }

  const emit = (type, event) => handlers.get(type)?.forEach((handler) => handler(event));

  function selects(filter, n) {
    return (filter.archived === undefined || filter.archived === Boolean(n.archivedAt))
      && (!filter.unread || !n.readAt) && (!filter.kind || n.kind?.startsWith(filter.kind));
  }

  function list(filter) {
    const subscribers = new Set();
    let shown = 0;
    let view = { items: [], status: 'idle', more: true, problem: null };
    const it = {
      changed() {
        const chosen = all.filter((n) => selects(filter, n));
        view = { ...view, items: chosen.slice(0, shown), more: shown < chosen.length };
        subscribers.forEach((listener) => listener());
      },
      getSnapshot: () => view,
      subscribe(listener) {
        subscribers.add(listener);
        return () => subscribers.delete(listener);
      },
      async loadMore() {
        view = { ...view, status: 'loading' };
        it.changed();
        if (hanging) {
          return;
        }
        await new Promise((resolve) => { setTimeout(resolve, 20); });
        shown += failing ? 0 : page;
        view = { ...view, status: failing ? 'error' : 'ready', problem: failing };
        it.changed();
      },
      reload: () => it.loadMore(),
      close: () => lists.delete(it),
    };
    lists.add(it);
    return it;
  }

  const patch = (id, change) => {
    all = all.map((n) => (n.id === id ? { ...n, ...change } : n));
    changed();
  };
  const at = () => new Date().toISOString();
  snapshot = null;
  changed();

  return {
    start() {}, stop() {},
    getSnapshot: () => snapshot,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    on(type, handler) {
      handlers.set(type, (handlers.get(type) ?? new Set()).add(handler));
      return () => handlers.get(type).delete(handler);
    },
    list,
    async read(id) { patch(id, { readAt: at() }); },
    async unread(id) { patch(id, { readAt: undefined }); },
    async archive(id) { patch(id, { archivedAt: at(), readAt: at() }); },
    async unarchive(id) { patch(id, { archivedAt: undefined }); },
    async delete(id) { all = all.filter((n) => n.id !== id); changed(); },
    async bulk() {},
    async readAll({ kind = '' } = {}) {
      all = all.map((n) => (n.kind?.startsWith(kind) && !n.readAt ? { ...n, readAt: at() } : n));
      changed();
    },
    async archiveAll() {},
    async seen() {},
    async getPreferences() { return { mutedKinds: muted }; },
    async setPreferences({ mutedKinds }) {
      if (mutedKinds.includes('security.')) {
        throw { status: 422, title: 'Unprocessable', detail: 'critical', code: 'CRITICAL' };
      }
      muted = mutedKinds;
    },
    // Not of the interface: what happens from outside.
    arrive(n) {
      all = [n, ...all];
      lists.forEach((l) => l.changed());
      changed();
      emit('notification', { notification: n });
    },
    become(next, why = null) {
      connection = { state: next, problem: why, retryAt: null };
      changed();
    },
    fail() { emit('failed', { operation: 'read', ids: [], problem: null }); },
  };
}
