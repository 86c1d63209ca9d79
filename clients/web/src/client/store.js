// SPDX-License-Identifier: Apache-2.0
// What this tab knows of the server's notifications, each true at a log position, and how pages of
// lists, arrivals and `state` events change it. What is shown has the overlay on top.
import { compareIds, laterId } from './ids.js';
import { applied } from './operations.js';

/** @typedef {import('./types.js').Notification} Notification */
/** @typedef {import('./operations.js').Operation} Operation */

const RECENT_MAX = 500;

/** @param {ReturnType<typeof import('./overlay.js').createOverlay>} overlay */
export function createStore(overlay) {
  /** @type {Map<string, {item: Notification, asOf: string}>} */
  const known = new Map();
  /** What the stream has said lately: an answer that was on its way meanwhile does not know it. @type {{operation: Operation, position: string}[]} */
  let recent = [];
  /** @type {string|null} */
  let cursor = null;

  /** @param {Notification} item @param {Operation} operation @param {string} position */
  function change(item, operation, position) {
    const next = applied(item, operation);
    if (next) known.set(item.id, { item: next, asOf: position });
    else known.delete(item.id);
  }

  return {
    /** @param {string} id */
    has: (id) => known.has(id),
    /** @param {string|null} to */
    moveTo(to) {
      cursor = to;
      overlay.forget(to);
    },
    /** @param {Notification} notification that came on the stream */
    arrive(notification) {
      if (notification.replaces) known.delete(notification.replaces);
      const before = known.get(notification.id);
      if (!before) known.set(notification.id, { item: Object.freeze(notification), asOf: notification.id });
    },
    /** @param {Operation} operation of a `state` event @param {string} position */
    operate(operation, position) {
      recent.push({ operation, position });
      if (recent.length > RECENT_MAX) recent = recent.slice(-RECENT_MAX / 2);
      for (const { item, asOf } of known.values()) {
        if (compareIds(position, asOf) > 0) change(item, operation, position);
      }
    },
    /** A page of a list, true at `upTo`. @param {Notification[]} page @param {string} upTo */
    merge(page, upTo) {
      for (const one of page) {
        const before = known.get(one.id);
        if (before && compareIds(before.asOf, upTo) > 0) continue;
        /** @type {Notification|null} */
        let item = Object.freeze(one);
        let asOf = upTo;
        for (const { operation, position } of recent) {
          if (item && compareIds(position, upTo) > 0) {
            item = applied(item, operation);
            asOf = position;
          }
        }
        if (item) known.set(one.id, { item, asOf });
        else known.delete(one.id);
      }
    },
    /** Those that `wanted` takes, newest first, as they are shown. @param {(shown: Notification) => boolean} wanted */
    select(wanted) {
      const found = [];
      for (const { item, asOf } of known.values()) {
        const shown = overlay.over(item, laterId(asOf, cursor ?? ''));
        if (shown && wanted(shown)) found.push(shown);
      }
      return found.sort((a, b) => compareIds(b.id, a.id));
    },
    /** What `keep` does not take is forgotten. @param {(id: string) => boolean} keep */
    prune(keep) {
      for (const id of known.keys()) if (!keep(id)) known.delete(id);
    },
    clear() {
      known.clear();
      recent = [];
    },
  };
}
