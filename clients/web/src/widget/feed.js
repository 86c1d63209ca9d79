// SPDX-License-Identifier: Apache-2.0
// The drawer's list: rows that are kept by id, more of them as one scrolls, and those that arrive
// while one reads further down wait behind the "N new" pill.
import { compareIds } from '../client/ids.js';
import { button, fill, h, icon, setClass } from './dom.js';
import { drawItem, pressItem, setAge } from './item.js';

const AHEAD_PX = 600;  // the next page is fetched this far before the end
const TOP_PX = 24;     // scrolled less than this, new rows are let in at once

/** @typedef {import('./types.js').Ui} Ui */
/** @typedef {import('./types.js').Notification} Notification */
/** @typedef {import('./types.js').Filter} Filter */
/** @typedef {import('./item.js').Operation} Operation */
/** @typedef {{element: HTMLLIElement, n: Notification}} Row */

const SKELETONS = [0, 1, 2, 3, 4];

/** What stands where a row will be. */
const skeleton = () => h('div', 'skeleton', {}, h('span', 'avatar'), h('div', 'text', {}, h('p'), h('p')));

/**
 * @param {Ui} ui
 * @param {(operation: Operation, n: Notification) => void} changed  somebody pressed a row's button
 */
export function createFeed(ui, changed) {
  /** @type {Map<string, Row>} */
  const rows = new Map();
  /** @type {import('./types.js').List | null} */
  let list = null;
  let leave = () => {};
  /** @type {Filter} */
  let filter = {};
  let top = '';  // the newest id that is shown; "" while everything may be
  const ul = h('ul', 'list', { onclick: press });
  const pill = button('pill', { hidden: true, onclick: toTop });
  const message = h('div');
  const scroller = h('div', 'scroller', { tabIndex: -1, onscroll: scrolled, onkeydown: key }, ul, message);
  const element = h('div', 'feed', {}, pill, scroller);

  let frame = 0;

  const atTop = () => scroller.scrollTop < TOP_PX;

  /** Once a frame, however much arrives. */
  function render() {
    frame ||= requestAnimationFrame(draw);
  }

  /** @param {EventTarget | null} [start] */
  const rowOf = (start = ui.root.activeElement) => /** @type {Element | null} */ (start)?.closest('li');

  function load() {
    list?.loadMore().catch(() => {});
  }

  function scrolled() {
    if (atTop() && top) {
      render();
    }
    const left = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
    const snapshot = list?.getSnapshot();
    if (snapshot?.more && snapshot.status === 'ready' && left < AHEAD_PX && ui.isOpen()) {
      load();
    }
  }

  function toTop() {
    scroller.scrollTop = 0;
    draw();
    focusRow(ul.firstElementChild);
  }

  /** @param {Element | null | undefined | false} row */
  function focusRow(row) {
    if (row) {
      /** @type {HTMLElement} */ (row.querySelector('.title') ?? row).focus();
    }
  }

  /** @param {KeyboardEvent} event */
  function key(event) {
    const row = rowOf();
    const first = ul.firstElementChild;
    const to = {
      ArrowDown: row ? row.nextElementSibling : first,
      ArrowUp: row?.previousElementSibling,
      Home: first,
      End: ul.lastElementChild,
    }[event.key];
    if (to) {
      event.preventDefault();
      focusRow(to);
    }
  }

  /** @param {MouseEvent} event */
  function press(event) {
    const li = rowOf(event.target);
    const n = li && rows.get(li.id)?.n;
    const operation = n && pressItem(ui, event, n);
    if (operation === 'open') {
      li?.classList.toggle('wide');
    } else if (operation) {
      changed(/** @type {Operation} */ (operation), n);
    }
  }

  /** @param {Notification} n @returns {Row} */
  function rowFor(n) {
    let row = rows.get(n.id);
    if (row?.n === n) {
      return row;
    }
    row ??= { element: h('li', '', { id: n.id }), n };
    row.n = n;
    drawItem(ui, row.element, n, row.element.classList.contains('wide') ? 'wide' : '', [
      n.readAt ? 'unread' : 'read', n.archivedAt ? 'unarchive' : 'archive', 'delete']);
    rows.set(n.id, row);
    return row;
  }

  /** Rows that are gone leave; focus goes to a neighbour. @param {readonly Notification[]} items */
  function sweep(items) {
    const kept = new Set(items.map((n) => n.id));
    const focused = rowOf();
    for (const [id, { element: li }] of rows) {
      if (!kept.has(id)) {
        const next = li === focused && (li.nextElementSibling ?? li.previousElementSibling ?? scroller);
        li.remove();
        rows.delete(id);
        focusRow(next);
      }
    }
  }

  function draw() {
    frame = 0;
    if (!list || !ui.isOpen()) {
      return;
    }
    const snapshot = list.getSnapshot();
    // Who is refused is not shown what came before, nor a list that may be somebody else's.
    const refused = ui.client().getSnapshot().state === 'refused';
    const all = refused ? [] : snapshot.items;
    if (atTop()) {
      top = '';
    } else if (!top) {
      top = ul.firstElementChild?.id ?? '';
    }
    const items = top ? all.filter((n) => compareIds(n.id, top) <= 0) : all;
    sweep(items);
    let at = ul.firstElementChild;
    for (const n of items) {
      const li = rowFor(n).element;
      if (li === at) {
        at = at.nextElementSibling;
      } else {
        ul.insertBefore(li, at);
      }
    }
    const waiting = all.length - items.length;
    pill.hidden = waiting === 0;
    fill(pill, ui.words().t('pill', waiting));
    showState(snapshot, refused);
    if (!refused) {
      scrolled();
    }
  }

  /** @param {ReturnType<import('./types.js').List['getSnapshot']>} snapshot @param {boolean} refused */
  function showState({ items, status, problem }, refused) {
    const { t } = ui.words();
    const empty = refused || items.length === 0;
    const loading = status === 'loading' || status === 'idle';
    const failed = refused || status === 'error';
    // The client knows better why there is no answer: it has looked into it.
    const known = ui.client().getSnapshot().problem;
    const why = refused || !problem?.status && known ? known : problem;
    const failure = failed && [
      icon('warning'), h('h3', '', {}, t(refused ? 'refused' : 'failed')), h('p', '', {}, why?.status && why.detail || why?.code),
      button('action action0', { onclick: refused ? ui.restart : load }, t('retry'))];

    scroller.ariaBusy = String(loading);
    const waits = loading && empty && !failure;
    setClass(message, waits ? '' : empty ? 'message' : 'more');
    fill(message, ...failure || [...waits ? SKELETONS.map(skeleton) : [], loading ? h('span', waits ? 'hidden' : '', {}, t('loading'))
      : empty && h('slot', '', { name: 'empty' }, icon('bell'), h('h3', '', {}, t(filter.archived ? 'emptyArchived' : 'empty')))]);
  }

  function leaveList() {
    leave();
    list?.close();
    list = null;
    rows.clear();
    ul.replaceChildren();
  }

  return {
    element,
    render,
    /** Shows what `next` selects. @param {Filter} next */
    choose(next) {
      leaveList();
      filter = next;
      top = '';
      scroller.scrollTop = 0;
      list = ui.client().list(next);
      leave = list.subscribe(render);
      if (list.getSnapshot().status === 'idle') {
        load();
      }
      draw();
    },
    close: leaveList,
    /** Draws every row again, in another language or by another renderItem. */
    redraw() {
      rows.clear();
      ul.replaceChildren();
      render();
    },
    /** Time goes on. */
    tick: () => ul.querySelectorAll('time').forEach((time) => setAge(ui, time)),
  };
}
