// SPDX-License-Identifier: Apache-2.0
// Listeners of a snapshot: told once per turn however much has changed in it.

/** @param {unknown} error what a listener threw: the page hears of it, the others are still told */
const report = (error) => queueMicrotask(() => { throw error; });

/** @template T @param {Iterable<(value: T) => void>} listeners @param {T} value */
export function tellAll(listeners, value) {
  for (const listener of [...listeners]) {
    try {
      listener(value);
    } catch (error) {
      report(error);
    }
  }
}

export function createListeners() {
  /** @type {Set<() => void>} */
  const listeners = new Set();
  let due = false;
  return {
    /** @param {() => void} listener */
    add(listener) {
      const own = () => listener();
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    tell() {
      if (due) return;
      due = true;
      queueMicrotask(() => {
        due = false;
        tellAll(listeners, undefined);
      });
    },
  };
}
