// SPDX-License-Identifier: Apache-2.0
// Elements without HTML text: everything that a notification says becomes a text node or a property,
// so that no page policy is in the way and nothing in it can become markup.

const SVG = 'http://www.w3.org/2000/svg';

/** @typedef {Node | string | null | undefined | false | 0} Child */

/**
 * Creates an element.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} [classes]  which are its parts as well
 * @param {Record<string, any>} [properties]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, classes = '', properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  setClass(element, classes);
  fill(element, ...children);
  return element;
}

/**
 * A button; in a shadow root it submits no form. What it does when it is pressed in an item is its
 * second class.
 * @param {string} classes
 * @param {Record<string, any>} [properties]
 * @param {...Child} children
 */
export const button = (classes, properties, ...children) =>
  h('button', classes, properties, ...children);

/**
 * Each class is a part as well, so that a page's own ::part() reaches whatever we can style.
 * @param {Element} element
 * @param {string} names
 */
export function setClass(element, names) {
  element.className = names;
  element.part.value = names;
}

/** Name and tooltip. @param {HTMLElement} element @param {string} text */
export function setLabel(element, text) {
  element.ariaLabel = element.title = text;
}

/**
 * Replaces what is in `element`.
 * @param {Element} element
 * @param {...Child} children
 */
export function fill(element, ...children) {
  element.replaceChildren(.../** @type {(Node | string)[]} */ (children.filter((child) => child)));
}

// Drawn on a grid of 24, strokes only.
const RING = 'M12 3a9 9 0 1 0 0 18 9 9 0 1 0 0-18';
const BOX = 'M4.5 8.5V19h15V8.5M3 4.5h18v4H3z';
const paths = {
  bell: 'M12 3a6 6 0 0 0-6 6c0 4-1 6-2.5 7.5h17C19 15 18 13 18 9a6 6 0 0 0-6-6M9.5 20a2.6 2.6 0 0 0 5 0',
  read: 'm4.5 12.5 5 5 10-11',
  readAll: 'm2 13 4 4 9-9M11 16l1 1 9-9',
  unread: 'M12 7.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 1 0 0-9',
  archive: BOX + 'M10 12.5h4',
  unarchive: BOX + 'M12 16.5v-5m-2.5 2.5 2.5-2.5 2.5 2.5',
  delete: 'M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13',
  settings: 'M4 7.5h9m6 0h1M16 5v5M4 16.5h1m6 0h9M8 14v5',
  close: 'm6 6 12 12M18 6 6 18',
  back: 'm14.5 5-7 7 7 7',
  info: RING + 'm0 8v5m0-8.5v.1',
  success: RING + 'm-4 9.5 3 3 5-6',
  warning: 'M12 4 3 19.5h18zM12 10v4m0 3v.1',
  error: RING + 'm0 4.5v5.5m0 3v.1',
};

/** @typedef {keyof typeof paths} IconName */

/**
 * @param {IconName} name
 * @returns {SVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  const path = document.createElementNS(SVG, 'path');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  path.setAttribute('d', paths[name]);
  svg.append(path);
  return svg;
}
