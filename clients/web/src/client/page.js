// SPDX-License-Identifier: Apache-2.0
// What happens to the page: shown, hidden, put aside and taken back, the network gone and back.
// Outside a browser nothing does.

const HIDDEN_MS = 30_000;

export const isHidden = () => globalThis.document?.visibilityState === 'hidden';
export const isOffline = () => globalThis.navigator?.onLine === false;

/**
 * @param {object} on
 * @param {() => void} on.suspend into the back/forward cache, or frozen: hold nothing
 * @param {() => void} on.resume also at a page's first show
 * @param {(long: boolean) => void} on.visible whether it was hidden for long
 * @param {() => void} on.network
 * @returns {() => void} ends it
 */
export function watchPage({ suspend, resume, visible, network }) {
  const { document } = globalThis;
  if (!document) return () => {};
  const ends = new AbortController();
  let hiddenAt = Date.now();
  /** @param {EventTarget} target @param {string} type @param {() => void} listener */
  const listen = (target, type, listener) => target.addEventListener(type, listener, ends);
  listen(globalThis, 'pagehide', suspend);
  listen(globalThis, 'pageshow', resume);
  listen(document, 'freeze', suspend);
  listen(document, 'resume', resume);
  listen(globalThis, 'online', network);
  listen(globalThis, 'offline', network);
  listen(document, 'visibilitychange', () => {
    if (isHidden()) hiddenAt = Date.now();
    else visible(Date.now() - hiddenAt > HIDDEN_MS);
  });
  return () => ends.abort();
}
