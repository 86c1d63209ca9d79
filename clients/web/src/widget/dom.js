// SPDX-License-Identifier: Apache-2.0
// Elements without HTML text: everything that a notification says becomes a text node or an
// attribute, so that no page policy is in the way and nothing in it can become markup.

const SVG = 'http://www.w3.org/2000/svg';

/** @typedef {Node | string | null | undefined | false | 0} Child */

/**
 * Creates an element. A property that starts with "on" is a listener; null, undefined and false
 * leave the attribute out; true sets it without a value.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, any>} [properties]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === 'class') {
      setClass(element, value);
    } else if (name.startsWith('on')) {
      element.addEventListener(name.slice(2), value);
    } else if (value != null && value !== false) {
      element.setAttribute(name, value === true ? '' : value);
    }
  }
  fill(element, ...children);
  return element;
}

/**
 * Each class is a part as well, so that a page's own ::part() reaches whatever we can style.
 * @param {Element} element
 * @param {string} names
 */
export function setClass(element, names) {
  element.className = names;
  element.part.value = names;
}

/** @param {HTMLElement} element  whose name and tooltip are the same @param {string} text */
export function setLabel(element, text) {
  element.ariaLabel = element.title = text;
}

/**
 * Replaces what is in `element`.
 * @param {Element} element
 * @param {...Child} children
 */
export function fill(element, ...children) {
  element.replaceChildren(.../** @type {(Node | string)[]} */ (
    children.filter((child) => child)));
}

// Drawn on a grid of 24, strokes only.
const RING = 'M12 3.2a8.8 8.8 0 1 0 0 17.6 8.8 8.8 0 1 0 0-17.6';
const BOX = 'M4.5 8.5V19h15V8.5M3 4.5h18v4H3z';
const paths = {
  bell: 'M12 3.2a5.9 5.9 0 0 0-5.9 5.9c0 3.9-1 5.6-2.2 6.6-.6.5-.3 1.4.5 1.4h15.2c.8 0 1.1-.9.5-1.4-1.2-1-2.2-2.7-2.2-6.6A5.9 5.9 0 0 0 12 3.2M9.6 20a2.6 2.6 0 0 0 4.8 0',
  read: 'm4.5 12.5 5 5 10-11',
  readAll: 'm2 12.8 4.3 4.4L15 7.5M11 16.2l1 1L21 7.5',
  unread: 'M12 7.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 1 0 0-9',
  archive: BOX + 'M10 12.5h4',
  unarchive: BOX + 'M12 16.5v-5m-2.3 2.2 2.3-2.3 2.3 2.3',
  delete: 'M4 6.8h16M9.2 6.8V4h5.6v2.8M6.2 6.8 7.2 20h9.6l1-13.2M10.2 10.5v6M13.8 10.5v6',
  settings: 'M3.5 7.5h8.3M17.2 7.5h3.3M14.5 4.8a2.7 2.7 0 1 0 0 5.4 2.7 2.7 0 1 0 0-5.4M3.5 16.5h3.3M12.2 16.5h8.3M9.5 13.8a2.7 2.7 0 1 0 0 5.4 2.7 2.7 0 1 0 0-5.4',
  close: 'm6 6 12 12M18 6 6 18',
  back: 'm14.5 5-7 7 7 7',
  up: 'M12 19V5m-6 6 6-6 6 6',
  info: RING + 'M12 11.2v5M12 7.9v.1',
  success: RING + 'm-3.8 9.2 2.7 2.7 5-5.6',
  warning: 'M12 4 2.8 19.6h18.4zM12 10v4.4M12 16.9v.1',
  error: RING + 'M12 7.6v5.6M12 16.2v.1',
  offline: 'm3.5 3.5 17 17M8.3 15.8a5.3 5.3 0 0 1 7.4 0M4.6 12.2a10.5 10.5 0 0 1 4.6-2.6M19.4 12.2a10.5 10.5 0 0 0-6.2-2.9M12 19.5v.1',
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
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', 'icon');
  path.setAttribute('d', paths[name]);
  svg.append(path);
  return svg;
}
