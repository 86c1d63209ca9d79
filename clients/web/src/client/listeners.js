// SPDX-License-Identifier: Apache-2.0
// Listeners, each called in a microtask of its own: one that throws harms nobody else, and its
// error is the page's to see.

/** @template T */
export function createListeners() {
  /** @type {Set<{listener: (value: T) => void}>} */
  const all = new Set();
  let due = false;
  /** @param {T} value */
  const emit = (value) => all.forEach(({ listener }) => queueMicrotask(() => listener(value)));
  return {
    emit,
    /** @param {(value: T) => void} listener @returns {() => void} ends it */
    add(listener) {
      const entry = { listener };
      all.add(entry);
      return () => void all.delete(entry);
    },
    /** Once per turn, however often something changes in it. @param {T} value */
    tell(value) {
      if (!due) queueMicrotask(() => { due = false; emit(value); });
      due = true;
    },
  };
}
