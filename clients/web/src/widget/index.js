// SPDX-License-Identifier: Apache-2.0
// The bell. As a script of the page, widget.js is these names as `Belfry`; see build.mjs. Safe to import
// without a DOM: the element is then not defined.
import { createClient } from '../client/index.js';
import { BelfryBell } from './element.js';

export { BelfryBell, createClient };
export const version = '0.2.0';

const NAME = 'belfry-bell';

if (globalThis.customElements && !customElements.get(NAME)) {
  customElements.define(NAME, BelfryBell);
}

/**
 * Puts a bell on the page, or sets up the one that is there, and returns it. Called before the page's
 * body is read, it waits for that with putting it there.
 * @param {import('./types.js').BellOptions} options
 * @returns {BelfryBell}
 */
export function init(options) {
  const { target = NAME } = options;
  const find = () => (typeof target === 'string' ? document.querySelector(target) : target);
  const found = find();
  const bell = found instanceof BelfryBell ? found : new BelfryBell();
  const add = () => {
    const there = find();
    if (there?.localName === NAME) {
      there.replaceWith(bell);
    } else {
      bell.toggleAttribute('floating', !there);
      (there ?? document.body).append(bell);
    }
  };
  // Without a project or user it is refused, which is seen, unless the page's own element has them.
  bell.configure(found === bell ? options : { projectId: '', ...options });
  if (found !== bell) {
    found || document.body ? add() : addEventListener('DOMContentLoaded', add);
  }
  return bell;
}
