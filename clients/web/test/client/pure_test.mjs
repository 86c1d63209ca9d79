// SPDX-License-Identifier: Apache-2.0
// The pure parts: ids, backoff, counts, filters, operations.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createBackoff } from '../../src/client/backoff.js';
import { countArrival, laterCounts, NO_COUNTS } from '../../src/client/counts.js';
import { matches, queryOf } from '../../src/client/filter.js';
import { compareIds, laterId } from '../../src/client/ids.js';
import { applied, bringsIn } from '../../src/client/operations.js';

const sign = Math.sign;
const item = (fields) => ({ id: '10', level: 'info', title: 't', ...fields });

test('ids are compared exactly, beyond 2^53 too', () => {
  assert.equal(sign(compareIds('9007199254740993', '9007199254740992')), 1);
  assert.equal(sign(compareIds('18446744073709551615', '18446744073709551614')), 1);
  assert.equal(sign(compareIds('9', '10')), -1);
  assert.equal(compareIds('5', '5'), 0);
});

test('no id is before every id', () => {
  assert.equal(sign(compareIds(null, '0')), -1);
  assert.equal(compareIds(null, undefined), 0);
  assert.equal(laterId(null, '3'), '3');
  assert.equal(laterId('3', null), '3');
});

test('the wait has jitter from a quarter of a second on, under a bound that doubles to 30 s', ({ mock }) => {
  const random = mock.method(Math, 'random');
  const backoff = createBackoff();
  random.mock.mockImplementation(() => 0);
  assert.deepEqual([backoff.next(0), backoff.next(0), backoff.next(0)], [250, 250, 250]);
  backoff.reset();
  random.mock.mockImplementation(() => 1);
  const waits = Array.from({ length: 40 }, () => backoff.next(0));
  assert.deepEqual(waits.slice(0, 6), [1250, 2250, 4250, 8250, 16250, 30250]);
  assert.equal(waits.at(-1), 30_250);
});

test('a hidden page waits up to 5 min, and what the server asked for is the least', ({ mock }) => {
  mock.method(Math, 'random', () => 1);
  const backoff = createBackoff();
  for (let i = 0; i < 20; i++) backoff.next(0);
  assert.equal(backoff.next(0, true), 300_250);
  assert.equal(backoff.next(600_000), 600_000);
  backoff.reset();
  assert.equal(backoff.next(0), 1250);
});

const counts = (unreadCount, upTo, byKind = {}) => ({ unreadCount, unseenCount: unreadCount, byKind, upTo });

test('counts that are true at an earlier position are ignored', () => {
  const held = laterCounts(NO_COUNTS, counts(3, '9007199254740993'));
  assert.equal(held.unreadCount, 3);
  assert.equal(laterCounts(held, counts(9, '9007199254740992')), held);
  assert.equal(laterCounts(held, undefined), held);
  assert.equal(laterCounts(held, counts(1, '9007199254740994')).unreadCount, 1);
});

test('an arrival counts once, and only above the position of the counts', () => {
  const held = laterCounts(NO_COUNTS, counts(1, '10', { a: 1 }));
  assert.equal(countArrival(held, item({ id: '10' })), held);
  const more = countArrival(held, item({ id: '11', kind: 'a' }));
  assert.deepEqual(more, counts(2, '11', { a: 2 }));
  assert.equal(countArrival(more, item({ id: '11', kind: 'a' })), more);
  assert.deepEqual(countArrival(more, item({ id: '12' })).byKind, { a: 2, '': 1 });
});

test('one that replaces another waits for the numbers of the server', () => {
  const held = laterCounts(NO_COUNTS, counts(1, '10'));
  assert.equal(countArrival(held, item({ id: '11', replaces: '10' })), held);
  assert.equal(countArrival(held, item({ id: '11', readAt: 'x' })), held);
});

test('filters that mean the same have one query', () => {
  const text = (filter) => JSON.stringify(queryOf(filter));
  assert.equal(text({ kind: 'a.', unread: true }), text({ unread: true, kind: 'a.', archived: false }));
  assert.equal(text({ unread: true, kind: 'a b.' }), '{"kind":"a b.","unread":true}');
  assert.equal(text({}), '{}');
});

test('a filter takes what the edge would list', () => {
  const at = '2026-01-01T00:00:00Z';
  assert.ok(matches({}, item({}), 0));
  assert.ok(!matches({}, item({ archivedAt: at }), 0));
  assert.ok(matches({ archived: true }, item({ archivedAt: at }), 0));
  assert.ok(!matches({ archived: true }, item({}), 0));
  assert.ok(!matches({ unread: true }, item({ readAt: at }), 0));
  assert.ok(matches({ kind: 'a.' }, item({ kind: 'a.b' }), 0));
  assert.ok(!matches({ kind: 'a.' }, item({}), 0));
  assert.ok(!matches({ level: 'error' }, item({}), 0));
  assert.ok(!matches({}, item({ expiresAt: at }), Date.parse(at)));
  assert.ok(matches({}, item({ expiresAt: at }), Date.parse(at) - 1));
});

test('read keeps the first time, unread clears it, archive also reads, unarchive keeps that', () => {
  const at = 'now';
  const read = applied(item({}), { op: 'read', ids: ['10'], at });
  assert.equal(read.readAt, at);
  assert.equal(applied(read, { op: 'read', ids: ['10'], at: 'later' }).readAt, at);
  assert.equal(applied(read, { op: 'unread', ids: ['10'] }).readAt, undefined);
  const archived = applied(item({}), { op: 'archive', ids: ['10'], at });
  assert.deepEqual([archived.readAt, archived.archivedAt], [at, at]);
  const back = applied(archived, { op: 'unarchive', ids: ['10'] });
  assert.deepEqual([back.readAt, back.archivedAt], [at, undefined]);
});

test('read-all takes what is up to its mark and of its kind', () => {
  const all = { op: 'read_all', upTo: '10', at: 'now' };
  assert.equal(applied(item({}), all).readAt, 'now');
  assert.equal(applied(item({ id: '11' }), all).readAt, undefined);
  assert.equal(applied(item({}), { ...all, kind: 'a.' }).readAt, undefined);
});

test('archive-all of what is read means what was read before it', () => {
  const all = { op: 'archive_all', upTo: '10', onlyRead: true, at: '2026-01-02T00:00:00Z' };
  const archivedAt = (readAt) => applied(item({ readAt }), all).archivedAt;
  assert.equal(archivedAt(undefined), undefined);
  assert.equal(archivedAt('2026-01-01T00:00:00.5Z'), all.at);
  assert.equal(archivedAt('2026-01-02T00:00:01Z'), undefined);
});

test('what is deleted, retracted, expired or replaced is gone; seen and other ids change nothing', () => {
  for (const op of ['delete', 'retracted', 'expired', 'replaced']) {
    assert.equal(applied(item({}), { op, ids: ['10'] }), null);
    assert.deepEqual(applied(item({}), { op, ids: ['11'] }), item({}));
  }
  assert.deepEqual(applied(item({}), { op: 'seen', upTo: '99' }), item({}));
});

test('which changes bring into a list what it may not know', () => {
  assert.ok(bringsIn('archive_all', { archived: true }));
  assert.ok(bringsIn('unarchive', {}));
  assert.ok(bringsIn('unread', { unread: true }));
  assert.ok(!bringsIn('unread', {}));
  assert.ok(!bringsIn('read', {}));
});
