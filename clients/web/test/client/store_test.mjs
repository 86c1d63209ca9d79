// SPDX-License-Identifier: Apache-2.0
// The store: pages, arrivals and states in every order, and pending changes on top.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { forget } from '../../src/client/overlay.js';
import { createStore } from '../../src/client/store.js';

const item = (id, fields) => ({ id, level: 'info', title: `n${id}`, ...fields });
const all = () => true;
const ids = (store) => store.select(all).map(({ id }) => id);
const read = (store) => store.select(({ readAt }) => readAt).map(({ id }) => id);

function make() {
  const overlay = new Map();
  const store = createStore(overlay);
  const pend = (key, operation) => overlay.set(key, { key, settledAt: '', at: 'now', ...operation });
  return { store, overlay, pend };
}

test('newest first, beyond 2^53 too', () => {
  const { store } = make();
  store.merge([item('9007199254740992'), item('9007199254740993'), item('99')], '9007199254740993');
  assert.deepEqual(ids(store), ['9007199254740993', '9007199254740992', '99']);
});

test('a state that came before the page that does not know it is applied to the page', () => {
  const { store } = make();
  store.operate({ op: 'read', ids: ['5'], at: 'x' }, '20');
  store.operate({ op: 'delete', ids: ['6'] }, '21');
  store.merge([item('6'), item('5')], '10');
  assert.deepEqual(ids(store), ['5']);
  assert.deepEqual(read(store), ['5']);
});

test('a page does not undo a state that it is older than', () => {
  const { store } = make();
  store.merge([item('5')], '10');
  store.operate({ op: 'read', ids: ['5'], at: 'x' }, '20');
  store.merge([item('5')], '15');
  assert.deepEqual(read(store), ['5']);
  store.merge([item('5')], '25');
  assert.deepEqual(read(store), []);
});

test('a state that the page already knows is not applied again', () => {
  const { store } = make();
  store.merge([item('5')], '30');
  store.operate({ op: 'read', ids: ['5'], at: 'x' }, '20');
  assert.deepEqual(read(store), []);
});

test('an arrival that replaces another takes its place', () => {
  const { store } = make();
  store.arrive(item('5'));
  store.arrive(item('6', { replaces: '5' }));
  assert.deepEqual(ids(store), ['6']);
});

test('a change that is taken back undoes itself alone', () => {
  const { store, overlay, pend } = make();
  store.merge([item('5'), item('6')], '10');
  pend('a', { op: 'read', ids: ['5'] });
  pend('b', { op: 'read', ids: ['6'] });
  pend('c', { op: 'archive', ids: ['6'] });
  store.arrive(item('11'));
  assert.deepEqual(read(store), ['6', '5']);
  overlay.delete('b');
  assert.deepEqual(read(store), ['6', '5'], 'archived is read too');
  overlay.delete('c');
  assert.deepEqual(read(store), ['5']);
  assert.deepEqual(ids(store), ['11', '6', '5']);
});

test('a settled change stays until the stream has come so far, and yields to newer knowledge', () => {
  const { store, overlay, pend } = make();
  store.merge([item('5')], '10');
  pend('a', { op: 'read', ids: ['5'], settledAt: '20' });
  forget(overlay, '19');
  assert.deepEqual(read(store), ['5']);
  store.merge([item('5')], '25'); // unread on another device at 22
  assert.deepEqual(read(store), []);
  forget(overlay, '20');
  assert.equal(overlay.size, 0);
});

test('a pending change that nobody has answered is never forgotten', () => {
  const { overlay, pend } = make();
  pend('a', { op: 'read', ids: ['5'] });
  forget(overlay, '99999');
  assert.equal(overlay.size, 1);
});
