// SPDX-License-Identifier: Apache-2.0
// The headless client for React 18 and later.
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { createClient } from './client/index.js';

/** @typedef {import('./client/types.js').Client} Client */
/** @typedef {import('./client/types.js').ListSnapshot} ListSnapshot */

/** @type {ListSnapshot} */
const NOT_YET = Object.freeze({ items: [], status: 'idle', more: true, problem: null });
const never = () => () => {};

/**
 * A client for as long as the component is there. `getToken` may be another function each time.
 * @param {import('./client/types.js').Options} options @returns {Client}
 */
export function useClient(options) {
  const { url, projectId, userId } = options;
  const latest = useMemo(() => ({ options }), []);
  latest.options = options;
  const client = useMemo(() => createClient({
    url, projectId, userId, fetch: options.fetch,
    getToken: options.getToken && ((how) => latest.options.getToken?.(how) ?? ''),
  }), [url, projectId, userId]);
  useEffect(() => {
    client.start();
    return client.stop;
  }, [client]);
  return client;
}

/** @param {Client} client */
export const useSnapshot = (client) =>
  useSyncExternalStore(client.subscribe, client.getSnapshot, client.getSnapshot);

/** @param {Client} client @param {import('./client/types.js').Filter} [filter] */
export function useList(client, filter = {}) {
  const [list, setList] = useState(/** @type {import('./client/types.js').List|null} */ (null));
  const key = JSON.stringify(filter);
  useEffect(() => {
    const opened = client.list(JSON.parse(key));
    setList(opened);
    return opened.close;
  }, [client, key]);
  const get = list?.getSnapshot ?? (() => NOT_YET);
  return { ...useSyncExternalStore(list?.subscribe ?? never, get, get), loadMore: list?.loadMore, reload: list?.reload };
}
