// SPDX-License-Identifier: Apache-2.0
// The bell: `Belfry.init({projectId, userId, getToken})` where widget.js is a script, the same names
// where it is imported. Safe to import without a DOM; the element is then not defined.
import { createClient } from '../client/index.js';
import { BelfryBell } from './element.js';

export { BelfryBell, createClient };
export const version = '1.0.0';

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
  const there = find();
  if (there instanceof BelfryBell) {
    there.configure(options);
    return there;
  }
  const bell = /** @type {BelfryBell} */ (document.createElement(NAME));
  const add = () => {
    const place = find();
    if (place instanceof BelfryBell) {
      [...place.attributes].forEach(({ name, value }) => bell.setAttribute(name, value));
      bell.append(...place.childNodes);
      place.replaceWith(bell);
    } else {
      bell.toggleAttribute('floating', !place);
      (place ?? document.body).append(bell);
    }
  };
  bell.configure(options);
  if (there || document.readyState !== 'loading') {
    add();
  } else {
    addEventListener('DOMContentLoaded', add, { once: true });
  }
  return bell;
}
