// SPDX-License-Identifier: Apache-2.0
// What this tab knows of the server's notifications, each true at a log position, and how pages of
// lists, arrivals and `state` events change it. What is shown has the overlay on top.
import { compareIds, laterId } from './ids.js';
import { applied } from './operations.js';
import { shown } from './overlay.js';

/** @typedef {import('./types.js').Notification} Notification */
/** @typedef {import('./operations.js').Operation} Operation */

const RECENT_MAX = 500;

/** @param {import('./overlay.js').Overlay} overlay */
export function createStore(overlay) {
  /** @type {Map<string, {item: Notification, asOf: string}>} */
  const known = new Map();
  /** What the stream has said lately: a page that was on its way meanwhile does not know it. @type {[Operation, string][]} */
  let recent = [];

  /** @param {string} id @param {Notification|null} item @param {string} asOf */
  function put(id, item, asOf) {
    if (item) known.set(id, { item: Object.freeze(item), asOf });
    else known.delete(id);
  }

  const store = {
    /** The stream has brought everything up to here. */
    cursor: '',
    /** @param {string} id */
    has: (id) => known.has(id),
    /** @param {Notification} item that came on the stream */
    arrive(item) {
      if (item.replaces) known.delete(item.replaces);
      if (!known.has(item.id)) put(item.id, item, item.id);
    },
    /** @param {Operation} operation of a `state` event @param {string} position */
    operate(operation, position) {
      recent = [...recent.slice(-RECENT_MAX), [operation, position]];
      for (const [id, { item, asOf }] of known) {
        if (compareIds(position, asOf) > 0) put(id, applied(item, operation), position);
      }
    },
    /** A page of a list, true at `upTo`. @param {Notification[]} page @param {string} upTo */
    merge(page, upTo) {
      for (const one of page) {
        /** @type {Notification|null} */
        let item = one;
        let asOf = upTo;
        for (const [operation, position] of recent) {
          if (item && compareIds(position, asOf) > 0) {
            item = applied(item, operation);
            asOf = position;
          }
        }
        put(one.id, item, asOf);
      }
    },
    /** Those that `wanted` takes, newest first, as they are shown. @param {(item: Notification) => boolean} wanted */
    select: (wanted) => [...known.values()]
      .flatMap(({ item, asOf }) => shown(overlay, item, laterId(asOf, store.cursor)) ?? [])
      .filter(wanted).sort((a, b) => compareIds(b.id, a.id)),
    clear() {
      known.clear();
      recent = [];
    },
  };
  return store;
}
