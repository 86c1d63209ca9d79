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
export function place(panel, anchor, placement) {
  const [side, end] = placement.split('-');
  const at = anchor.getBoundingClientRect();
  const { clientWidth: width, clientHeight: height } = document.documentElement;
  const below = height - at.bottom - GAP - MARGIN;
  const above = at.top - GAP - MARGIN;
  const up = side === 'top' ? above >= Math.min(HEIGHT_MIN, below) : below < HEIGHT_MIN && above > below;
  const toRight = (end === 'start') === (getComputedStyle(anchor).direction === 'ltr');
  const left = toRight ? at.left : at.right - panel.offsetWidth;
  const { style } = panel;
  style.setProperty('left', Math.max(MARGIN, Math.min(left, width - panel.offsetWidth - MARGIN)) + 'px');
  style.setProperty('top', up ? 'auto' : at.bottom + GAP + 'px');
  style.setProperty('bottom', up ? height - at.top + GAP + 'px' : 'auto');
  style.setProperty('--room', Math.max(HEIGHT_MIN, up ? above : below) + 'px');
  style.setProperty('--from', up ? '6px' : '-6px');
}
