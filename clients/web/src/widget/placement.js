// SPDX-License-Identifier: Apache-2.0
// Where the drawer goes: beside its bell, on the side that was asked for if there is room, and
// always inside the window. Positions are set through the CSSOM, which a page's policy allows.

const GAP = 8;
const MARGIN = 12;
const HEIGHT_MIN = 280;

/**
 * @param {HTMLElement} panel  shown already, so that it has a size
 * @param {Element} anchor
 * @param {string} placement   "bottom-end", ...
 */
export function place({ style, offsetWidth }, anchor, placement) {
  const { left, right, top, bottom } = anchor.getBoundingClientRect();
  const { clientWidth, clientHeight } = document.documentElement;
  const above = top - GAP - MARGIN;
  const below = clientHeight - bottom - GAP - MARGIN;
  const up = placement.startsWith('top') ? above >= Math.min(HEIGHT_MIN, below) : below < HEIGHT_MIN && above > below;
  const toRight = placement.endsWith('start') === (getComputedStyle(anchor).direction === 'ltr');
  const x = Math.max(MARGIN, Math.min(toRight ? left : right - offsetWidth, clientWidth - offsetWidth - MARGIN));
  style.setProperty('inset', up ? `auto auto ${clientHeight - top + GAP}px ${x}px` : `${bottom + GAP}px auto auto ${x}px`);
  style.setProperty('--room', Math.max(HEIGHT_MIN, up ? above : below) + 'px');
}
