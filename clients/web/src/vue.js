// SPDX-License-Identifier: Apache-2.0
// The headless client for Vue 3: call these in setup().
import { onMounted, onScopeDispose, shallowRef, watchEffect } from 'vue';
import { createClient } from './client/index.js';

/** @typedef {import('./client/types.js').Client} Client */
/** @template T @typedef {import('vue').ShallowRef<T>} ShallowRef */

/** A client for as long as the component is there. @param {import('./client/types.js').Options} options @returns {Client} */
export function useClient(options) {
  const client = createClient(options);
  onMounted(client.start);
  onScopeDispose(client.stop);
  return client;
}

/** @param {Client} client @returns {ShallowRef<import('./client/types.js').Snapshot>} */
export function useSnapshot(client) {
  const snapshot = shallowRef(client.getSnapshot());
  onScopeDispose(client.subscribe(() => { snapshot.value = client.getSnapshot(); }));
  return snapshot;
}

/**
 * The list of a filter, another one when what `filter` reads has changed.
 * @param {Client} client @param {() => import('./client/types.js').Filter} [filter]
 */
export function useList(client, filter = () => ({})) {
  /** @type {ShallowRef<import('./client/types.js').ListSnapshot>} */
  const snapshot = shallowRef({ items: [], status: 'idle', more: true, problem: null });
  /** @type {import('./client/types.js').List|undefined} */
  let list;
  watchEffect((onCleanup) => {
    const opened = list = client.list(filter());
    const end = opened.subscribe(() => { snapshot.value = opened.getSnapshot(); });
    onCleanup(() => { end(); opened.close(); });
  });
  return { snapshot, loadMore: () => list?.loadMore(), reload: () => list?.reload() };
}
