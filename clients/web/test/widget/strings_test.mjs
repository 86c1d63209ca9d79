// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { english, language, locales } from '../../src/widget/strings.js';

const NOW = Date.parse('2026-11-28T12:00:00Z');
const before = (minutes) => new Date(NOW - minutes * 60_000);
const holes = (text) => JSON.stringify(text).includes('{n}');

test('eight languages have every text of the English one, and a number where it has one', async () => {
  assert.equal(Object.keys(locales).length, 8);
  for (const [name, load] of Object.entries(locales)) {
    const strings = (await load()).strings;
    for (const [key, text] of Object.entries(english)) {
      assert.ok(strings[key], `${name}: ${key}`);

      assert.equal(holes(strings[key]), holes(text), `${name}: ${key}`);
    }
    assert.ok(strings.choose && strings.noKinds && strings.locked, name);
    assert.equal(strings.dir, name === 'ar' ? 'rtl' : 'ltr');
  }
});

test('texts with a number follow the language\'s plural rules', async () => {
  const arabic = language('ar', (await locales.ar()).strings);
  assert.notEqual(arabic.t('fresh', 2), arabic.t('fresh', 3));
  assert.equal(language('en').t('fresh', 1), '1 new notification');
  assert.equal(language('en').t('fresh', 1200), '1,200 new notifications');
});

test('a text of one\'s own replaces the English one alone', () => {
  const words = language('en', { notifications: 'Alerts' });
  assert.equal(words.t('notifications'), 'Alerts');
  assert.equal(words.t('undo'), 'Undo');
});

test('says how long ago, and never that something is yet to come', () => {
  const { ago } = language('en');
  assert.equal(ago(before(-3), NOW), 'now');
  assert.equal(ago(before(0.5), NOW), 'now');
  assert.match(ago(before(5), NOW), /^5/);
  assert.match(ago(before(180), NOW), /^3/);
  assert.match(ago(before(60 * 24 * 3), NOW), /^3/);
  assert.match(ago(before(60 * 24 * 20), NOW), /^20/);
});
